"""A company's own numbers about money that AI and messages cost: when to warn, its rate, its provider's fees, an hour of work. Pure."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

WARN_PERCENT = "ai_warn_percent"
RATE = "usd_rate"
FEES = "message_fees_usd"
HOURLY = "hourly_cost"
NAMES = (WARN_PERCENT, RATE, FEES, HOURLY)
USUAL_WARN = 80
MOST_RATE = Decimal(10_000_000)
MOST_FEE = Decimal(100)
MOST_HOURLY = Decimal(1_000_000_000)
MOST_FEES = 20
PLACES = 6
SMALLEST = Decimal("0.000001")
# As WhatsApp names them; a provider may add others.
CATEGORIES = ("marketing", "utility", "authentication", "authentication_international", "service")
_CATEGORY = re.compile(r"[a-z][a-z_]{0,39}")


def warn_percent(value: object) -> int | None:
    """Whole, from 1 to 100; None when it is no such number."""
    usable = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 100
    return value if usable else None  # type: ignore[return-value]  # an int when usable


def rate(value: object) -> Decimal | None:
    """Units of the company's currency per dollar; None when it is no such number."""
    found = _decimal(value)
    return found if found is not None and 0 < found <= MOST_RATE else None


def hourly(value: object) -> Decimal | None:
    """What an hour of a person's work costs, in the company's currency; None when it is no such number."""
    found = _decimal(value)
    return found if found is not None and 0 < found <= MOST_HOURLY else None


def fees(value: object) -> dict[str, Decimal] | None:
    """Category → dollars a message; None when anything of it cannot be meant so."""
    if not isinstance(value, Mapping) or len(value) > MOST_FEES:
        return None
    read = {str(name): _decimal(price) for name, price in value.items()}
    usable = {name: price for name, price in read.items() if price is not None and 0 <= price <= MOST_FEE}
    return usable if len(usable) == len(value) and all(map(_CATEGORY.fullmatch, usable)) else None


def stored(name: str, value: object) -> object:
    """As it is kept in the company's settings; None when it is refused."""
    if name == WARN_PERCENT:
        return warn_percent(value)
    if name in (RATE, HOURLY):
        found = rate(value) if name == RATE else hourly(value)
        return None if found is None else str(found)
    table = fees(value)
    return None if table is None else {category: str(price) for category, price in sorted(table.items())}


def _decimal(value: object) -> Decimal | None:
    """At most six decimals."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        found = Decimal(value)
        return found if found == found.quantize(SMALLEST) else None  # a NaN equals nothing
    except InvalidOperation:  # no number, or none that so many digits hold
        return None
