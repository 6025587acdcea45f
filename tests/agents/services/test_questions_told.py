"""Who tells the customer what the team answered: a turn that knew it, else the person who has the chat; and closed chats."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from agents.services import questions
from agents.services import turns as turns_of_agents
from crm.models import Notification
from messaging.models import Conversation
from messaging.services import takeover
from messaging.services.conversations import set_status
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.agents.services.asking import ASK, CHECKING, ask, employed, open_questions, reply, told, wake
from tests.agents.services.story import TEAM, Story
from tests.factories.agents import make_run
from tests.fakes.llm import FakeLLM, Reply


@pytest.fixture
def chat(acme: Tenant, llm: FakeLLM) -> Story:
    return employed(acme, llm)


def close(story: Story) -> None:
    with tenant_context(story.tenant):
        set_status(conversation=story.fresh(), status="closed", by=TEAM)


def come_back(story: Story) -> None:
    """The customer writes again: the chat opens, as the inbound door does."""
    with tenant_context(story.tenant):
        Conversation.objects.filter(pk=story.conversation.pk).update(status="open")
    story.customer_says("Hola, ¿se supo algo?")


@pytest.mark.usefixtures("db")
class TestWhoTells:
    def test_an_answer_that_comes_while_the_asking_turn_speaks_is_told(self, acme, chat, llm, monkeypatch):
        """The turn that asked is written past by the answer: what it did, asking, is not told as if it were news."""
        speak = turns_of_agents.say

        def late(*args, **given):
            monkeypatch.setattr(turns_of_agents, "say", speak)
            reply(chat, open_questions(acme)[0])
            speak(*args, **given)

        monkeypatch.setattr(turns_of_agents, "say", late)
        llm.call("ask_team", {"question": ASK})
        llm.say(CHECKING)
        assert chat.hear("¿Me lo pueden revisar el viernes?").flags == ["superseded"]
        llm.say("Hay lugar el viernes a las 9.")
        assert wake(chat) == ["Hay lugar el viernes a las 9."]
        assert "Contáselo ahora" in told(llm)
        assert "Ya quedó hecho" not in told(llm)
        assert questions.SAY not in told(llm)

    def test_only_a_turn_that_knew_it_has_told_it(self, acme, chat, llm):
        row = reply(chat, ask(chat, llm))
        with tenant_context(acme):
            upto = (row.sequence or 0) + 1
            make_run(conversation_id=chat.conversation.pk, status="done", upto_sequence=upto)
        llm.say("Hay lugar el viernes a las 9.")
        assert wake(chat)[-1] == "Hay lugar el viernes a las 9."
        assert "Contáselo ahora" in told(llm)

    def test_what_the_team_confirmed_is_said_once_it_answered_and_not_before(self, acme, chat, llm):
        boast = "El equipo me confirmó que hay lugar el viernes a las 9."
        row = ask(chat, llm)
        llm.say(boast)
        llm.say("Todavía no me respondieron, te aviso apenas lo sepa.")
        assert chat.hear("¿Y?").flags == ["claim:answer"]
        assert boast not in chat.said()
        reply(chat, row)
        llm.say(boast)
        assert wake(chat)[-1] == boast
        llm.say("Sí, el equipo me confirmó que a las 9.")
        assert chat.hear("¿A qué hora era?").status == "done"
        assert chat.said()[-1] == "Sí, el equipo me confirmó que a las 9."

    def test_it_says_when_it_was_told(self, acme, chat, llm):
        row = reply(chat, ask(chat, llm))
        assert row.told_at is None
        llm.say("Hay lugar el viernes a las 9.")
        wake(chat)
        (row,) = open_questions(acme)
        assert row.told_at is not None
        assert row.untold == ""

    def test_a_reply_that_is_held_back_leaves_it_to_the_person_who_gets_the_chat(self, acme, chat, llm):
        reply(chat, ask(chat, llm))
        llm.say("Ya te agendé el turno para el viernes a las 9.")
        llm.say("Ya te agendé el turno para el viernes a las 9.")
        wake(chat)
        assert chat.fresh().mode == "human"
        (row,) = open_questions(acme)
        assert (row.state, row.untold, row.told_at) == ("answered", "person", None)

    def test_a_turn_that_is_tried_again_still_tells_it(self, acme, chat, llm):
        reply(chat, ask(chat, llm))
        llm.then(Reply(status=500, error={"message": "x"}, lasting=True))
        assert wake(chat) == [CHECKING]
        (row,) = open_questions(acme)
        assert (row.untold, row.told_at) == ("", None)
        llm.replies.clear()
        with tenant_context(acme):
            Conversation.objects.update(reply_due_at=timezone.now(), turn_until=None)
        llm.say("Hay lugar el viernes a las 9.")
        assert wake(chat)[-1] == "Hay lugar el viernes a las 9."

    def test_a_turn_that_asked_and_was_written_past_says_that_it_asks(self, acme, chat, llm, monkeypatch):
        speak = turns_of_agents.say

        def late(*args, **given):
            monkeypatch.setattr(turns_of_agents, "say", speak)
            chat.customer_says("¿A qué hora abren?")
            speak(*args, **given)

        monkeypatch.setattr(turns_of_agents, "say", late)
        llm.call("ask_team", {"question": ASK})
        llm.say(CHECKING)
        assert chat.hear("¿Me lo pueden revisar el viernes?").flags == ["superseded"]
        llm.say("Abrimos a las 9. Lo del viernes lo consulté con el equipo y te respondo por acá.")
        assert len(wake(chat)) == 1
        assert f"Todavía sin respuesta: {ASK}" in told(llm)
        assert "todavía no se les dijo" in told(llm)
        assert len(open_questions(acme)) == 1

    def test_a_person_who_takes_the_chat_before_it_is_told_has_to_tell_it(self, acme, chat, llm):
        reply(chat, ask(chat, llm))
        with tenant_context(acme):
            takeover.take_over(conversation=chat.fresh(), by=TEAM)
        questions.sweep(tenant=acme)
        assert open_questions(acme)[0].untold == "person"


@pytest.mark.usefixtures("db")
class TestClosedChats:
    def test_the_chat_is_closed_and_whoever_comes_back_is_told(self, acme, chat, llm, queued):
        row = ask(chat, llm)
        close(chat)
        queued.clear()
        assert reply(chat, row).untold == "closed"
        assert queued.named("take_turn") == []
        assert chat.fresh().reply_due_at is None
        come_back(chat)
        llm.say("Hola. Hay lugar el viernes a las 9.")
        chat.answer()
        assert "Contáselo ahora" in told(llm)
        (row,) = open_questions(acme)
        assert row.told_at is not None
        assert row.untold == ""

    def test_a_chat_that_is_closed_before_it_is_told(self, acme, chat, llm):
        reply(chat, ask(chat, llm))
        close(chat)
        questions.sweep(tenant=acme)
        assert open_questions(acme)[0].untold == "closed"

    def test_a_closed_chat_is_left_closed_and_answered_when_the_customer_comes_back(self, acme, chat, llm, queued):
        row = ask(chat, llm)
        close(chat)
        with tenant_context(acme):
            Notification.objects.all().delete()
        with time_machine.travel(row.expires_at + timedelta(seconds=1), tick=True):
            assert questions.sweep(tenant=acme) == 1
        assert open_questions(acme)[0].state == "dropped"
        found = chat.fresh()
        assert (found.status, found.mode, found.waiting_since) == ("closed", "ai", None)
        assert not [line for line in chat.notes() if "Derivado" in line]
        with tenant_context(acme):
            assert Notification.objects.count() == 0
        assert reply(chat, row).untold == "closed"
        come_back(chat)
        llm.say("Hola. Hay lugar el viernes a las 9.")
        assert chat.answer().status == "done"

    def test_its_time_passed_in_a_closed_chat_that_is_open_again(self, acme, chat, llm, queued):
        row = ask(chat, llm)
        close(chat)
        with time_machine.travel(row.expires_at + timedelta(seconds=1), tick=True):
            questions.sweep(tenant=acme)
        come_back(chat)
        llm.say("Hola, ¿en qué te ayudo?")
        chat.answer()
        queued.clear()
        assert reply(chat, row).untold == "late"
        assert queued.named("take_turn") == []
