"""Forms of the page of Google Calendar. No secret is ever shown again."""

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import ExternalCalendar, Seller


class ClientForm(forms.Form):
    """The company's app at Google Cloud."""

    client_id = forms.CharField(
        label=_("Id de cliente"), max_length=300, widget=forms.TextInput({"autocomplete": "off"})
    )
    client_secret = forms.CharField(
        label=_("Secreto de cliente"), max_length=300, widget=forms.PasswordInput({"autocomplete": "off"})
    )


class ServiceAccountForm(forms.Form):
    value = forms.CharField(
        label=_("Archivo de la cuenta de servicio"),
        max_length=20_000,
        help_text=_("El contenido completo del archivo JSON."),
        widget=forms.Textarea({"rows": 8, "autocomplete": "off", "spellcheck": "false"}),
    )


class AddCalendarForm(forms.Form):
    calendar = forms.CharField(
        label=_("Dirección del calendario"),
        max_length=300,
        help_text=_("Está en Google Calendar, en la configuración del calendario: «ID del calendario»."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )


class CalendarForm(forms.Form):
    """Whose calendar it is, and whether their appointments are written into it."""

    seller = forms.ModelChoiceField(
        Seller.objects.none(), label=_("Vendedor"), required=False, empty_label=_("De nadie: no se lee")
    )
    is_main = forms.BooleanField(label=_("Escribir aquí sus citas nuevas"), required=False)

    @classmethod
    def of(cls, calendar: ExternalCalendar, data: Any = None) -> "CalendarForm":
        form = cls(data, initial={"seller": calendar.seller_id, "is_main": calendar.is_main})
        people = Seller.objects.filter(Q(is_active=True) | Q(calendars=calendar)).distinct()
        form.fields["seller"].queryset = people.order_by("name")  # type: ignore[attr-defined]  # a ModelChoiceField
        if not calendar.can_write:
            del form.fields["is_main"]
        return form
