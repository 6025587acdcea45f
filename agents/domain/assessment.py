"""How a stretch of a chat ended, judged by rules from facts. Pure.

A stretch is what was said from a customer's message that an agent answered until the chat was closed or silent. Silence
after an answer says nothing, so it is UNKNOWN. The first rule that speaks decides; the facts tell everything that was seen.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Protocol, TypeVar

from agents.domain import assessment_words as words

RESOLVED, HANDED_OVER, UNRESOLVED, UNKNOWN = OUTCOMES = ("resolved", "handed_over", "unresolved", "unknown")
CONTACT, AGENT, PERSON = "contact", "agent", "user"
# Reasons of this rule; those of a hand-over by an agent are the codes of agents.services.briefs.
TAKEN = "taken"
THANKED, AFFIRMED, BOOKED, CONVERTED = "thanked", "affirmed", "booked", "converted"
COMPLAINT, REPEATED, UNANSWERED, FAILED, BLOCKED, ASKED_AGAIN = (
    "complaint",
    "repeated",
    "unanswered",
    "failed",
    "blocked",
    "asked_again",
)
SILENCE = "silence"
ORDER, CLOSED = "order", "closed"  # facts that decide nothing alone
QUIET = timedelta(hours=24)


class Timed(Protocol):
    @property
    def at(self) -> datetime: ...


Said = TypeVar("Said", bound=Timed)


@dataclass(frozen=True, slots=True)
class Line:
    """One message. `answers` is False for the agent's words that only said that people would answer."""

    sequence: int
    at: datetime
    author: str  # CONTACT, AGENT or PERSON
    text: str
    answers: bool = True


@dataclass(frozen=True, slots=True)
class Marks:
    """What the database knows beside the words. `handed` is the code of a hand-over, `handed_at` where in the chat."""

    handed: str = ""
    handed_at: int = 0
    booked: bool = False
    converted: bool = False
    order: bool = False
    failed: bool = False  # the last turn
    blocked: bool = False
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    outcome: str
    reason: str
    facts: tuple[str, ...]


def judge(lines: Sequence[Line], marks: Marks = Marks()) -> Judgement:
    """The outcome of a stretch, the code that decided it and everything that was seen. `lines` in the order of the chat."""
    seen = dict.fromkeys(_facts(lines, marks))
    outcome, reason = _outcome(lines, marks, frozenset(seen))
    return Judgement(outcome, reason, tuple(seen))


def _outcome(lines: Sequence[Line], marks: Marks, seen: frozenset[str]) -> tuple[str, str]:
    if marks.handed:
        return HANDED_OVER, marks.handed
    if TAKEN in seen:
        return HANDED_OVER, TAKEN
    if words.complains(_last_words(lines)) and COMPLAINT in seen:
        return UNRESOLVED, COMPLAINT
    for good in (THANKED, AFFIRMED):
        if good in seen:
            return RESOLVED, good
    for bad in (UNANSWERED, FAILED, BLOCKED):
        if bad in seen:
            return UNRESOLVED, bad
    for good in (CONVERTED, BOOKED):
        if good in seen:
            return RESOLVED, good
    for bad in (COMPLAINT, REPEATED):
        if bad in seen:
            return UNRESOLVED, bad
    return UNKNOWN, SILENCE


def _facts(lines: Sequence[Line], marks: Marks) -> Iterator[str]:
    given = (
        (marks.converted, CONVERTED),
        (marks.booked, BOOKED),
        (marks.order, ORDER),
        (any(line.author == PERSON for line in lines), TAKEN),
        (marks.failed, FAILED),
        (marks.blocked, BLOCKED),
        (marks.closed, CLOSED),
    )
    yield from (code for holds, code in given if holds)
    if marks.handed:
        yield f"handed:{marks.handed}"
    last, before = _last_words(lines), _answer_before(lines)
    if before and words.thanks(last):
        yield THANKED
    if before and words.affirms(last) and not words.asks(before):
        yield AFFIRMED
    if any(words.complains(line.text) for line in _after_an_answer(lines)):
        yield COMPLAINT
    if _repeats(lines):
        yield REPEATED
    if _unanswered(lines, marks):
        yield UNANSWERED


def _last_words(lines: Sequence[Line]) -> str:
    """What the customer wrote last, in one or in several messages without an answer between them."""
    bursts = [burst for customer, burst in _bursts(lines) if customer]
    return "\n".join(line.text for line in bursts[-1]) if bursts else ""


def _answer_before(lines: Sequence[Line]) -> str:
    """What the customer was told before their last words; empty when nothing was."""
    said = _bursts(lines)
    last = max((place for place, (customer, _burst) in enumerate(said) if customer), default=-1)
    return said[last - 1][1][-1].text or "…" if last > 0 else ""


def _bursts(lines: Sequence[Line]) -> list[tuple[bool, list[Line]]]:
    """What one side said until the other one did; (whether it was the customer, the messages)."""
    return [(customer, list(burst)) for customer, burst in groupby(lines, lambda line: line.author == CONTACT)]


def _after_an_answer(lines: Sequence[Line]) -> Iterator[Line]:
    """The customer's messages after the first answer: what they wrote before it describes what they came for."""
    answered = False
    for line in lines:
        answered = answered or line.author != CONTACT
        if answered and line.author == CONTACT:
            yield line


def _repeats(lines: Sequence[Line]) -> bool:
    asked = ["\n".join(line.text for line in burst) for customer, burst in _bursts(lines) if customer]
    return any(words.same_question(one, other) for one, other in pairwise(asked))


def _unanswered(lines: Sequence[Line], marks: Marks) -> bool:
    """Whether the customer still waits: after their last words, or after a hand-over, nobody answered."""
    if marks.handed and any(line.author == PERSON for line in lines if line.sequence > marks.handed_at):
        return bool(lines) and lines[-1].author == CONTACT and _wants_answer(lines)
    if marks.handed:
        return True
    answers = [line for line in lines if line.author == CONTACT or line.answers]
    return bool(answers) and answers[-1].author == CONTACT and _wants_answer(answers)


def _wants_answer(lines: Sequence[Line]) -> bool:
    last, before = _last_words(lines), _answer_before(lines)
    if words.agrees(last):
        return words.asks(before) if before else True
    return not (before and words.closes(last))


def asked_again(lines: Sequence[Line], later: Sequence[Line]) -> bool:
    """Whether the customer comes back within a day of the end of a stretch with what they had asked in it."""
    if not lines:
        return False
    asked = [line.text for line in lines if line.author == CONTACT]
    new = [line.text for line in later if line.author == CONTACT and line.at - lines[-1].at <= QUIET]
    return any(words.same_question(one, other) for one in asked for other in new)


def stretches(
    lines: Sequence[Said], closed: Sequence[datetime], goes_on: Callable[[Said], bool] = lambda _line: False
) -> list[list[Said]]:
    """The messages of a chat, parted where nobody wrote for a day and where it was closed (moments, in order).

    `goes_on`: a line that belongs to what was said before it, however late it comes.
    """
    found: list[list[Said]] = []
    for line in lines:
        if not found or _parted(found[-1][-1].at, line.at, closed, goes_on(line)):
            found.append([])
        found[-1].append(line)
    return found


def _parted(before: datetime, after: datetime, closed: Sequence[datetime], goes_on: bool) -> bool:
    return (after - before >= QUIET and not goes_on) or any(before <= each <= after for each in closed)
