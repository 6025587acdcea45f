"""Which days a way of saying them means, seen from today."""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta

from crm.domain.spoken_dates.items import Days
from crm.domain.spoken_dates.meaning import HORIZON

ALL_DAYS = frozenset(range(7))
WORKDAYS = frozenset(range(5))
WEEKEND = frozenset({5, 6})
JUST_PAST = 90  # days for which a date without a year is taken for one that has gone by, not for next year's
YEARS = 5  # a year further off is a number of something else
SKIPPED = 24  # months looked ahead for one that has a 31st


def plus(day: date, days: int) -> date:
    return day + timedelta(days=days)


def one(day: date, *, why: str = "") -> Days:
    return Days(((day, day),), why=why)


def some(found: Iterable[date], *, why: str = "") -> Days:
    return Days(tuple((day, day) for day in sorted(set(found))), why=why)


PAST = Days((), why="past")
NO_SUCH_DATE = Days((), why="no_such_date")


def coming(today: date, weekday: int) -> date:
    """The next one after today: "Monday" said on a Monday is not today."""
    return plus(today, (weekday - today.weekday() - 1) % 7 + 1)


def week(today: date, ahead: int) -> tuple[date, date]:
    monday = plus(today, 7 * ahead - today.weekday())
    return monday, plus(monday, 6)


def month(today: date, ahead: int) -> tuple[date, date]:
    year, number = divmod(today.year * 12 + today.month - 1 + ahead, 12)
    return date(year, number + 1, 1), date(year, number + 1, monthrange(year, number + 1)[1])


def a_week(today: date, ahead: int) -> Days:
    first, last = week(today, ahead)
    return Days(((max(first, today), last),), frame=True)


def a_month(today: date, ahead: int) -> Days:
    first, last = month(today, ahead)
    return Days(((max(first, today), last),), frame=True)


def months_ahead(today: date, number: int, year: int = 0) -> int:
    """How far off a month named by its number is; this one counts as 0."""
    return (year - today.year) * 12 + number - today.month if year else (number - today.month) % 12


def named_month(today: date, number: int, year: int = 0) -> Days:
    ahead = months_ahead(today, number, year)
    return PAST if ahead < 0 else a_month(today, ahead)


def named(today: date, weekdays: frozenset[int], *, times: int = 1) -> Days:
    """The coming ones of these weekdays; `times` weeks of them."""
    first = [coming(today, each) for each in weekdays]
    spans = tuple((day, day) for day in sorted(plus(each, 7 * n) for each in first for n in range(times)))
    return Days(spans, weekdays=weekdays)


def any_day(today: date, weekdays: frozenset[int] = ALL_DAYS) -> Days:
    """From today on, for as long as people plan."""
    near = [day for n in range(HORIZON) if (day := plus(today, n)).weekday() in weekdays]
    return Days(joined(near), weekdays=weekdays)


def weekend(today: date) -> Days:
    """The one that is on, else the coming one."""
    saturday = plus(today, 5 - today.weekday())
    return Days(((max(saturday, today), plus(saturday, 1)),), weekdays=WEEKEND)


def joined(found: Iterable[date]) -> tuple[tuple[date, date], ...]:
    """Days as spans: neighbours together."""
    spans: list[tuple[date, date]] = []
    for day in sorted(found):
        if spans and plus(spans[-1][1], 1) == day:
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return tuple(spans)


def dates_of(spans: Iterable[tuple[date, date]]) -> list[date]:
    return [plus(first, n) for first, last in spans for n in range((last - first).days + 1)]


def next_weekday(today: date, weekday: int) -> Days:
    """English "next Tuesday": the coming one for some, the one of next week for others."""
    near, far = coming(today, weekday), plus(week(today, 1)[0], weekday)
    return some((near, far), why="" if near == far else "two_readings")


def this_weekday(today: date, weekday: int) -> Days:
    """ "This Monday": on a Monday it may be today."""
    if weekday == today.weekday():
        return some((today, plus(today, 7)), why="two_readings")
    return one(coming(today, weekday))


def numbered(today: date, number: int) -> Days:
    """The next day with this number in its month. On that very day it may be a month off."""
    if not 1 <= number <= 31:
        return NO_SUCH_DATE
    found = [
        date(first.year, first.month, number)
        for first, last in (month(today, ahead) for ahead in range(SKIPPED))
        if number <= last.day
    ]
    ahead = [day for day in found if day >= today]
    if ahead[0] == today:
        return Days(((ahead[0], ahead[0]), (ahead[1], ahead[1])), why="two_readings", number=number)
    return Days(((ahead[0], ahead[0]),), number=number)


def dated(today: date, day: int, number: int, year: int = 0) -> Days:
    """A day of a named month; without a year, the next time it comes."""
    if not 1 <= number <= 12 or not 1 <= day <= 31:
        return NO_SUCH_DATE
    if year:
        if day > monthrange(year, number)[1]:
            return NO_SUCH_DATE
        return one(date(year, number, day)) if date(year, number, day) >= today else PAST
    for each in range(today.year, today.year + YEARS):
        if day <= monthrange(each, number)[1] and (found := date(each, number, day)) >= today:
            last_year = plus(found, -365)
            return one(found, why="past" if 0 < (today - last_year).days <= JUST_PAST else "")
    return NO_SUCH_DATE


def checked(today: date, days: Days, weekday: int | None) -> Days:
    """The same days when they fall on the weekday that was said; else they and the nearest ones that do."""
    if weekday is None or not days.spans:
        return days
    fitting = [first for first, _ in days.spans if first.weekday() == weekday]
    if fitting:
        return one(fitting[0], why="" if days.why == "two_readings" else days.why)
    said = days.spans[0][0]
    near = [day for n in (0, 1, -1, 2, -2, 3, -3) if (day := plus(said, n)).weekday() == weekday]
    near = near if near[0] >= today else [plus(near[0], 7)]
    return some([said, *near], why="weekday_mismatch")


def nth(today: date, weekday: int, place: int, ahead: int, *, yearly: bool = False) -> Days:
    """The first (1) … last (-1) such weekday of a month that is `ahead` months off. Gone by: next year's, if named."""
    first, last = month(today, ahead)
    found = [day for day in dates_of(((first, last),)) if day.weekday() == weekday]
    if place > len(found):
        return NO_SUCH_DATE
    day = found[place - 1] if place > 0 else found[place]
    if day >= today:
        return one(day)
    return nth(today, weekday, place, ahead + 12) if yearly else PAST


def part_of_month(today: date, position: str, ahead: int, *, yearly: bool = False) -> Days:
    """The first ten days, the second ten, or the last seven."""
    first, last = month(today, ahead)
    spans = {
        "start": (first, plus(first, 9)),
        "middle": (plus(first, 10), plus(first, 19)),
        "end": (plus(last, -6), last),
    }
    begin, end = spans[position]
    if end < today:
        return part_of_month(today, position, ahead + (12 if yearly else 1))
    return Days(((max(begin, today), end),), frame=True)


def around(today: date, days: Days) -> Days:
    """The week in which the day is."""
    if not days.spans:
        return days
    monday = plus(days.spans[0][0], -days.spans[0][0].weekday())
    return Days(((max(monday, today), plus(monday, 6)),), frame=True)


def week_of_month(today: date, place: int, ahead: int, *, yearly: bool = False) -> Days:
    """The first (1) … last (-1) seven days of a month."""
    first, last = month(today, ahead)
    begin = plus(first, 7 * place - 7) if place > 0 else plus(last, -6)
    if plus(begin, 6) >= today:
        return Days(((max(begin, today), plus(begin, 6)),), frame=True)
    return week_of_month(today, place, ahead + 12) if yearly else PAST


def part_of_week(today: date, position: str, ahead: int) -> Days:
    """Monday and Tuesday, Wednesday and Thursday, or Thursday and Friday; of next week when these are over."""
    monday, _ = week(today, ahead)
    begin, end = {"start": (0, 1), "middle": (2, 3), "end": (3, 4)}[position]
    if plus(monday, end) < today:
        return part_of_week(today, position, ahead + 1)
    return Days(((max(plus(monday, begin), today), plus(monday, end)),), frame=True)


def in_months(today: date, count: int) -> Days:
    """The same day of the month, or its last one."""
    first, last = month(today, count)
    return one(date(first.year, first.month, min(today.day, last.day)))


def within(today: date, days: Days, frame: Days) -> Days:
    """Days told by name or number, looked for in a week or a month."""
    found = [
        day
        for day in dates_of(frame.spans)
        if day.weekday() in days.weekdays or (days.number and day.day == days.number)
    ]
    if not found:
        return PAST if frame.spans and frame.spans[0][0] == today else NO_SUCH_DATE
    edged = beyond(today, Days(joined(found), edge=days.edge))
    if not days.edge:
        return edged
    return Days(joined(set(dates_of(edged.spans)) & set(dates_of(frame.spans))))


def beyond(today: date, days: Days) -> Days:
    """What lies on the side of these days that the edge says."""
    if not days.edge or not days.spans:
        return days
    first, last = days.spans[0][0], days.spans[-1][1]
    first, last = {
        "after": (plus(last, 1), plus(last, HORIZON)),
        "from": (first, plus(first, HORIZON - 1)),
        "before": (today, plus(first, -1)),
        "until": (today, last),
    }[days.edge]
    return Days(((first, last),), why=days.why) if first <= last else PAST
