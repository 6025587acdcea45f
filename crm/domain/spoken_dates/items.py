"""The pieces that a phrase is read into, before they are put together."""

from dataclasses import dataclass
from datetime import date, datetime

from crm.domain.spoken_dates.meaning import ABOUT, DAY, PARTS

NOON = 12 * 60
MORNINGS = frozenset({"early", "morning", "mid_morning"})


@dataclass(frozen=True, slots=True)
class Clock:
    """Minutes from midnight as they were said. `bare`: by a clock of twelve hours, nobody said which half."""

    minutes: int
    bare: bool = False
    doubtful: bool = False  # "03:00": of the night, or a careful way to write three in the afternoon

    def at(self, half: str) -> int:
        """Minutes in the day. What a receptionist hears in a bare hour: 1-7 afternoon, 8-11 morning, 12 noon."""
        if not self.bare:
            return self.minutes
        if half == "am" or (self.doubtful and not half):
            return self.minutes
        if half == "pm" or 60 <= self.minutes < 8 * 60:
            return self.minutes % NOON + NOON
        return self.minutes

    def after(self, low: int) -> int:
        """The first time later than `low` that this may be."""
        if not self.bare:
            return self.minutes
        return next((each for each in (self.minutes % NOON, self.minutes % NOON + NOON) if each > low), self.minutes)

    def until(self, high: int) -> int:
        """The last time before `high` that this may be."""
        if not self.bare:
            return self.minutes
        both = (self.minutes % NOON + NOON, self.minutes % NOON)
        return next((each for each in both if each < high), self.minutes)


@dataclass(frozen=True, slots=True)
class Hours:
    """Some time of a day. `kind`: at, about, after, before, between, part."""

    kind: str
    low: Clock = Clock(0)
    high: Clock = Clock(DAY)
    part: str = ""

    @property
    def half(self) -> str:
        if self.kind != "part":
            return ""
        return "am" if self.part in MORNINGS else "pm"

    def range(self, half: str) -> tuple[int, int]:
        """First and last minute; the same one twice when exact."""
        if self.kind == "part":
            return PARTS[self.part]
        if self.kind == "before":
            return 0, self.high.at(half)
        if self.kind == "between":
            if self.low.bare and not self.high.bare and not half:
                return self.low.until(self.high.minutes), self.high.minutes
            low = self.low.at(half)
            return low, self.high.after(low)
        low = self.low.at(half)
        if self.kind == "about":
            return max(low - ABOUT, 0), min(low + ABOUT, DAY)
        return low, DAY if self.kind == "after" else low


@dataclass(frozen=True, slots=True)
class Days:
    """Days, as spans with both ends included. `why`: not sure of them."""

    spans: tuple[tuple[date, date], ...]
    why: str = ""
    weekdays: frozenset[int] = frozenset()  # told by their name alone: a frame may say of which week or month
    number: int = 0  # told by their number alone: a frame may say of which month
    frame: bool = False  # a week or a month, in which the other ones are looked for
    edge: str = ""  # after, before, from, until these days


@dataclass(frozen=True, slots=True)
class Moment:
    """A time counted from now: "in an hour"."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Mark:
    """A word that changes what stands beside it.

    not: refuses what follows; no: refuses what stands before it in the clause, else what follows; instead: takes back
    what came before; after, before, from, until: an edge of the days that follow; nothing: only read over.
    """

    kind: str


Item = Days | Hours | Moment | Mark


@dataclass(frozen=True, slots=True)
class Said:
    """An item and where it stands in the text. `gap`: the words between it and the one before."""

    item: Item
    start: int
    end: int
    gap: str = ""
