"""A person: their data, the labels, the company's own fields; and the filters of the list."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.errors import AppError
from crm.forms import custom
from crm.models import Consent, Contact, ContactPoint, CustomField
from crm.services.finding import checked_email, number_of

YES = [("", _("Todos")), ("1", _("Sí"))]
LINES = {"rows": 2}
OWN = custom.PREFIX


class ContactForm(forms.Form):
    """Created or edited. Further numbers and addresses stand one a line; labels are separated by commas."""

    name = forms.CharField(label=_("Nombre"), required=False, max_length=200)
    phone = forms.CharField(
        label=_("Teléfono"),
        required=False,
        max_length=40,
        help_text=_("Con código de país."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off", "inputmode": "tel"}),
    )
    email = forms.EmailField(label=_("Correo"), required=False, max_length=254)
    city = forms.CharField(label=_("Ciudad"), required=False, max_length=120)
    phones = forms.CharField(
        label=_("Otros teléfonos"), required=False, max_length=1000, help_text=_("Uno por línea."),
        widget=forms.Textarea(attrs=LINES),
    )  # fmt: skip
    emails = forms.CharField(
        label=_("Otros correos"), required=False, max_length=4000, help_text=_("Uno por línea."),
        widget=forms.Textarea(attrs=LINES),
    )  # fmt: skip
    tags = forms.CharField(label=_("Etiquetas"), required=False, max_length=1200, help_text=_("Separadas por comas."))
    notes = forms.CharField(
        label=_("Notas"), required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 3})
    )

    PLAIN = ("name", "phone", "email", "city", "notes")

    def __init__(
        self, *args: Any, fields: Sequence[CustomField], contact: Contact | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.initial = _known(contact) if contact else {}
        self.fields.update(custom.form_fields(fields, contact.custom if contact else {}))

    def clean_phones(self) -> list[str]:
        return self._lines("phones", number_of)

    def clean_emails(self) -> list[str]:
        return self._lines("emails", checked_email)

    def clean_tags(self) -> list[str]:
        return [each.strip() for each in self.cleaned_data["tags"].split(",") if each.strip()]

    def clean(self) -> dict[str, Any]:
        """Somebody has a name, a phone or an e-mail."""
        said = super().clean() or self.cleaned_data
        if not self.errors and not any(said.get(name) for name in ("name", "phone", "email")):
            raise forms.ValidationError(_("Falta el nombre, el teléfono o el correo."))
        return said

    def changes(self) -> dict[str, Any]:
        """What the service takes."""
        said = self.cleaned_data
        return {name: said[name] for name in (*self.PLAIN, "tags")} | {"custom": custom.given(said)}

    def _lines(self, name: str, read: Callable[[str], str]) -> list[str]:
        found = []
        for line in filter(None, map(str.strip, self.cleaned_data[name].splitlines())):
            try:
                found.append(read(line))
            except AppError as error:
                raise forms.ValidationError(f"{line[:60]}: {error.message}") from error
        return found


def _known(contact: Contact) -> dict[str, Any]:
    points = list(contact.points.order_by("created_at", "id"))
    lines = {
        "phones": [each.value for each in points if each.kind == ContactPoint.Kind.PHONE],
        "emails": [each.value for each in points if each.kind == ContactPoint.Kind.EMAIL],
    }
    return {
        **{name: getattr(contact, name) or "" for name in ContactForm.PLAIN},
        **{name: "\n".join(values) for name, values in lines.items()},
        "tags": ", ".join(contact.tags),
    }


class ContactFilters(forms.Form):
    """Filled with what the address says and was understood."""

    q = forms.CharField(
        label=_("Buscar"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"type": "search", "data-search": True, "autocomplete": "off"}),
    )
    city = forms.CharField(label=_("Ciudad"), required=False, max_length=120)
    tag = forms.CharField(label=_("Etiqueta"), required=False, max_length=40)
    client = forms.ChoiceField(
        label=_("Cliente"), required=False, choices=[("", _("Todos")), ("yes", _("Sí")), ("no", _("No"))]
    )
    phone = forms.ChoiceField(
        label=_("Teléfono"), required=False, choices=[("", _("Todos")), ("none", _("Sin teléfono"))]
    )
    opted_out = forms.ChoiceField(label=_("Pidió no recibir"), required=False, choices=YES)
    blocked = forms.ChoiceField(label=_("Bloqueado"), required=False, choices=YES)

    FIRST = ("q", "city", "tag", "client")

    def __init__(self, given: dict[str, str], fields: Iterable[CustomField]) -> None:
        super().__init__(initial=given)
        for each in fields:
            if not each.in_filters:
                continue
            options = [(option, option) for option in each.options]
            if each.kind == CustomField.Kind.YES_NO:
                options = [("true", str(_("Sí"))), ("false", str(_("No")))]
            self.fields[OWN + each.key] = (
                forms.ChoiceField(label=each.label, required=False, choices=[("", _("Todos")), *options])
                if options
                else forms.CharField(label=each.label, required=False, max_length=120)
            )

    @property
    def first(self) -> list[forms.BoundField]:
        return [self[name] for name in self.FIRST]

    @property
    def further(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in self.FIRST]

    @property
    def unfolded(self) -> bool:
        return any(self.initial.get(each.name) for each in self.further)


class ConsentForm(forms.Form):
    """What somebody said on the phone or on paper, and where."""

    purpose = forms.ChoiceField(label=_("Para qué"), choices=Consent.Purpose.choices)
    granted = forms.TypedChoiceField(
        label=_("Qué dijo"),
        choices=[("1", _("Acepta")), ("0", _("No acepta"))],
        coerce=lambda said: said == "1",
    )
    source = forms.CharField(label=_("Cómo se supo"), max_length=200)


class BlockForm(forms.Form):
    reason = forms.CharField(label=_("Motivo"), max_length=300)
