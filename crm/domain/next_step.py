"""Every open lead has a next step or says why not. Which of the two, and what may be said."""

from datetime import date, datetime, timedelta
from enum import StrEnum

LONGEST_DAYS = 366  # "not before" further away is a lost lead, not a resting one


class Step(StrEnum):
    """Where a lead stands with its next step."""

    CLOSED = "closed"
    PLANNED = "planned"
    LATE = "late"
    EXPLAINED = "explained"
    NONE = "none"


def step(*, closed: bool, due: datetime | None, reason: str, until: date | None, now: datetime, today: date) -> Step:
    """`due`: the first open task's time. A reason counts up to and with the day it names."""
    if closed:
        return Step.CLOSED
    if due is not None:
        return Step.LATE if due < now else Step.PLANNED
    return Step.EXPLAINED if reason and (until is None or until >= today) else Step.NONE


def fits(until: date, today: date) -> bool:
    """Whether a lead may rest until then: from today on, for about a year at most."""
    return today <= until <= today + timedelta(days=LONGEST_DAYS)
