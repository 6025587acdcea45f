"""When something promised is due: the quick dates that people tap, and how late it is. Times are of one zone."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

MORNING, EVENING = time(9), time(18)
LATE_BY_A_DAY = timedelta(days=1)


class Quick(StrEnum):
    """A date named by one tap."""

    TODAY = "today"
    TOMORROW = "tomorrow"
    THREE_DAYS = "three_days"
    MONDAY = "monday"


class When(StrEnum):
    """How near an open task is; DONE for one that is finished."""

    LATE = "late"
    TODAY = "today"
    WEEK = "week"
    LATER = "later"
    DONE = "done"


@dataclass(frozen=True)
class Days:
    """The edges of a person's days: `now`, the beginning of tomorrow, and of the next week's Monday."""

    now: datetime
    tomorrow: datetime
    next_week: datetime


def quick(which: Quick, now: datetime, zone: ZoneInfo) -> datetime:
    """The moment that a tap means: today's end of work (later in the evening, within an hour), else a day's morning."""
    here = now.astimezone(zone)
    if which is Quick.TODAY:
        evening = _at(here.date(), EVENING, zone)
        last = _at(here.date(), time(23, 59), zone)
        return evening if here < evening - timedelta(hours=1) else max(now, min(here + timedelta(hours=1), last))
    days = {Quick.TOMORROW: 1, Quick.THREE_DAYS: 3, Quick.MONDAY: 7 - here.weekday()}
    return _at(here.date() + timedelta(days=days[which]), MORNING, zone)


def put_off(due: datetime, now: datetime, zone: ZoneInfo) -> datetime:
    """One day more at the same hour; what is late moves to tomorrow, and not to another day that has passed."""
    here = due.astimezone(zone)
    day = max(here.date(), now.astimezone(zone).date()) + timedelta(days=1)
    return _at(day, here.time(), zone)


def days(now: datetime, zone: ZoneInfo) -> Days:
    today = now.astimezone(zone).date()
    return Days(
        now=now,
        tomorrow=_at(today + timedelta(days=1), time.min, zone),
        next_week=_at(today + timedelta(days=7 - today.weekday()), time.min, zone),
    )


def when(due: datetime, around: Days, *, done: bool = False) -> When:
    if done:
        return When.DONE
    if due < around.now:
        return When.LATE
    if due < around.tomorrow:
        return When.TODAY
    return When.WEEK if due < around.next_week else When.LATER


def _at(day: date, hour: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, hour, tzinfo=zone)
