"""Rules' answers that both languages share: what numbers, names and counts of days mean."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from crm.domain.spoken_dates import days
from crm.domain.spoken_dates.items import Days, Hours, Item, Mark
from crm.domain.spoken_dates.reading import Builder, Seen, clock, from_now, year

NO_NUMBERS_OF_A_STREET: Sequence[Item] = (Mark("nothing"),)


def whole(said: str, today: date, *, month_first: bool) -> Days:
    """A date with its year: d05/03/2027, y2026/12/05. The other order when only that one is a date still to come."""
    first, second, third = (int(each) for each in said[1:].split("/"))
    if said[0] == "y":
        return in_year(today, third, second, first)
    full = third + 2000 if third < 100 else third
    one, other = in_year(today, first, second, full), in_year(today, second, first, full)
    usual, unusual = (other, one) if month_first else (one, other)
    if not unusual.spans or usual.spans:
        return usual
    return replace(unusual, why="two_readings" if usual.why == "past" else "")


def in_year(today: date, day: int, month: int, said: int) -> Days:
    if said < today.year:
        return days.PAST
    return days.dated(today, day, month, said) if said <= today.year + days.YEARS else days.NO_SUCH_DATE


def slashed(match: re.Match[str], seen: Seen, *, month_first: bool = False) -> Sequence[Item]:
    """5/3, the day first or the month, whichever the language puts there and the calendar allows."""
    day, month = int(match["n"]), int(match["m"])
    if (month_first and day <= 12) or month > 12 >= day:
        day, month = month, day
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return ()
    return (days.dated(seen.today, day, month),)


class Names:
    """Answers that need the language's names of weekdays and months."""

    def __init__(self, weekdays: Mapping[str, int], months: Mapping[str, int]) -> None:
        self.weekdays, self.months = weekdays, months

    def weekday(self, said: str | None) -> int | None:
        return self.weekdays[said] if said else None

    def of_month(self, match: re.Match[str], seen: Seen) -> Sequence[Item]:
        """5 de marzo; `also` is another day of it, `to` the last of a span."""
        groups = match.groupdict()
        when = year(groups.get("y"), seen.today)
        if when is None:
            return NO_NUMBERS_OF_A_STREET
        month = self.months[match["mon"]]
        found = days.dated(seen.today, int(match["n"]), month, when)
        if last := groups.get("to"):
            return (span(found, days.dated(seen.today, int(last), month, when)),)
        also = [int(groups[name]) for name in ("also", "more") if groups.get(name)]
        others = [days.dated(seen.today, each, month, when) for each in also]
        return (days.checked(seen.today, found, self.weekday(groups.get("wd"))), *others)

    def whole(self, match: re.Match[str], seen: Seen, *, month_first: bool = False) -> Sequence[Item]:
        found = whole(match["date"], seen.today, month_first=month_first)
        return (days.checked(seen.today, found, self.weekday(match["wd"])),)

    def slashed(self, match: re.Match[str], seen: Seen, *, month_first: bool = False) -> Sequence[Item]:
        found = slashed(match, seen, month_first=month_first)
        weekday = self.weekday(match.groupdict().get("wd"))
        return [days.checked(seen.today, each, weekday) if isinstance(each, Days) else each for each in found]

    def numbered(self, match: re.Match[str], seen: Seen) -> Sequence[Item]:
        """El 5; martes 5; `also` is another number, `to` the last of a span."""
        groups = match.groupdict()
        numbers = [int(groups[name]) for name in ("n", "also", "more", "to") if groups.get(name)]
        if not all(1 <= each <= 31 for each in numbers):
            return ()
        found = [days.numbered(seen.today, each) for each in numbers]
        if groups.get("to"):
            first = found[0]
            if first.why:
                first = days.one(first.spans[0][0])
            last = days.numbered(first.spans[0][0], numbers[1])
            return (span(first, last),)
        weekday = self.weekday(groups.get("wd"))
        return found if weekday is None else [days.checked(seen.today, each, weekday) for each in found]

    def named(self, match: re.Match[str], seen: Seen) -> Sequence[Item]:
        return (days.named(seen.today, frozenset({self.weekdays[match["wd"]]})),)

    def relative(self, ahead: Mapping[str, int]) -> Builder:
        """Today or tomorrow, perhaps with its weekday and its number; another number is an hour."""

        def build(match: re.Match[str], seen: Seen) -> Sequence[Item]:
            groups = match.groupdict()
            day, number, weekday = days.plus(seen.today, ahead[match["rel"]]), groups.get("n"), groups.get("wd")
            found = days.checked(seen.today, days.one(day), self.weekday(weekday))
            if groups.get("comma") and found.why:
                return ()  # a list of days
            if not number or int(number) == day.day:
                return (found,)
            at = clock(number)
            return (found, Hours("at", at)) if at else ()

        return build

    def plural(self, match: re.Match[str], seen: Seen) -> Sequence[Item]:
        """Tuesdays: the coming ones for as long as people plan."""
        return (days.named(seen.today, frozenset({self.weekdays[match["wd"]]}), times=days.HORIZON // 7),)

    def number_or_hour(self, match: re.Match[str], seen: Seen) -> Sequence[Item]:
        """ "Tuesday 24" is a date where the 24th is a Tuesday; "Tuesday 3" an hour otherwise."""
        number, weekday = int(match["n"]), self.weekdays[match["wd"]]
        dates = days.dates_of(days.numbered(seen.today, number).spans)
        if number > 12 or any(each.weekday() == weekday for each in dates):
            return self.numbered(match, seen)
        at = clock(match["n"])
        return (*self.named(match, seen), Hours("at", at)) if at else ()

    def a_week_later(self, match: re.Match[str], seen: Seen) -> Sequence[Item]:
        """A week after the coming one, or `count` weeks."""
        weeks = int(match.groupdict().get("count") or 1)
        return (days.one(days.plus(days.coming(seen.today, self.weekdays[match["wd"]]), 7 * weeks)),)

    def coming(self, match: re.Match[str], seen: Seen) -> Sequence[Item]:
        return (days.one(days.coming(seen.today, self.weekdays[match["wd"]])),)

    def this(self, match: re.Match[str], seen: Seen) -> Sequence[Item]:
        return (days.this_weekday(seen.today, self.weekdays[match["wd"]]),)

    def other(self, match: re.Match[str], seen: Seen) -> Sequence[Item]:
        """El otro martes: the coming one, or a week later."""
        near = days.coming(seen.today, self.weekdays[match["wd"]])
        return (days.some((near, days.plus(near, 7)), why="two_readings"),)

    def next(self, match: re.Match[str], seen: Seen) -> Sequence[Item]:
        return (days.next_weekday(seen.today, self.weekdays[match["wd"]]),)

    def span(self, match: re.Match[str], seen: Seen) -> Sequence[Item]:
        """From one weekday to another. Monday to Friday are the days that shops open, any of them."""
        first, last = self.weekdays[match["wd"]], self.weekdays[match["to"]]
        if (first, last) == (0, 4):
            return (days.any_day(seen.today, days.WORKDAYS),)
        if seen.moving:
            return ()
        begin = days.coming(seen.today, first)
        length = (last - first) % 7
        weekdays = frozenset((first + n) % 7 for n in range(length + 1))
        return (Days(((begin, days.plus(begin, length)),), weekdays=weekdays),)

    def month(self, match: re.Match[str], seen: Seen) -> Sequence[Item]:
        """A month to look in, with its weekday or not."""
        groups = match.groupdict()
        when = year(groups.get("y"), seen.today)
        if when is None:
            return ()
        return (days.named_month(seen.today, self.months[match["mon"]], when),)


def span(first: Days, last: Days) -> Days:
    if not first.spans or not last.spans:
        return first if not first.spans else last
    begin, end = first.spans[0][0], last.spans[-1][1]
    return Days(((begin, end),), why=first.why or last.why) if begin <= end else days.NO_SUCH_DATE


def ago_or_ahead(units: Mapping[str, str], one_words: frozenset[str]) -> Builder:
    """In 3 days, in a week, in two hours. A count of eight or fifteen days may be a week or two, as people count."""

    def build(match: re.Match[str], seen: Seen) -> Sequence[Item]:
        said, unit = match["count"], units[match["unit"]]
        count = 1 if said in one_words else int(said)
        if not count:
            return ()
        if unit in ("minute", "hour"):
            half = 30 if match.groupdict().get("half") else 0
            return (from_now(seen, count * (60 if unit == "hour" else 1) + half),)
        if unit == "month":
            return (days.in_months(seen.today, count),) if count <= 24 else ()
        day = days.plus(seen.today, count * (7 if unit == "week" else 1))
        if unit == "day" and count in (8, 15) and "dia" in match["unit"]:
            return (days.some((days.plus(day, -1), day), why="two_readings"),)
        return (days.one(day),)

    return build


def shifted(count: int) -> Builder:
    return lambda match, seen: (days.one(days.plus(seen.today, count)),)
