"""From candidates to an answer: worth of words, evidence, fusion of both scores, and the right to answer "nothing".

Scores are added, not ranks: on the labelled questions of tests/rag/data reciprocal rank fusion (k = 60) lost 0.02 nDCG@10
against this, because ranks forget by how much one passage is ahead (so do Bruch, Gai and Ingber 2023 report).
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .synonyms import related_terms
from .words import STOP_WORDS, is_near, pieces, terms_of

SYNONYM_WORTH = 0.75
NEAR_WORTH = 0.9
UNKNOWN_WORTH = 0.7  # of a word found nowhere: another subject perhaps, or only another way to say it
MAX_CONCEPTS = 24  # a longer question is a story; its first words and its vector are enough
MIN_EVIDENCE = 0.5
EVERYWHERE_SHARE = 0.2
EVERYWHERE_FROM = 200  # passages
COMPANION_EVIDENCE = 0.34  # enough once another passage has shown that the collection speaks of this
VECTORLESS = 0.03  # words must do alone where there is no comparable vector: they may do with a little less


@dataclass(frozen=True)
class Scale:
    """How to read the cosines of one embedding model.

    At `floor` two Spanish texts are usually strangers, at `strong` they nearly always speak of the same thing; `weight`
    is the say of vectors in the order of the passages, where words have 1.
    """

    floor: float
    strong: float
    weight: float = 1.0

    def evidence(self, similarity: float | None) -> float:
        """0 at or below the floor, 1 at strong, more above."""
        if similarity is None:
            return 0.0
        return max(0.0, (similarity - self.floor) / (self.strong - self.floor))


@dataclass(frozen=True)
class Concept:
    """One content word of the question: the terms that stand for it, each with its worth (1 for itself).

    Without a `term` of its own it is a hint: what the question word asks for, a gain when found and no loss when not.
    """

    term: str
    forms: Mapping[str, float]


@dataclass(frozen=True)
class Scored:
    """`words` is the share of the question's worth found in the text (0 to 1), `fused` the final order (0 to 1)."""

    index: int
    words: float
    similarity: float | None
    fused: float


def concepts_of(query: str) -> list[Concept]:
    """Content words of a question in order, once each, with synonyms."""
    found: dict[str, dict[str, float]] = {}
    hints: dict[str, float] = {}
    for piece in pieces(query):
        related = dict.fromkeys(related_terms(piece), SYNONYM_WORTH)
        if piece in STOP_WORDS:
            hints |= related
            continue
        for own in terms_of(piece):
            found.setdefault(own, {}).update(related | {own: 1.0})
    concepts = [Concept(term, forms) for term, forms in found.items()][:MAX_CONCEPTS]
    # "¿Cuánto?" and "¿dónde?" say what is asked only when no other word does.
    asked = {form for concept in concepts for form in concept.forms}
    if hints and not asked & hints.keys():
        concepts.append(Concept("", hints))
    return concepts


def worth(total: int, found_in: int) -> float:
    """Inverse document frequency, smoothed so that it also means something in a collection of five passages."""
    return math.log(1 + (total + 20) / (found_in + 2))


class Question:
    """A question weighed against one collection: `frequencies` says in how many of its `total` passages a term is."""

    def __init__(self, concepts: Sequence[Concept], *, total: int, frequencies: Mapping[str, int]) -> None:
        self.concepts = concepts
        total = max(total, *frequencies.values(), 0)
        self._total = total
        self._frequencies = frequencies
        self._worths = [self._worth_of(concept, total) for concept in concepts]
        named = [value for concept, value in zip(concepts, self._worths, strict=True) if concept.term]
        self._total_worth = sum(named or self._worths)

    def _worth_of(self, concept: Concept, total: int) -> float:
        own = self._frequencies.get(concept.term, 0)
        seen = own or max((self._frequencies.get(form, 0) for form in concept.forms), default=0)
        share = 1.0 if concept.term else SYNONYM_WORTH
        return worth(total, seen) * (share if seen else UNKNOWN_WORTH)

    def queries(self) -> dict[str, float]:
        """Full-text terms with their worth; a word found nowhere is tried by its beginning, for mistyped endings."""
        weights: dict[str, float] = {}
        for concept, value in zip(self.concepts, self._worths, strict=True):
            known = {form: share for form, share in concept.forms.items() if self._frequencies.get(form)}
            if not known and len(concept.term) >= 5 and concept.term.isalpha():
                known = {f"{concept.term[:4]}:*": NEAR_WORTH / 2}
            for form, share in known.items():
                weights[form] = max(weights.get(form, 0.0), value * share)
        # A word of nearly every passage finds nothing in a large collection and costs most; it still counts as evidence.
        telling = {form: value for form, value in weights.items() if not self._is_everywhere(form)}
        return telling or weights

    def _is_everywhere(self, form: str) -> bool:
        return self._frequencies.get(form, 0) > max(EVERYWHERE_FROM, EVERYWHERE_SHARE * self._total)

    def coverage(self, terms: Sequence[str]) -> float:
        """Share of the question's worth that a passage with these terms holds, 0 to 1; repetition adds a little."""
        if not self._total_worth:
            return 0.0
        counts = Counter(terms)
        gained = sum(
            value * self._found(concept, counts) for concept, value in zip(self.concepts, self._worths, strict=True)
        )
        return min(1.0, gained / self._total_worth)

    def _found(self, concept: Concept, counts: Mapping[str, int]) -> float:
        best = max((share * _saturated(counts.get(form, 0)) for form, share in concept.forms.items()), default=0.0)
        if best or self._frequencies.get(concept.term):
            return best
        near = any(is_near(concept.term, term) for term in counts)
        return NEAR_WORTH * _saturated(1) if near else 0.0


def _saturated(times: int) -> float:
    return times / (times + 0.15) if times else 0.0


def rank(
    question: Question, candidates: Sequence[tuple[Sequence[str], float | None]], *, scale: Scale, limit: int
) -> list[Scored]:
    """The best `limit` of the candidates (terms, cosine) that hold enough evidence; maybe none."""
    scored = []
    best = 0.0
    for index, (terms, similarity) in enumerate(candidates):
        words, nearness = question.coverage(terms), scale.evidence(similarity)
        evidence = words + (VECTORLESS if similarity is None else nearness)
        best = max(best, evidence)
        if evidence >= COMPANION_EVIDENCE:
            fused = (words + scale.weight * min(1.0, nearness)) / (1 + scale.weight)
            scored.append(Scored(index, words, similarity, fused))
    if best < MIN_EVIDENCE:
        return []
    return sorted(scored, key=lambda each: (-each.fused, -(each.similarity or 0.0), each.index))[:limit]
