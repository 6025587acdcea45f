"""The filters of the list of clients; everything is in the address."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.models import Client, Seller

STATUSES = [("", _("Todos")), *Client.Status.choices]


class ClientFilter(forms.Form):
    q = forms.CharField(
        label=_("Buscar"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"type": "search", "data-search": True, "autocomplete": "off"}),
    )
    owner = forms.ChoiceField(label=_("Vendedor"), required=False)
    status = forms.ChoiceField(label=_("Estado"), required=False, choices=STATUSES)

    def __init__(self, *args: Any, sellers: Iterable[Seller], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = [(str(seller.pk), seller.name) for seller in sellers]
        self.fields["owner"].choices = [("", _("Todos")), ("none", _("Sin asignar")), *people]  # type: ignore[attr-defined]  # a ChoiceField


class StatusForm(forms.Form):
    status = forms.ChoiceField(choices=Client.Status.choices)
