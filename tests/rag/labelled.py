"""The labelled Spanish questions: passages of made-up businesses, questions as typed in a chat, expected passages.

`set` is `tune` for the questions on which thresholds were chosen and `held` for those kept apart.
"""

import json
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class LabelledQuestion:
    """`expected` are passage ids; none means that the knowledge holds no answer."""

    text: str
    expected: frozenset[str]
    kind: str
    held: bool


def passages() -> list[dict[str, str]]:
    """Rows with id, title and text."""
    return [json.loads(line) for line in (DATA / "passages.jsonl").read_text(encoding="utf-8").splitlines()]


def questions() -> list[LabelledQuestion]:
    rows = [json.loads(line) for line in (DATA / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    return [LabelledQuestion(row["q"], frozenset(row["expect"]), row["kind"], row["set"] == "held") for row in rows]
