from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.domain.periods import NAMES, Period, asked, end_of_month, months_from, named
from crm.domain.shares import change, lengths, rate

DAYS = st.dates(date(1990, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("today", date(2026, 11, 21), date(2026, 11, 21)),
        ("7d", date(2026, 11, 15), date(2026, 11, 21)),
        ("30d", date(2026, 10, 23), date(2026, 11, 21)),
        ("month", date(2026, 11, 1), date(2026, 11, 21)),
        ("last_month", date(2026, 10, 1), date(2026, 10, 31)),
        ("quarter", date(2026, 10, 1), date(2026, 11, 21)),
        ("year", date(2026, 1, 1), date(2026, 11, 21)),
    ],
)
def test_each_name_stands_for_its_days(name: str, first: date, last: date) -> None:
    assert named(name, date(2026, 11, 21)) == Period(first, last, name)


@given(DAYS, st.sampled_from([name for name in NAMES if name != "custom"]))
def test_the_days_before_end_where_the_period_begins(today: date, name: str) -> None:
    period = named(name, today)
    before = period.before()
    assert before.last == period.first - timedelta(days=1)
    assert before.days >= 1
    if name not in ("month", "last_month"):
        assert before.days == period.days


def test_a_month_is_compared_with_the_whole_month_before() -> None:
    assert named("month", date(2026, 3, 5)).before() == Period(date(2026, 2, 1), date(2026, 2, 28))


def test_bounds_are_midnights_of_the_companys_zone_also_when_clocks_change() -> None:
    start, end = Period(date(2026, 4, 4), date(2026, 4, 5)).bounds(ZoneInfo("America/Santiago"))
    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=49)  # clocks go back that night
    assert start == datetime(2026, 4, 4, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "words",
    [
        {"period": "ayer"},
        {"period": "custom"},
        {"period": "custom", "from": "2026-11-02", "to": "2026-11-01"},
        {"period": "custom", "from": "2020-01-01", "to": "2026-11-01"},
        {"from": "x", "to": "2026-11-01"},
    ],
)
def test_nonsense_is_no_period(words: dict[str, str]) -> None:
    assert asked(words, date(2026, 11, 21)) is None


def test_an_address_names_a_period_or_its_two_days() -> None:
    today = date(2026, 11, 21)
    assert asked({"period": "7d"}, today) == named("7d", today)
    chosen = asked({"period": "custom", "from": "2026-01-02", "to": "2026-02-03"}, today)
    assert chosen is not None
    assert (chosen.first, chosen.last) == (date(2026, 1, 2), date(2026, 2, 3))
    assert asked({}, today) == named("month", today)


@given(DAYS, st.integers(1, 30))
def test_months_follow_each_other_without_a_gap(day: date, count: int) -> None:
    months = months_from(day, count)
    assert months[0] == day.replace(day=1)
    assert all(end_of_month(one) + timedelta(days=1) == two for one, two in pairwise(months))


def test_nothing_to_compare_with_is_no_data_and_not_zero() -> None:
    assert rate(0, 0) is None
    assert rate(0, 4) == 0
    assert rate(1, 3) == 33.3
    assert change(5, 0) is None
    assert change(None, 5) is None
    assert change(6, 4) == 50


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**9)), max_size=20))
def test_bars_are_within_the_room_and_whatever_is_more_than_nothing_is_seen(values: list[int | None]) -> None:
    drawn = lengths(values)
    assert len(drawn) == len(values)
    assert all(0 <= each <= 100 for each in drawn)
    assert all((size > 0) == bool(value) for value, size in zip(values, drawn, strict=True))
