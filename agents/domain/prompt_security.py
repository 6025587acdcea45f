"""Screening of text that people and documents bring in (messages, transcripts, names, passages).

A detector is telemetry and a brake, never the defence: whatever it says, tools stay bound to the
conversation's own contact. `flag` takes the write tools away from the turn, `block` sends it to a person.
Rates are measured in tests/agents/domain/test_prompt_security.py.
"""

import re
from dataclasses import dataclass
from typing import Literal

from agents.domain.readings import decoded, has_hidden_characters, is_spaced_out, mixes_alphabets, readings
from agents.domain.security_rules import RULES, Rule

Decision = Literal["allow", "flag", "block"]

FLAG_FROM = 4
BLOCK_FROM = 12
DECODED_BONUS = 3


@dataclass(frozen=True, slots=True)
class Screening:
    """What was found. `reasons` are rule names, `score` the sum of their weights."""

    decision: Decision
    score: int
    reasons: tuple[str, ...]

    @property
    def suspicious(self) -> bool:
        """True when the turn must run without write tools."""
        return self.decision != "allow"


def screen(text: str) -> Screening:
    """Judge one text. Never raises; texts over 20,000 characters are judged by their head and tail."""
    if len(text) > 20_000:
        head, tail = screen(text[:16_000]), screen(text[-16_000:])
        return max(head, tail, key=lambda found: found.score)
    hits: dict[str, int] = {}
    for reading in readings(text):
        _collect(reading, hits, bonus=0)
    for reading in decoded(text):
        _collect(reading, hits, bonus=DECODED_BONUS)
    if has_hidden_characters(text):
        hits["hidden_characters"] = 2
    if is_spaced_out(text):
        hits["spaced_out"] = FLAG_FROM
    if mixes_alphabets(text):
        hits["mixed_alphabets"] = 3
    score = sum(hits.values())
    decision: Decision = "block" if score >= BLOCK_FROM else "flag" if score >= FLAG_FROM else "allow"
    return Screening(decision, score, tuple(sorted(hits)))


def worst(screenings: list[Screening]) -> Screening:
    """The most serious of several; an empty list is harmless."""
    return max(screenings, key=lambda found: found.score, default=Screening("allow", 0, ()))


def _collect(reading: str, hits: dict[str, int], *, bonus: int) -> None:
    for rule in RULES:
        weight = rule.weight + bonus
        if hits.get(rule.name, 0) < weight and _matches(rule, reading):
            hits[rule.name] = weight


def _matches(rule: Rule, reading: str) -> bool:
    return any(re.search(pattern, reading) for pattern in rule.patterns)
