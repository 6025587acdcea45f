"""A second model of the agent for short tasks: who takes a turn, summaries, help with writing. Empty: the agent's own."""

import pytest

from agents.models import AgentRun, LedgerEntry, ModelEnd
from agents.services.models_watch import watch
from agents.services.summaries import summarise
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.agents.services.helped import asks, helped, writes
from tests.agents.services.story import Story, employ
from tests.fakes.llm import FakeLLM, Reply
from tests.support.cast import Person
from tests.support.tasks import Queue

OWN, SIDE = "gpt-4o-mini", "gpt-4.1-nano"
UNCLEAR = "Necesito que me ayuden con lo de la otra vez"
SALES = '{"intent": "sales", "urgency": "low", "confidence": 0.9, "language": "es"}'
EITHER = pytest.mark.parametrize(("side", "asked"), [(SIDE, SIDE), ("", OWN), ("  ", OWN)])


def asked_of(llm: FakeLLM) -> list[str]:
    return [request["model"] for request in llm.requests]


@EITHER
def test_who_takes_a_turn_is_asked_of_it_and_the_answer_of_the_agents_own(
    acme: Tenant, story: Story, llm: FakeLLM, side: str, asked: str
) -> None:
    employ(acme, llm, name="Rita", config={"specialty": "reception", "side_model": side})
    sol = employ(acme, llm, name="Sol", config={"specialty": "sales", "side_model": side})
    llm.say(SALES)
    llm.say("¿En qué te ayudo?")
    run = story.hear(UNCLEAR)
    assert (run.agent_id, asked_of(llm)) == (sol.pk, [asked, OWN])
    models = [step["model"] for step in run.steps if step["type"] == "model"]
    assert (models, run.model) == ([asked, OWN], OWN)


@EITHER
def test_a_summary_is_asked_of_it_and_its_run_says_so(
    acme: Tenant, story: Story, llm: FakeLLM, queued: Queue, side: str, asked: str
) -> None:
    employ(acme, llm, config={"side_model": side})
    writes(story, *(f"línea {number}" for number in range(80)))
    llm.say("Quiere un termo.")
    run = summarise(tenant=acme, conversation_id=story.conversation.pk)
    assert run is not None
    assert (run.status, run.model, asked_of(llm)) == ("done", asked, [asked])
    with tenant_context(acme):
        assert LedgerEntry.objects.get(source=str(run.pk)).what == asked


@EITHER
@pytest.mark.parametrize(("kind", "text"), [("draft", ""), ("shorter", "hola, te cuento que sí"), ("summary", "")])
def test_help_with_writing_is_asked_of_it_and_its_run_says_so(
    acme: Tenant, story: Story, llm: FakeLLM, ana: Person, side: str, asked: str, kind: str, text: str
) -> None:
    employ(acme, llm, config={"side_model": side})
    writes(story, "Hola, ¿tienen termos?")
    llm.say("Hola, sí, tenemos.")
    found = helped(story, ana, kind, text)
    assert (found.run.status, found.run.model, asked_of(llm)) == ("done", asked, [asked])


def test_where_it_fails_the_agents_own_stands_in(acme: Tenant, story: Story, llm: FakeLLM, ana: Person) -> None:
    employ(acme, llm, config={"side_model": SIDE})
    writes(story, "Hola, ¿tienen termos?")

    def brain(request: dict) -> Reply:
        if request["model"] == SIDE:
            return Reply(status=404, error={"message": "no such model", "code": "model_not_found"})
        return Reply(text="Hola, sí, tenemos.")

    llm.brain = brain
    found = helped(story, ana, "draft")
    assert (found.run.status, found.run.model) == ("done", OWN)


def test_a_help_that_waits_names_the_model_it_will_ask(
    acme: Tenant, story: Story, llm: FakeLLM, ana: Person, queued: Queue
) -> None:
    employ(acme, llm, config={"side_model": SIDE})
    writes(story, "Hola")
    assert asks(story, ana, "draft").model == SIDE
    with tenant_context(acme):
        assert AgentRun.objects.get(purpose="copilot").model == SIDE


def test_its_end_is_watched_like_the_others(acme: Tenant, llm: FakeLLM) -> None:
    employ(acme, llm, config={"side_model": SIDE, "fallback_model": OWN})
    llm.calendar = {OWN: None, SIDE: None}
    assert watch(tenant=acme) == 2
    with tenant_context(acme):
        assert set(ModelEnd.objects.values_list("model", flat=True)) == {OWN, SIDE}
