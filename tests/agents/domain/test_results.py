"""Arithmetic of results: no rate of a few, no savings of guesses."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain import results

NOON = datetime(2026, 11, 10, 15, tzinfo=UTC)


def test_a_rate_only_where_there_are_enough() -> None:
    assert results.percent(19, 19) is None
    assert (results.percent(0, 20), results.percent(10, 20), results.percent(1, 40)) == (0, 50, 3)


def test_pauses_are_no_work() -> None:
    minutes = [0, 5, 15, 120, 130]
    assert results.busy([NOON + timedelta(minutes=m) for m in minutes]) == timedelta(minutes=25)
    assert results.busy([NOON]) == results.busy([]) == timedelta()


def test_the_time_of_a_chat_needs_twenty_of_them() -> None:
    chats = [timedelta(minutes=n) for n in range(1, 20)]
    assert results.handling(chats) == results.Handling(19, None)
    assert results.handling([*chats, timedelta(hours=9)]) == results.Handling(20, 630)


@pytest.mark.parametrize(
    ("resolved", "seconds", "hourly", "amount"),
    [
        (10, 360, Decimal(5000), Decimal("5000.00")),
        (3, 100, Decimal("0.01"), Decimal("0.00")),
        (0, 360, Decimal(5000), Decimal("0.00")),
        (10, None, Decimal(5000), None),
        (10, 0, Decimal(5000), None),
        (10, 360, None, None),
    ],
)
def test_savings_are_told_only_of_what_was_measured(
    resolved: int, seconds: int | None, hourly: Decimal | None, amount: Decimal | None
) -> None:
    assert results.saved(resolved, seconds, hourly) == amount


@given(st.lists(st.integers(0, 10_000), max_size=30))
def test_work_is_never_more_than_the_time_that_passed(minutes: list[int]) -> None:
    moments = [NOON + timedelta(minutes=m) for m in sorted(minutes)]
    assert timedelta() <= results.busy(moments) <= (moments[-1] - moments[0] if moments else timedelta())
