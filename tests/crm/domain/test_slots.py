"""Free times: within the hours on the wall, clear of what is taken, right on the days when the clock changes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crm.domain.slots import Plan, Span, free_slots

MADRID, SANTIAGO, MEXICO, BUENOS_AIRES = (
    "Europe/Madrid",
    "America/Santiago",
    "America/Mexico_City",
    "America/Argentina/Buenos_Aires",
)
MORNING = [["09:00", "13:00"]]
MONDAY = date(2026, 11, 23)


def on(day: date, clock: str = "00:00", zone: str = BUENOS_AIRES, fold: int = 0) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone), fold=fold)


def clocks(plan: Plan, day: date, *, busy: tuple[Span, ...] = (), days: int = 1, **more: object) -> list[str]:
    """Starts on that day (and the next ones) as its wall shows them, as seen from long before."""
    first = on(day, zone=plan.zone)
    last = on(day + timedelta(days=days), zone=plan.zone)
    given = {"now": first - timedelta(days=5), "first": first, "last": last, **more}
    found = free_slots(plan, busy, **given)  # type: ignore[arg-type]  # times and counts
    return [f"{slot.start.astimezone(ZoneInfo(plan.zone)):%H:%M}" for slot in found]


def plan(**over: object) -> Plan:
    return Plan(**{"hours": {"0": MORNING}, "zone": BUENOS_AIRES, **over})  # type: ignore[arg-type]  # fields by name


def test_slots_are_on_the_full_hour_within_the_hours() -> None:
    assert clocks(plan(), MONDAY) == ["09:00", "10:00", "11:00", "12:00"]


def test_a_smaller_step_counts_from_midnight() -> None:
    hours = {"0": [["09:10", "11:00"]]}
    assert clocks(plan(hours=hours, step=30, length=30), MONDAY) == ["09:30", "10:00", "10:30"]


def test_a_start_may_be_at_ten_past() -> None:
    assert clocks(plan(hours={"0": [["10:05", "11:00"]]}, step=10, length=30), MONDAY) == ["10:10", "10:20", "10:30"]


def test_several_ranges_are_not_bridged() -> None:
    hours = {"0": [["09:00", "11:00"], ["14:00", "16:00"]]}
    assert clocks(plan(hours=hours, length=90, step=30), MONDAY) == ["09:00", "09:30", "14:00", "14:30"]


def test_ranges_that_touch_are_one() -> None:
    hours = {"0": [["09:00", "10:00"], ["10:00", "11:00"]]}
    assert clocks(plan(hours=hours, length=120), MONDAY) == ["09:00"]


@pytest.mark.parametrize(
    "closed",
    [
        {"hours": {"0": []}},
        {"hours": {"1": MORNING}},
        {"exceptions": {MONDAY: []}},
        {"closed": {MONDAY}},
    ],
    ids=["no hours that day", "other days only", "an exception", "a holiday"],
)
def test_a_closed_day_has_no_slot(closed: dict[str, object]) -> None:
    assert clocks(plan(**closed), MONDAY) == []


def test_an_exception_opens_a_holiday_with_its_own_hours() -> None:
    other = plan(closed={MONDAY}, exceptions={MONDAY: [["15:00", "17:00"]]})
    assert clocks(other, MONDAY) == ["15:00", "16:00"]


def test_no_hours_at_all_are_always() -> None:
    assert len(clocks(plan(hours={}), MONDAY)) == 24


def test_what_is_taken_is_not_offered_nor_the_minutes_around() -> None:
    taken = Span(on(MONDAY, "11:00"), on(MONDAY, "12:00"))
    assert clocks(plan(), MONDAY, busy=(taken,)) == ["09:00", "10:00", "12:00"]
    assert clocks(plan(before=1), MONDAY, busy=(taken,)) == ["09:00", "10:00"]
    assert clocks(plan(after=1), MONDAY, busy=(taken,)) == ["09:00", "12:00"]


def test_nothing_before_the_notice_nor_past_the_horizon() -> None:
    now = on(MONDAY, "09:30")
    assert clocks(plan(), MONDAY, now=now) == ["10:00", "11:00", "12:00"]
    assert clocks(plan(notice=90), MONDAY, now=now) == ["11:00", "12:00"]
    week = plan(hours={str(day): [["09:00", "10:00"]] for day in range(7)}, horizon=2)
    assert len(clocks(week, MONDAY, days=7, now=on(MONDAY))) == 3  # today, tomorrow, the day after


def test_a_full_day_is_not_offered() -> None:
    assert clocks(plan(daily_limit=2), MONDAY, booked={MONDAY: 1}) == ["09:00", "10:00", "11:00", "12:00"]
    assert clocks(plan(daily_limit=2), MONDAY, booked={MONDAY: 2}) == []


def test_hours_until_midnight_go_on_where_the_next_day_opens() -> None:
    night = plan(hours={"0": [["22:00", "24:00"]], "1": [["00:00", "01:00"]]}, step=30)
    assert clocks(night, MONDAY) == ["22:00", "22:30", "23:00", "23:30"]
    alone = plan(hours={"0": [["22:00", "24:00"]]}, step=30)
    assert clocks(alone, MONDAY) == ["22:00", "22:30", "23:00"]


def test_a_time_that_the_wall_skips_is_no_slot() -> None:
    spring = date(2027, 3, 28)  # 2:00 becomes 3:00
    early = plan(hours={"6": [["01:00", "05:00"]]}, zone=MADRID)
    assert clocks(early, spring) == ["01:00", "03:00", "04:00"]


def test_a_time_that_the_wall_shows_twice_is_two_real_ones() -> None:
    autumn = date(2026, 10, 25)  # 3:00 becomes 2:00
    early = plan(hours={"6": [["01:00", "04:00"]]}, zone=MADRID)
    assert clocks(early, autumn) == ["01:00", "02:00", "02:00", "03:00"]


def test_midnight_that_does_not_exist_is_one_oclock() -> None:
    spring = date(2026, 9, 6)  # Sunday 0:00 becomes 1:00
    whole = plan(hours={"6": [["00:00", "03:00"]]}, zone=SANTIAGO)
    assert clocks(whole, spring) == ["01:00", "02:00"]


def test_a_range_that_opens_in_the_skipped_hour_opens_after_it() -> None:
    early = plan(hours={"6": [["02:30", "05:00"]]}, zone=MADRID)
    assert clocks(early, date(2027, 3, 28)) == ["03:00", "04:00"]


def test_lengths_are_real_minutes_across_a_change_of_the_clock() -> None:
    night = plan(hours={"6": [["01:00", "05:00"]]}, zone=MADRID, length=180)
    start = on(date(2027, 3, 28), "01:00", MADRID).astimezone(UTC)
    found = free_slots(
        night, (), now=start - timedelta(days=1), first=start - timedelta(hours=1), last=start + timedelta(hours=9)
    )
    assert [(slot.start, slot.end) for slot in found] == [(start, start + timedelta(hours=3))]


# --- whatever the hours and the zone ------------------------------------------------------------------------------
CLOCK = st.integers(0, 96).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")


@st.composite
def days(draw: Callable) -> list[list[str]]:
    edges = sorted(draw(st.lists(CLOCK, max_size=6, unique=True)))
    return [[opens, closes] for opens, closes in zip(edges[::2], edges[1::2], strict=False)]


CHANGES = [date(2026, 9, 5), date(2026, 10, 24), date(2027, 3, 27), date(2027, 4, 3), date(2026, 12, 30)]
PLANS = st.builds(
    Plan,
    hours=st.dictionaries(st.sampled_from("0123456"), days(), min_size=1),
    exceptions=st.dictionaries(st.sampled_from(CHANGES), days(), max_size=2),
    closed=st.sets(st.sampled_from([each + timedelta(days=1) for each in CHANGES]), max_size=2),
    zone=st.sampled_from([MADRID, SANTIAGO, MEXICO]),
    length=st.sampled_from([15, 60, 90, 300]),
    step=st.sampled_from([15, 20, 60]),
    before=st.sampled_from([0, 10]),
    after=st.sampled_from([0, 30]),
    notice=st.sampled_from([0, 45, 600]),
    horizon=st.sampled_from([1, 2, 60]),
)
BUSY = st.lists(st.tuples(st.integers(0, 72 * 4), st.integers(1, 40)), max_size=6)


def spans(begin: datetime, quarters: list[tuple[int, int]]) -> list[Span]:
    quarter = timedelta(minutes=15)
    return [Span(begin + at * quarter, begin + (at + long) * quarter) for at, long in quarters]


def open_by_the_wall(each: Plan, at: datetime) -> bool:
    """What somebody in the place would say, looking at the clock."""
    local = at.astimezone(ZoneInfo(each.zone))
    clock = f"{local:%H:%M}"
    return any(opens <= clock < closes for opens, closes in each.spans_of(local.date()))


@given(each=PLANS, day=st.sampled_from(CHANGES), quarters=BUSY, more=BUSY, minute=st.integers(0, 1500))
def test_whatever_the_hours_nothing_wrong_is_offered(
    each: Plan, day: date, quarters: list[tuple[int, int]], more: list[tuple[int, int]], minute: int
) -> None:
    assume(any(each.hours.values()) or any(each.exceptions.values()))
    first = on(day, zone=each.zone)
    last, now = first.astimezone(UTC) + timedelta(days=3), first.astimezone(UTC) + timedelta(minutes=minute)
    busy = spans(first.astimezone(UTC), quarters)
    found = free_slots(each, busy, now=now, first=first, last=last)

    place = ZoneInfo(each.zone)
    assert found == sorted(set(found))
    for slot in found:
        minutes = range(0, each.length, 5)
        assert all(open_by_the_wall(each, slot.start + timedelta(minutes=n)) for n in minutes)
        assert slot.end - slot.start == timedelta(minutes=each.length)
        wall = slot.start.astimezone(place)
        assert (wall.hour * 60 + wall.minute) % each.step == 0
        kept = Span(slot.start - timedelta(minutes=each.before), slot.end + timedelta(minutes=each.after))
        assert not any(kept.overlaps(taken) for taken in busy)
        assert slot.start >= now + timedelta(minutes=each.notice)
        assert wall.date() <= now.astimezone(place).date() + timedelta(days=each.horizon)
    assert set(free_slots(each, busy + spans(first.astimezone(UTC), more), now=now, first=first, last=last)) <= set(
        found
    )


@given(each=PLANS, day=st.sampled_from(CHANGES))
def test_every_time_that_fits_is_offered(each: Plan, day: date) -> None:
    """By brute force over the real minutes, in which nobody counts a skipped or a repeated hour wrong."""
    free = replace(each, notice=0, horizon=60)
    first = on(day, zone=each.zone).astimezone(UTC)
    last = first + timedelta(days=2)
    place = ZoneInfo(each.zone)
    fits = []
    for n in range(0, 48 * 60, 5):
        start = first + timedelta(minutes=n)
        wall = start.astimezone(place)
        if (wall.hour * 60 + wall.minute) % each.step == 0 and all(
            open_by_the_wall(each, start + timedelta(minutes=m)) for m in range(0, each.length, 5)
        ):
            fits.append(start)
    found = free_slots(free, (), now=first - timedelta(days=1), first=first, last=last)
    assert [slot.start for slot in found] == fits
