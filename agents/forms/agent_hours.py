"""When an agent answers, as a part of its form: a rule, a line for each day of its own week, and what is said meanwhile."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agents.domain import hours
from tenants.domain import weekly_hours

DAYS = (_("Lunes"), _("Martes"), _("Miércoles"), _("Jueves"), _("Viernes"), _("Sábado"), _("Domingo"))
EXAMPLE = "09:00-13:00, 14:00-18:00"


class HoursPart(forms.Form):
    hours_mode = forms.ChoiceField(
        label=_("Responde"),
        required=False,
        widget=forms.RadioSelect,
        choices=[
            (hours.ALWAYS, _("A toda hora")),
            (hours.BUSINESS, _("En el horario de atención de la empresa")),
            (hours.OUTSIDE, _("Fuera del horario de atención de la empresa")),
            (hours.OWN, _("En sus propios días y horas")),
        ],
        help_text=_(
            "Fuera de su horario responde el siguiente agente del canal o, si no hay, el chat espera a una persona."
        ),
    )
    rests_on_holidays = forms.BooleanField(label=_("En feriados no responde"), required=False)
    away = forms.CharField(
        label=_("Qué se le dice al cliente cuando nadie responde"),
        required=False,
        max_length=hours.LONGEST_AWAY,
        help_text=_("Se dice una sola vez y el chat espera a una persona. Vacío: no se dice nada."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number, name in enumerate(DAYS):
            typed = forms.TextInput(attrs={"autocomplete": "off", "placeholder": EXAMPLE})
            self.fields[f"day_{number}"] = forms.CharField(label=name, required=False, max_length=120, widget=typed)

    @staticmethod
    def initial_hours(config: dict[str, Any]) -> dict[str, Any]:
        """Stored settings as these fields show them."""
        stored = config.get("hours")
        stored = stored if isinstance(stored, dict) else {}
        week = hours.week_of(config)
        days = {f"day_{number}": weekly_hours.write_day(week.get(str(number), ())) for number in range(7)}
        return {
            **days,
            "hours_mode": hours.mode_of(config),
            "rests_on_holidays": stored.get("rests_on_holidays") is True,
            "away": hours.away_of(config),
        }

    @property
    def days(self) -> list[forms.BoundField]:
        return [self[f"day_{number}"] for number in range(7)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for number in range(7):
            name = f"day_{number}"
            spans = weekly_hours.read_day(cleaned.get(name) or "")
            if spans is None:
                self.add_error(name, _("Escribir tramos como 09:00-13:00, 14:00-18:00."))
            elif weekly_hours.problem({"0": spans}):
                self.add_error(name, _("Los tramos van hacia adelante y sin pisarse."))
            else:
                cleaned[name] = spans
        return cleaned

    def hours_settings(self) -> dict[str, Any]:
        """Of a valid form, as the agent keeps it; empty where it answers at all hours."""
        said = self.cleaned_data
        mode = said["hours_mode"] or hours.ALWAYS
        if mode == hours.ALWAYS:
            return {}
        stored: dict[str, Any] = {"mode": mode}
        if mode == hours.OWN:
            stored["week"] = {str(day): said[f"day_{day}"] for day in range(7) if said[f"day_{day}"]}
            stored["rests_on_holidays"] = said["rests_on_holidays"]
        if away := said["away"].replace("\r\n", "\n").strip():
            stored["away"] = away
        return stored
