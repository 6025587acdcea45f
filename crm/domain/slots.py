"""Free times of one seller: working hours by the clock on the wall, minus what is taken, in real minutes."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm.domain.business_time import DAY, open_times, sides
from tenants.domain.weekly_hours import Hours, minutes

DAY_MINUTES = 24 * 60
ALL_DAY: Sequence[Sequence[str]] = (("00:00", "24:00"),)


@dataclass(frozen=True, order=True)
class Span:
    """From `start` until just before `end`. Kept in UTC: two times of one zone would be compared by the wall."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))

    def overlaps(self, other: "Span") -> bool:
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True)
class Plan:
    """When a seller attends something. Minutes and days as named; the clock is that of `zone`.

    `hours` as in tenants.domain.weekly_hours, none at all = always. A day of `exceptions` has those spans instead, also on a
    `closed` day (a holiday); no spans = closed.
    """

    hours: Hours
    exceptions: Mapping[date, Sequence[Sequence[str]]] = field(default_factory=dict)
    closed: Collection[date] = ()
    zone: str = "UTC"
    length: int = 60
    step: int = 60
    before: int = 0
    after: int = 0
    notice: int = 0
    horizon: int = 60
    daily_limit: int | None = None

    def spans_of(self, day: date) -> Sequence[Sequence[str]]:
        """The wall-clock hours of one day."""
        if day in self.exceptions:
            return self.exceptions[day]
        if day in self.closed:
            return ()
        return self.hours.get(str(day.weekday()), ()) if self.hours else ALL_DAY


def free_slots(
    plan: Plan,
    busy: Iterable[Span],
    *,
    now: datetime,
    first: datetime,
    last: datetime,
    booked: Mapping[date, int] | None = None,
) -> list[Span]:
    """The slots that start in [first, last), in order.

    They start at multiples of the step from midnight on the wall. A time that the wall skips is no slot; one that it shows
    twice is two. `busy` spans are kept clear by the minutes before and after. `booked`: how many the day has, for the limit.
    """
    place = ZoneInfo(plan.zone)
    now, last = now.astimezone(UTC), last.astimezone(UTC)
    begin = max(first.astimezone(UTC), now + timedelta(minutes=plan.notice))
    until = min(last.astimezone(place).date(), now.astimezone(place).date() + timedelta(days=plan.horizon))
    day = begin.astimezone(place).date()
    if until < day:
        return []
    length, before, after = (timedelta(minutes=each) for each in (plan.length, plan.before, plan.after))
    opened = list(_merged(_open(plan, day - DAY, until + DAY, place)))
    opens = [span.start for span in opened]
    taken = list(_merged(sorted(busy)))
    ends = [span.end for span in taken]
    found = []
    while day <= until:
        if plan.daily_limit is None or (booked or {}).get(day, 0) < plan.daily_limit:
            for start in _starts(plan, day, place):
                end = start + length
                within = bisect_right(opens, start) - 1
                if not begin <= start < last or within < 0 or opened[within].end < end:
                    continue
                near = bisect_right(ends, start - before)
                if near < len(taken) and taken[near].start < end + after:
                    continue
                found.append(Span(start, end))
        day += DAY
    return found


def _open(plan: Plan, first: date, last: date, place: ZoneInfo) -> Iterator[Span]:
    day = first
    while day <= last:
        for opens, closes in sorted(open_times(day, {str(day.weekday()): plan.spans_of(day)}, place)):
            yield Span(opens, closes)
        day += DAY


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    """Spans in order of start, those that touch made one: hours until 24:00 go on where the next day opens at 00:00."""
    held: Span | None = None
    for span in spans:
        if held is not None and span.start <= held.end:
            held = Span(held.start, max(held.end, span.end))
            continue
        if held is not None:
            yield held
        held = span
    if held is not None:
        yield held


def _starts(plan: Plan, day: date, place: ZoneInfo) -> Iterator[datetime]:
    """The real instants at which the day's wall shows a multiple of the step within its hours, in order."""
    midnight = datetime.combine(day, time.min, UTC)  # as the wall shows it
    both = list(sides(midnight, place))
    ranges = [(minutes(opens), minutes(closes)) for opens, closes in plan.spans_of(day)]
    walls = sorted(
        {
            wall
            for opens, closes in ranges
            for wall in range(-(-opens // plan.step) * plan.step, min(closes, DAY_MINUTES), plan.step)
        }
    )
    at = [
        moment
        for wall in walls
        for offset, begins, ends in both
        if begins <= (moment := midnight + timedelta(minutes=wall) - offset) < ends
    ]
    yield from sorted(at)
