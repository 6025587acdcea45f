"""Scoring of a lead from what it said: interest, when, money, need. Weights as agreed in the product's requirements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm.domain.search import WORD, normalised

INTEREST = {"high": 40, "medium": 25, "low": 10, "none": 0, "": 0}
BUDGET, NEEDS = 15, 15
# The first group with a word in the text decides.
WHEN = (
    (30, ("hoy", "ya", "ahora", "urgente", "cuanto antes", "inmediat", "esta semana", "manana", "today", "now", "asap",
          "this week", "tomorrow")),
    (20, ("este mes", "semana que viene", "proxima semana", "dias", "quincena", "this month", "next week", "days")),
    (10, ("mes que viene", "proximo mes", "meses", "trimestre", "next month", "months", "quarter")),
)  # fmt: skip
SOME_TIME = 5
MOST = 100
HOT = 70  # points from which somebody should look at once
CORRECTION = "correction"

Reason = Mapping[str, object]


@dataclass(frozen=True)
class Said:
    """A message of the customer: its id, and its words."""

    message: str
    text: str


@dataclass(frozen=True)
class Score:
    """`points` 0–100; each reason names its factor, its points, what was understood, and the words behind it.

    A reason: {"factor", "points", "said"} with "quote" and "message" (the id of the message that says it) when known.
    """

    points: int
    reasons: tuple[Reason, ...]


def score(
    *,
    interest: str,
    budget: str,
    timeline: str,
    needs: str,
    heard: Sequence[Said] = (),
    before: Sequence[Reason] = (),
    adjustment: int = 0,
    adjusted: Reason | None = None,
) -> Score:
    """What is known, in points.

    `heard` are the messages just read. What is as it was `before` keeps the quote it had: the words of today are no
    evidence of what was said yesterday. A person's `adjustment` stays on top, told by the reason `adjusted`.
    """
    known = {reason.get("factor"): reason for reason in before}
    parts = [
        ("interest", INTEREST.get(interest, 0), interest),
        ("timeline", timeline_points(timeline), timeline),
        ("budget", BUDGET if budget.strip() else 0, budget),
        ("needs", NEEDS if needs.strip() else 0, needs),
    ]
    reasons = [
        {"factor": factor, "points": points, "said": said[:200], **_words(said[:200], known.get(factor), heard)}
        for factor, points, said in parts
        if points
    ]
    counted = min(MOST, sum(points for _factor, points, _said in parts))
    if adjustment and adjusted is not None:
        reasons.append({**adjusted, "factor": CORRECTION, "points": adjustment})
    return Score(max(0, min(MOST, counted + adjustment)), tuple(reasons))


def evidence(said: str, heard: Sequence[Said]) -> Said | None:
    """The message that shares most words with what was understood; the latest of equals, the longest where none does."""
    if not heard:
        return None
    wanted = set(WORD.findall(normalised(said)))
    shared = [len(wanted.intersection(WORD.findall(normalised(each.text)))) for each in heard]
    most = max(shared)
    if most:
        return next(each for each, count in zip(reversed(heard), reversed(shared), strict=True) if count == most)
    return max(heard, key=lambda each: len(each.text))


def timeline_points(timeline: str) -> int:
    text = f" {normalised(timeline)} "
    if not text.strip():
        return 0
    for points, words in WHEN:
        if any(f" {word}" in text for word in words):
            return points
    return SOME_TIME


def _words(said: str, known: Reason | None, heard: Sequence[Said]) -> dict[str, object]:
    if known is not None and known.get("said") == said:
        return {name: known[name] for name in ("quote", "message") if name in known}
    found = evidence(said, heard)
    if found is None:
        return {}
    return {"quote": found.text[:300], **({"message": found.message} if found.message else {})}
