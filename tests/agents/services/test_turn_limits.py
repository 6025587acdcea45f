"""Steps, seconds and tokens of a turn: each limit ends with a person and a reason, and an agent may only lower them."""

from typing import Any

import pytest

from agents.domain.budget import MAX_SECONDS, MAX_STEPS, MAX_TOKENS, TurnBudget, budget_of
from tenants.models import Tenant
from tests.agents.services.story import Story, employ
from tests.fakes.llm import FakeLLM, Reply

SEARCH = [("rag_search", {"query": "envíos"})]


def ends_with_a_person(story: Story, flag: str, words: str, *, calls: int, llm: FakeLLM) -> None:
    run = story.hear("Hola")
    assert (run.status, story.fresh().mode, len(story.said())) == ("failed", "human", 1)
    assert flag in run.flags
    assert {"type": "limit", "limit": flag.removeprefix("limit:")} in run.steps
    assert any(words in note for note in story.notes()), story.notes()
    assert len(llm.requests) == calls or (not calls and len(llm.requests) < MAX_STEPS)


@pytest.mark.parametrize(
    ("config", "usage", "flag", "words", "calls"),
    [
        ({"max_steps": 2}, {"prompt_tokens": 10, "completion_tokens": 5}, "limit:steps", "todos los pasos", 2),
        (
            {"max_tokens": 5000},
            {"prompt_tokens": 2400, "completion_tokens": 200},
            "limit:tokens",
            "todos los tokens",
            2,
        ),
        ({"max_tokens": 2000}, None, "limit:tokens", "todos los tokens", 0),
        ({"max_seconds": 5}, {"prompt_tokens": 1, "completion_tokens": 1}, "limit:seconds", "se le acabó el tiempo", 1),
    ],
    ids=["steps", "tokens", "tokens nobody told", "seconds"],
)
def test_each_limit_ends_with_a_person_and_says_which(
    acme: Tenant, story: Story, llm: FakeLLM, config: Any, usage: Any, flag: str, words: str, calls: int
) -> None:
    employ(acme, llm, config=config)
    delay = 3.1 if "max_seconds" in config else 0.0
    llm.then(Reply(tool_calls=SEARCH, usage=usage, delay=delay, lasting=True))
    ends_with_a_person(story, flag, words, calls=calls, llm=llm)


def test_an_answer_without_words_twice_ends_with_a_person_and_says_so(acme: Tenant, story: Story, llm: FakeLLM) -> None:
    employ(acme, llm)
    llm.then(Reply(text="", lasting=True))
    ends_with_a_person(story, "limit:words", "vacío o cortado", calls=2, llm=llm)


def test_an_agent_may_lower_the_platforms_limits_and_never_raise_them() -> None:
    assert budget_of({"max_steps": 3, "max_seconds": 20, "max_tokens": 9000}) == TurnBudget(3, 20, 9000)
    most = TurnBudget(MAX_STEPS, MAX_SECONDS, MAX_TOKENS)
    for odd in (10**9, 0, -1, True, "5", None, 2.5):
        assert budget_of({"max_steps": odd, "max_seconds": odd, "max_tokens": odd}) == most
