"""A phrase into pieces: at each word the first rule of the language that fits takes its words."""

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from crm.domain.spoken_dates.days import YEARS
from crm.domain.spoken_dates.items import Clock, Days, Hours, Item, Mark, Moment, Said
from crm.domain.spoken_dates.meaning import LASTS

NAMED = re.compile(r"\(\?P<\w+>")
MOST = 40  # pieces that are read of a phrase
FROM = re.compile(r"\b(?:del?|de la|from)(?: the)? $")
FROM_INSIDE = re.compile(r"(?:del|from)\b")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a rule may know beside its own words."""

    now: datetime
    text: str
    after_day: bool = False  # right behind a day
    moving: bool = False  # an appointment is being moved: from one day to another

    @property
    def today(self) -> date:
        return self.now.date()


Builder = Callable[[re.Match[str], Seen], Sequence[Item]]


class Rules:
    """The first that fits wins; one that answers nothing lets the next try. "||" parts two patterns of one meaning."""

    def __init__(self, table: Iterable[tuple[str, Builder]], macros: Iterable[tuple[str, str]], moving: str) -> None:
        self.rules: list[tuple[re.Pattern[str], Builder]] = []
        for patterns, builder in table:
            for name, meant in macros:
                patterns = patterns.replace(name, meant)
            for pattern in patterns.split("||"):
                self.rules.append((re.compile(rf"(?<![\w#])(?:{pattern})(?!\w)"), builder))
        # One look for all of them finds where any begins: most words of a long text begin none.
        self.any = re.compile("|".join(NAMED.sub("(?:", each.pattern) for each, _ in self.rules))
        self.moving = re.compile(rf"\b(?:{moving})\b")

    def read(self, text: str, now: datetime) -> list[Said]:
        found: list[Said] = []
        verb, at = self.moving.search(text), 0
        while len(found) < MOST and (begin := self.any.search(text, at)):
            gap = text[found[-1].end if found else 0 : begin.start()]
            after_day = bool(found) and isinstance(found[-1].item, Days) and not gap.strip()
            seen = Seen(now, text, after_day, bool(verb))
            at, items = self.first(text, begin.start(), seen) or (next_word(text, begin.start()), ())
            for n, item in enumerate(items):
                found.append(Said(item, begin.start(), at, "" if n else gap))
        return left_behind(found, text, verb.start()) if verb else found

    def first(self, text: str, at: int, seen: Seen) -> tuple[int, Sequence[Item]] | None:
        for pattern, builder in self.rules:
            if (match := pattern.match(text, at)) and (items := builder(match, seen)):
                return match.end(), items
        return None


def left_behind(found: list[Said], text: str, verb: int) -> list[Said]:
    """Without the day, and its hour, that an appointment is moved from: "del martes a las 5 al jueves".

    Nor what was said before the `verb` of moving, when a day follows it: "tengo el 24, ¿lo podemos pasar al 25?".
    """
    if any(isinstance(each.item, Days) and each.start > verb for each in found):
        found = [each for each in found if each.start > verb]
    starts = [n for n, each in enumerate(found) if isinstance(each.item, Days)]
    for n, following in itertools.pairwise(starts):
        edge = n > 0 and found[n - 1].item == Mark("from")
        if edge or FROM.search(found[n].gap) or FROM_INSIDE.match(text, found[n].start):
            return [*found[: n - edge], *found[following:]]
    return found


def next_word(text: str, at: int) -> int:
    space = text.find(" ", at)
    return space + 1 if space >= 0 else len(text)


def clock(said: str) -> Clock | None:
    """A clock word, or the bare number of an hour."""
    if said[0] in "tbz":
        minutes = int(said[1:3]) * 60 + int(said[3:])
        return Clock(minutes, bare=said[0] != "t", doubtful=said[0] == "z")
    hour = int(said)
    return None if hour > 24 else Clock(hour * 60, bare=1 <= hour <= 12)


def hours(kind: str) -> Builder:
    """A rule whose groups `low` and `high` are hours; `also` is one more."""

    def build(match: re.Match[str], seen: Seen) -> Sequence[Item]:
        said = {name: clock(text) for name, text in match.groupdict().items() if text}
        if not all(said.values()):
            return ()
        found = (Hours(kind, said.get("low") or Clock(0), said.get("high") or Clock(24 * 60)),)
        return (*found, Hours(kind, also)) if (also := said.get("also")) else found

    return build


def at_fixed(kind: str, hour: int) -> Builder:
    fixed = Clock(hour * 60)
    return lambda match, seen: (Hours(kind, high=fixed) if kind == "before" else Hours(kind, fixed),)


def part(name: str) -> Builder:
    return lambda match, seen: (Hours("part", part=name),)


def mark(kind: str) -> Builder:
    return lambda match, seen: (Mark(kind),)


def days(found: Callable[[date], Days]) -> Builder:
    return lambda match, seen: (found(seen.today),)


def from_now(seen: Seen, minutes: int) -> Moment:
    """Whole minutes from now, and what follows for an hour."""
    start = seen.now.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=minutes)
    start = start.astimezone(seen.now.tzinfo)
    return Moment(start, start + LASTS)


def year(said: str | None, today: date) -> int | None:
    """The year in full; 0 when none was said, None when the number is no near year."""
    if not said:
        return 0
    number = int(said) + (2000 if len(said) == 2 else 0)
    return number if today.year - 1 <= number <= today.year + YEARS else None
