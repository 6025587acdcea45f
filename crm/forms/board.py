"""The form behind every move on the board: a drag, a key, or the menu of a card."""

from django import forms
from django.utils.translation import gettext_lazy as _


class MoveCardForm(forms.Form):
    """`seen` is the stage that the mover saw the card in; `back` the filters of the board."""

    stage = forms.UUIDField(widget=forms.HiddenInput)
    seen = forms.UUIDField(required=False, widget=forms.HiddenInput)
    back = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)
    lost_reason = forms.CharField(
        label=_("Motivo de la pérdida"),
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"list": "lost-reasons", "autocomplete": "off"}),
    )
    comment = forms.CharField(
        label=_("Comentario"), required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )
