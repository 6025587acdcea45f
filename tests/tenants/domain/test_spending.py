"""A company's own numbers about spending: what is kept, and what a bad setting becomes."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.domain import spending
from tenants.domain.tenant_settings import LIMITS, merged

DEFAULTS = dict.fromkeys(LIMITS, 1.0)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.decimals(),
    lambda inner: st.dictionaries(st.text(max_size=6), inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(spending.NAMES), ANYTHING))
def test_whatever_stands_in_the_settings_the_numbers_are_usable(own: dict[str, Any]) -> None:
    found = merged(own, DEFAULTS)
    assert 1 <= found.ai_warn_percent <= 100
    assert found.usd_rate is None or 0 < found.usd_rate <= spending.MOST_RATE
    assert all(0 <= fee <= spending.MOST_FEE for fee in found.message_fees_usd.values())
    for price in found.model_prices_usd.values():
        assert all(0 <= part <= spending.MOST_PRICE for part in (price.input, price.output, price.cached or 0))


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z_]{0,9}", fullmatch=True),
        st.decimals(min_value=0, max_value=100, places=6),
        max_size=spending.MOST_FEES,
    )
)
def test_fees_come_back_as_they_were_given(table: dict[str, Decimal]) -> None:
    kept = spending.stored(spending.FEES, table)
    assert merged({spending.FEES: kept}, DEFAULTS).message_fees_usd == table


FIGURES = st.decimals(min_value=0, max_value=10_000, places=6)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z0-9][a-z0-9._:/@+-]{0,20}", fullmatch=True),
        st.builds(spending.ModelPrice, FIGURES, FIGURES, FIGURES | st.none()),
        max_size=spending.MOST_MODELS,
    )
)
def test_prices_of_models_come_back_as_they_were_given(table: dict[str, spending.ModelPrice]) -> None:
    said = {name: {"input": each.input, "cached": each.cached, "output": each.output} for name, each in table.items()}
    kept = spending.stored(spending.PRICES, said)
    assert merged({spending.PRICES: kept}, DEFAULTS).model_prices_usd == table


def test_a_model_is_kept_in_small_letters_and_named_once() -> None:
    price = {"input": "1", "output": "2"}
    assert spending.stored(spending.PRICES, {" GPT-5.5 ": price}) == {"gpt-5.5": price}
    assert spending.stored(spending.PRICES, {"GPT-5.5": price, "gpt-5.5": price}) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (spending.WARN_PERCENT, True),
        (spending.WARN_PERCENT, "80"),
        (spending.RATE, Decimal(0)),
        (spending.RATE, Decimal("Infinity")),
        (spending.RATE, "mil"),
        (spending.HOURLY, Decimal(0)),
        (spending.HOURLY, "1e12"),
        (spending.FEES, {"marketing": None}),
        (spending.FEES, {"Marketing": "1"}),
        (spending.FEES, {f"c{'x' * number}": "1" for number in range(spending.MOST_FEES + 1)}),
        (spending.FEES, ["marketing"]),
        (spending.PRICES, ["gpt-5.5"]),
        (spending.PRICES, {"gpt-5.5": "1"}),
        (spending.PRICES, {"gpt-5.5": {"input": "1"}}),
        (spending.PRICES, {"gpt-5.5": {"input": "1", "output": None}}),
        (spending.PRICES, {"gpt-5.5": {"input": "1", "output": "-1"}}),
        (spending.PRICES, {"gpt-5.5": {"input": "1", "output": "10000.01"}}),
        (spending.PRICES, {"gpt-5.5": {"input": "1", "output": "NaN"}}),
        (spending.PRICES, {"gpt-5.5": {"input": "1", "output": "1", "cached": "mucho"}}),
        (spending.PRICES, {"gpt-5.5": {"input": "1", "output": "1", "image": "1"}}),
        (spending.PRICES, {"<b>": {"input": "1", "output": "1"}}),
        (spending.PRICES, {"": {"input": "1", "output": "1"}}),
        (spending.PRICES, {"m" * 81: {"input": "1", "output": "1"}}),
        (spending.PRICES, {f"m{number}": {"input": 1, "output": 1} for number in range(spending.MOST_MODELS + 1)}),
    ],
)
def test_what_cannot_be_meant_is_refused(name: str, value: object) -> None:
    assert spending.stored(name, value) is None
