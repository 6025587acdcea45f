"""Messenger names a moment in place of messages: everything sent until then was delivered, or read."""

from datetime import timedelta

import pytest

from messaging.models import Message
from messaging.providers.base import ReadUpTo, Sender
from messaging.services import statuses
from tenants.context import tenant_context
from tests.fakes.graph import GraphFake
from tests.messaging.services.saying import ANA, Agent, Clock, Number, Worker


@pytest.fixture
def answered(number: Number, agent: Agent, worker: Worker, graph: GraphFake) -> Number:
    """Three bubbles, four seconds apart; somebody else got one too."""
    agent.reply = "uno\n\ndos\n\ntres"
    number.says("hola")
    worker.run()
    agent.reply = "para Beto"
    number.says("hola", sender="5491155550002", name="Beto")
    worker.run()
    return number


def told(number: Number, status: str, *, after: float) -> int:
    """Ana's client says that she got everything until `after` seconds after the first bubble."""
    first = number.messages(direction="out")[0]
    assert first.sent_at is not None
    item = ReadUpTo("", Sender(ids=(("wa_id", ANA),)), status, first.sent_at + timedelta(seconds=after))
    with tenant_context(number.tenant):
        return statuses.accept_read_up_to(channel=number.channel, item=item)


def states(number: Number) -> list[str]:
    return [row.status for row in number.messages(direction="out")]


def test_what_was_sent_until_then_is_read_and_no_more(answered: Number, clock: Clock) -> None:
    assert told(answered, "read", after=5) == 2

    assert states(answered) == ["read", "read", "sent", "sent"]
    row = answered.messages(direction="out")[0]
    assert row.delivered_at == row.read_at is not None


def test_delivered_does_not_take_back_what_was_read_and_a_repetition_changes_nothing(answered: Number) -> None:
    told(answered, "read", after=1)
    assert told(answered, "delivered", after=60) == 2
    assert told(answered, "delivered", after=60) == 0

    assert states(answered) == ["read", "delivered", "delivered", "sent"]


def test_what_nobody_confirmed_stays_so(answered: Number) -> None:
    with tenant_context(answered.tenant):
        Message.objects.filter(text="dos").update(status="unknown")
    told(answered, "read", after=60)

    assert states(answered) == ["read", "unknown", "read", "sent"]
