"""Forms of the company's credentials. What was typed into a secret's box is never sent back, not even after an error."""

from collections.abc import Collection
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.errors import AppError
from tenants.models import Category
from tenants.providers_check.base import Field, Kind
from tenants.providers_check.registry import KINDS
from tenants.services.vault import LONGEST, checked


def known_names() -> list[str]:
    """Every name of every kind, for a box that suggests them."""
    return sorted({name for kind in KINDS.values() for name in kind.names})


class SecretText(forms.Textarea):
    """Several lines that are not written back."""

    def format_value(self, value: object) -> str:
        return ""


class CredentialForm(forms.Form):
    """Any name by hand, also one of a single channel: `ACCESS_TOKEN@<id of the channel>`."""

    category = forms.ChoiceField(label=gettext_lazy("Proveedor"), choices=Category.choices)
    name = forms.CharField(
        label=gettext_lazy("Nombre"),
        max_length=80,
        help_text=gettext_lazy("Por ejemplo ACCESS_TOKEN@ y el id del canal."),
        widget=forms.TextInput(attrs={"list": "known-names", "autocomplete": "off", "autocapitalize": "characters"}),
    )
    value = forms.CharField(
        label=gettext_lazy("Valor"),
        max_length=LONGEST,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Se guarda cifrado y no se vuelve a mostrar."),
    )


class KindForm(forms.Form):
    """The boxes of one provider. An empty box leaves what is stored as it is."""

    use_required_attribute = False

    def __init__(self, kind: Kind, stored: Collection[str], data: Any = None) -> None:
        super().__init__(data)
        self.kind = kind
        for group in kind.groups:
            begun = any(self._typed(name) for name in group.names)
            for field in group.fields:
                wanted = not field.optional and field.name not in stored
                made = _box(field, stored=field.name in stored)
                # Of a set that nobody begins nothing is missing.
                made.required = wanted and (begun or not self.is_bound)
                self.fields[field.name] = made

    def _typed(self, name: str) -> bool:
        return bool(self.is_bound and str(self.data.get(name) or "").strip())

    def groups(self) -> list[tuple[object, list[forms.BoundField]]]:
        """(title, boxes) as the page shows them."""
        return [(group.title, [self[name] for name in group.names]) for group in self.kind.groups]

    def clean(self) -> dict[str, Any]:
        given = {name: value for name, value in self.cleaned_data.items() if value}
        if not given and not self.errors:
            raise forms.ValidationError(_("No se escribió nada."))
        for name, value in given.items():
            try:
                checked(self.kind.category, name, value)
            except AppError as error:
                self.add_error(name, str(error.fields.get("value") or error.message))
        return given


def _box(field: Field, *, stored: bool) -> forms.CharField:
    widget: forms.Widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    if field.long:
        widget = SecretText(attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false"})
    elif field.shown:
        widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    words = [str(field.help)] if field.help else []
    if stored:
        words.append(_("Ya hay uno guardado; vacío queda como está."))
    return forms.CharField(
        label=str(field.label), help_text=" ".join(words), max_length=LONGEST, strip=False, widget=widget
    )


class ExpiryForm(forms.Form):
    expires_on = forms.DateField(
        label=gettext_lazy("Vence el"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Se avisa 14, 7 y 1 día antes a quien dirige la empresa. Vacío: no vence o no se sabe."),
    )

    def moment(self, zone: str) -> datetime | None:
        """The end of that day where the company is."""
        day = self.cleaned_data["expires_on"]
        return timezone.make_aware(datetime.combine(day, time(23, 59, 59)), ZoneInfo(zone)) if day else None


class RevealForm(forms.Form):
    password = forms.CharField(
        label=gettext_lazy("Su contraseña"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class VersionForm(forms.Form):
    version = forms.IntegerField(min_value=1, max_value=2**31 - 1)
