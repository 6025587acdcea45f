"""Whether the provider charges for a message, as its delivery notices say. Pure.

Meta: `pricing` {billable, pricing_model, category, type} with `sent` and once more with `delivered` or `read`; it charges
for what was delivered, so `sent` alone is no fee. YCloud: pricingCategory, pricingType, and the price itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

KEYS = ("pricing", "conversation", "totalPrice", "currency", "pricingCategory", "pricingType")
CHARGED_WHEN = frozenset({"delivered", "read"})
REGULAR = "regular"  # the other types are free: free_customer_service, free_entry_point
MOST_USD = Decimal(1000)  # of one message: more than that is no price


@dataclass(frozen=True, slots=True)
class Charge:
    """One fee. `usd` where the provider told the price; `thread` where one fee covers a whole conversation of theirs."""

    category: str
    usd: Decimal | None = None
    thread: str = ""


def kept(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What a notice says of its fee, to be kept until the message is known."""
    return {name: payload[name] for name in KEYS if name in payload}


def charge_of(status: str, payload: Mapping[str, Any]) -> Charge | None:
    """The fee that this notice tells of; None when it tells of none."""
    if status not in CHARGED_WHEN:
        return None
    pricing = payload.get("pricing")
    return _meta(pricing, payload) if isinstance(pricing, Mapping) else _ycloud(payload)


def _meta(pricing: Mapping[str, Any], payload: Mapping[str, Any]) -> Charge | None:
    category, kind, billable = _word(pricing.get("category")), _word(pricing.get("type")), pricing.get("billable")
    free = billable is False or (kind and kind != REGULAR)
    if free or not category or (billable is not True and kind != REGULAR):
        return None
    conversation = payload.get("conversation")
    by_thread = _word(pricing.get("pricing_model")) == "cbp" and isinstance(conversation, Mapping)
    return Charge(category, thread=str(conversation.get("id") or "")[:64] if by_thread else "")  # type: ignore[union-attr]  # a mapping when by_thread


def _ycloud(payload: Mapping[str, Any]) -> Charge | None:
    category, kind = _word(payload.get("pricingCategory")), _word(payload.get("pricingType"))
    price = _price(payload.get("totalPrice"))
    if not category or (kind and kind != REGULAR) or (not kind and price is None):
        return None
    return Charge(category, usd=price if _word(payload.get("currency")) == "usd" else None)


def _word(value: object) -> str:
    return value.strip().lower()[:40] if isinstance(value, str) else ""


def _price(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        return None
    return price if price.is_finite() and 0 < price <= MOST_USD else None
