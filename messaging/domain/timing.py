"""When things may happen: the burst buffer, the spacing of bubbles, the reply window. Pure: `now` is passed in."""

from datetime import UTC, datetime, timedelta

# WhatsApp accepts one message per 6 s to the same person, with a burst of 45 borrowed from the future (error 131056;
# Meta's throughput pages, as gathered in the project's provider reference).
PAIR_SECONDS, PAIR_BURST = 6.0, 45
WINDOW = timedelta(hours=24)
# What a person of the team writes may come later there (Messenger's policy of the human agent).
PERSON_WINDOW = timedelta(days=7)
PERSON_SOURCES = ("instagram", "facebook")
MOST_ATTEMPTS = 6  # of one bubble
WINDOW_MARGIN = timedelta(minutes=1)  # clocks differ, and a send takes a moment


def reply_due(*, now: datetime, first: datetime | None, quiet: float, longest: float) -> datetime:
    """`quiet` seconds after the last message, never later than `longest` seconds after the first one."""
    due = now + timedelta(seconds=quiet)
    return due if first is None else min(due, first + timedelta(seconds=longest))


def pair_wait(*, now: datetime, full_at: datetime | None) -> float:
    """Seconds to wait before the pair limit lets one more message through."""
    debt = max(0.0, (full_at - now).total_seconds()) if full_at else 0.0
    return max(0.0, debt - PAIR_SECONDS * (PAIR_BURST - 1))


def pair_full_after_send(*, now: datetime, full_at: datetime | None) -> datetime:
    return max(now, full_at or now) + timedelta(seconds=PAIR_SECONDS)


def window_closes(*, channel_source: str, last_inbound: datetime | None, by_person: bool = False) -> datetime | None:
    """When free text stops being allowed; None = the channel has no window. `by_person`: of the team, not of an agent."""
    if channel_source == "web":
        return None
    if last_inbound is None:
        return datetime.min.replace(tzinfo=UTC)
    longer = by_person and channel_source in PERSON_SOURCES
    return last_inbound + (PERSON_WINDOW if longer else WINDOW) - WINDOW_MARGIN


def window_open(*, channel_source: str, last_inbound: datetime | None, now: datetime, by_person: bool = False) -> bool:
    closes = window_closes(channel_source=channel_source, last_inbound=last_inbound, by_person=by_person)
    return closes is None or now < closes


def retry_wait(attempt: int, named: float | None = None) -> float:
    """Seconds before attempt `attempt` + 1: 4, 16, 64, 256… as Meta asks (4^n), or what the provider named."""
    return min(max(named or 0.0, float(4 ** max(1, attempt))), 900.0)
