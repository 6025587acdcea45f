"""What is said later: its words and its time, by the clock of the company."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.domain import later
from messaging.forms.inbox import MOST_TEXT

QUICK = [
    (later.HOUR, gettext_lazy("En 1 hora")),
    (later.TOMORROW, gettext_lazy("Mañana 9:00")),
    (later.MONDAY, gettext_lazy("Lunes 9:00")),
]
DAY = {"type": "date"}
CLOCK = {"type": "time"}


class LaterForm(forms.Form):
    """`when` is a quick choice or empty; else day and time decide."""

    when = forms.ChoiceField(required=False, choices=[("", ""), *QUICK], widget=forms.HiddenInput)
    day = forms.DateField(
        label=gettext_lazy("Día"), required=False, widget=forms.DateInput(attrs=DAY, format="%Y-%m-%d")
    )
    clock = forms.TimeField(
        label=gettext_lazy("Hora"), required=False, widget=forms.TimeInput(attrs=CLOCK, format="%H:%M")
    )
    stop_on_reply = forms.BooleanField(label=gettext_lazy("No enviar si el contacto escribe antes"), required=False)

    def __init__(self, *args: Any, zone: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self.zone = zone

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("when"):
            given["send_at"] = later.moment(given["when"], now=timezone.now(), zone=self.zone)
        elif given.get("day") and given.get("clock"):
            given["send_at"] = self._at(given)
        elif not self.errors:
            self.add_error("day", _("Elegir el día y la hora."))
        return given

    def _at(self, given: Mapping[str, Any]) -> datetime | None:
        moment = later.at(given["day"], given["clock"], zone=self.zone)
        if moment is None:
            self.add_error("clock", _("Esa hora no existe ese día: el reloj se adelanta."))
        elif moment <= timezone.now():
            self.add_error("day", _("Esa hora ya pasó."))
        return moment

    @property
    def quick(self) -> list[tuple[str, Any]]:
        return list(QUICK)


class ScheduledForm(LaterForm):
    """A waiting one, changed. A template's words stay as they are."""

    text = forms.CharField(
        label=gettext_lazy("Mensaje"), max_length=MOST_TEXT, strip=True, widget=forms.Textarea(attrs={"rows": 4})
    )
    field_order = ("text", "day", "clock", "stop_on_reply")

    def __init__(self, *args: Any, fixed: bool = False, **more: Any) -> None:
        super().__init__(*args, **more)
        if fixed:
            del self.fields["text"]


def initial_of(send_at: datetime, zone: str, **more: Any) -> dict[str, Any]:
    """The fields of a time that is known."""
    here = send_at.astimezone(ZoneInfo(zone))
    return {"day": here.date(), "clock": here.time().replace(second=0, microsecond=0), **more}
