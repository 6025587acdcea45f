"""Forms of appointments: shape only; the rules are in crm.agenda."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.models import AgendaEvent, Seller, Service

MOMENT = "%Y-%m-%dT%H:%M"
ANYBODY = _("Quien corresponda")
LONGEST = 12 * 60


class MomentField(forms.DateTimeField):
    """Day and hour by the company's clock; the calendar sends seconds too."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT)
        super().__init__(widget=widget, **kwargs)


def _sellers(sellers: Iterable[Seller], *, first: Any) -> list[tuple[str, Any]]:
    return [("", first), *((str(each.pk), each.name) for each in sellers)]


class SlotsForm(forms.Form):
    """Which free times are shown: the words of the page's address."""

    service = forms.ChoiceField(label=_("Servicio"), required=False)
    seller = forms.ChoiceField(label=_("Vendedor"), required=False)
    fecha = forms.DateField(
        label=_("A partir del"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, sellers: Iterable[Seller], services: Iterable[Service], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(str(each.pk), each.name) for each in services]
        self.fields["service"].choices = [("", _("Una hora")), *named]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["seller"].choices = _sellers(sellers, first=ANYBODY)  # type: ignore[attr-defined]  # a ChoiceField
        if not named:
            del self.fields["service"]


class DetailsForm(forms.Form):
    """What is said of an appointment."""

    title = forms.CharField(label=_("Título"), required=False, max_length=200)
    place = forms.CharField(label=_("Dónde"), required=False, max_length=200)
    note = forms.CharField(
        label=_("Nota interna"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )

    @classmethod
    def of(cls, event: AgendaEvent, data: Any = None) -> "DetailsForm":
        return cls(data, initial={name: getattr(event, name) for name in ("title", "place", "note")}, prefix=None)


class FreeTimeForm(DetailsForm):
    """A time that somebody chooses freely: whose, from when, and how long."""

    seller = forms.ChoiceField(label=_("Vendedor"))
    start = MomentField(label=_("Empieza"))
    minutes = forms.IntegerField(
        label=_("Dura, en minutos"), required=False, min_value=5, max_value=LONGEST, initial=60
    )

    field_order = ["seller", "start", "minutes", "title", "place", "note"]

    def __init__(self, *args: Any, sellers: Iterable[Seller], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seller"].choices = _sellers(sellers, first=_("Elegir"))  # type: ignore[attr-defined]  # a ChoiceField

    def span(self, usual: int = 60) -> tuple[datetime, datetime]:
        """From, until. `usual`: minutes where none are said."""
        start = self.cleaned_data["start"]
        return start, start + timedelta(minutes=self.cleaned_data.get("minutes") or usual)


class MoveForm(forms.Form):
    """To where an appointment goes: `start` alone keeps its length."""

    start = MomentField(label=_("Empieza"))
    end = MomentField(label=_("Termina"), required=False)
    seller = forms.ChoiceField(label=_("Vendedor"), required=False)
    seen = forms.DateTimeField(required=False, widget=forms.HiddenInput)  # where a drag began

    def __init__(self, *args: Any, sellers: Iterable[Seller], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seller"].choices = _sellers(sellers, first=_("El mismo"))  # type: ignore[attr-defined]  # a ChoiceField


class OutcomeForm(forms.Form):
    """Whether the customer came, said by the button, and what came of it."""

    came = forms.ChoiceField(choices=[("yes", _("Vino")), ("no", _("No vino"))], widget=forms.HiddenInput)
    outcome = forms.CharField(label=_("Resultado"), required=False, max_length=300)


class CancelForm(forms.Form):
    reason = forms.CharField(label=_("Motivo"), required=False, max_length=300)
