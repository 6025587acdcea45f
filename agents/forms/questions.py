"""A colleague's answer, as a person writes it."""

from django import forms
from django.utils.translation import gettext_lazy as _

from agents.services.questions import LONGEST_ANSWER


class AnswerForm(forms.Form):
    answer = forms.CharField(
        label=_("Respuesta"),
        max_length=LONGEST_ANSWER,
        help_text=_("Solo el dato: la IA se lo cuenta al contacto con sus palabras."),
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
    )
