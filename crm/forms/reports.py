"""What a report looks at, and a goal."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.domain.periods import NAMES, Period
from crm.forms.leads import AmountField
from crm.models import Goal
from crm.reports.base import Choices

PERIODS = {
    "today": _("Hoy"),
    "7d": _("Últimos 7 días"),
    "30d": _("Últimos 30 días"),
    "month": _("Este mes"),
    "last_month": _("El mes pasado"),
    "quarter": _("Este trimestre"),
    "year": _("Este año"),
    "custom": _("Otras fechas"),
}
DATE = {"type": "date"}


class ScopeForm(forms.Form):
    """Everything is in the address."""

    period = forms.ChoiceField(label=_("Período"), required=False, choices=[(name, PERIODS[name]) for name in NAMES])
    first = forms.DateField(label=_("Desde"), required=False, widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d"))
    last = forms.DateField(label=_("Hasta"), required=False, widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d"))
    pipeline = forms.ChoiceField(label=_("Embudo"), required=False)
    seller = forms.ChoiceField(label=_("Vendedor"), required=False)

    def __init__(self, *, offered: Choices, period: Period, narrowed: dict[str, str]) -> None:
        given = {"period": period.name, "first": period.first, "last": period.last}
        super().__init__(initial={**given, **narrowed})
        self.fields["pipeline"].choices = [("", _("Todos")), *offered.pipelines]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["seller"].choices = [("", _("Todos")), *offered.sellers]  # type: ignore[attr-defined]  # a ChoiceField

    def add_prefix(self, field_name: str) -> str:
        """The address says `from` and `to`, which are no names for Python."""
        return {"first": "from", "last": "to"}.get(field_name, field_name)


class GoalForm(forms.Form):
    seller = forms.ChoiceField(label=_("De quién"), required=False)
    month = forms.DateField(
        label=_("Mes"),
        input_formats=["%Y-%m", "%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "month"}, format="%Y-%m"),
    )
    measure = forms.ChoiceField(label=_("Qué se mide"), choices=Goal.Measure.choices)
    target = AmountField(label=_("Meta"))

    def __init__(self, *args: Any, sellers: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seller"].choices = [("", _("Toda la empresa")), *sellers]  # type: ignore[attr-defined]  # a ChoiceField

    def clean_month(self) -> date:
        return self.cleaned_data["month"].replace(day=1)
