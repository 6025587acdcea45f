"""What a delivery notice says of a fee, in the shapes of both providers."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.domain.charges import Charge, charge_of, kept

PMP = {"billable": True, "pricing_model": "PMP", "category": "marketing", "type": "regular"}
CBP = {"billable": True, "pricing_model": "CBP", "category": "utility", "type": "regular"}
YCLOUD = {"totalPrice": 0.0618, "currency": "USD", "pricingCategory": "marketing", "pricingType": "regular"}


@pytest.mark.parametrize("status", ["delivered", "read"])
def test_meta_charges_what_arrived(status: str) -> None:
    assert charge_of(status, {"pricing": PMP}) == Charge("marketing")


@pytest.mark.parametrize("status", ["sent", "failed", ""])
def test_what_did_not_arrive_costs_nothing(status: str) -> None:
    assert charge_of(status, {"pricing": PMP}) is None
    assert charge_of(status, YCLOUD) is None


@pytest.mark.parametrize(
    "told",
    [
        {**PMP, "billable": False},
        {**PMP, "type": "free_customer_service"},
        {**PMP, "type": "free_entry_point"},
        {**PMP, "category": None},
        {"billable": "true"},
        {},
    ],
)
def test_what_is_free_or_untold_is_no_fee(told: dict[str, Any]) -> None:
    assert charge_of("delivered", {"pricing": told}) is None


def test_a_conversation_of_the_old_price_model_is_one_fee() -> None:
    assert charge_of("delivered", {"pricing": CBP, "conversation": {"id": "c1"}}) == Charge("utility", thread="c1")
    assert charge_of("delivered", {"pricing": CBP}) == Charge("utility")


def test_ycloud_tells_the_price_itself() -> None:
    assert charge_of("delivered", YCLOUD) == Charge("marketing", usd=Decimal("0.0618"))
    assert charge_of("delivered", {**YCLOUD, "currency": "EUR"}) == Charge("marketing")
    assert charge_of("read", {"pricingCategory": "service", "pricingType": "free_customer_service"}) is None
    assert charge_of("delivered", {"pricingCategory": "service"}) is None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["pricing", "conversation", "totalPrice", "currency", "pricingCategory", "pricingType"])


@given(st.dictionaries(NAMES, ANYTHING | st.just(PMP)), st.sampled_from(["delivered", "read", "sent"]))
def test_whatever_a_provider_writes_is_read_without_a_fall(payload: dict[str, Any], status: str) -> None:
    charge = charge_of(status, kept(payload))
    assert charge is None or (charge.category and len(charge.category) <= 40)
    assert charge is None or charge.usd is None or charge.usd > 0
