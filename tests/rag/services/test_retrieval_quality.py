"""How good retrieval is on the labelled questions, with the local model, through the same door as the agents."""

from collections.abc import Callable

import pytest

from rag.services.embedder import local
from rag.services.search import search
from tenants.models import Tenant
from tests.rag.labelled import LabelledQuestion, passages, questions

from .knowledge import upload_ready

Answers = dict[LabelledQuestion, list[str]]


@pytest.fixture
def answers(acme: Tenant) -> Answers:
    names = {}
    for passage in passages():
        document = upload_ready(acme, passage["text"], title=passage["title"], embedder=local())
        names[document.pk] = passage["id"]
    return {
        question: [names[found.document_id] for found in search(query=question.text, tenant=acme, limit=3)]
        for question in questions()
    }


def share(
    answers: Answers, asked: Callable[[LabelledQuestion], bool], good: Callable[[LabelledQuestion, list[str]], bool]
) -> float:
    results = [good(question, found) for question, found in answers.items() if asked(question)]
    return sum(results) / len(results)


def hit(question: LabelledQuestion, found: list[str]) -> bool:
    return bool(question.expected & set(found))


def test_the_right_passage_is_among_the_first_three_and_strangers_find_nothing(answers: Answers) -> None:
    assert share(answers, lambda q: bool(q.expected), hit) >= 0.95
    assert share(answers, lambda q: bool(q.expected) and q.held, hit) >= 0.95
    assert (
        share(answers, lambda q: bool(q.expected), lambda q, found: found[:1] != [] and found[0] in q.expected) >= 0.85
    )
    assert share(answers, lambda q: not q.expected, lambda q, found: not found) >= 0.85
    assert share(answers, lambda q: not q.expected and q.held, lambda q, found: not found) >= 0.90
    for kind in ("accents", "code", "typo", "voseo"):
        assert share(answers, lambda q, kind=kind: q.kind == kind, hit) >= 0.9, kind
