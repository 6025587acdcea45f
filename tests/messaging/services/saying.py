"""Customers who write, providers that report, and a clock that tests move: the ways into the messaging services."""

import hashlib
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from messaging.ingest.models import InboundEvent
from messaging.models import Channel, Conversation, Message
from messaging.services import channels, events, outbound
from messaging.services.turns import Turn
from messaging.signals import turn_due
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services import vault
from tests.fakes import graph_events as wire
from tests.support.tasks import Queue, Queued

BY = Actor.system("Prueba")
ANA = wire.CUSTOMER


@dataclass
class Clock:
    """The product's time stands still until a test moves it."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def stamp(self) -> str:
        """Now, as Meta writes it."""
        return str(int(self.at.timestamp()))


@dataclass
class Worker:
    """Runs queued tasks at their time, moving the clock there, as a worker that is never late."""

    clock: Clock
    queued: Queue
    _waiting: list[tuple[datetime, int, Queued]] = field(default_factory=list)
    _order: Any = field(default_factory=count)

    def run(self, *, seconds: float = 600.0) -> None:
        """Everything due within `seconds`; the clock stands where the last task moved it."""
        until, ran = self.clock.at + timedelta(seconds=seconds), 0
        self._absorb()
        while self._waiting and self._waiting[0][0] <= until:
            at, _order, task = heapq.heappop(self._waiting)
            self.clock.at = max(self.clock.at, at)
            ran += 1
            assert ran < 1000, f"tasks queue each other without end: {task.name}"
            self.queued.run(task)
            self._absorb()

    def _absorb(self) -> None:
        while self.queued.waiting:
            task = self.queued.waiting.popleft()
            due = self.clock.at + timedelta(seconds=task.countdown or 0)
            heapq.heappush(self._waiting, (due, next(self._order), task))


@dataclass
class Number:
    """A company's WhatsApp number at the fake Graph."""

    tenant: Tenant
    channel: Channel
    phone_number_id: str

    def hears(self, payload: Any) -> int:
        """A webhook arrived and was stored by the door; the number of its row."""
        raw = wire.dump(payload).decode()
        with tenant_context(self.tenant):
            row, _made = InboundEvent.objects.get_or_create(
                tenant_id=self.tenant.pk,
                provider=self.channel.provider,
                channel_id=self.channel.pk,
                event_key=hashlib.sha256(raw.encode()).hexdigest(),
                defaults={"raw": raw},
            )
        return row.pk

    def takes(self, payload: Any) -> InboundEvent:
        """Hear it and work it off at once."""
        pk = self.hears(payload)
        events.drain(tenant=self.tenant)
        with tenant_context(self.tenant):
            return InboundEvent.objects.get(tenant_id=self.tenant.pk, pk=pk)

    def says(self, body: str, *, sender: str = ANA, name: str = "Ana Paz", **more: Any) -> str:
        """A customer writes; the message's id at WhatsApp."""
        message = wire.text(body, sender=sender, **more)
        contacts = [wire.contact(name=name, wa_id=sender)]
        self.takes(wire.inbound(message, contacts=contacts, phone_number_id=self.phone_number_id))
        return str(message["id"])

    def sends(self, *messages: Any, **more: Any) -> InboundEvent:
        """Any messages of a customer in one webhook."""
        return self.takes(wire.inbound(*messages, phone_number_id=self.phone_number_id, **more))

    def reports(self, wamid: str, state: str, **more: Any) -> InboundEvent:
        return self.takes(wire.statuses(wire.status(wamid, state, **more), phone_number_id=self.phone_number_id))

    def echoes(self, body: str, *, to: str = ANA, **more: Any) -> InboundEvent:
        """Somebody answers from the phone."""
        return self.takes(wire.echo(wire.text(body, **more), to=to, phone_number_id=self.phone_number_id))

    # --- looking ---
    def conversation(self, **which: Any) -> Conversation:
        with tenant_context(self.tenant):
            rows = Conversation.objects.select_related("contact", "channel", "assignee")
            return rows.get(channel=self.channel, **which)

    def messages(self, **which: Any) -> list[Message]:
        with tenant_context(self.tenant):
            return list(Message.objects.filter(channel=self.channel, **which).order_by("conversation_id", "sequence"))

    def texts(self, **which: Any) -> list[str]:
        return [message.text for message in self.messages(**which)]

    def out(self) -> list[tuple[str, str]]:
        """What we wrote and what became of it."""
        return [(row.text, row.status) for row in self.messages(direction="out").__iter__() if row.kind != "note"]


def make_number(tenant: Tenant, *, phone_number_id: str = wire.PHONE_NUMBER_ID, name: str = "WhatsApp") -> Number:
    with tenant_context(tenant):
        channel = channels.create_channel(
            provider="meta_direct",
            channel_source="whatsapp",
            name=name,
            config={"phone_number_id": phone_number_id},
            by=BY,
        )
        vault.put_credential(category="whatsapp_cloud", name="ACCESS_TOKEN", value="a-token", by=BY)
        vault.put_credential(category="meta", name="APP_SECRET", value="app-secret", by=BY)
    return Number(tenant, channel, phone_number_id)


@dataclass
class Agent:
    """Stands in for the agents app: notes every turn that it is given and answers what the test says."""

    reply: str = ""
    turns: list[Turn] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    thinking: Callable[[Turn], object] | None = None  # what happens while the agent thinks

    def on_turn(
        self, *, tenant: Tenant, conversation_id: UUID, turn_token: UUID, upto_sequence: int, **_more: Any
    ) -> None:
        turn = Turn(conversation_id, turn_token, upto_sequence)
        self.turns.append(turn)
        if self.thinking is not None:
            self.thinking(turn)
        if self.reply:
            self.answer(tenant, turn, self.reply)

    def answer(self, tenant: Tenant, turn: Turn, text: str) -> str:
        with tenant_context(tenant):
            outcome = outbound.commit_reply(
                conversation_id=turn.conversation_id,
                turn_token=turn.token,
                text=text,
                run_id=uuid4(),
                author_name="Lía",
            )
        self.outcomes.append(outcome)
        return outcome

    def listen(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(turn_due, "receivers", [])
        turn_due.connect(self.on_turn, weak=False)


def stop_time(patch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    patch.setattr(timezone, "now", lambda: clock.at)
    return clock
