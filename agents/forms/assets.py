"""A text of the business, as a person writes it."""

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from agents.models import BusinessAsset
from agents.services.assets import LONGEST


class AssetForm(forms.Form):
    title = forms.CharField(label=_("Título"), max_length=120)
    key = forms.CharField(
        label=_("Clave"),
        max_length=40,
        help_text=_("Con ella se usa en las instrucciones: {{activo.clave}}. Letras sin acento, números y guiones."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
    )
    kind = forms.ChoiceField(label=_("Tipo"), choices=BusinessAsset.Kind.choices)
    content = forms.CharField(
        label=_("Texto"),
        max_length=LONGEST,
        help_text=format_lazy(
            _("Hasta {most} letras. La IA puede decirlo a los clientes: sin claves ni datos reservados."), most=LONGEST
        ),
        widget=forms.Textarea(attrs={"rows": 12}),
    )
    is_active = forms.BooleanField(
        label=_("Activo"), required=False, initial=True, help_text=_("Apagado, queda vacío donde se usa.")
    )

    @classmethod
    def of(cls, asset: BusinessAsset | None, data: Any = None) -> "AssetForm":
        known = {name: getattr(asset, name) for name in cls.base_fields} if asset is not None else None
        return cls(data, initial=known)
