"""A note about somebody: shape only; who may be named in it is the service's to say."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.models import Note
from crm.services.notes import LONGEST


class NoteForm(forms.Form):
    text = forms.CharField(
        label=_("Nota"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3, "data-mentions": "/notas/personas/"}),
        help_text=_("Solo la ve el equipo. Con @ y un nombre se avisa a esa persona."),
        error_messages={"required": _("Escribir la nota.")},
    )
    kind = forms.ChoiceField(label=_("Tipo"), required=False, choices=Note.Kind.choices)
    pinned = forms.BooleanField(label=_("Fijar arriba"), required=False)

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or Note.Kind.INTERNAL
