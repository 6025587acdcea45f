"""The evaluator reads facts from the database: when a stretch ended, how, once, and never over a person."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from agents.domain import assessment as rules
from agents.models import AgentRun, Assessment
from agents.services import evaluator, results
from crm.models import AgendaEvent, Conversion
from messaging.models import Conversation, Message
from messaging.services.conversations import set_status
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.agents.services.story import Story, employ
from tests.factories.agenda import make_event
from tests.factories.agents import make_agent, make_report, make_run, make_tool_call
from tests.factories.crm import make_contact
from tests.factories.crm_more import make_client, make_conversion
from tests.factories.messaging import make_conversation, make_message
from tests.support.tasks import Queue, run_task

NOW = timezone.now()
OLD = NOW - timedelta(days=3)
ANA = Actor("user", "", "Ana")


def say(chat: Conversation, text: str, minutes: float, author: str = "contact", **over: Any) -> Message:
    """A message, so many minutes after OLD."""
    direction = "in" if author == "contact" else "out"
    message = make_message(conversation=chat, text=text, author=author, direction=direction, **over)
    at = OLD + timedelta(minutes=minutes)
    Message.objects.filter(pk=message.pk).update(created_at=at)
    Conversation.objects.filter(pk=chat.pk).update(last_message_at=at, last_inbound_at=at)
    return message


def turn(chat: Conversation, asked: str, answer: str, minutes: float = 0, **over: Any) -> AgentRun:
    """The customer asks, the agent answers half a minute later."""
    upto = say(chat, asked, minutes).sequence
    if answer:
        say(chat, answer, minutes + 0.5, "agent")
    return make_run(**{"conversation_id": chat.pk, "upto_sequence": upto, "status": "done", **over})


def judged(tenant: Tenant, now: datetime = NOW) -> list[tuple[str, str]]:
    evaluator.sweep(tenant=tenant, now=now)
    return list(Assessment.objects.order_by("first_sequence").values_list("outcome", "reason"))


@pytest.fixture
def chat(in_acme: Tenant) -> Conversation:
    return make_conversation(contact=make_contact())


def test_a_whole_story_is_judged_once_the_chat_is_closed(story: Story, queued: Queue) -> None:
    employ(story.tenant)
    story.hear("Hola, quiero saber el horario")
    with tenant_context(story.tenant):
        evaluator.sweep(tenant=story.tenant)
        assert not Assessment.objects.exists(), "it is still open"
        make_message(conversation=story.conversation, text="Muchas gracias!")
        set_status(conversation=story.fresh(), status="closed", by=ANA)
    run_task("agents.tasks.assess_chats", tenant_id=story.tenant.pk)
    with tenant_context(story.tenant):
        found = Assessment.objects.get()
        assert (found.final, found.reason) == ("resolved", "thanked")
        assert set(found.facts) >= {"thanked", "closed"}
        assert found.agent is not None
        assert found.agent.name == "Sol"
        assert (found.first_sequence, found.last_sequence >= 3) == (1, True)


def test_every_ten_minutes_each_company_is_looked_at(acme: Tenant, queued: Queue) -> None:
    run_task("agents.tasks.assess_all_chats")
    assert acme.pk in {task.tenant_id for task in queued.named("assess_chats")}


def test_silence_is_judged_after_a_day_and_not_before(chat: Conversation, in_acme: Tenant) -> None:
    turn(chat, "cuánto sale?", "Sale $ 100.")
    assert judged(in_acme, OLD + timedelta(hours=23, minutes=59)) == []
    assert judged(in_acme, OLD + timedelta(hours=25)) == [("unknown", "silence")]


def test_a_second_sweep_changes_nothing_and_looks_at_nothing(
    chat: Conversation, in_acme: Tenant, statements: Any
) -> None:
    turn(chat, "cuánto sale?", "Sale $ 100.")
    assert judged(in_acme) == judged(in_acme) == [("unknown", "silence")]
    assert not AgentRun.objects.filter(assessed=False).exists()
    assert evaluator.sweep(tenant=in_acme, now=NOW) == []
    AgentRun.objects.update(assessed=False)  # a worker died before it marked them
    assert judged(in_acme) == [("unknown", "silence")]


def test_what_a_person_said_is_never_overwritten(chat: Conversation, in_acme: Tenant) -> None:
    turn(chat, "cuánto sale?", "Sale $ 100.")
    judged(in_acme)
    found = Assessment.objects.get()
    results.correct(assessment=found, outcome="resolved", note="compró en el local", seen="", by=ANA)
    AgentRun.objects.update(assessed=False)
    judged(in_acme)
    found.refresh_from_db()
    assert (found.outcome, found.final, found.corrected_note) == ("unknown", "resolved", "compró en el local")


def test_new_turns_after_the_end_are_a_new_stretch(chat: Conversation, in_acme: Tenant) -> None:
    turn(chat, "cuánto sale?", "Sale $ 100.")
    say(chat, "gracias", 2)
    judged(in_acme, OLD + timedelta(hours=25))
    turn(chat, "tienen botas rojas?", "Sí.", minutes=60 * 30)
    assert judged(in_acme, OLD + timedelta(hours=31)) == [("resolved", "thanked")], "the new one is still open"
    assert judged(in_acme) == [("resolved", "thanked"), ("unknown", "silence")]
    first, second = Assessment.objects.order_by("first_sequence")
    assert first.last_sequence < second.first_sequence


def test_a_past_of_many_stretches_is_judged_at_once(chat: Conversation, in_acme: Tenant) -> None:
    turn(chat, "cuánto sale?", "Sale $ 100.", minutes=-60 * 100)
    say(chat, "gracias", -60 * 100 + 2)
    turn(chat, "no llegó el pedido 55", "Lo miramos.", minutes=-60 * 50)
    say(chat, "pésimo", -60 * 50 + 3)
    turn(chat, "tienen botas?", "Sí.")
    assert judged(in_acme) == [("resolved", "thanked"), ("unresolved", "complaint"), ("unknown", "silence")]


def test_a_chat_without_turns_of_an_agent_has_no_result(chat: Conversation, in_acme: Tenant) -> None:
    say(chat, "hola", 0)
    say(chat, "buenas, soy Ana", 1, "user")
    make_run(conversation_id=chat.pk, upto_sequence=1, purpose="playground")
    assert judged(in_acme) == []


@pytest.mark.parametrize("status", ["superseded"])
def test_a_turn_that_said_nothing_begins_no_stretch(chat: Conversation, in_acme: Tenant, status: str) -> None:
    turn(chat, "hola", "", status=status)
    assert judged(in_acme) == []
    assert not AgentRun.objects.filter(assessed=False).exists()


def test_a_running_turn_is_waited_for(chat: Conversation, in_acme: Tenant) -> None:
    turn(chat, "hola", "", status="running")
    assert judged(in_acme, NOW) == []
    assert AgentRun.objects.filter(assessed=False).count() == 1


@pytest.mark.parametrize("code", ["person", "budget", "emergency"])
def test_a_hand_over_keeps_its_reason(chat: Conversation, in_acme: Tenant, code: str) -> None:
    turn(chat, "quiero hablar con alguien", "Le paso con una persona.", status="handed_off")
    say(chat, "Quién: …", 1, "system", kind="note", payload={"handoff": code})
    assert judged(in_acme) == [("handed_over", code)]
    found = Assessment.objects.get()
    assert rules.UNANSWERED in found.facts, "nobody came"
    assert f"handed:{code}" in found.facts


def test_a_person_who_took_the_chat(chat: Conversation, in_acme: Tenant) -> None:
    turn(chat, "cuánto sale?", "Sale $ 100.")
    say(chat, "Hola, soy Ana", 3, "user")
    assert judged(in_acme) == [("handed_over", "taken")]


def test_what_never_reached_the_customer_is_no_answer(chat: Conversation, in_acme: Tenant) -> None:
    turn(chat, "cuánto sale?", "")
    say(chat, "Sale $ 100.", 1, "agent", status="failed")
    say(chat, "Su turno es mañana.", 2, "system", kind="template")
    assert judged(in_acme) == [("unresolved", "unanswered")]
    assert Assessment.objects.get().response_seconds is None


@pytest.mark.parametrize(("status", "reason"), [("failed", "failed"), ("blocked", "blocked")])
def test_a_turn_that_failed_is_no_help(chat: Conversation, in_acme: Tenant, status: str, reason: str) -> None:
    turn(chat, "cuánto sale?", "Un momento.", status=status)
    assert judged(in_acme) == [("unresolved", reason)]


def book(chat: Conversation, run: AgentRun, **over: Any) -> None:
    make_tool_call(run=run, conversation_id=chat.pk, tool="book_appointment", ok=True)
    event = make_event(contact=chat.contact, source="agent", **over)
    AgendaEvent.objects.filter(pk=event.pk).update(created_at=OLD + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("over", "found"),
    [({}, ("resolved", "booked")), ({"status": "cancelled"}, ("unknown", "silence"))],
)
def test_a_booking_counts_while_it_stands(
    chat: Conversation, in_acme: Tenant, over: dict[str, Any], found: tuple[str, str]
) -> None:
    book(chat, turn(chat, "quiero un turno", "Agendado."), **over)
    assert judged(in_acme) == [found]


def test_a_booking_that_a_person_made_is_not_the_agents(chat: Conversation, in_acme: Tenant) -> None:
    turn(chat, "quiero un turno", "Ahora no hay lugar.")
    event = make_event(contact=chat.contact)
    AgendaEvent.objects.filter(pk=event.pk).update(created_at=OLD + timedelta(minutes=1))
    assert judged(in_acme) == [("unknown", "silence")]


@pytest.mark.parametrize("undone", [False, True])
def test_a_sale_counts_while_it_stands(chat: Conversation, in_acme: Tenant, undone: bool) -> None:
    run = turn(chat, "lo compro", "Listo.")
    make_tool_call(run=run, conversation_id=chat.pk, tool="convert_to_client", ok=True)
    sale = make_conversion(client=make_client(contact=chat.contact), actor_kind="agent")
    sale.lead.contact = chat.contact
    sale.lead.save()
    ended = NOW if undone else None
    Conversion.objects.filter(pk=sale.pk).update(at=OLD + timedelta(minutes=1), undone_at=ended)
    assert judged(in_acme) == [("unknown", "silence") if undone else ("resolved", "converted")]


def test_the_agents_own_word_is_kept_and_decides_nothing(chat: Conversation, in_acme: Tenant) -> None:
    run = turn(chat, "cuánto sale?", "Sale $ 100.")
    make_report(run=run, conversation_id=chat.pk, score="1.00")
    assert judged(in_acme) == [("unknown", "silence")]
    assert Assessment.objects.get().reported == Decimal("1.00")


def test_the_first_answer_is_timed_from_the_first_words(chat: Conversation, in_acme: Tenant) -> None:
    say(chat, "hola", -1)
    turn(chat, "cuánto sale?", "Sale $ 100.")
    judged(in_acme)
    assert Assessment.objects.get().response_seconds == 90


def close(chat: Conversation) -> None:
    Conversation.objects.filter(pk=chat.pk).update(status="closed")


@pytest.mark.parametrize(
    ("text", "hours", "found"),
    [
        ("hola, cuánto sale el envío a Rosario", 3, ("unresolved", "asked_again")),
        ("tienen botas negras en 40?", 3, ("unknown", "silence")),
        ("hola, cuánto sale el envío a Rosario", 26, ("unknown", "silence")),
    ],
)
def test_unknown_becomes_unresolved_when_they_come_back_with_it(
    chat: Conversation, in_acme: Tenant, text: str, hours: int, found: tuple[str, str]
) -> None:
    turn(chat, "cuánto sale el envío a Rosario?", "Depende.")
    close(chat)
    assert judged(in_acme, OLD + timedelta(hours=1)) == [("unknown", "silence")]
    say(chat, text, hours * 60)
    assert judged(in_acme, OLD + timedelta(hours=hours + 1)) == [found]


def test_a_corrected_unknown_stays_when_they_come_back(chat: Conversation, in_acme: Tenant) -> None:
    turn(chat, "cuánto sale el envío a Rosario?", "Depende.")
    close(chat)
    judged(in_acme, OLD + timedelta(hours=1))
    results.correct(assessment=Assessment.objects.get(), outcome="resolved", seen="", by=ANA)
    say(chat, "cuánto sale el envío a Rosario?", 60)
    assert judged(in_acme, OLD + timedelta(hours=2)) == [("unknown", "silence")]
    assert Assessment.objects.get().final == "resolved"


def test_a_full_sweep_goes_on_with_the_rest(in_acme: Tenant, queued: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluator, "MOST_CHATS", 2)
    agent = make_agent()
    for _n in range(3):
        turn(make_conversation(), "hola, precio?", "Sale 1.", agent=agent)
    run_task("agents.tasks.assess_chats", tenant_id=in_acme.pk)
    assert Assessment.objects.count() == 2
    (again,) = queued.named("assess_chats")
    queued.run(again)
    assert Assessment.objects.count() == 3


def test_one_chat_costs_the_same_with_few_and_with_many_messages(in_acme: Tenant, statements: Any) -> None:
    counts = []
    for size in (1, 12):
        chat = make_conversation()
        for n in range(size):
            turn(chat, f"pregunta {n}", "Respuesta.", minutes=n)
        with statements() as seen:
            evaluator.assess(chat.pk, NOW)
        counts.append(seen.count)
    assert counts[0] == counts[1] <= 16, str(seen)


def test_another_company_is_not_judged(acme: Tenant, cast: Any) -> None:
    with tenant_context(acme):
        turn(make_conversation(), "hola", "Hola.")
    globex = cast.globex
    assert evaluator.sweep(tenant=globex, now=NOW) == []
