"""A company whose customers write through its own Chatwoot: answers, handover both ways, and what gets lost on the way."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from agents.privacy import requests
from crm.models import Contact, Lead
from messaging.ingest.models import InboundEvent
from messaging.models import Channel, Conversation, Message
from messaging.services import channels, chatwoot_sync, events, outbound, takeover
from messaging.services.conversations import locked
from messaging.services.relay import relay
from messaging.tasks import sweep_chatwoot
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.services.vault import put_credential
from tests.fakes import chatwoot_events as wire
from tests.fakes.chatwoot import ChatwootFake, Rule
from tests.messaging.services.saying import BY, Agent, Clock, Number, Worker
from tests.support.cast import Person


@pytest.fixture
def chatwoot() -> Iterator[ChatwootFake]:
    with ChatwootFake() as fake:
        yield fake


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> Agent:
    stand_in = Agent()
    stand_in.listen(monkeypatch)
    return stand_in


@pytest.fixture
def inbox(acme: Tenant, chatwoot: ChatwootFake, clock: Clock) -> Number:
    """acme's WhatsApp inbox at Chatwoot, connected an hour ago."""
    with tenant_context(acme):
        channel = channels.create_channel(
            provider="chatwoot",
            channel_source="whatsapp",
            name="Chatwoot",
            config={"account_id": str(wire.ACCOUNT), "inbox_id": str(wire.INBOX)},
            by=BY,
        )
        for name, value in (("BASE_URL", chatwoot.url), ("API_TOKEN", "user-token")):
            put_credential(category="chatwoot", name=name, value=value, by=BY)
        an_hour_ago = timezone.now() - timedelta(hours=1)
        Channel.objects.filter(pk=channel.pk).update(status="connected", created_at=an_hour_ago)
    return Number(acme, channel, "")


def says(inbox: Number, chatwoot: ChatwootFake, words: str = "Hola", **over: Any) -> dict[str, Any]:
    """A customer writes and the webhook arrives."""
    body = chatwoot.says(words, **over)
    inbox.takes(body)
    return body


def agent_says(inbox: Number, *texts: str) -> None:
    with tenant_context(inbox.tenant):
        chat = locked(inbox.conversation().pk)
        assert chat is not None
        for text in texts:
            outbound.queue_text(chat, text, author="agent", author_name="Lía", key=f"t:{chat.sequence}")
        chat.save()


def look(inbox: Number) -> int:
    return chatwoot_sync.catch_up(tenant=inbox.tenant, channel_id=inbox.channel.pk)


def test_a_customer_of_chatwoot_is_answered_there(
    inbox: Number, chatwoot: ChatwootFake, agent: Agent, worker: Worker
) -> None:
    agent.reply = "¡Hola Ana!\n\n¿En qué ayudo?"
    says(inbox, chatwoot)
    worker.run()

    assert [sent["body"]["content"] for sent in chatwoot.sends] == ["¡Hola Ana!", "¿En qué ayudo?"]
    assert inbox.out() == [("¡Hola Ana!", "sent"), ("¿En qué ayudo?", "sent")]
    chat = inbox.conversation()
    assert (chat.external_chatwoot_id, chat.external_account_id) == ("150", "1")
    assert (chat.contact.name, chat.contact.phone) == ("Ana Paz", wire.PHONE)
    assert chatwoot.typing == [{"conversation": 150, "typing_status": "on"}]

    first, second = (sent["id"] for sent in chatwoot.sends)
    inbox.takes(wire.outgoing("¡Hola Ana!", id=first, event="message_updated", status="delivered"))
    failed = {"external_error": "131047: Re-engagement message"}
    inbox.takes(wire.outgoing("x", id=second, event="message_updated", status="failed", content_attributes=failed))
    assert inbox.out() == [("¡Hola Ana!", "delivered"), ("¿En qué ayudo?", "failed")]


def test_our_own_words_coming_back_are_nobody_elses(
    inbox: Number, chatwoot: ChatwootFake, agent: Agent, worker: Worker
) -> None:
    says(inbox, chatwoot)
    agent_says(inbox, "Ya le digo", "Un momento")
    worker.run(seconds=2)
    (sent,) = chatwoot.sends
    # The token is a person's: only the id tells that she did not type it.
    inbox.takes(wire.outgoing("Ya le digo", id=sent["id"], author=wire.user("API")))
    assert inbox.conversation().mode == "ai"
    worker.run()
    assert inbox.out() == [("Ya le digo", "sent"), ("Un momento", "sent")]


def test_our_own_words_may_come_back_before_their_answer(
    inbox: Number, chatwoot: ChatwootFake, agent: Agent, worker: Worker, clock: Clock
) -> None:
    says(inbox, chatwoot)
    agent_says(inbox, "Ya le digo")
    with tenant_context(inbox.tenant):
        Message.objects.filter(text="Ya le digo").update(status="sending", sending_since=timezone.now())
    event = inbox.takes(wire.outgoing("Ya le digo", id=99_001, author=wire.user("API")))
    assert event.state == "received"  # looked at again in a moment
    with tenant_context(inbox.tenant):
        Message.objects.filter(text="Ya le digo").update(status="sent", provider_message_id="99001")
    clock.forward(60)
    with tenant_context(inbox.tenant):
        type(event).objects.filter(pk=event.pk).update(lease_until=None)
    events.drain(tenant=inbox.tenant)
    assert inbox.conversation().mode == "ai"
    assert len(inbox.messages(direction="out")) == 1


def test_a_reply_typed_in_chatwoot_silences_the_agent(
    inbox: Number, chatwoot: ChatwootFake, agent: Agent, worker: Worker
) -> None:
    says(inbox, chatwoot)
    agent_says(inbox, "Uno", "Dos", "Tres")
    worker.run(seconds=2)
    inbox.takes(chatwoot.types("Hola Ana, soy Sol"))
    worker.run()

    assert [sent["body"]["content"] for sent in chatwoot.sends] == ["Uno"]
    assert [status for _text, status in inbox.out()] == ["sent", "cancelled", "cancelled", "sent"]
    chat = inbox.conversation()
    assert (chat.mode, chat.mode_reason) == ("human", "echo:Sol")
    # Who answers there has it there already: resolving it at once stays resolved.
    assert chatwoot.conversations[wire.CONVERSATION]["status"] == "pending"


@pytest.mark.parametrize("author", ["bot", "rule", "template"])
def test_what_a_bot_or_a_rule_writes_is_shown_and_silences_nobody(
    inbox: Number, chatwoot: ChatwootFake, agent: Agent, worker: Worker, author: str
) -> None:
    bodies: dict[str, Callable[[], dict[str, Any]]] = {
        "bot": lambda: wire.outgoing("Bienvenida", author=wire.bot("Otro bot")),
        "rule": lambda: wire.outgoing("Bienvenida", content_attributes={"automation_rule_id": 1}),
        "template": lambda: wire.outgoing("Bienvenida", message_type="template", sender=None),
    }
    says(inbox, chatwoot)
    inbox.takes(bodies[author]())
    assert inbox.conversation().mode == "ai"
    assert [(row.author, row.text) for row in inbox.messages(direction="out")] == [("system", "Bienvenida")]


def test_chatwoot_is_told_who_has_the_chat(
    inbox: Number, chatwoot: ChatwootFake, agent: Agent, worker: Worker, ana: Person
) -> None:
    says(inbox, chatwoot)
    status = chatwoot.conversations[wire.CONVERSATION]
    with tenant_context(inbox.tenant):
        takeover.hand_off(conversation=inbox.conversation(), reason="Pide una persona", by=BY)
    worker.run()
    assert status["status"] == "open"
    with tenant_context(inbox.tenant):
        takeover.release(conversation=inbox.conversation(), by=ana.actor)
    chatwoot.script(Rule("error", path="toggle_status", status=503))
    worker.run()  # the first attempt fails, the next one does not
    assert status["status"] == "pending"
    with tenant_context(inbox.tenant):
        takeover.take_over(conversation=inbox.conversation(), by=ana.actor, user=ana.user)
    worker.run()
    assert status["status"] == "open"


def test_who_takes_it_at_chatwoot_has_it_here(
    inbox: Number, chatwoot: ChatwootFake, agent: Agent, worker: Worker
) -> None:
    says(inbox, chatwoot)
    inbox.takes(wire.status_changed("open", "resolved"))  # a customer wrote again where there is no bot
    assert inbox.conversation().mode == "ai"
    inbox.takes(wire.status_changed("open", "pending"))
    assert inbox.conversation().mode == "human"
    inbox.takes(wire.status_changed("pending", "open"))
    assert inbox.conversation().mode == "ai"
    inbox.takes(wire.status_changed("resolved", "open"))
    assert inbox.conversation().status == "closed"
    inbox.takes(wire.status_changed("open", "pending", id=999))  # a conversation that nobody here knows
    says(inbox, chatwoot, "Otra cosa")
    assert inbox.conversation().status == "open"


def take(inbox: Number, person: Person) -> None:
    with tenant_context(inbox.tenant):
        takeover.take_over(conversation=inbox.conversation(), by=person.actor, user=person.user)


@pytest.mark.parametrize("dated", [True, False])  # old versions do not say when it was
def test_giving_it_back_and_taking_it_again_is_not_undone_by_the_late_webhook(
    inbox: Number, chatwoot: ChatwootFake, agent: Agent, worker: Worker, clock: Clock, ana: Person, dated: bool
) -> None:
    says(inbox, chatwoot)
    take(inbox, ana)
    with tenant_context(inbox.tenant):
        takeover.release(conversation=inbox.conversation(), by=ana.actor)
    told = wire.status_changed("pending", "open", updated_at=clock.at.timestamp() + 1 if dated else None)
    clock.forward(3)
    take(inbox, ana)
    inbox.takes(told)  # our own telling of three seconds ago
    assert inbox.conversation().mode == "human"

    clock.forward(60)
    inbox.takes(wire.status_changed("pending", "open", updated_at=clock.at.timestamp()))
    assert inbox.conversation().mode == "ai"  # somebody gave it back over there


@pytest.mark.parametrize("since", ["opened there", "typed there", "taken here"])
def test_an_old_status_worked_off_again_takes_the_chat_from_nobody(
    inbox: Number, chatwoot: ChatwootFake, agent: Agent, worker: Worker, clock: Clock, ana: Person, since: str
) -> None:
    says(inbox, chatwoot)
    at = clock.at.timestamp()
    inbox.takes(wire.status_changed("open", "pending", updated_at=at + 1))
    old = inbox.takes(wire.status_changed("pending", "open", updated_at=at + 2.5))
    assert inbox.conversation().mode == "ai"
    clock.forward(3600)
    if since == "opened there":
        inbox.takes(wire.status_changed("open", "pending", updated_at=at + 2.6))
    elif since == "typed there":
        inbox.takes(wire.outgoing("Soy Sol", created_at=wire.iso(at + 2.6)))
    else:
        take(inbox, ana)
    assert inbox.conversation().mode == "human"

    with tenant_context(inbox.tenant):
        assert events.replay(channel=inbox.channel, event=old, by=BY)
    worker.run(seconds=60)
    assert inbox.conversation().mode == "human"


def test_a_link_that_does_not_open_is_no_failure_of_chatwoot(
    inbox: Number, chatwoot: ChatwootFake, agent: Agent, worker: Worker
) -> None:
    says(inbox, chatwoot)
    chat = str(inbox.conversation().pk)
    with ChatwootFake() as elsewhere:
        link = f"{elsewhere.url}/api/v1/profile"  # answers 401
        with tenant_context(inbox.tenant):
            relay(by=BY, user=None, conversation_id=chat, media={"kind": "image", "link": link})
        worker.run(seconds=60)
    (row,) = inbox.messages(direction="out")
    assert (row.status, row.error_code) == ("failed", "link_unreadable")
    with tenant_context(inbox.tenant):
        inbox.channel.refresh_from_db()
    assert (inbox.channel.status, inbox.channel.failures) == ("connected", 0)


def test_other_inboxes_of_the_account_are_left_alone(inbox: Number, chatwoot: ChatwootFake) -> None:
    event = says(inbox, chatwoot, "Para otra bandeja", conversation=wire.conversation(inbox_id=55, id=900))
    with tenant_context(inbox.tenant):
        assert not Conversation.objects.exists()
    assert event["inbox"]["id"] == 55


def test_what_a_lost_webhook_did_not_bring_is_found_by_looking(
    inbox: Number, chatwoot: ChatwootFake, agent: Agent, worker: Worker, clock: Clock
) -> None:
    agent.reply = "Acá estoy"
    lost = [chatwoot.says(words, deliver=False) for words in ("Hola", "¿Hay alguien?")]
    luz = wire.contact(id=164, name="Luz", phone_number="+5491155550000")
    answer = chatwoot.types("Soy Sol", deliver=False, conversation=wire.conversation(id=151, person=luz))
    note = chatwoot.types("Nota", deliver=False, private=True)
    clock.forward(30)
    assert look(inbox) == 0  # they may still be on their way
    clock.forward(60)
    assert look(inbox) == 2 + 1
    assert look(inbox) == 0
    worker.run()
    for body in (*lost, answer, note):
        inbox.takes(body)  # and then they come after all

    assert inbox.texts(direction="in") == ["Hola", "¿Hay alguien?"]
    assert [turn.upto_sequence for turn in agent.turns] == [2]
    assert inbox.conversation(address="151").mode == "human"


def erase(inbox: Number, worker: Worker) -> None:
    with tenant_context(inbox.tenant):
        contact = Contact.objects.get()
        requests.ask_erasure(contact=contact, by=BY, confirm=str(contact))
    worker.run()
    with tenant_context(inbox.tenant):
        assert not Contact.objects.exists()


@pytest.mark.usefixtures("live_tenants")
def test_who_was_erased_is_not_brought_back_by_looking(
    inbox: Number, chatwoot: ChatwootFake, agent: Agent, worker: Worker, clock: Clock
) -> None:
    agent.reply = "¡Hola!"
    says(inbox, chatwoot, "Mi secreto")
    worker.run()
    chatwoot.says("Un secreto más", deliver=False)  # its webhook was lost, so that nothing here knows of it
    erase(inbox, worker)

    clock.forward(600)
    assert look(inbox) == 0
    worker.run()
    with tenant_context(inbox.tenant):
        assert [model.objects.count() for model in (Contact, Lead, Message)] == [0, 0, 0]
        assert not InboundEvent.objects.filter(tenant_id=inbox.tenant.pk, raw__contains="secreto").exists()
    chatwoot.says("Otra vez yo", deliver=False)
    chatwoot.messages[-1]["created_at"] = int(clock.at.timestamp())
    clock.forward(120)
    assert look(inbox) == 1
    worker.run()
    assert inbox.texts(direction="in") == ["Otra vez yo"]


def test_history_is_no_news(inbox: Number, chatwoot: ChatwootFake, clock: Clock) -> None:
    chatwoot.says("Hace mucho", deliver=False)
    with tenant_context(inbox.tenant):
        Channel.objects.filter(pk=inbox.channel.pk).update(created_at=timezone.now() + timedelta(seconds=10))
    clock.forward(120)
    assert look(inbox) == 0


def test_a_lost_answer_is_found_and_never_sent_twice(
    inbox: Number, chatwoot: ChatwootFake, agent: Agent, worker: Worker, clock: Clock
) -> None:
    says(inbox, chatwoot)
    chatwoot.script(Rule("drop"))
    agent_says(inbox, "Ya le digo")
    worker.run(seconds=2)
    assert inbox.out() == [("Ya le digo", "unknown")]
    clock.forward(180)
    look(inbox)
    worker.run()
    assert inbox.out() == [("Ya le digo", "sent")]
    assert len(chatwoot.sends) == 1
    assert inbox.conversation().mode == "ai"


def test_what_never_arrived_may_be_sent_again(
    inbox: Number, chatwoot: ChatwootFake, agent: Agent, worker: Worker, clock: Clock
) -> None:
    says(inbox, chatwoot)
    chatwoot.fail(502)
    agent_says(inbox, "Ya le digo")
    worker.run(seconds=2)
    assert inbox.out() == [("Ya le digo", "unknown")]
    look(inbox)
    assert inbox.out() == [("Ya le digo", "unknown")]  # it may be on its way
    clock.forward(180)
    look(inbox)
    assert inbox.out() == [("Ya le digo", "failed")]
    assert inbox.messages(direction="out")[0].error_code == "not_there"


def test_the_sweep_asks_every_connected_inbox(inbox: Number, queued: Any) -> None:
    queued.clear()
    sweep_chatwoot()
    (task,) = queued.named("catch_up_chatwoot")
    assert task.arguments == {"channel_id": str(inbox.channel.pk)}


def test_an_integration_writes_by_chatwoots_own_number(
    inbox: Number, chatwoot: ChatwootFake, agent: Agent, worker: Worker, api_as: Callable[[str], APIClient]
) -> None:
    says(inbox, chatwoot)
    named = {"external_chatwoot_id": "150", "external_account_id": "1"}
    answer = api_as("ana").post("/api/v1/messages/relay", {"text": "Su turno es mañana", **named})
    assert answer.status_code == 202, answer.content
    wrong = api_as("ana").post("/api/v1/messages/relay", {"text": "x", "external_chatwoot_id": "151"})
    assert wrong.status_code == 404
    worker.run()
    assert [sent["body"]["content"] for sent in chatwoot.sends] == ["Su turno es mañana"]
