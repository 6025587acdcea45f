"""What the words of a list's address may say, read without the database. None means: not understood."""

import re
from datetime import date
from decimal import Decimal
from uuid import UUID

from crm.domain.amounts import parse_amount

STEPS = ("none", "late", "planned")
STATUSES = ("open", "won", "lost")
NOBODY, ME = "none", "me"
LONGEST = 200  # letters of one value
_CODE = re.compile(r"[-\w]{1,40}")
_EARLIEST, _LATEST = date(1900, 1, 1), date(2200, 1, 1)
_MOST_MONEY = Decimal(10) ** 12


def day(said: str) -> date | None:
    """ "2026-11-20"."""
    try:
        found = date.fromisoformat(said)
    except ValueError:
        return None
    return found if _EARLIEST <= found <= _LATEST else None


def amount(said: str) -> Decimal | None:
    found = parse_amount(said)
    return found if found is not None and found < _MOST_MONEY else None


def identity(said: str) -> UUID | None:
    try:
        return UUID(said)
    except ValueError:
        return None


def owner(said: str) -> str | UUID | None:
    """A seller's id, nobody, or whoever asks."""
    return said if said in (NOBODY, ME) else identity(said)


def stage(said: str) -> str | UUID | None:
    """A stage's id or its code."""
    return identity(said) or (said if _CODE.fullmatch(said) else None)


def words(said: str) -> str | None:
    return said if len(said) <= LONGEST and "\x00" not in said else None


def nothing(said: str) -> str | None:
    """Only the word for what is missing."""
    return said if said == NOBODY else None


def step(said: str) -> str | None:
    return said if said in STEPS else None


def status(said: str) -> str | None:
    return said if said in STATUSES else None


def yes(said: str) -> bool | None:
    return True if said == "1" else None
