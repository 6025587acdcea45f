"""Whoever of the team answers, from wherever: the agent is silent at once, also with its last bubble on the way."""

import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from messaging.models import Channel, Conversation, Message
from messaging.providers.base import Delivery, Outgoing
from messaging.services import channels, delivery, outbound
from messaging.services.conversations import locked
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.services import tenant_settings
from tests.fakes import chatwoot_events
from tests.fakes.graph import GraphFake
from tests.messaging.services.saying import BY, Number, make_number
from tests.support.cast import Cast
from tests.support.together import at_once

pytestmark = pytest.mark.slow
ROUNDS = 5


@dataclass
class Line:
    """The way to the provider: what went over it, and a gate that holds it up."""

    sent: list[str] = field(default_factory=list)
    entered: threading.Event = field(default_factory=threading.Event)
    open: threading.Event = field(default_factory=threading.Event)

    def send(self, outgoing: Outgoing) -> Delivery:
        self.entered.set()
        assert self.open.wait(20)
        self.sent.append(outgoing.text)
        return Delivery(f"id-{outgoing.client_ref}")


@dataclass
class Chat:
    """A customer's chat with bubbles of the agent, and the team's way into it."""

    number: Number
    browser: Client
    person: int

    @property
    def row(self) -> Conversation:
        return self.number.conversation(contact__name=f"Persona {self.person}")

    def hears(self) -> None:
        if self.number.channel.provider == "meta_direct":
            self.number.says("hola", sender=self._phone, name=f"Persona {self.person}")
        else:
            self.number.takes(chatwoot_events.message("hola", sender=self._card, conversation=self._talk))

    def agent_says(self, text: str) -> None:
        with tenant_context(self.number.tenant):
            chat = locked(self.row.pk)
            assert chat is not None
            chat.next_send_at = None
            outbound.queue_text(chat, text, author="agent", author_name="Lía", key=f"t:{chat.sequence}")
            chat.save()

    def deliver(self) -> bool:
        with tenant_context(self.number.tenant):
            Conversation.objects.filter(pk=self.row.pk).update(next_send_at=None)
        return delivery.deliver_next(tenant=self.number.tenant, conversation_id=self.row.pk)

    def bubbles(self) -> list[Message]:
        with tenant_context(self.number.tenant):
            return list(Message.objects.filter(conversation=self.row, author="agent").order_by("sequence"))

    # --- the ways to silence the agent ---
    def button(self) -> None:
        assert self.browser.post(f"/bandeja/{self.row.pk}/tomar/").status_code in (200, 204, 303)

    def composer(self) -> None:
        answer = self.browser.post(f"/bandeja/{self.row.pk}/enviar/", {"text": "Sigo yo"})
        assert answer.status_code in (200, 204, 303), answer.content

    def phone(self) -> None:
        self.number.echoes("Sigo yo", to=self._phone)

    def chatwoot(self) -> None:
        said = chatwoot_events.outgoing("Sigo yo", author=chatwoot_events.user(), conversation=self._talk)
        self.number.takes(said)

    @property
    def _phone(self) -> str:
        return f"5491155{560000 + self.person}"

    @property
    def _card(self) -> dict[str, Any]:
        return chatwoot_events.contact(id=self.person, name=f"Persona {self.person}", phone_number=f"+{self._phone}")

    @property
    def _talk(self) -> dict[str, Any]:
        return chatwoot_events.conversation(person=self._card, id=self.person)


def make_chatwoot(tenant: Tenant) -> Number:
    with tenant_context(tenant):
        channel = channels.create_channel(
            provider="chatwoot",
            channel_source="whatsapp",
            name="Chatwoot",
            config={"account_id": str(chatwoot_events.ACCOUNT), "inbox_id": str(chatwoot_events.INBOX)},
            by=BY,
        )
        Channel.objects.filter(pk=channel.pk).update(status="connected")
    return Number(tenant, channel, "")


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    line = Line()
    monkeypatch.setattr(delivery, "adapter_for", lambda tenant, channel: line)
    return line


@pytest.mark.parametrize("way", ["button", "composer", "phone", "chatwoot"])
def test_whoever_answers_the_agent_is_silent_at_once(
    live_tenants: Cast, graph: GraphFake, line: Line, client_as: Callable[..., Client], way: str
) -> None:
    number = make_chatwoot(live_tenants.acme) if way == "chatwoot" else make_number(live_tenants.acme)
    chats = [Chat(number, client_as("ana"), person) for person in range(1, ROUNDS + 2)]
    for chat in chats:
        chat.hears()
    with tenant_context(number.tenant):
        span = timedelta(hours=float(tenant_settings.of(number.tenant).human_override_hours))

    with_the_second_bubble_in_the_air(chats[0], line, way)
    for chat in chats[1:]:
        racing_the_last_bubble(chat, line, way, span)


def with_the_second_bubble_in_the_air(chat: Chat, line: Line, way: str) -> None:
    line.open.set()
    chat.agent_says("uno\n\ndos\n\ntres")
    assert chat.deliver()
    line.open.clear()
    line.entered.clear()
    in_the_air = threading.Thread(target=closing, args=[chat.deliver], daemon=True)
    in_the_air.start()
    assert line.entered.wait(20)

    getattr(chat, way)()
    assert [row.status for row in chat.bubbles()] == ["sent", "sending", "cancelled"]
    assert chat.row.mode == "human"

    line.open.set()
    in_the_air.join(20)
    while chat.deliver():
        pass
    assert [row.status for row in chat.bubbles()] == ["sent", "sent", "cancelled"]
    assert "tres" not in line.sent


def racing_the_last_bubble(chat: Chat, line: Line, way: str, span: timedelta) -> None:
    """One of the two was first. The bubble left only if it was, and nothing leaves afterwards."""
    last = f"la última de {chat.person}"
    chat.agent_says(last)
    answers = at_once([chat.deliver, getattr(chat, way)], nullcontext)
    assert not [each for each in answers if isinstance(each, Exception)], answers

    (row,), after = chat.bubbles(), chat.row
    assert after.mode == "human"
    assert after.human_override_until is not None
    assert row.status in ("sent", "cancelled")
    assert (last in line.sent) == (row.status == "sent")
    if row.status == "sent":
        assert row.sending_since is not None
        assert row.sending_since <= after.human_override_until - span
    while chat.deliver():
        pass
    assert line.sent.count(last) == (row.status == "sent")


def closing(job: Callable[[], object]) -> None:
    try:
        job()
    finally:
        connection.close()
