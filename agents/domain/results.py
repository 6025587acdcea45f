"""Arithmetic of results: a rate only where there is enough, a middle, the time that people spent, what was saved. Pure."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from statistics import median

SMALL = 20  # with fewer a share says more about chance than about the agent
ENOUGH_CHATS = 20  # of people, to know how long one takes them
PAUSE = timedelta(minutes=15)  # a longer one between two messages is time spent on something else
CENT = Decimal("0.01")
HOUR = 3600


@dataclass(frozen=True, slots=True)
class Handling:
    """How long a person of the company is busy with a chat: the middle of `chats` of them, in seconds."""

    chats: int
    seconds: int | None  # None: fewer than ENOUGH_CHATS


def percent(part: int, whole: int) -> int | None:
    """Rounded; None where the whole is too small to tell."""
    if whole < SMALL:
        return None
    return int((Decimal(100) * part / whole).quantize(Decimal(1), ROUND_HALF_UP))


def busy(moments: Sequence[datetime]) -> timedelta:
    """Time at work between these messages of one chat, in their order, pauses left out."""
    steps = (after - before for before, after in itertools.pairwise(moments))
    return sum((step for step in steps if step <= PAUSE), timedelta())


def handling(chats: Sequence[timedelta]) -> Handling:
    if len(chats) < ENOUGH_CHATS:
        return Handling(len(chats), None)
    return Handling(len(chats), int(median(chat.total_seconds() for chat in chats)))


def saved(resolved: int, seconds: int | None, hourly: Decimal | None) -> Decimal | None:
    """Money: resolved chats × the time one takes a person × what an hour costs; None where a part of it is not known."""
    if not seconds or hourly is None:
        return None
    return (resolved * hourly * seconds / HOUR).quantize(CENT, ROUND_HALF_UP)
