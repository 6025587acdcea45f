"""Time within working hours."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.domain.business_time import elapsed, seconds

WEEKDAYS = {str(day): [["09:00", "18:00"]] for day in range(5)}
SPLIT = {"0": [["09:00", "13:00"], ["14:00", "18:00"]]}
ZONES = ("America/Argentina/Buenos_Aires", "America/Santiago", "Europe/Madrid", "Australia/Lord_Howe", "UTC")
TIMES = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 (aware by timezones=)
CLOCKS = st.integers(0, 24 * 60).map(lambda minutes: f"{minutes // 60:02}:{minutes % 60:02}")
SPANS = st.lists(CLOCKS, max_size=6, unique=True).map(
    lambda found: [[a, b] for a, b in zip(sorted(found)[::2], sorted(found)[1::2], strict=False)]
)
HOURS = st.dictionaries(st.sampled_from("0123456"), SPANS)


def at(text: str, zone: str = "America/Argentina/Buenos_Aires") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-11-23 10:00", "2026-11-23 10:05", 300),  # a Monday, within
        ("2026-11-23 22:00", "2026-11-24 09:10", 600),  # a night counts nothing
        ("2026-11-20 17:50", "2026-11-23 09:10", 1200),  # over a weekend
        ("2026-11-21 10:00", "2026-11-22 10:00", 0),  # all of it on a free day
        ("2026-11-23 10:00", "2026-11-23 10:00", 0),
        ("2026-11-23 10:05", "2026-11-23 10:00", 0),  # backwards
        ("2026-11-16 00:00", "2026-11-23 00:00", 5 * 9 * 3600),  # a week
    ],
)
def test_only_working_time_counts(start: str, end: str, expected: int) -> None:
    assert seconds(at(start), at(end), WEEKDAYS, "America/Argentina/Buenos_Aires") == expected


def test_several_spans_a_day_leave_the_break_out() -> None:
    assert seconds(at("2026-11-23 12:30"), at("2026-11-23 14:30"), SPLIT, "America/Argentina/Buenos_Aires") == 3600


def test_without_hours_every_second_counts() -> None:
    assert seconds(at("2026-11-21 10:00"), at("2026-11-22 10:00"), {}, "UTC") == 86_400


def test_a_day_until_midnight_joins_the_next_one() -> None:
    hours = {"0": [["20:00", "24:00"]], "1": [["00:00", "02:00"]]}
    assert seconds(at("2026-11-23 00:00"), at("2026-11-25 00:00"), hours, "America/Argentina/Buenos_Aires") == 6 * 3600


@pytest.mark.parametrize(
    ("day", "span", "expected"),
    [
        # Madrid: on 2026-03-29 the clock goes from 02:00 to 03:00, on 2026-10-25 from 03:00 back to 02:00.
        ("2026-03-29", ["00:00", "24:00"], 23 * 3600),
        ("2026-03-29", ["02:00", "03:00"], 0),  # an hour that did not happen
        ("2026-03-29", ["02:30", "04:00"], 3600),
        ("2026-03-29", ["01:30", "02:30"], 1800),
        ("2026-10-25", ["00:00", "24:00"], 25 * 3600),
        ("2026-10-25", ["02:00", "03:00"], 2 * 3600),  # an hour that happened twice
        ("2026-10-25", ["02:30", "03:30"], 5400),  # half an hour of it twice
    ],
)
def test_a_day_on_which_the_clock_changes_counts_what_the_wall_showed(day: str, span: list[str], expected: int) -> None:
    start = at(f"{day} 00:00", "Europe/Madrid")
    end = at(f"{day} 00:00", "Europe/Madrid") + timedelta(days=1)
    hours = {"6": [span]}  # both are Sundays
    assert seconds(start, end, hours, "Europe/Madrid") == expected


@given(TIMES, TIMES, TIMES, HOURS, st.sampled_from(ZONES))
def test_the_whole_is_the_sum_of_its_parts(
    one: datetime, two: datetime, three: datetime, hours: dict[str, list[list[str]]], zone: str
) -> None:
    a, b, c = sorted((one, two, three))
    c = min(c, a + timedelta(days=40))
    b = min(b, c)
    whole = elapsed(a, c, hours, zone)
    assert elapsed(a, b, hours, zone) + elapsed(b, c, hours, zone) == whole
    assert timedelta(0) <= whole <= c - a


@given(TIMES, st.integers(0, 60 * 24 * 9), HOURS, st.sampled_from(ZONES))
def test_it_agrees_with_asking_the_wall_clock_minute_by_minute(
    start: datetime, length: int, hours: dict[str, list[list[str]]], zone: str
) -> None:
    start = start.replace(second=0, microsecond=0)
    end = start + timedelta(minutes=min(length, 3_000))
    place = ZoneInfo(zone)

    def within(moment: datetime) -> bool:
        wall = moment.astimezone(place)
        clock = f"{wall:%H:%M}"
        return any(opens <= clock < closes for opens, closes in hours.get(str(wall.weekday()), []))

    counted = sum(
        60 for minute in range(int((end - start).total_seconds() // 60)) if within(start + timedelta(minutes=minute))
    )
    assert seconds(start, end, hours or {"0": []}, zone) == counted
