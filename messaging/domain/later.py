"""When "later" is, by the clock on the wall of a place. Pure: `now` is passed in."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HOUR, TOMORROW, MONDAY = CHOICES = ("hour", "tomorrow", "monday")
OPENING = time(9)


def moment(choice: str, *, now: datetime, zone: str) -> datetime:
    """In an hour; tomorrow at nine; at nine of the next Monday, which is never today."""
    if choice == HOUR:
        return now + timedelta(hours=1)
    today = now.astimezone(ZoneInfo(zone)).date()
    days = 1 if choice == TOMORROW else 7 - today.weekday()
    return at(today + timedelta(days=days), OPENING, zone=zone) or now + timedelta(days=days)


def at(day: date, clock: time, *, zone: str) -> datetime | None:
    """That time of that place; the first of two where the clock goes back, None where it jumps over it."""
    wanted = datetime.combine(day, clock, ZoneInfo(zone))
    there = wanted.astimezone(UTC).astimezone(ZoneInfo(zone))
    return wanted.astimezone(UTC) if there.replace(tzinfo=None) == wanted.replace(tzinfo=None) else None
