"""Forms of the page of the company's own fields."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.models import CustomField


class FieldForm(forms.Form):
    """A field of the company's own, new or changed; where it is and its key never change."""

    on = forms.ChoiceField(label=_("Dónde"), choices=CustomField.On.choices)
    label = forms.CharField(label=_("Nombre"), max_length=80)
    kind = forms.ChoiceField(label=_("Tipo"), choices=CustomField.Kind.choices)
    options = forms.CharField(
        label=_("Opciones"),
        required=False,
        max_length=9000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Una por línea; solo para «Una opción» y «Varias opciones»."),
    )
    help_text = forms.CharField(
        label=_("Ayuda"), required=False, max_length=200, help_text=_("Se muestra debajo del campo.")
    )
    is_required = forms.BooleanField(label=_("Obligatorio en los formularios"), required=False)
    in_filters = forms.BooleanField(label=_("Se usa para filtrar"), required=False, initial=True)
    agents_may_write = forms.BooleanField(label=_("La IA puede completarlo con lo que dice la persona"), required=False)
    is_active = forms.BooleanField(
        label=_("Activo"), required=False, initial=True, help_text=_("Apagado no se muestra; sus valores quedan.")
    )

    FLAGS = ("is_required", "in_filters", "agents_may_write", "is_active")

    @classmethod
    def of(cls, field: CustomField, data: Any = None) -> "FieldForm":
        known = {name: getattr(field, name) for name in ("label", "kind", "help_text", *cls.FLAGS)}
        form = cls(data, initial={**known, "options": "\n".join(field.options)})
        del form.fields["on"]
        return form

    def changes(self) -> dict[str, Any]:
        """For the service."""
        said = dict(self.cleaned_data)
        return {**said, "options": said["options"].splitlines()}


class RemoveFieldForm(forms.Form):
    values = forms.ChoiceField(
        label=_("Qué pasa con los valores ya cargados"),
        choices=[
            ("keep", _("Quedan guardados; vuelven si se crea un campo con la misma clave")),
            ("clear", _("Se borran de todos los contactos o leads; no se puede deshacer")),
        ],
        widget=forms.RadioSelect,
        initial="keep",
    )
