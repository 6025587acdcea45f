"""A model that hangs rests; no connection is held while one is waited for."""

from collections.abc import Iterator

import pytest
from django.db import connections

from agents.llm.base import ChatMessage, ChatRequest, LLMError
from agents.llm.openai_compatible import OpenAICompatible
from agents.services import calls
from agents.services import turns as agent_turns
from agents.services.calls import FIRST_REST, LIMIT, LONGEST_REST, Careful
from tenants.models import Tenant
from tests.agents.services.story import Story, employ, make_story
from tests.fakes.llm import FakeLLM, Reply
from tests.support.cast import Cast

KEY = (1, "http://there", "m")


class Clock:
    """`monotonic` of the module under test."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(calls, "monotonic", clock)
    return clock


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    calls.breaker.forget()
    yield
    calls.breaker.forget()


def hang(times: int) -> None:
    for _each in range(times):
        calls.breaker.timed_out(KEY, begun=calls.monotonic())


class TestTheBreaker:
    def test_timeouts_in_a_row_bring_a_rest_that_grows_and_ends_in_one_probe(self, clock: Clock) -> None:
        hang(LIMIT - 1)
        assert calls.breaker.may_ask(KEY)
        rests = []
        for _each in range(8):
            hang(1)
            began = clock.now
            assert not calls.breaker.may_ask(KEY)
            while not calls.breaker.may_ask(KEY):
                clock.now += 1
            rests.append(clock.now - began)
            assert not calls.breaker.may_ask(KEY), "the probe is one"
        assert rests[:3] == [FIRST_REST, FIRST_REST * 2, FIRST_REST * 4]
        assert rests[-1] == LONGEST_REST

    def test_an_answer_ends_it_and_what_was_in_the_air_does_not_make_it_longer(self, clock: Clock) -> None:
        early = clock.now
        clock.now += 45
        hang(LIMIT)
        for _each in range(50):
            calls.breaker.timed_out(KEY, begun=early)
        clock.now += FIRST_REST
        assert calls.breaker.may_ask(KEY)
        calls.breaker.answered(KEY)
        hang(LIMIT - 1)
        assert calls.breaker.may_ask(KEY), "counted from zero again"

    def test_it_is_of_one_company_one_address_and_one_model(self, clock: Clock) -> None:
        hang(LIMIT)
        for other in ((2, "http://there", "m"), (1, "http://here", "m"), (1, "http://there", "n")):
            assert calls.breaker.may_ask(other)

    def test_a_call_that_is_too_short_for_it_is_not_the_probe(self, clock: Clock) -> None:
        hang(LIMIT)
        assert not calls.breaker.may_ask(KEY, probes=False)
        clock.now += FIRST_REST
        assert calls.breaker.may_ask(KEY, probes=False)
        assert calls.breaker.may_ask(KEY), "the probe is still to be made"
        assert not calls.breaker.may_ask(KEY)


def test_a_call_that_we_gave_little_time_ourselves_tells_nothing(llm: FakeLLM) -> None:
    port = Careful(OpenAICompatible(base_url=llm.base_url, api_key=llm.key, name="openai"), 1, llm.base_url)
    llm.then(Reply(delay=5.0, lasting=True))
    for _each in range(2 * LIMIT):
        with pytest.raises(LLMError) as caught:
            port.complete(ChatRequest(model="m", messages=(ChatMessage("user", "x"),), timeout=0.1))
        assert caught.value.kind == "timeout"
    assert calls.breaker.may_ask((1, llm.base_url, "m"))


def exhausted(monkeypatch: pytest.MonkeyPatch, llm: FakeLLM, acme: Tenant, **over: object) -> Story:
    """Acme's first model has hung as often as it may."""
    monkeypatch.setattr(agent_turns, "CALL_SECONDS", 0.2)
    monkeypatch.setattr(calls, "FAIR_SECONDS", 0.2)
    employ(acme, llm, **over)
    answers = {"gpt-4o-mini": Reply(text="Tarde", delay=5.0), "gpt-4.1-mini": Reply(text="Soy el otro.")}
    llm.brain = lambda request: answers[request["model"]]
    for _each in range(LIMIT):
        make_story(acme).hear("Hola")
    llm.requests.clear()
    return make_story(acme)


def test_while_it_rests_turns_go_straight_to_the_second_model(
    acme: Tenant, llm: FakeLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = exhausted(monkeypatch, llm, acme, config={"fallback_model": "gpt-4.1-mini"})
    run = story.hear("Hola")
    assert (run.model, story.said()) == ("gpt-4.1-mini", ["Soy el otro."])
    assert [request["model"] for request in llm.requests] == ["gpt-4.1-mini"]


def test_without_a_second_model_people_get_the_chat_at_once_with_the_reason(
    acme: Tenant, globex: Tenant, llm: FakeLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = exhausted(monkeypatch, llm, acme)
    run = story.hear("Hola")
    assert (run.status, story.fresh().mode, llm.requests) == ("failed", "human", [])
    assert len(story.said()) == 1
    assert any("descansa" in note for note in story.notes())
    other = make_story(globex)
    employ(globex, llm, priority=1)
    llm.brain = lambda request: Reply(text="Hola.")
    assert other.hear("Hola").status == "done", "nobody else's model rests"


def test_a_refusal_of_the_provider_is_an_answer(llm: FakeLLM) -> None:
    port = Careful(OpenAICompatible(base_url=llm.base_url, api_key=llm.key, name="openai"), 1, llm.base_url)
    key = (1, llm.base_url, "m")
    for _each in range(LIMIT - 1):
        calls.breaker.timed_out(key, begun=calls.monotonic())
    llm.then(Reply(status=500, error={"message": "x"}))
    with pytest.raises(LLMError):
        port.complete(ChatRequest(model="m", messages=(ChatMessage("user", "x"),)))
    calls.breaker.timed_out(key, begun=calls.monotonic())
    assert calls.breaker.may_ask(key)


def test_no_connection_is_held_while_a_model_is_waited_for(
    live_tenants: Cast, acme: Tenant, story: Story, llm: FakeLLM
) -> None:
    employ(acme, llm)
    held: list[bool] = []
    ours = connections["default"]  # of this thread, where the turn runs

    def look(_request: dict) -> Reply:
        held.append(ours.connection is not None)
        return Reply(text="Hola.")

    llm.brain = look
    assert story.hear("Hola").status == "done"
    assert held == [False]
