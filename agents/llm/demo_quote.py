"""Choosing what to quote of the passages found: the paragraph that covers the question's words best, or nothing."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from rag.domain.ranking import Question, concepts_of
from rag.domain.words import terms as terms_of

LEAST_COVERAGE = 0.45  # of the question's worth; below it the paragraph speaks of something else
LONGEST = 420
_BLOCK_START = re.compile(r"^\s*(?:[-*•|]|\d+[.)])\s")


def quote(question: str, passages: Sequence[dict[str, Any]]) -> str:
    """The words to say, at most about 420 letters; empty when no paragraph answers."""
    blocks = [block for passage in passages[:4] for block in _blocks(str(passage.get("text") or ""))]
    concepts = concepts_of(question)
    if not blocks or not concepts:
        return ""
    terms = [terms_of(f"{heading} {text}") for heading, text in blocks]
    frequencies = Counter(term for found in terms for term in set(found))
    asked = Question(concepts, total=len(blocks), frequencies=frequencies)
    covered = [asked.coverage(found) for found in terms]
    best = max(range(len(blocks)), key=lambda place: (round(covered[place], 3), -place))
    if covered[best] < LEAST_COVERAGE:
        return ""
    heading, text = blocks[best]
    return _said(heading, _shortened(text, asked))


def _blocks(text: str) -> list[tuple[str, str]]:
    """(heading, paragraph) pairs of a Markdown text: hard-wrapped lines joined, every list item on its own."""
    found: list[tuple[str, str]] = []
    heading, lines = "", list[str]()

    def close() -> None:
        if lines:
            found.append((heading, _clean(" ".join(lines))))
            lines.clear()

    for line in text.splitlines():
        if not line.strip():
            close()
        elif line.lstrip().startswith("#"):
            close()
            heading = _clean(line)
        else:
            if _BLOCK_START.match(line):
                close()
            lines.append(line)
    close()
    return [(title, block) for title, block in found if len(block) > 8]


def _shortened(text: str, asked: Question) -> str:
    """The whole paragraph when it is short, else its best sentences in their order."""
    if len(text) <= LONGEST:
        return text
    sentences = re.split(r"(?<=[.!?])\s+(?=[A-ZÁÉÍÓÚÑ¿¡])", text)
    ranked = sorted(range(len(sentences)), key=lambda place: -asked.coverage(terms_of(sentences[place])))
    kept: list[int] = []
    for place in ranked:
        if sum(len(sentences[each]) + 1 for each in kept) + len(sentences[place]) <= LONGEST:
            kept.append(place)
    return " ".join(sentences[place] for place in sorted(kept)) or f"{text[: LONGEST - 1]}…"


def _said(heading: str, text: str) -> str:
    """With its heading in front when that adds something and is no question."""
    if not heading or heading.endswith("?") or heading.lower() in text.lower() or len(heading) > 80:
        return text
    return f"{heading.rstrip('.:')}. {text}"


def _clean(text: str) -> str:
    bare = re.sub(r"^[\s#>*•|-]+|[*_`|]+", " ", text)
    return " ".join(bare.split())
