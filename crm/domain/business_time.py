"""How much of a time lay within weekly hours, by the clock on the wall of a place, days of clock changes included."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tenants.domain.weekly_hours import Hours, minutes

NOTHING = timedelta(0)
DAY = timedelta(days=1)


def seconds(start: datetime, end: datetime, hours: Hours, zone: str) -> int:
    """Whole seconds of [start, end) within `hours`; of all of it when there are no hours. 0 when `end` is not later."""
    return int(elapsed(start, end, hours, zone).total_seconds())


def elapsed(start: datetime, end: datetime, hours: Hours, zone: str) -> timedelta:
    """The same, exactly."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if end <= start:
        return NOTHING
    if not hours:
        return end - start
    place = ZoneInfo(zone)
    day, last = start.astimezone(place).date(), end.astimezone(place).date()
    spent = NOTHING
    while day <= last:
        for opens, closes in open_times(day, hours, place):
            spent += max(NOTHING, min(end, closes) - max(start, opens))
        day += DAY
    return spent


def open_times(day: date, hours: Hours, place: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Of one day of the place, in UTC. Where the clock changes that day, each side is reckoned with its own offset."""
    spans = hours.get(str(day.weekday()), ())
    if not spans:
        return
    midnight = datetime.combine(day, time.min, UTC)  # as the wall shows it
    both = list(sides(midnight, place))
    for opens, closes in spans:
        first, last = midnight + timedelta(minutes=minutes(opens)), midnight + timedelta(minutes=minutes(closes))
        for offset, begins, ends in both:
            begin, end = max(first - offset, begins), min(last - offset, ends)
            if begin < end:
                yield begin, end


def sides(midnight: datetime, place: ZoneInfo) -> Iterator[tuple[timedelta, datetime, datetime]]:
    """(offset, from, until) in UTC around a day on the wall; one, or two when the clock changes near it."""
    low, high = midnight - DAY, midnight + 2 * DAY  # no offset is a day
    before, after = _offset(low, place), _offset(high, place)
    if before == after:
        yield before, low, high
        return
    begins, ends = low, high
    while ends - begins > timedelta(seconds=1):
        middle = (begins + (ends - begins) / 2).replace(microsecond=0)
        begins, ends = (middle, ends) if _offset(middle, place) == before else (begins, middle)
    yield before, low, ends
    yield after, ends, high


def _offset(at: datetime, place: ZoneInfo) -> timedelta:
    return at.astimezone(place).utcoffset() or NOTHING
