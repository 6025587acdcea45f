"""Weekly hours typed as people write them: a line for each day."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tenants.domain import weekly_hours

DAYS = (
    _("Lunes"),
    _("Martes"),
    _("Miércoles"),
    _("Jueves"),
    _("Viernes"),
    _("Sábado"),
    _("Domingo"),
)
UNREAD = _("Escribir tramos como 09:00-13:00, 14:00-18:00.")
OVERLAP = _("Los tramos van hacia adelante y sin pisarse.")


class HoursForm(forms.Form):
    """`always`: no hours at all. A day left empty is a day off."""

    always = forms.BooleanField(label=_("A toda hora"), required=False)

    def __init__(self, *args: Any, hours: weekly_hours.Hours | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["always"].initial = not hours
        for number, name in enumerate(DAYS):
            typed = forms.TextInput(attrs={"autocomplete": "off", "placeholder": "09:00-13:00, 14:00-18:00"})
            initial = weekly_hours.write_day((hours or {}).get(str(number), ()))
            self.fields[f"day_{number}"] = forms.CharField(
                label=name, required=False, max_length=120, widget=typed, initial=initial
            )

    @property
    def days(self) -> list[forms.BoundField]:
        return [self[f"day_{number}"] for number in range(7)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for number in range(7):
            spans = weekly_hours.read_day(cleaned.get(f"day_{number}") or "")
            if spans is None:
                self.add_error(f"day_{number}", str(UNREAD))
            elif weekly_hours.problem({"0": spans}):
                self.add_error(f"day_{number}", str(OVERLAP))
            else:
                cleaned[f"day_{number}"] = spans
        return cleaned

    @property
    def hours(self) -> weekly_hours.Hours:
        """Of a valid form. Whoever types hours under a mark that was there before means the hours."""
        days = {str(number): self.cleaned_data[f"day_{number}"] for number in range(7)}
        typed = {day: spans for day, spans in days.items() if spans}
        if self.cleaned_data["always"] and not (typed and self.fields["always"].initial):
            return {}
        return typed or {"0": []}


class OfficeHoursForm(HoursForm):
    """The company's, and how soon it means to answer."""

    first_response_minutes = forms.FloatField(
        label=_("Responder a alguien nuevo en (minutos de atención)"), min_value=1, max_value=7 * 24 * 60
    )
