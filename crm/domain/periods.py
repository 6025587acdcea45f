"""Spans of days a report looks at, in the company's own calendar."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

NAMES = ("today", "7d", "30d", "month", "last_month", "quarter", "year", "custom")
USUAL = "month"
LONGEST = 366 * 3  # days; what is further back is asked for in pieces


@dataclass(frozen=True)
class Period:
    """From the first day to the last one, both included. `name` is one of NAMES."""

    first: date
    last: date
    name: str = "custom"

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def bounds(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """Its first moment and the first one after it."""
        return _midnight(self.first, zone), _midnight(self.last + timedelta(days=1), zone)

    def before(self) -> "Period":
        """What it is compared with: the month before for a month, else as many days just before it."""
        if self.name in ("month", "last_month"):
            last = self.first - timedelta(days=1)
            return Period(last.replace(day=1), last)
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


def named(name: str, today: date) -> Period:
    """The period of that name which `today` lies in or just after. Raises KeyError for other names, also "custom"."""
    month = today.replace(day=1)
    last_month = (month - timedelta(days=1)).replace(day=1)
    quarter = today.replace(month=3 * ((today.month - 1) // 3) + 1, day=1)
    first, last = {
        "today": (today, today),
        "7d": (today - timedelta(days=6), today),
        "30d": (today - timedelta(days=29), today),
        "month": (month, today),
        "last_month": (last_month, month - timedelta(days=1)),
        "quarter": (quarter, today),
        "year": (today.replace(month=1, day=1), today),
    }[name]
    return Period(first, last, name)


def asked(words: Mapping[str, str], today: date) -> Period | None:
    """The period an address asks for, the usual one when it says nothing, None when it says nonsense."""
    name = words.get("period", "") or ("custom" if words.get("from") else USUAL)
    if name != "custom":
        return named(name, today) if name in NAMES else None
    try:
        first, last = date.fromisoformat(words.get("from", "")), date.fromisoformat(words.get("to", ""))
    except ValueError:
        return None
    period = Period(first, last)
    return period if 1 <= period.days <= LONGEST and first.year >= 1970 else None


def months_from(first: date, count: int) -> list[date]:
    """The first days of `count` months, beginning with the month of `first`."""
    start = first.year * 12 + first.month - 1
    return [date((start + n) // 12, (start + n) % 12 + 1, 1) for n in range(count)]


def end_of_month(first: date) -> date:
    return months_from(first, 2)[1] - timedelta(days=1)
