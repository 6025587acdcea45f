"""Windows out of days and hours, by the wall clock of the customer."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo

from crm.domain.spoken_dates.days import dates_of
from crm.domain.spoken_dates.items import Days, Hours
from crm.domain.spoken_dates.meaning import DAY, LASTS, Window

MOST = 60  # windows of one phrase
Span = tuple[int, int, str]  # first and last minute (the same when exact), why not sure


def wall(day: date, minutes: int, zone: tzinfo | None) -> datetime:
    """The moment; when clocks skip it, as much later as they skip."""
    naive = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minutes)
    return naive.astimezone(UTC).astimezone(zone)


def exists(day: date, minutes: int, zone: tzinfo | None) -> bool:
    asked = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minutes)
    return wall(day, minutes, zone).replace(tzinfo=None) == asked.replace(tzinfo=None)


def later(start: datetime, by: timedelta) -> datetime:
    return (start.astimezone(UTC) + by).astimezone(start.tzinfo)


def spans_of(alternatives: Sequence[Sequence[Hours]]) -> list[Span]:
    """Each alternative is hours that hold together ("a la tarde, después de las 5"); a day may have any of them."""
    return [span for together in alternatives for span in one_of(together)]


def one_of(together: Sequence[Hours]) -> Iterator[Span]:
    parts = [each for each in together if each.kind == "part"]
    half = parts[0].half if parts else ""
    moments = [each for each in together if each.kind in ("at", "about")]
    bounds = [each.range(half) for each in together if each.kind in ("after", "before", "between")]
    for each in moments:
        first, last = each.range(half)
        against = (half == "am" and first > 13 * 60) or (half == "pm" and last < 11 * 60)
        yield first, last, "contradiction" if against else "two_readings" if each.low.doubtful and not half else ""
        if each.low.doubtful and not half:
            yield first + DAY // 2, last + DAY // 2, "two_readings"
    if moments:
        return
    low, high = max([first for first, _ in bounds], default=0), min([last for _, last in bounds], default=DAY)
    for first, last in narrowed([part.range(half) for part in parts]) or [(0, DAY)]:
        if max(first, low) < min(last, high):
            yield max(first, low), min(last, high), ""
        else:
            yield (low, high, "contradiction") if low < high else (first, last, "contradiction")


def narrowed(parts: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Parts of the day that overlap say one narrower part ("a la mañana, temprano")."""
    kept: list[tuple[int, int]] = []
    for first, last in parts:
        if kept and max(first, kept[-1][0]) < min(last, kept[-1][1]):
            kept[-1] = max(first, kept[-1][0]), min(last, kept[-1][1])
        else:
            kept.append((first, last))
    return kept


def windows(days: Sequence[Days], spans: Sequence[Span], now: datetime) -> tuple[list[Window], list[str]]:
    """What of them is still to come, and the reasons not to be sure."""
    found: list[Window] = []
    doubts = [each.why for each in days if each.why and each.spans]
    for each in days:
        if not spans:
            found += filter(None, (ahead(first, 0, last, DAY, now) for first, last in each.spans))
            continue
        for day in dates_of(each.spans)[:MOST]:
            for first, last, why in spans:
                if first == last and not exists(day, first, now.tzinfo):
                    doubts.append("no_such_time")
                elif window := ahead(day, first, day, last, now):
                    found.append(window)
                    doubts += [why] if why else []
    return found, doubts or [each.why for each in days if each.why and not found]


def ahead(first: date, begin: int, last: date, end: int, now: datetime) -> Window | None:
    start = wall(first, begin, now.tzinfo)
    if (first, begin) == (last, end):
        return Window(start, later(start, LASTS), exact=True) if start >= now else None
    stop = wall(last, end, now.tzinfo)
    return Window(max(start, now), stop) if stop > max(start, now) else None


def tidy(found: Iterable[Window], *, apart: bool) -> tuple[Window, ...]:
    """In order, what was said twice only once. What touches is one window, unless they are readings to be told apart."""
    kept: list[Window] = []
    for each in sorted(set(found), key=lambda window: (window.start.astimezone(UTC), window.exact)):
        last = kept[-1] if kept else None
        if (
            last
            and not last.exact
            and not each.exact
            and (each.start < last.end or (each.start == last.end and not apart))
        ):
            kept[-1] = Window(last.start, max(last.end, each.end))
        else:
            kept.append(each)
    return tuple(kept[:MOST])


def without(found: Iterable[Window], days: Sequence[Days], spans: Sequence[Span]) -> list[Window]:
    """Less what does not suit: these hours of these days, all day when no hours, every day when no days."""
    kept = list(found)
    for day in sorted({day for each in kept for day in dates_of([(each.start.date(), each.end.date())])}):
        if not days or any(refused(day, each) for each in days):
            for first, last, _ in spans or [(0, DAY, "")]:
                kept = [part for each in kept for part in cut(each, day, first, max(last, first + 60))]
    return kept


def refused(day: date, days: Days) -> bool:
    by_name = day.weekday() in days.weekdays or (days.number and day.day == days.number)
    return bool(by_name) or any(first <= day <= last for first, last in days.spans)


def cut(window: Window, day: date, first: int, last: int) -> Iterator[Window]:
    begin, end = wall(day, first, window.start.tzinfo), wall(day, last, window.start.tzinfo)
    if window.exact:
        if not begin <= window.start < end:
            yield window
        return
    if window.start < min(begin, window.end):
        yield Window(window.start, min(begin, window.end))
    if max(end, window.start) < window.end:
        yield Window(max(end, window.start), window.end)
