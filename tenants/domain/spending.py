"""A company's own numbers about money that AI and messages cost: when to warn, its rate, its provider's fees, what its models
cost, an hour of work. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

WARN_PERCENT = "ai_warn_percent"
RATE = "usd_rate"
FEES = "message_fees_usd"
PRICES = "model_prices_usd"
HOURLY = "hourly_cost"
NAMES = (WARN_PERCENT, RATE, FEES, PRICES, HOURLY)
USUAL_WARN = 80
MOST_RATE = Decimal(10_000_000)
MOST_FEE = Decimal(100)
MOST_HOURLY = Decimal(1_000_000_000)
MOST_FEES = 20
MOST_PRICE = Decimal(10_000)  # for a million tokens
MOST_MODELS = 40
PLACES = 6
SMALLEST = Decimal("0.000001")
# As WhatsApp names them; a provider may add others.
CATEGORIES = ("marketing", "utility", "authentication", "authentication_international", "service")
_CATEGORY = re.compile(r"[a-z][a-z_]{0,39}")
PRICE_PARTS = ("input", "cached", "output")
_MODEL = re.compile(r"[a-z0-9][a-z0-9._:/@+-]{0,79}")  # as long as the ledger keeps a name


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """US dollars per million tokens; `cached` None = as the rest of the input."""

    input: Decimal
    output: Decimal
    cached: Decimal | None = None


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


def model_name(written: str) -> str:
    """As prices are kept for it; empty when no price can be."""
    name = written.strip().lower()
    return name if _MODEL.fullmatch(name) else ""


def model_prices(value: object) -> dict[str, ModelPrice] | None:
    """Model → what its tokens cost; None when anything of it cannot be meant so, or names a model twice."""
    if not isinstance(value, Mapping) or len(value) > MOST_MODELS:
        return None
    read = {model_name(str(name)): _model_price(price) for name, price in value.items()}
    usable = {name: price for name, price in read.items() if name and price is not None}
    return usable if len(usable) == len(value) else None


def stored(name: str, value: object) -> object:
    """As it is kept in the company's settings; None when it is refused."""
    if name == WARN_PERCENT:
        return warn_percent(value)
    if name in (RATE, HOURLY):
        found = rate(value) if name == RATE else hourly(value)
        return None if found is None else str(found)
    if name == PRICES:
        return _kept_prices(model_prices(value))
    table = fees(value)
    return None if table is None else {category: str(price) for category, price in sorted(table.items())}


def _model_price(value: object) -> ModelPrice | None:
    if not isinstance(value, Mapping) or not set(value) <= set(PRICE_PARTS):
        return None
    parts = {part: _decimal(given) for part, given in value.items() if given is not None}
    usable = {part: price for part, price in parts.items() if price is not None and 0 <= price <= MOST_PRICE}
    whole = len(usable) == len(parts) and "input" in usable and "output" in usable
    return ModelPrice(**usable) if whole else None


def _kept_prices(table: Mapping[str, ModelPrice] | None) -> dict[str, dict[str, str]] | None:
    if table is None:
        return None
    return {
        model: {part: str(figure) for part in PRICE_PARTS if (figure := getattr(price, part)) is not None}
        for model, price in sorted(table.items())
    }


def _decimal(value: object) -> Decimal | None:
    """At most six decimals."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        found = Decimal(value)
        return found if found == found.quantize(SMALLEST) else None  # a NaN equals nothing
    except InvalidOperation:  # no number, or none that so many digits hold
        return None
