"""Form fields of the company's own fields, named "custom.<key>", checked by the same rules as everywhere else."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.errors import Invalid
from crm.models import CustomField
from crm.services import custom_fields

PREFIX = "custom."
YES_NO = [("", _("Sin definir")), ("true", _("Sí")), ("false", _("No"))]
INPUTS: dict[str, dict[str, str]] = {
    "number": {"inputmode": "decimal"},
    "money": {"inputmode": "decimal"},
    "date": {"type": "date"},
    "email": {"type": "email"},
    "phone": {"type": "tel", "inputmode": "tel", "placeholder": "+54 9 11 …"},
    "url": {"type": "url", "placeholder": "https://"},
}


def form_fields(
    fields: Sequence[CustomField], values: Mapping[str, Any], *, required: bool = True
) -> dict[str, forms.Field]:
    """One field each, filled with what is known. Without `required` none must be filled in."""
    return {
        f"{PREFIX}{field.key}": form_field(field, values.get(field.key), required=required and field.is_required)
        for field in fields
    }


def given(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """The checked values of such fields by key; None where one was left empty."""
    return {name.removeprefix(PREFIX): value for name, value in cleaned.items() if name.startswith(PREFIX)}


class _Own(forms.Field):
    """A field whose value the company's own definition decides."""

    def __init__(self, *, own: CustomField, known: object, **kwargs: Any) -> None:
        self.own, self.known = own, known
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        if self.required and value in self.empty_values:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        # A value that lies there already may stay, also when the options have changed since.
        if self.known is not None and value in (self.known, str(self.known)):
            return self.known
        try:
            return custom_fields.fit(self.own, value)
        except Invalid as error:
            raise forms.ValidationError(str(error.message)) from error

    def prepare_value(self, value: Any) -> Any:
        return {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(str(initial or "") != str(data or ""))


def form_field(field: CustomField, known: Any, *, required: bool) -> forms.Field:
    """One field, filled with what is known of it."""
    return _Own(
        own=field,
        known=known,
        label=field.label,
        help_text=field.help_text,
        required=required,
        initial=known,
        widget=_widget(field, known),
    )


def _widget(field: CustomField, known: Any) -> forms.Widget:
    options = [(each, each) for each in field.options]
    if field.kind == "choice":
        gone = [(known, known)] if isinstance(known, str) and known and known not in field.options else []
        return forms.Select(choices=[("", "—"), *options, *gone])
    if field.kind == "choices":
        return forms.CheckboxSelectMultiple(choices=options)
    if field.kind == "yes_no":
        return forms.Select(choices=YES_NO)
    if field.kind == "long_text":
        return forms.Textarea(attrs={"rows": 3, "maxlength": 4000})
    return forms.TextInput(attrs=INPUTS.get(field.kind, {"maxlength": "300"}))
