"""What the provider charges for a message is booked once, at the price it told or at the company's own."""

from decimal import Decimal
from typing import Any

import pytest

from agents.models import LedgerEntry
from messaging.models import PendingStatus
from messaging.services import statuses
from tenants.context import tenant_context
from tests.fakes.graph import GraphFake
from tests.messaging.services.saying import Agent, Number, Worker

MARKETING = {"billable": True, "pricing_model": "PMP", "category": "marketing", "type": "regular"}
FREE = {"billable": False, "pricing_model": "PMP", "category": "service", "type": "free_customer_service"}


@pytest.fixture
def answered(number: Number, agent: Agent, worker: Worker, graph: GraphFake) -> Number:
    agent.reply = "Hola, Ana."
    number.says("hola")
    worker.run()
    return number


def entries(number: Number) -> list[LedgerEntry]:
    with tenant_context(number.tenant):
        return list(LedgerEntry.objects.all())


def prices(number: Number, **table: str) -> None:
    number.tenant.settings = {**number.tenant.settings, "message_fees_usd": table}
    with tenant_context(number.tenant):
        number.tenant.save(update_fields=["settings"])


def test_a_delivered_message_is_booked_once_at_the_companys_price(answered: Number, graph: GraphFake) -> None:
    prices(answered, marketing="0.0618", utility="0.026")
    wamid = graph.sends[0]["id"]
    for step in ("sent", "delivered", "delivered", "read"):
        answered.reports(wamid, step, pricing=MARKETING)
    (entry,) = entries(answered)
    (message,) = answered.messages(direction="out")
    assert (entry.kind, entry.what, entry.usd) == ("message", "marketing", Decimal("0.0618"))
    assert (entry.source, entry.conversation_id) == (str(message.pk), message.conversation_id)
    assert entry.counted_usd == 0


def test_a_category_without_a_price_is_unknown_and_never_nothing(answered: Number, graph: GraphFake) -> None:
    prices(answered, utility="0.026")
    answered.reports(graph.sends[0]["id"], "delivered", pricing=MARKETING)
    (entry,) = entries(answered)
    assert (entry.usd, entry.amount) == (None, None)


@pytest.mark.parametrize("told", [FREE, {**MARKETING, "type": "free_entry_point"}, {}])
def test_what_is_free_is_not_booked(answered: Number, graph: GraphFake, told: dict[str, Any]) -> None:
    answered.reports(graph.sends[0]["id"], "delivered", pricing=told)
    assert entries(answered) == []


def test_what_failed_is_not_booked(answered: Number, graph: GraphFake) -> None:
    wamid = graph.sends[0]["id"]
    answered.reports(wamid, "sent", pricing=MARKETING)
    answered.reports(wamid, "failed", error=131026)
    assert entries(answered) == []


def test_a_fee_that_comes_after_a_later_tick_is_booked(answered: Number, graph: GraphFake) -> None:
    wamid = graph.sends[0]["id"]
    answered.reports(wamid, "read")
    answered.reports(wamid, "delivered", pricing=MARKETING)
    assert len(entries(answered)) == 1


def test_a_fee_told_before_the_message_is_known_waits_for_it(answered: Number, graph: GraphFake) -> None:
    """The notice overtook the answer of the send call."""
    (message,) = answered.messages(direction="out")
    answered.reports("wamid.not-yet", "delivered", pricing=MARKETING)
    assert entries(answered) == []
    with tenant_context(answered.tenant):
        assert PendingStatus.objects.get().pricing["pricing"]["category"] == "marketing"
        message.provider_message_id = "wamid.not-yet"
        message.save(update_fields=["provider_message_id"])
        statuses.join_pending(message)
    (entry,) = entries(answered)
    assert entry.source == str(message.pk)
