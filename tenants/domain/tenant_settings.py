"""A company's own numbers over the platform's defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from tenants.domain import spending, weekly_hours

# Monday to Friday 9 to 18, Saturday 9 to 13; a company says otherwise in its settings, {} = always.
USUAL_HOURS: weekly_hours.Hours = {**{str(day): [["09:00", "18:00"]] for day in range(5)}, "5": [["09:00", "13:00"]]}


@dataclass(frozen=True)
class TenantSettings:
    """Seconds, minutes and hours as named; `ai_daily_spend_usd` None = no ceiling, warned of at `ai_warn_percent` of it.

    `usd_rate`: units of the company's currency per dollar, None = not given. `message_fees_usd`: a provider's category → what
    it charges for one message; a category that is not there has no known price. `model_prices_usd`: a model's name → what its
    tokens cost, before any price list. `hourly_cost`: an hour of a person's work in the company's currency, None = not given.
    """

    buffer_seconds: float
    buffer_max_seconds: float
    spacing_seconds: float
    human_override_hours: float
    first_response_minutes: float  # of working time, until a person has answered somebody new
    business_hours: weekly_hours.Hours
    ai_daily_spend_usd: Decimal | None = None
    ai_warn_percent: int = spending.USUAL_WARN
    usd_rate: Decimal | None = None
    message_fees_usd: Mapping[str, Decimal] = field(default_factory=dict)
    model_prices_usd: Mapping[str, spending.ModelPrice] = field(default_factory=dict)
    hourly_cost: Decimal | None = None
    require_second_factor: bool = False
    embedding_provider: str = "local"
    embedding_model: str = ""


LIMITS = {
    "buffer_seconds": (0, 120),
    "buffer_max_seconds": (0, 600),
    "spacing_seconds": (0, 60),
    "human_override_hours": (0.01, 24 * 365),
    "first_response_minutes": (1, 7 * 24 * 60),
}


def merged(own: Mapping[str, object], defaults: Mapping[str, float]) -> TenantSettings:
    """Own values where they are numbers within `LIMITS`, else the defaults: a bad setting never stops messages."""
    numbers = {}
    for name, (low, high) in LIMITS.items():
        value = own.get(name)
        usable = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
        numbers[name] = float(value) if usable else defaults[name]  # type: ignore[arg-type]  # checked above
    hours = own.get("business_hours")
    return TenantSettings(
        **numbers,
        business_hours=hours if isinstance(hours, dict) and not weekly_hours.problem(hours) else USUAL_HOURS,
        ai_daily_spend_usd=_money(own.get("ai_daily_spend_usd")),
        ai_warn_percent=spending.warn_percent(own.get(spending.WARN_PERCENT)) or spending.USUAL_WARN,
        usd_rate=spending.rate(own.get(spending.RATE)),
        message_fees_usd=spending.fees(own.get(spending.FEES)) or {},
        model_prices_usd=spending.model_prices(own.get(spending.PRICES)) or {},
        hourly_cost=spending.hourly(own.get(spending.HOURLY)),
        require_second_factor=own.get("require_second_factor") is True,
        embedding_provider=str(own.get("embedding_provider") or "local"),
        embedding_model=str(own.get("embedding_model") or ""),
    )


def _money(value: object) -> Decimal | None:
    try:
        amount = Decimal(str(value)) if value is not None else None
    except InvalidOperation:
        return None
    return amount if amount is not None and amount.is_finite() and amount >= 0 else None
