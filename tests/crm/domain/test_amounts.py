"""Amounts as people type them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.domain.amounts import parse_amount


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("1500", "1500"),
        ("1.500", "1500"),
        ("1,500", "1500"),
        ("1.500,50", "1500.50"),
        ("1,500.50", "1500.50"),
        ("12,5", "12.5"),
        ("12.50", "12.50"),
        ("0,500", "0.500"),
        ("1.234.567", "1234567"),
        ("$ 890.000", "890000"),
        ("1 500,25", "1500.25"),
    ],
)
def test_it_reads_both_ways_of_writing_an_amount(typed: str, amount: str) -> None:
    assert parse_amount(typed) == Decimal(amount)


@pytest.mark.parametrize("typed", ["", "mil", "1.2.3", "1,2,3", "1.500.50", "-5", "1e5", ",5", "5,", "٣", "1.23,456.7"])
def test_what_is_not_an_amount_is_refused(typed: str) -> None:
    assert parse_amount(typed) is None


@given(st.decimals(min_value=0, max_value=10**11, places=2, allow_nan=False))
def test_an_amount_survives_being_written_and_read(amount: Decimal) -> None:
    english = f"{amount:,.2f}"
    spanish = english.translate(str.maketrans(",.", ".,"))

    assert parse_amount(english) == parse_amount(spanish) == parse_amount(f"{amount:.2f}") == amount


@given(st.text())
def test_any_text_gets_an_answer(typed: str) -> None:
    parse_amount(typed)
