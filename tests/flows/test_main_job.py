"""The main job, whole: a webhook's row, the worker's tasks, the model, its tools, WhatsApp, ticks, live events."""

import pytest

from agents.models import AgentRun, ToolCall
from agents.services.agents import create_agent
from crm.models import Lead
from messaging.models import Message
from messaging.services import events, outbound, takeover
from messaging.services.conversations import locked
from rag.models import Document
from rag.services.ingest import add_document
from tenants.context import tenant_context
from tenants.live.services import since
from tenants.models import Tenant
from tenants.services.vault import put_credential
from tests.fakes import graph_events as wire
from tests.fakes.graph import GraphFake
from tests.fakes.llm import FakeLLM, Reply
from tests.messaging.services.saying import BY, Number, Worker, make_number
from tests.support.cast import Person

SHIPPING = "Hacemos envíos a todo el país. El envío a Córdoba tarda tres días y cuesta 4500 pesos."


@pytest.fixture
def employed(number: Number, llm: FakeLLM) -> Number:
    """acme's own model answers on WhatsApp, its key and address out of the vault."""
    with tenant_context(number.tenant):
        put_credential(category="openai", name="API_KEY", value="sk-of-acme", by=BY)
        put_credential(category="openai", name="BASE_URL", value=llm.base_url, by=BY)
        create_agent(
            by=BY,
            name="Lía",
            model_provider="openai",
            model_version="gpt-4o-mini",
            system_prompt_template="Sos {{agent_name}}, de {{company}}.",
            enabled_tools=["rag_search", "create_customer", "qualify_lead", "handoff_to_human"],
            channels=["whatsapp"],
        )
    return number


def said(graph: GraphFake) -> list[str]:
    return [entry["text"] for entry in graph.sends]


def test_from_a_customers_burst_to_a_qualified_lead_an_answer_in_bubbles_and_its_ticks(
    employed: Number, worker: Worker, llm: FakeLLM, graph: GraphFake, acme: Tenant
) -> None:
    with tenant_context(acme):
        add_document(title="Envíos", file_name="envios.md", content=SHIPPING.encode(), collection="general", by=BY)
    worker.run(seconds=5)
    with tenant_context(acme):
        assert Document.objects.get().status == "ready"
    llm.call("rag_search", {"query": "envío a Córdoba"})
    llm.call("create_customer", {"name": "Ana Paz", "email": "ana@example.com"})
    llm.call("qualify_lead", {"interest": "high", "timeline": "esta semana", "needs": "20 remeras"})
    answer = "¡Hola Ana! El envío a Córdoba tarda tres días y cuesta 4500 pesos.\n\n¿Qué talles necesitás?"
    llm.say(answer)

    for words in ("Hola!", "Necesito 20 remeras esta semana", "mandan a Córdoba?", "soy Ana Paz", "ana@example.com"):
        employed.says(words)
        worker.run(seconds=2)
    worker.run()

    assert said(graph) == answer.split("\n\n")
    assert any(SHIPPING in str(message["content"]) for message in llm.requests[1]["messages"])
    for entry in graph.sends:
        for state in ("delivered", "sent", "read"):
            employed.reports(entry["id"], state, client_ref=entry["client_ref"])
    with tenant_context(acme):
        lead = Lead.objects.select_related("contact").get()
        assert (lead.contact.name, lead.contact.email) == ("Ana Paz", "ana@example.com")
        assert (lead.interest, lead.timeline, lead.needs) == ("high", "esta semana", "20 remeras")
        assert lead.score == 40 + 30 + 15
        run = AgentRun.objects.get()
        assert (run.status, run.upto_sequence, run.is_demo) == ("done", 5, False)
        assert list(ToolCall.objects.order_by("position").values_list("tool", "ok")) == [
            ("rag_search", True), ("create_customer", True), ("qualify_lead", True),
        ]  # fmt: skip
        rows = Message.objects.filter(direction="out").order_by("sequence")
        assert [(row.status, row.agent_run_id) for row in rows] == [("read", run.pk)] * 2
        live = {event.type for event in since(0)}
    assert {"NEW_LEAD", "LEAD_UPDATED", "NEW_MESSAGE", "CONVERSATION_UPDATED", "MESSAGE_STATUS"} <= live


def test_a_webhook_that_comes_again_later_is_not_answered_again(
    employed: Number, worker: Worker, llm: FakeLLM, graph: GraphFake
) -> None:
    llm.say("¡Hola!")
    message = wire.text("Hola")
    employed.sends(message)
    worker.run()
    worker.clock.forward(7 * 3600)
    employed.sends(message, contacts=[wire.contact(name="Ana otra vez")])
    worker.run()

    assert said(graph) == ["¡Hola!"]
    assert len(llm.requests) == 1


def test_a_seller_who_takes_over_while_the_model_thinks_has_the_last_word(
    employed: Number, worker: Worker, llm: FakeLLM, graph: GraphFake, ana: Person
) -> None:
    llm.brain = lambda request: Reply(text="Yo te ayudo con eso.")
    employed.says("Hola")
    original = outbound.commit_reply

    def meanwhile(**arguments: object) -> object:
        row = locked(employed.conversation().pk)
        takeover.take_over(conversation=row, by=ana.actor, user=ana.user)  # type: ignore[arg-type]
        return original(**arguments)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbound, "commit_reply", meanwhile)
        worker.run()
    assert said(graph) == []

    with tenant_context(employed.tenant):
        outbound.send_as_person(conversation=employed.conversation(), text="Hola, soy Ana", by=ana.actor, user=ana.user)
    worker.run()
    employed.says("¡Gracias!")
    worker.run()
    assert said(graph) == ["Hola, soy Ana"]

    with tenant_context(employed.tenant):
        takeover.release(conversation=locked(employed.conversation().pk), by=ana.actor)  # type: ignore[arg-type]
    employed.says("¿Y el envío?")
    worker.run()
    assert said(graph) == ["Hola, soy Ana", "Yo te ayudo con eso."]


def test_what_a_customer_adds_past_a_reply_that_could_not_wait_is_answered_too(
    employed: Number, worker: Worker, llm: FakeLLM, graph: GraphFake
) -> None:
    llm.say("Sí, tenemos remeras.")
    llm.say("Y sí, también en azul.")
    original, added = outbound.commit_reply, []

    def meanwhile(**arguments: object) -> object:
        if not added:
            added.append(employed.says("¿y en azul?"))
        return original(**arguments)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbound, "commit_reply", meanwhile)
        for index in range(5):  # one every ten seconds, until the longest wait is over
            employed.says(f"remeras {index}")
            worker.clock.forward(10)
        worker.run()

    assert "".join(said(graph)).count("azul") == 1
    assert llm.requests[-1]["messages"][-1]["role"] == "user"
    assert llm.requests[-1]["messages"][-1]["content"].endswith("¿y en azul?")
    with tenant_context(employed.tenant):
        assert AgentRun.objects.filter(status="done").count() == 2


def test_asking_for_a_person_hands_over_with_words_and_then_silence(
    employed: Number, worker: Worker, graph: GraphFake, llm: FakeLLM
) -> None:
    employed.says("Quiero hablar con una persona")
    worker.run()
    employed.says("¿Hola?")
    worker.run()

    assert len(said(graph)) == 1
    assert employed.conversation().mode == "human"
    assert employed.messages(kind="note")
    assert llm.requests == []


def test_a_model_that_does_not_answer_ends_with_people_not_with_silence(
    employed: Number, worker: Worker, llm: FakeLLM, graph: GraphFake
) -> None:
    llm.key = "another key"
    employed.says("Hola")
    worker.run(seconds=3600)

    assert employed.conversation().mode == "human"
    assert employed.messages(kind="note")
    with tenant_context(employed.tenant):
        assert AgentRun.objects.filter(status="failed").exists()


def test_without_any_key_the_demo_agent_answers_and_says_what_it_is_in_its_run(
    number: Number, worker: Worker, graph: GraphFake
) -> None:
    number.says("Hola, ¿qué venden?")
    worker.run()

    assert said(graph)
    with tenant_context(number.tenant):
        assert AgentRun.objects.get().is_demo


def test_two_companies_served_by_one_worker_never_meet(
    employed: Number, globex: Tenant, worker: Worker, llm: FakeLLM, graph: GraphFake
) -> None:
    other = make_number(globex, phone_number_id="222")
    llm.say("Soy la IA de Acme.")
    message = wire.text("Hola a los dos")
    employed.hears(wire.inbound(message))
    other.hears(wire.inbound(message, phone_number_id="222"))
    for tenant in (globex, employed.tenant):
        events.drain(tenant=tenant)
    worker.run()

    by_number = {entry["phone_number_id"]: entry["text"] for entry in graph.sends}
    assert by_number[wire.PHONE_NUMBER_ID] == "Soy la IA de Acme."
    assert "Acme" not in by_number["222"]
    assert len(llm.requests) == 1
