"""Sweeps of the evaluator come to an end, reach every chat, wait for the team, and look again at what was undone."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError
from django.utils import timezone

from agents.domain import assessment as rules
from agents.models import AgentRun, Assessment, Question, ToolCall
from agents.services import evaluator, results
from crm.models import AgendaEvent, Conversion
from messaging.models import Conversation, Message
from tenants.models import Tenant
from tests.agents.services.test_evaluator import ANA, NOW, OLD, book, close, judged, say, turn
from tests.factories.agenda import make_event
from tests.factories.agents import make_question, make_tool_call
from tests.factories.crm import make_contact
from tests.factories.crm_more import make_client, make_conversion
from tests.factories.messaging import make_conversation
from tests.support.tasks import Queue, run_task

DAY = 60 * 24


@pytest.fixture
def chat(in_acme: Tenant) -> Conversation:
    return make_conversation(contact=make_contact())


# --- a sweep moves on ---


@pytest.mark.parametrize("status", ["done", "superseded"])
def test_more_lines_of_people_than_are_read_at_once_hide_no_turn(
    in_acme: Tenant, chat: Conversation, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    monkeypatch.setattr(evaluator, "MOST_LINES", 6)
    for n in range(10):
        say(chat, f"hola {n}", n, "user" if n % 2 else "contact")
    turn(chat, "cuánto sale?", "Sale 100", DAY * 1.5, status=status)
    say(chat, "gracias!", DAY * 1.5 + 2)
    assert judged(in_acme) == ([("resolved", "thanked")] if status == "done" else [])
    assert not AgentRun.objects.filter(assessed=False).exists()


def test_a_long_chat_is_judged_page_by_page_to_its_end(
    in_acme: Tenant, chat: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluator, "MOST_LINES", 8)
    for n in range(12):
        turn(chat, f"cuánto sale el {n}?", "Sale 100", -DAY * 2 * (12 - n))
        say(chat, "gracias", -DAY * 2 * (12 - n) + 1)
    for _n in range(12):
        judged(in_acme)
    assert list(Assessment.objects.values_list("reason", flat=True)) == ["thanked"] * 12
    assert not AgentRun.objects.filter(assessed=False).exists()


def test_chats_that_stay_due_do_not_keep_others_waiting_nor_the_worker_busy(
    in_acme: Tenant, queued: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three that cannot be judged come first; every chat is looked at once, then the task rests."""
    monkeypatch.setattr(evaluator, "MOST_CHATS", 2)
    made = [make_conversation(contact=make_contact()) for _n in range(5)]
    chats = sorted(made, key=lambda each: each.pk)  # of one millisecond they come in any order
    for each in chats:
        turn(each, "hola, precio?", "Sale 1.")
    broken, real, seen = {each.pk for each in chats[:3]}, evaluator.assess, []

    def assess(pk: UUID, now: Any) -> int:
        seen.append(pk)
        if pk in broken:
            raise DatabaseError("broken")
        return real(pk, now)

    monkeypatch.setattr(evaluator, "assess", assess)
    run_task("agents.tasks.assess_chats", tenant_id=in_acme.pk)
    done = 0
    while len(waiting := queued.named("assess_chats")) > done:
        assert done < 5, "it goes round and round"
        queued.run(waiting[done])
        done += 1
    assert seen == [each.pk for each in chats], "each once, in order"
    assert {row.conversation_id for row in Assessment.objects.all()} == {each.pk for each in chats[3:]}


def came_back(minutes: float, second: str) -> Assessment:
    """A closed chat whose customer wrote again five minutes later."""
    chat = make_conversation(contact=make_contact())
    turn(chat, "cuánto sale la revisión del motor?", "Sale $ 100.", minutes, assessed=True)
    at = OLD + timedelta(minutes=minutes)
    found = Assessment.objects.create(
        conversation_id=chat.pk,
        first_sequence=1,
        last_sequence=2,
        began_at=at,
        ended_at=at + timedelta(seconds=30),
        outcome="unknown",
        reason="silence",
        facts=["closed"],
    )
    say(chat, second, minutes + 5)
    return found


def test_ends_that_stay_unknown_do_not_hide_older_ones(in_acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluator, "MOST_CHATS", 2)
    first = came_back(0, "cuánto sale la revisión del motor?")
    others = [came_back(10 * n, "otra cosa: venden aceite?") for n in range(1, 5)]
    last = came_back(60, "cuánto sale la revisión del motor?")
    evaluator.sweep(tenant=in_acme, now=OLD + timedelta(hours=3))
    found = dict(Assessment.objects.values_list("pk", "reason"))
    assert (found[first.pk], found[last.pk]) == ("asked_again", "asked_again")
    assert {found[row.pk] for row in others} == {"silence"}


# --- a question to the team ---


def test_a_chat_that_waits_for_the_team_is_not_judged(in_acme: Tenant, chat: Conversation) -> None:
    run = turn(chat, "hay lugar el lunes?", "Lo consulto con el equipo")
    make_question(run=run, conversation_id=chat.pk)
    assert judged(in_acme) == []
    Question.objects.update(state="answered", answered_at=timezone.now())
    assert judged(in_acme) == [("unknown", "silence")]


def handed_later(chat: Conversation, hours: float) -> None:
    note = say(chat, "Nadie respondió", 0, "system", kind="note", payload={"handoff": "unanswered"})
    Message.objects.filter(pk=note.pk).update(created_at=OLD + timedelta(hours=hours))


def test_a_question_that_expires_after_the_weekend_is_a_hand_over(in_acme: Tenant, chat: Conversation) -> None:
    run = turn(chat, "hay lugar el lunes?", "Lo consulto con el equipo")
    make_question(run=run, conversation_id=chat.pk)
    assert judged(in_acme, OLD + timedelta(hours=39)) == []
    Question.objects.update(state="expired")
    handed_later(chat, 40)
    assert judged(in_acme, OLD + timedelta(hours=63)) == [], "people may answer still"
    assert judged(in_acme) == [("handed_over", "unanswered")]
    assert {"handed:unanswered", rules.UNANSWERED} <= set(Assessment.objects.get().facts)
    turn(chat, "tienen botas?", "Sí.", DAY * 2.8)
    assert judged(in_acme) == [("handed_over", "unanswered")], "the new one is open"
    assert judged(in_acme, NOW + timedelta(days=1)) == [("handed_over", "unanswered"), ("unknown", "silence")]


def test_who_answers_after_the_late_hand_over_has_answered(in_acme: Tenant, chat: Conversation) -> None:
    turn(chat, "hay lugar el lunes?", "Lo consulto con el equipo")
    handed_later(chat, 40)
    say(chat, "Hola, sí, hay lugar.", 60 * 41, "user")
    assert judged(in_acme) == [("handed_over", "unanswered")]
    assert rules.UNANSWERED not in Assessment.objects.get().facts


# --- what was undone ---


def undone(chat: Conversation) -> ToolCall:
    """As `undo` leaves a booking."""
    AgendaEvent.objects.filter(contact=chat.contact).update(status="cancelled")
    call = ToolCall.objects.get(tool="book_appointment", conversation_id=chat.pk)
    ToolCall.objects.filter(pk=call.pk).update(undone_at=NOW, undone_by="Ana")
    return call


def test_a_booking_that_is_undone_after_it_was_judged_counts_no_more(in_acme: Tenant, chat: Conversation) -> None:
    turn(chat, "tienen botas?", "Sí.", -DAY * 2)
    say(chat, "gracias", -DAY * 2 + 1)
    book(chat, turn(chat, "quiero un turno", "Agendado."))
    close(chat)
    assert judged(in_acme) == [("resolved", "thanked"), ("resolved", "booked")]
    assert evaluator.judge_anew(undone(chat))
    assert judged(in_acme) == [("resolved", "thanked"), ("unknown", "silence")]
    assert Assessment.objects.order_by("first_sequence")[1].facts == [rules.CLOSED]


def test_a_hand_over_after_the_last_words_is_still_known(in_acme: Tenant, chat: Conversation) -> None:
    book(chat, turn(chat, "quiero un turno y hablar con alguien", "Agendado, y te paso.", status="handed_off"))
    say(chat, "Quién: …", 1, "system", kind="note", payload={"handoff": "person"})
    assert judged(in_acme) == [("handed_over", "person")]
    assert rules.BOOKED in Assessment.objects.get().facts
    evaluator.judge_anew(undone(chat))
    found = Assessment.objects.get()
    assert (found.outcome, found.reason, rules.BOOKED in found.facts) == ("handed_over", "person", False)


def test_what_a_person_said_stays_after_an_act_is_undone(in_acme: Tenant, chat: Conversation) -> None:
    book(chat, turn(chat, "quiero un turno", "Agendado."))
    judged(in_acme)
    results.correct(assessment=Assessment.objects.get(), outcome="resolved", seen="", by=ANA)
    evaluator.judge_anew(undone(chat))
    found = Assessment.objects.get()
    assert (found.outcome, found.reason, found.final, found.facts) == ("resolved", "booked", "resolved", [])


def test_an_appointment_that_was_cancelled_by_hand_counts_no_more(
    in_acme: Tenant, chat: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Known at the next sweep; an appointment that still stands of the same customer keeps its chat resolved."""
    monkeypatch.setattr(evaluator, "MOST_CHATS", 1)
    book(chat, turn(chat, "quiero un turno", "Agendado."))
    turn(chat, "y otro", "Agendado.", DAY * 1.2)
    again = AgentRun.objects.latest("created_at")
    make_tool_call(run=again, conversation_id=chat.pk, tool="book_appointment", ok=True)
    ToolCall.objects.update(created_at=OLD)
    other = make_event(contact=chat.contact, source="agent", starts_at=NOW + timedelta(days=9))
    AgendaEvent.objects.filter(pk=other.pk).update(created_at=OLD + timedelta(minutes=DAY * 1.2))
    judged(in_acme)
    assert judged(in_acme) == [("resolved", "booked")] * 2
    AgendaEvent.objects.filter(contact=chat.contact).exclude(pk=other.pk).update(status="cancelled", cancelled_at=NOW)
    judged(in_acme)
    assert judged(in_acme) == [("unknown", "silence"), ("resolved", "booked")]


def test_a_sale_that_was_undone_by_hand_counts_no_more(in_acme: Tenant, chat: Conversation) -> None:
    run = turn(chat, "lo compro", "Listo.")
    make_tool_call(run=run, conversation_id=chat.pk, tool="convert_to_client", ok=True)
    sale = make_conversion(client=make_client(contact=chat.contact), actor_kind="agent")
    sale.lead.contact = chat.contact
    sale.lead.save()
    Conversion.objects.filter(pk=sale.pk).update(at=OLD + timedelta(minutes=1))
    assert judged(in_acme) == [("resolved", "converted")]
    Conversion.objects.filter(pk=sale.pk).update(undone_at=NOW)
    assert judged(in_acme) == [("unknown", "silence")]


def test_an_act_of_a_stretch_that_is_open_changes_no_other(in_acme: Tenant, chat: Conversation) -> None:
    turn(chat, "tienen botas?", "Sí.", -DAY * 2)
    say(chat, "gracias", -DAY * 2 + 1)
    book(chat, turn(chat, "quiero un turno", "Agendado."))
    judged(in_acme, OLD + timedelta(hours=1))
    assert not evaluator.judge_anew(undone(chat))
    assert judged(in_acme) == [("resolved", "thanked"), ("unknown", "silence")]
