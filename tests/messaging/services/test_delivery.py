"""Bubbles leave one at a time, spaced, checked again before each, and never twice."""

import pytest

from config.lib.errors import ProviderError
from crm.models import Contact
from messaging.domain.timing import PAIR_BURST
from messaging.models import Channel, Conversation, Message
from messaging.services import delivery, outbound, takeover
from messaging.services.conversations import locked
from messaging.services.outbound import queue_template
from tenants.context import tenant_context
from tenants.models import Credential
from tests.fakes import graph_events as wire
from tests.fakes.graph import GraphFake, Rule
from tests.messaging.services.saying import ANA, BY, Agent, Clock, Number, Worker
from tests.support.cast import Person

THREE = "Hola Ana.\n\nTenemos remeras.\n\n¿Qué talle?"


def sent(graph: GraphFake) -> list[str]:
    return [entry["text"] for entry in graph.sends]


@pytest.fixture
def asked(number: Number, agent: Agent, worker: Worker) -> Number:
    """Ana has written and her turn has begun; the answer is the test's."""
    number.says("hola")
    worker.run()
    assert len(agent.turns) == 1
    return number


def answer(asked: Number, agent: Agent, text: str = THREE) -> None:
    assert agent.answer(asked.tenant, agent.turns[-1], text) == "queued"


def test_a_reply_leaves_in_order_with_its_spacing_and_our_reference(
    asked: Number, agent: Agent, worker: Worker, clock: Clock, graph: GraphFake
) -> None:
    answer(asked, agent)
    began = clock.at
    worker.run()

    assert sent(graph) == ["Hola Ana.", "Tenemos remeras.", "¿Qué talle?"]
    rows = asked.messages(direction="out")
    assert [row.status for row in rows] == ["sent"] * 3
    assert [entry["client_ref"] for entry in graph.sends] == [str(row.pk) for row in rows]
    assert [row.provider_message_id for row in rows] == [entry["id"] for entry in graph.sends]
    assert [round((row.sent_at - began).total_seconds()) for row in rows] == [0, 4, 8]
    assert {entry["to"] for entry in graph.sends} == {ANA}


def test_a_person_known_by_username_only_is_answered_there(
    number: Number, agent: Agent, worker: Worker, graph: GraphFake
) -> None:
    agent.reply = "Hola, ana.b"
    number.takes(wire.bsuid_only("hola"))
    worker.run()

    assert graph.sends[0]["body"]["recipient"] == wire.BSUID
    assert "to" not in graph.sends[0]["body"]


def test_what_still_waits_is_withdrawn_when_the_customer_writes_again(
    asked: Number, agent: Agent, worker: Worker, graph: GraphFake
) -> None:
    answer(asked, agent)
    worker.run(seconds=1)
    asked.says("perdón, quería gorras")
    worker.run(seconds=10)

    assert sent(graph) == ["Hola Ana."]
    assert [status for _text, status in asked.out()] == ["sent", "cancelled", "cancelled"]


def test_what_still_waits_is_withdrawn_when_a_person_takes_the_chat(
    asked: Number, agent: Agent, worker: Worker, graph: GraphFake, ana: Person
) -> None:
    answer(asked, agent)
    worker.run(seconds=1)
    with tenant_context(asked.tenant):
        takeover.take_over(conversation=locked(asked.conversation().pk), by=ana.actor, user=ana.user)
    worker.run()

    assert sent(graph) == ["Hola Ana."]
    assert [status for _text, status in asked.out()] == ["sent", "cancelled", "cancelled"]


def test_a_takeover_is_seen_even_by_a_bubble_that_was_put_back_for_a_retry(
    asked: Number, agent: Agent, worker: Worker, graph: GraphFake, ana: Person
) -> None:
    graph.fail(131016, status=503)
    answer(asked, agent, "Hola")
    worker.run(seconds=1)
    assert [status for _text, status in asked.out()] == ["queued"]
    with tenant_context(asked.tenant):
        # As if the takeover had come while the bubble was in the air: nothing was queued to be withdrawn.
        Conversation.objects.update(mode="human")
    worker.run()

    assert sent(graph) == []
    assert [status for _text, status in asked.out()] == ["cancelled"]


def test_a_passing_trouble_is_tried_again_later_and_later(
    asked: Number, agent: Agent, worker: Worker, clock: Clock, graph: GraphFake
) -> None:
    graph.fail(130429, status=429, times=2)
    answer(asked, agent, "Hola")
    began = clock.at
    worker.run()

    (row,) = asked.messages(direction="out")
    assert (row.status, row.attempts) == ("sent", 3)
    assert (row.sent_at - began).total_seconds() == pytest.approx(4 + 16, abs=1)
    assert len({entry["client_ref"] for entry in graph.sends}) == len(graph.sends) == 1


def test_the_next_bubble_never_overtakes_one_that_waits_for_its_retry(
    asked: Number, agent: Agent, worker: Worker, graph: GraphFake
) -> None:
    graph.fail(131016, status=503, times=2)
    answer(asked, agent)
    worker.run()

    assert sent(graph) == ["Hola Ana.", "Tenemos remeras.", "¿Qué talle?"]


def test_a_trouble_that_stays_ends_as_a_failure_that_a_person_can_retry(
    asked: Number, agent: Agent, worker: Worker, graph: GraphFake, ana: Person
) -> None:
    graph.fail(131016, status=503, times=delivery.MOST_ATTEMPTS)
    answer(asked, agent, "Hola")
    worker.run(seconds=3600)
    (row,) = asked.messages(direction="out")
    assert (row.status, row.attempts) == ("failed", delivery.MOST_ATTEMPTS)
    assert row.error

    with tenant_context(asked.tenant):
        outbound.retry_message(message=row, by=ana.actor)
    worker.run()
    assert [status for _text, status in asked.out()] == ["sent"]


@pytest.mark.parametrize("rule", [Rule("drop"), Rule("garbage"), Rule("no_id")], ids=["drop", "garbage", "no id"])
def test_what_may_have_arrived_is_never_sent_again_by_itself(
    asked: Number, agent: Agent, worker: Worker, graph: GraphFake, rule: Rule
) -> None:
    graph.script(rule)
    answer(asked, agent, "Hola")
    worker.run(seconds=7200)

    assert [status for _text, status in asked.out()] == ["unknown"]
    assert len(graph.sends) == 1

    asked.reports(graph.sends[0]["id"], "delivered", client_ref=graph.sends[0]["client_ref"])
    assert [status for _text, status in asked.out()] == ["delivered"]


def test_a_bubble_whose_sender_died_is_settled_as_unknown_and_the_rest_goes_on(
    asked: Number, agent: Agent, worker: Worker, clock: Clock, graph: GraphFake
) -> None:
    answer(asked, agent)
    worker.queued.clear()
    with tenant_context(asked.tenant):
        claimed = delivery._claim(asked.tenant, asked.conversation().pk)
    assert claimed is not None
    assert delivery.deliver_next(tenant=asked.tenant, conversation_id=asked.conversation().pk) is False
    clock.forward(delivery.STALE.total_seconds() + 1)
    with tenant_context(asked.tenant):
        assert delivery.settle_stale(clock.at) == 1
    worker.run()

    assert [status for _text, status in asked.out()] == ["unknown", "sent", "sent"]
    assert sent(graph) == ["Tenemos remeras.", "¿Qué talle?"]


def test_a_dead_token_marks_the_channel_and_a_good_one_heals_it(
    asked: Number, agent: Agent, worker: Worker, graph: GraphFake, ana: Person
) -> None:
    graph.tokens = {"another-token"}
    answer(asked, agent, "Hola")
    worker.run()
    (row,) = asked.messages(direction="out")
    channel = asked.conversation().channel
    assert (row.status, channel.status) == ("failed", "needs_reconnect")
    assert channel.status_detail

    graph.tokens = None
    with tenant_context(asked.tenant):
        outbound.retry_message(message=row, by=ana.actor)
    worker.run()
    channel = asked.conversation().channel
    assert (channel.status, channel.status_detail) == ("connected", "")


def test_without_a_token_in_the_vault_nothing_is_tried(
    asked: Number, agent: Agent, worker: Worker, graph: GraphFake
) -> None:
    with tenant_context(asked.tenant):
        Credential.objects.filter(tenant_id=asked.tenant.pk, name="ACCESS_TOKEN").delete()
    answer(asked, agent, "Hola")
    worker.run()

    assert [status for _text, status in asked.out()] == ["failed"]
    assert asked.conversation().channel.status == "needs_reconnect"
    assert graph.sends == []


def test_after_a_day_free_text_is_refused_and_a_template_goes(
    asked: Number, agent: Agent, worker: Worker, clock: Clock, graph: GraphFake
) -> None:
    answer(asked, agent, "tarde")
    clock.forward(24 * 3600)
    with tenant_context(asked.tenant):
        conversation = locked(asked.conversation().pk)
        template = {"name": "recordatorio", "language": "es_AR", "components": []}
        queue_template(conversation, template, by=BY, user=None, key="t")
        conversation.save()
    worker.run()

    rows = asked.messages(direction="out")
    assert [(row.status, row.error_code) for row in rows] == [("failed", "window_closed"), ("sent", "")]
    assert graph.sends[0]["body"]["template"]["name"] == "recordatorio"


def test_a_contact_who_opted_out_gets_nothing_automatic(
    asked: Number, agent: Agent, worker: Worker, clock: Clock, graph: GraphFake
) -> None:
    answer(asked, agent, "Hola")
    with tenant_context(asked.tenant):
        Contact.objects.update(opted_out_at=clock.at)
    worker.run()

    (row,) = asked.messages(direction="out")
    assert (row.status, row.error_code) == ("cancelled", "opted_out")
    assert graph.sends == []


def test_a_channel_that_is_switched_off_sends_nothing(
    asked: Number, agent: Agent, worker: Worker, graph: GraphFake
) -> None:
    answer(asked, agent, "Hola")
    with tenant_context(asked.tenant):
        Channel.objects.update(status="disabled")
    worker.run()

    assert asked.messages(direction="out")[0].error_code == "channel_off"
    assert graph.sends == []


def test_beyond_whatsapps_burst_to_one_person_the_bubbles_wait(
    asked: Number, worker: Worker, clock: Clock, graph: GraphFake, ana: Person
) -> None:
    with tenant_context(asked.tenant):
        for index in range(PAIR_BURST + 2):
            outbound.send_as_person(conversation=asked.conversation(), text=f"{index}", by=ana.actor, user=ana.user)
    began = clock.at
    worker.run()

    times = [round((row.sent_at - began).total_seconds()) for row in asked.messages(direction="out")]
    assert times[:PAIR_BURST] == [0] * PAIR_BURST
    assert times[PAIR_BURST:] == [6, 12]
    assert sent(graph) == [f"{index}" for index in range(PAIR_BURST + 2)]


def test_the_sweep_finds_bubbles_whose_wake_up_was_lost(
    asked: Number, agent: Agent, worker: Worker, clock: Clock
) -> None:
    answer(asked, agent, "Hola")
    worker.queued.clear()

    with tenant_context(asked.tenant):
        assert delivery.due_ids(clock.at) == [asked.conversation().pk]


def test_a_status_that_is_quicker_than_a_lost_answer_keeps_the_line_moving(
    asked: Number, agent: Agent, worker: Worker, graph: GraphFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph.script(Rule("drop"))
    answer(asked, agent, "uno\n\ndos")

    record = delivery._record_failure

    def late(claimed: delivery.Claimed, error: ProviderError) -> None:
        entry = graph.sends[-1]
        Message.objects.filter(pk=entry["client_ref"]).update(status="sent", provider_message_id=entry["id"])
        record(claimed, error)

    monkeypatch.setattr(delivery, "_record_failure", late)
    worker.run()

    assert sent(graph) == ["uno", "dos"]
    assert [status for _text, status in asked.out()] == ["sent", "sent"]
