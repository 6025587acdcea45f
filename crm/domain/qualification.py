"""Scoring of a lead from what it said: interest, when, money, need. Weights as agreed in the product's requirements."""

from collections.abc import Mapping
from dataclasses import dataclass

from crm.domain.search import normalised

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


@dataclass(frozen=True)
class Score:
    """`points` 0–100; each reason names its factor, its points and the words behind it."""

    points: int
    reasons: tuple[Mapping[str, object], ...]


def score(*, interest: str, budget: str, timeline: str, needs: str, quote: str = "") -> Score:
    parts = [
        ("interest", INTEREST.get(interest, 0), interest),
        ("timeline", timeline_points(timeline), timeline),
        ("budget", BUDGET if budget.strip() else 0, budget),
        ("needs", NEEDS if needs.strip() else 0, needs),
    ]
    reasons = tuple(
        {"factor": factor, "points": points, "said": said[:200], **({"quote": quote[:300]} if quote else {})}
        for factor, points, said in parts
        if points
    )
    return Score(min(100, sum(points for _factor, points, _said in parts)), reasons)


def timeline_points(timeline: str) -> int:
    text = f" {normalised(timeline)} "
    if not text.strip():
        return 0
    for points, words in WHEN:
        if any(f" {word}" in text for word in words):
            return points
    return SOME_TIME
