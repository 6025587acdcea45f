"""What the pages of costs and of turns ask for, and the company's own numbers about spending."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents.models import AgentRun, LedgerEntry
from crm.domain.amounts import parse_amount
from crm.domain.periods import NAMES, Period
from tenants.domain import spending
from tenants.domain.tenant_settings import TenantSettings

CATEGORY_NAMES = {
    "marketing": gettext_lazy("Marketing"),
    "utility": gettext_lazy("Utilidad"),
    "authentication": gettext_lazy("Autenticación"),
    "authentication_international": gettext_lazy("Autenticación internacional"),
    "service": gettext_lazy("Servicio"),
}
PERIODS = {
    "today": gettext_lazy("Hoy"),
    "7d": gettext_lazy("Últimos 7 días"),
    "30d": gettext_lazy("Últimos 30 días"),
    "month": gettext_lazy("Este mes"),
    "last_month": gettext_lazy("El mes pasado"),
    "quarter": gettext_lazy("Este trimestre"),
    "year": gettext_lazy("Este año"),
    "custom": gettext_lazy("Otras fechas"),
}
PRICE_NAMES = {
    "input": gettext_lazy("De entrada"),
    "cached": gettext_lazy("En caché"),
    "output": gettext_lazy("De salida"),
}
DATE = {"type": "date"}
ALL = ("", gettext_lazy("Todos"))
Named = Iterable[tuple[UUID, str]]


def category_name(category: str) -> str:
    return str(CATEGORY_NAMES.get(category, category.replace("_", " ")))


class PeriodForm(forms.Form):
    """The days, in the address."""

    period = forms.ChoiceField(
        label=gettext_lazy("Período"), required=False, choices=[(name, PERIODS[name]) for name in NAMES]
    )
    first = forms.DateField(
        label=gettext_lazy("Desde"), required=False, widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d")
    )
    last = forms.DateField(
        label=gettext_lazy("Hasta"), required=False, widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d")
    )

    def __init__(self, *, period: Period, **given: Any) -> None:
        super().__init__(initial={"period": period.name, "first": period.first, "last": period.last, **given})

    def add_prefix(self, field_name: str) -> str:
        return {"first": "from", "last": "to"}.get(field_name, field_name)


class EntryFilter(PeriodForm):
    """Which entries of the ledger; what and outcome come from a number and stay with it."""

    kind = forms.ChoiceField(label=gettext_lazy("Tipo"), required=False, choices=[ALL, *LedgerEntry.Kind.choices])
    purpose = forms.ChoiceField(
        label=gettext_lazy("Para qué"), required=False, choices=[ALL, *AgentRun.Purpose.choices]
    )
    agent = forms.ChoiceField(label=gettext_lazy("Agente"), required=False)

    def __init__(self, *, period: Period, agents: Named, **given: Any) -> None:
        super().__init__(period=period, **given)
        self.initial["period"] = "custom"
        named = [(str(pk), name) for pk, name in agents]
        self.fields["agent"].choices = [ALL, ("-", gettext_lazy("Sin agente")), *named]  # type: ignore[attr-defined]  # a ChoiceField


class RunFilter(forms.Form):
    """Which turns are shown. What makes no sense is as if it had not been asked."""

    agente = forms.ChoiceField(label=gettext_lazy("Agente"), required=False)
    estado = forms.ChoiceField(label=gettext_lazy("Estado"), required=False, choices=[ALL, *AgentRun.Status.choices])
    para = forms.ChoiceField(label=gettext_lazy("Para qué"), required=False, choices=[ALL, *AgentRun.Purpose.choices])
    desde = forms.DateField(
        label=gettext_lazy("Desde"), required=False, widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d")
    )
    hasta = forms.DateField(
        label=gettext_lazy("Hasta"), required=False, widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d")
    )
    avisos = forms.ChoiceField(
        label=gettext_lazy("Avisos"), required=False, choices=[ALL, ("1", gettext_lazy("Con avisos"))]
    )

    def __init__(self, data: Any, *, agents: Named) -> None:
        super().__init__(data)
        self.fields["agente"].choices = [ALL, *((str(pk), name) for pk, name in agents)]  # type: ignore[attr-defined]  # a ChoiceField

    def asked(self) -> dict[str, Any]:
        self.is_valid()
        said = self.cleaned_data
        return {
            "agent": said.get("agente") or None,
            "status": said.get("estado") or "",
            "purpose": said.get("para") or "",
            "first": _sensible(said.get("desde")),
            "last": _sensible(said.get("hasta")),
            "flagged": said.get("avisos") == "1",
        }


def _sensible(day: date | None) -> date | None:
    """Days near the ends of the calendar have no midnight in every zone."""
    return day if day is not None and 1970 <= day.year <= 9000 else None


class _NumberField(forms.CharField):
    """A number typed in any of the usual ways, up to six decimals."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=30, required=False, widget=forms.TextInput(attrs={"inputmode": "decimal"}), **kwargs
        )

    def prepare_value(self, value: Any) -> Any:
        return number_format(value.normalize()) if isinstance(value, Decimal) else value

    def clean(self, value: Any) -> Decimal | None:
        typed = super().clean(value)
        if not typed:
            return None
        found = parse_amount(typed)
        if found is None or found != round(found, spending.PLACES):
            raise forms.ValidationError(_("Escribir un número, por ejemplo 0,0618."))
        return found


class SpendingForm(forms.Form):
    """Ceiling, warning, rate, and a price for each category of message that the provider charges and for each of `models`."""

    ai_daily_spend_usd = _NumberField(
        label=gettext_lazy("Tope de IA por día, en dólares"),
        help_text=gettext_lazy("Al llegar, los chats pasan a personas hasta la medianoche. Vacío: sin tope."),
    )
    ai_warn_percent = forms.IntegerField(
        label=gettext_lazy("Avisar al llegar a este porcentaje del tope"),
        help_text=gettext_lazy("Desde ahí se frenan las pruebas: lo que queda del día es para los clientes."),
        min_value=1,
        max_value=100,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    usd_rate = _NumberField(label=gettext_lazy("Cotización"))
    hourly_cost = _NumberField(label=gettext_lazy("Costo de una hora de trabajo"))

    def __init__(
        self, data: Any, *, own: TenantSettings, currency: str, categories: Iterable[str], models: Iterable[str]
    ) -> None:
        super().__init__(
            data,
            initial={
                "ai_daily_spend_usd": own.ai_daily_spend_usd,
                "ai_warn_percent": own.ai_warn_percent,
                "usd_rate": own.usd_rate,
                "hourly_cost": own.hourly_cost,
            },
        )
        self.fields["usd_rate"].help_text = _(
            "Cuántos %(currency)s vale un dólar. Vale para lo que se gaste desde ahora; lo anotado no cambia."
        ) % {"currency": currency}
        self.fields["hourly_cost"].help_text = _(
            "En %(currency)s, con cargas. Con él, los resultados de la IA dicen cuánto trabajo se ahorró. Vacío: no se muestra."
        ) % {"currency": currency}
        if currency == "USD":
            del self.fields["usd_rate"]
        self.categories = sorted({*spending.CATEGORIES, *own.message_fees_usd, *categories}, key=category_name)
        for category in self.categories[: spending.MOST_FEES]:
            self.fields[f"fee_{category}"] = _NumberField(
                label=category_name(category), initial=own.message_fees_usd.get(category)
            )
        self.models = list(dict.fromkeys([*own.model_prices_usd, *models]))[: spending.MOST_MODELS]
        for model in self.models:
            entered = own.model_prices_usd.get(model)
            for part, label in PRICE_NAMES.items():
                self.fields[f"price_{part}_{model}"] = _NumberField(
                    label=label, initial=getattr(entered, part) if entered else None
                )

    @property
    def ceiling_fields(self) -> list[forms.BoundField]:
        names = ("ai_daily_spend_usd", "ai_warn_percent", "usd_rate", "hourly_cost")
        return [self[name] for name in names if name in self.fields]

    @property
    def fee_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("fee_")]

    @property
    def price_rows(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [(model, [self[f"price_{part}_{model}"] for part in PRICE_NAMES]) for model in self.models]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        for model in self.models:
            names = [f"price_{part}_{model}" for part in PRICE_NAMES]
            if all(said.get(name) is None for name in names):
                continue
            for name in (f"price_input_{model}", f"price_output_{model}"):
                if said.get(name) is None and name not in self.errors:
                    self.add_error(name, _("Hacen falta el precio de entrada y el de salida."))
        return said

    def changes(self) -> dict[str, Any]:
        """Of a valid form, as `companies.update_settings` takes them."""
        said = self.cleaned_data
        fees = {name.removeprefix("fee_"): price for name, price in said.items() if name.startswith("fee_")}
        names = ("ai_daily_spend_usd", "ai_warn_percent", "usd_rate", "hourly_cost")
        return {
            **{name: said[name] for name in names if name in said},
            spending.FEES: {category: price for category, price in fees.items() if price is not None} or None,
            spending.PRICES: self._prices() or None,
        }

    def _prices(self) -> dict[str, dict[str, Decimal]]:
        said = self.cleaned_data
        rows = {
            model: {part: said[name] for part in PRICE_NAMES if said[name := f"price_{part}_{model}"] is not None}
            for model in self.models
        }
        return {model: row for model, row in rows.items() if row}

    def refuse(self, fields: Mapping[str, Any], otherwise: str) -> None:
        """A refusal of the service beside its field, the rest at the top."""
        known = {name: words for name, words in fields.items() if name in self.fields}
        for name, words in known.items():
            self.add_error(name, str(words))
        for words in [words for name, words in fields.items() if name not in known] or ([] if known else [otherwise]):
            self.add_error(None, str(words))
