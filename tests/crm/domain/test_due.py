"""Quick dates and how near a promise is, where the company is."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.domain.due import Quick, When, days, put_off, quick, when

HERE = ZoneInfo("America/Argentina/Buenos_Aires")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HERE)


SATURDAY = at("2026-11-21T10:30")


@pytest.mark.parametrize(
    ("which", "due"),
    [
        (Quick.TODAY, "2026-11-21T18:00"),
        (Quick.TOMORROW, "2026-11-22T09:00"),
        (Quick.THREE_DAYS, "2026-11-24T09:00"),
        (Quick.MONDAY, "2026-11-23T09:00"),
    ],
)
def test_a_tap_names_a_moment(which: Quick, due: str) -> None:
    assert quick(which, SATURDAY, HERE) == at(due)


@pytest.mark.parametrize(
    ("now", "due"), [("2026-11-21T17:20", "2026-11-21T18:20"), ("2026-11-21T23:30", "2026-11-21T23:59")]
)
def test_today_in_the_evening_is_within_the_hour_and_still_today(now: str, due: str) -> None:
    assert quick(Quick.TODAY, at(now), HERE) == at(due)


def test_monday_on_a_monday_is_the_next_one() -> None:
    assert quick(Quick.MONDAY, at("2026-11-23T08:00"), HERE) == at("2026-11-30T09:00")


def test_days_are_those_of_the_company_not_of_the_clock() -> None:
    late_in_utc = datetime.fromisoformat("2026-11-22T01:00+00:00")  # 22:00 of the 21st

    assert quick(Quick.TOMORROW, late_in_utc, HERE) == at("2026-11-22T09:00")


@given(
    hours=st.integers(0, 35_000),
    zone=st.sampled_from(["America/Argentina/Buenos_Aires", "America/Santiago", "Europe/Madrid", "UTC"]),
    which=st.sampled_from(Quick),
)
def test_a_quick_date_is_never_in_the_past(hours: int, zone: str, which: Quick) -> None:
    here = SATURDAY + timedelta(hours=hours, minutes=hours % 60)

    assert quick(which, here, ZoneInfo(zone)) >= here


@pytest.mark.parametrize(
    ("due", "then"),
    [("2026-11-25T16:00", "2026-11-26T16:00"), ("2026-11-10T16:00", "2026-11-22T16:00")],
)
def test_putting_off_keeps_the_hour_and_never_stays_late(due: str, then: str) -> None:
    assert put_off(at(due), SATURDAY, HERE) == at(then)


@pytest.mark.parametrize(
    ("due", "near"),
    [
        ("2026-11-21T10:29", When.LATE),
        ("2026-11-21T10:30", When.TODAY),
        ("2026-11-21T23:59", When.TODAY),
        ("2026-11-22T00:00", When.WEEK),
        ("2026-11-23T00:00", When.LATER),
    ],
)
def test_how_near_it_is(due: str, near: When) -> None:
    assert when(at(due), days(SATURDAY, HERE)) == near
    assert when(at(due), days(SATURDAY, HERE), done=True) == When.DONE
