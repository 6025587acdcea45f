"""What a person may ask of the inbox: filters, a reply, a template, another owner."""

from django import forms
from django.utils.translation import gettext_lazy as _

from messaging.models import Source
from messaging.services.takeover import LONGEST_BRIEF

MOST_TEXT = 10_000


class Tab:
    """Names of the inbox's parts, as they stand in the address."""

    ALL, WAITING, MINE, FREE, AI, CLOSED = "", "esperan", "mias", "libres", "ia", "cerradas"


TABS = [
    (Tab.ALL, _("Todas")),
    (Tab.WAITING, _("Esperan")),
    (Tab.MINE, _("Mías")),
    (Tab.FREE, _("Sin dueño")),
    (Tab.AI, _("Con la IA")),
    (Tab.CLOSED, _("Cerradas")),
]


class InboxFilter(forms.Form):
    q = forms.CharField(
        label=_("Contacto"),
        required=False,
        max_length=100,
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "data-search": True,
                "placeholder": _("Nombre, teléfono o correo"),
                "autocomplete": "off",
            }
        ),
    )
    canal = forms.ChoiceField(label=_("Canal"), required=False, choices=[("", _("Todos")), *Source.choices])
    ver = forms.ChoiceField(required=False, choices=TABS, widget=forms.HiddenInput)


class ReplyForm(forms.Form):
    """`key` makes a repeated press the same message; `responde` is the message that is answered."""

    text = forms.CharField(
        label=_("Mensaje"),
        max_length=MOST_TEXT,
        strip=False,
        error_messages={"required": _("Escribir algo antes de enviar.")},
        widget=forms.Textarea(attrs={"rows": 1, "autocomplete": "off", "data-enter-sends": True}),
    )
    key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    responde = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"].strip()
        if not text:
            raise forms.ValidationError(self.fields["text"].error_messages["required"], code="required")
        return text


class FileForm(forms.Form):
    """One file and its words. Written in the composer, the words may come as `text`."""

    file = forms.FileField(error_messages={"required": _("Elegir un archivo."), "empty": _("El archivo está vacío.")})
    caption = forms.CharField(required=False)
    text = forms.CharField(required=False)
    key = forms.UUIDField(required=False)
    responde = forms.UUIDField(required=False)

    @property
    def words(self) -> str:
        return str(self.cleaned_data["caption"] or self.cleaned_data["text"])


class TemplateForm(forms.Form):
    """A template approved by WhatsApp; the only thing that may be sent once the 24 hours are over."""

    name = forms.RegexField(
        r"^[a-z0-9_]{1,512}$",
        label=_("Plantilla"),
        help_text=_("El nombre aprobado en WhatsApp, en minúsculas: recordatorio_visita."),
        error_messages={"invalid": _("Lleva minúsculas, números y guion bajo.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    language = forms.RegexField(
        r"^[a-z]{2,3}(_[A-Z]{2})?$",
        label=_("Idioma"),
        error_messages={"invalid": _("Un código como es, es_AR o en_US.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    parameters = forms.CharField(
        label=_("Datos de la plantilla"),
        required=False,
        max_length=2000,
        help_text=_(
            "Uno por línea, en el orden de la plantilla. {{nombre}}, {{ciudad}}, {{vendedor}}, {{etapa}} o "
            "{{campo.zona}} se completan con los datos del contacto y de su lead."
        ),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def values(self) -> list[str]:
        """The template's data as typed, placeholders included."""
        return [line.strip() for line in self.cleaned_data["parameters"].splitlines() if line.strip()]

    def template(self, values: list[str]) -> dict[str, object]:
        """The template as the relay takes it, with its data filled in."""
        body = {"type": "body", "parameters": [{"type": "text", "text": value} for value in values]}
        return {
            "name": self.cleaned_data["name"],
            "language": self.cleaned_data["language"],
            "components": [body] if values else [],
        }


class AssigneeForm(forms.Form):
    """Empty gives the chat to nobody."""

    assignee = forms.UUIDField(required=False)


class TakeForm(forms.Form):
    """For how long; without it, for as long as the company says."""

    hours = forms.FloatField(required=False)


class ReleaseForm(forms.Form):
    """What was agreed with the contact, for the agent that goes on."""

    brief = forms.CharField(
        label=_("Qué quedó acordado"),
        required=False,
        help_text=_("La IA lo lee antes de responder. El contacto no lo ve."),
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "maxlength": LONGEST_BRIEF}),
    )

    @property
    def words(self) -> str:
        """As browsers send it, with every line end as two characters, it would count as longer than it was typed."""
        return str(self.cleaned_data["brief"]).replace("\r\n", "\n") if self.is_valid() else ""
