"""Ticks: joined in any order, by WhatsApp's id or our own reference, and never to the wrong message."""

import pytest

from config.lib.errors import Conflict
from messaging.models import Message, PendingStatus
from messaging.providers.base import Delivery
from messaging.services import delivery, outbound, statuses
from tenants.context import tenant_context
from tenants.live.models import LiveEvent
from tenants.models import Tenant
from tests.fakes import graph_events as wire
from tests.fakes.graph import GraphFake, Rule
from tests.messaging.services.saying import Agent, Number, Worker, make_number
from tests.support.cast import Person


@pytest.fixture
def answered(number: Number, agent: Agent, worker: Worker, graph: GraphFake) -> Number:
    agent.reply = "Hola, Ana."
    number.says("hola")
    worker.run()
    assert len(graph.sends) == 1
    return number


def state(number: Number) -> str:
    (row,) = number.messages(direction="out")
    return row.status


def test_ticks_follow_the_notices_and_are_seen_live(answered: Number, graph: GraphFake) -> None:
    wamid = graph.sends[0]["id"]
    for step in ("sent", "delivered", "read"):
        answered.reports(wamid, step)
        assert state(answered) == step
    with tenant_context(answered.tenant):
        live = [row.data.get("status") for row in LiveEvent.objects.filter(type="MESSAGE_STATUS").order_by("id")]
    assert live[-2:] == ["delivered", "read"]


def test_late_notices_do_not_take_a_tick_away(answered: Number, graph: GraphFake) -> None:
    wamid = graph.sends[0]["id"]
    for step in ("read", "delivered", "sent", "failed"):
        answered.reports(wamid, step)

    assert state(answered) == "read"


def test_a_failure_says_why(answered: Number, graph: GraphFake) -> None:
    answered.reports(graph.sends[0]["id"], "failed", error=131026)

    (row,) = answered.messages(direction="out")
    assert (row.status, row.error_code) == ("failed", "131026")
    assert row.error


def test_a_notice_that_comes_before_the_answer_of_the_send_call_is_joined(
    number: Number, agent: Agent, worker: Worker, graph: GraphFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = delivery._record_sent

    def late(claimed: delivery.Claimed, given: Delivery) -> None:
        notice = {"provider_message_id": given.provider_message_id, "status": "delivered", "at": worker.clock.at}
        PendingStatus.objects.create(channel=number.channel, **notice)
        record(claimed, given)

    monkeypatch.setattr(delivery, "_record_sent", late)
    agent.reply = "Hola"
    number.says("hola")
    worker.run()

    assert state(number) == "delivered"
    with tenant_context(number.tenant):
        assert not PendingStatus.objects.exists()


def test_a_notice_without_our_reference_waits_for_the_message(answered: Number, acme: Tenant) -> None:
    answered.reports("wamid.later", "delivered")
    answered.reports("wamid.later", "delivered")
    with tenant_context(acme):
        assert PendingStatus.objects.count() == 1
        Message.objects.filter(direction="out").update(provider_message_id="wamid.later")
        assert statuses.join_late() == 1
        assert not PendingStatus.objects.exists()

    assert state(answered) == "delivered"


def test_our_reference_finds_a_message_whose_answer_was_lost(
    number: Number, agent: Agent, worker: Worker, graph: GraphFake
) -> None:
    graph.script(Rule("drop"))
    agent.reply = "Hola"
    number.says("hola")
    worker.run()
    assert state(number) == "unknown"
    entry = graph.sends[0]
    number.reports(entry["id"], "read", client_ref=entry["client_ref"])

    (row,) = number.messages(direction="out")
    assert (row.status, row.provider_message_id) == ("read", entry["id"])


def test_news_of_a_first_attempt_are_not_news_of_the_second(
    answered: Number, worker: Worker, graph: GraphFake, ana: Person
) -> None:
    first = graph.sends[0]
    answered.reports(first["id"], "failed", error=131026)
    with tenant_context(answered.tenant):
        outbound.retry_message(message=answered.messages(direction="out")[0], by=ana.actor)
    worker.run()
    second = graph.sends[1]
    answered.takes(
        wire.statuses(
            wire.status(first["id"], "failed", client_ref=first["client_ref"], error=131026, again="yes"),
        )
    )
    assert state(answered) == "sent"
    answered.reports(second["id"], "delivered", client_ref=second["client_ref"])

    assert state(answered) == "delivered"


def test_a_notice_about_another_companys_message_touches_nothing(
    answered: Number, globex: Tenant, graph: GraphFake
) -> None:
    other = make_number(globex)
    entry = graph.sends[0]
    other.reports(entry["id"], "read", client_ref=entry["client_ref"])

    assert state(answered) == "sent"


def test_a_notice_about_the_customers_own_message_changes_nothing(number: Number) -> None:
    wamid = number.says("hola")
    number.reports(wamid, "read")

    assert [row.status for row in number.messages()] == ["received"]


def test_a_retry_is_only_for_what_did_not_leave(answered: Number, ana: Person) -> None:
    with tenant_context(answered.tenant), pytest.raises(Conflict):
        outbound.retry_message(message=answered.messages(direction="out")[0], by=ana.actor)


def test_notices_that_never_found_their_message_are_dropped_after_some_days(
    number: Number, acme: Tenant, worker: Worker
) -> None:
    number.reports("wamid.stranger", "delivered")
    worker.clock.forward(statuses.KEEP_PENDING.total_seconds() + 1)
    with tenant_context(acme):
        assert statuses.forget_old_pending() == 1
