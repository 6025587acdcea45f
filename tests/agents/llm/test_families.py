"""Every family of models passes the same suite: what a customer sees of it is the same whoever answers.

Each family is a local server held to the letter (`tests.fakes.llm_families`); turns run from due to answered.
"""

from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from agents.llm.base import ChatMessage, ChatRequest
from agents.llm.families import family_of
from agents.llm.openai_compatible import _body
from agents.models import Agent, AgentRun, ToolCall
from agents.services import turns as agent_turns
from agents.services.agents import publish_agent, update_agent
from messaging.models import Conversation
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.services.vault import put_credential
from tests.agents.services.story import TEAM, Story, employ
from tests.fakes.llm import FakeLLM, Reply
from tests.fakes.llm_families import FAMILIES, Classic, Gemini, Unknown
from tests.support.thorough import dealt

HANDED = "Te paso con una persona del equipo. Te responde por este mismo chat."
SECONDS = 0.4  # how long a call may take here


@dataclass
class House:
    """One family behind acme's agent."""

    family: Any
    llm: FakeLLM
    tenant: Tenant
    story: Story

    def sent(self, number: int) -> dict[str, Any]:
        return self.llm.requests[number]

    def heard(self) -> list[str]:
        return [request["model"] for request in self.llm.requests]

    def employ(self, **over: Any) -> None:
        google = isinstance(self.family, Gemini)
        employ(self.tenant, self.llm, **{"model_version": self.family.model, **over})
        if google:
            _as_google(self.tenant, self.llm)


def _as_google(tenant: Tenant, llm: FakeLLM) -> None:
    with tenant_context(tenant):
        put_credential(category="google", name="API_KEY", value=llm.key, by=TEAM)
        put_credential(category="google", name="BASE_URL", value=llm.base_url, by=TEAM)
        agent = Agent.objects.get(name="Sol")
        update_agent(agent=agent, by=TEAM, model_provider="google")
        publish_agent(agent=agent, by=TEAM)


@pytest.fixture(params=FAMILIES, ids=lambda each: each.name)
def house(request: pytest.FixtureRequest, acme: Tenant, story: Story, llm: FakeLLM) -> House:
    llm.manners = request.param()
    return House(llm.manners, llm, acme, story)


def test_a_customer_is_answered(house: House) -> None:
    house.employ(temperature="0.70")
    house.llm.say("¡Hola! ¿Qué buscás?")
    run = house.story.hear("Hola")
    assert house.story.said() == ["¡Hola! ¿Qué buscás?"]
    assert (run.status, run.model) == ("done", house.family.model)
    assert min(run.prompt_tokens, run.completion_tokens) > 0, "counted by length where the server tells nothing"
    assert len(house.llm.requests) == 1, "nothing that the family refuses was sent"
    takes_temperature = not set(house.family.refuses) & {"temperature"}
    assert ("temperature" in house.sent(0)) is takes_temperature


def test_a_temperature_that_is_refused_after_all_is_left_out_from_then_on(house: House) -> None:
    """Every family, also one whose name promised nothing: one lesson at the most, and no customer notices."""
    house.family.refuses = tuple({*house.family.refuses, "temperature"})
    house.employ(temperature="0.70", model_version=f"{house.family.model}-{uuid4().hex[:6]}")
    knew = not family_of(house.family.model).sends_temperature
    for _time in range(2):
        house.llm.say("¡Hola!")
        assert house.story.hear("Hola").status == "done"
    assert len(house.llm.requests) == (2 if knew else 3)
    assert ["temperature" in request for request in house.llm.requests] == [*([] if knew else [True]), False, False]


def test_several_calls_in_one_answer_are_made_and_go_back_as_they_came(house: House) -> None:
    house.employ()
    calls = [("create_customer", {"name": "Mariana Gómez"}), ("qualify_lead", {"interest": "high"})]
    house.llm.then(Reply(tool_calls=calls), Reply(tool_calls=[("rag_search", {"query": "envíos"})]))
    house.llm.say("Gracias Mariana, ya anoté tus datos.")
    run = house.story.hear("Soy Mariana Gómez, quiero comprar, ¿hacen envíos?")
    assert house.story.said() == ["Gracias Mariana, ya anoté tus datos."]
    assert (run.status, len(house.llm.requests)) == ("done", 3)
    last = house.sent(2)["messages"]
    ids = [call["id"] for message in last for call in message.get("tool_calls") or []]
    assert len(set(ids)) == 3, "each call has an id of its own, also where the server gave none"
    assert [message["tool_call_id"] for message in last if message["role"] == "tool"] == ids
    with tenant_context(house.tenant):
        assert ToolCall.objects.filter(run=run, ok=True).count() >= 2


def test_invalid_arguments_and_unknown_tools_are_told_and_the_turn_goes_on(house: House) -> None:
    house.employ()
    house.llm.then(
        Reply(tool_calls=[("create_customer", '{"name": "Ana"'), ("drop_tables", {}), ("qualify_lead", "[]")])
    )
    house.llm.say("¿En qué te ayudo?")
    run = house.story.hear("Hola")
    assert (run.status, house.story.said()) == ("done", ["¿En qué te ayudo?"])
    answers = [message["content"] for message in house.sent(1)["messages"] if message["role"] == "tool"]
    assert len(answers) == 3
    assert all('"ok": false' in answer for answer in answers)


def test_an_endless_loop_of_tools_ends_with_a_person_and_a_reason(house: House) -> None:
    house.employ()
    house.llm.then(Reply(tool_calls=[("rag_search", {"query": "x"})], lasting=True))
    run = house.story.hear("Hola")
    _goes_to_people(house, run)
    assert "limit:steps" in run.flags
    assert len(house.llm.requests) == 6


def test_a_rate_limit_is_waited_for_and_the_customer_notices_nothing(house: House) -> None:
    house.employ()
    house.llm.then(house.family.limited(), house.family.limited())
    house.llm.say("Ahora sí.")
    run = house.story.hear("Hola")
    assert (run.status, house.story.said(), len(house.llm.requests)) == ("done", ["Ahora sí."], 3)


def test_an_account_without_funds_is_asked_once_and_people_get_the_chat(house: House) -> None:
    house.employ(config={"fallback_model": house.family.second})
    house.llm.then(house.family.broke())
    run = house.story.hear("Hola")
    _goes_to_people(house, run)
    assert len(house.llm.requests) == 1


def test_a_refused_key_is_asked_once_and_nobody_reads_it(house: House) -> None:
    house.employ(config={"fallback_model": house.family.second})
    house.llm.then(house.family.bad_key())
    run = house.story.hear("Hola")
    _goes_to_people(house, run)
    assert len(house.llm.requests) == 1
    assert house.llm.key not in str(run.steps) + run.error + "".join(house.story.notes())


def test_a_cut_answer_is_asked_for_again_with_more_room(house: House) -> None:
    house.employ()
    house.llm.then(Reply(text="Una frase cort", finish_reason="length"))
    house.llm.say("La frase completa.")
    house.story.hear("Hola")
    assert house.story.said() == ["La frase completa."]
    room = [request.get("max_completion_tokens") or request["max_tokens"] for request in house.llm.requests]
    assert room[1] >= room[0]


def test_an_answer_that_is_cut_twice_is_not_said(house: House) -> None:
    house.employ()
    house.llm.then(Reply(text="El precio es de 10", finish_reason="length", lasting=True))
    _goes_to_people(house, house.story.hear("¿Precio?"))
    assert len(house.llm.requests) == 2


def test_a_refusal_of_the_provider_goes_to_people(house: House) -> None:
    house.employ()
    house.llm.then(house.family.refusal())
    _goes_to_people(house, house.story.hear("Hola"))


BODIES = ['{"choices": []}', "", "null", '{"choices":[{"message":null}]}', "<html>"]


@pytest.mark.parametrize("body", dealt(BODIES, 0, share=2))
def test_an_answer_without_a_message_is_asked_for_again(house: House, body: str) -> None:
    house.employ()
    house.llm.then(Reply(body=body))
    house.llm.say("Acá estoy.")
    assert house.story.hear("Hola").status == "done"
    assert house.story.said() == ["Acá estoy."]


@pytest.mark.parametrize("stall", [{"drip": 0.2}, {"breaks": True}, {"delay": 30.0}], ids=["drip", "middle", "silent"])
def test_a_stalled_answer_is_cut_and_the_second_model_answers(house: House, stall: dict, monkeypatch) -> None:
    monkeypatch.setattr(agent_turns, "CALL_SECONDS", SECONDS)
    house.employ(config={"fallback_model": house.family.second})
    answers = {house.family.model: Reply(text="Nunca llega", **stall), house.family.second: Reply(text="Soy el otro.")}
    house.llm.brain = lambda request: answers[request["model"]]
    began = monotonic()
    run = house.story.hear("Hola")
    assert monotonic() - began < 3 * SECONDS + 3
    assert (run.status, run.model, house.story.said()) == ("done", house.family.second, ["Soy el otro."])


def test_a_server_that_always_stalls_ends_with_a_person_and_a_reason(house: House, monkeypatch) -> None:
    monkeypatch.setattr(agent_turns, "CALL_SECONDS", SECONDS)
    house.employ()
    house.llm.then(Reply(text="Nunca llega", drip=0.5, lasting=True))
    house.story.customer_says("Hola")
    with tenant_context(house.tenant):
        Conversation.objects.filter(pk=house.story.conversation.pk).update(turn_failures=2, reply_due_at=timezone.now())
    run = house.story.answer()
    _goes_to_people(house, run)
    assert run.error.startswith("timeout")


def test_calls_of_another_family_are_taken_by_a_second_model_of_this_one(house: House) -> None:
    """A turn that began with one model and goes on with another of the same account."""
    house.employ(config={"fallback_model": house.family.second})
    down = Reply(status=404, error={"message": "x", "code": "model_not_found"})
    house.llm.then(Reply(tool_calls=[("rag_search", {"query": "envíos"})]), down)
    house.llm.say("Hacemos envíos.")
    run = house.story.hear("¿Envíos?")
    assert (run.status, run.model) == ("done", house.family.second)
    assert house.heard() == [house.family.model, house.family.model, house.family.second]


def _goes_to_people(house: House, run: AgentRun) -> None:
    """Never silence, never a lie: one true sentence to the customer, the chat with people and a reason in it."""
    conversation = house.story.fresh()
    assert run.status == AgentRun.Status.FAILED
    assert (conversation.mode, house.story.said()) == ("human", [HANDED])
    assert any(len(note) > 20 for note in house.story.notes())


@pytest.mark.parametrize("gone", [Classic, Unknown])
def test_a_signature_of_gemini_does_not_reach_a_family_that_knows_none(gone: type[Classic]) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "x", "arguments": "{}"}}
    signed = {**call, "extra_content": {"google": {"thought_signature": "s"}}}
    raw = {"role": "assistant", "content": "", "tool_calls": [signed]}

    def sent(model: str, given: dict[str, Any]) -> Any:
        request = ChatRequest(model=model, messages=(ChatMessage("assistant", raw=given),))
        return _body(request, frozenset())["messages"][0]["tool_calls"][0]

    assert sent(Classic.model, raw) == call
    assert sent(Gemini.model, raw) == signed
    bare = {**raw, "tool_calls": [call, call]}
    assert (
        sent(Gemini.model, bare)["extra_content"]["google"]["thought_signature"] == "skip_thought_signature_validator"
    )
    assert sent(Unknown.model, bare) == call
