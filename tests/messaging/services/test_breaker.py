"""A channel whose provider is away rests, is probed by one bubble, and wakes the others gently."""

from datetime import timedelta
from itertools import pairwise

import pytest

from messaging.domain.breaker import LIMIT
from messaging.models import Channel
from messaging.services import breaker, delivery, outbound
from tenants.context import tenant_context
from tests.fakes.graph import GraphFake
from tests.messaging.services.saying import Agent, Clock, Number, Worker
from tests.support.cast import Person

PEOPLE = [f"549115600000{index}" for index in range(LIMIT + 3)]


@pytest.fixture
def crowd(number: Number, agent: Agent, worker: Worker, ana: Person) -> Number:
    """Several people have written and Ana has answered each; nothing has left yet."""
    for sender in PEOPLE:
        number.says("hola", sender=sender, name=sender[-4:])
    with tenant_context(number.tenant):
        for index, sender in enumerate(PEOPLE):
            outbound.send_as_person(
                conversation=number.conversation(address=sender), text=f"uno {index}", by=ana.actor, user=ana.user
            )
    return number


def channel_of(number: Number) -> Channel:
    with tenant_context(number.tenant):
        return Channel.objects.get(pk=number.channel.pk)


def test_after_several_failures_in_a_row_nothing_is_tried_for_a_while(
    crowd: Number, worker: Worker, clock: Clock, graph: GraphFake
) -> None:
    graph.fail(131016, status=503, times=-1)
    worker.run(seconds=1)

    channel = channel_of(crowd)
    assert channel.failures == LIMIT
    assert channel.resting_until == clock.at + timedelta(seconds=30)
    assert sum(row.attempts for row in crowd.messages(direction="out")) == LIMIT
    assert {status for _text, status in crowd.out()} == {"queued"}
    with tenant_context(crowd.tenant):
        assert delivery.due_ids(clock.at) == []  # the sweep leaves it alone, too


def test_one_probe_after_each_rest_and_the_rests_grow(
    crowd: Number, worker: Worker, clock: Clock, graph: GraphFake
) -> None:
    graph.fail(131016, status=503, times=-1)
    worker.run(seconds=1)
    tried = LIMIT
    for rest in (60, 120):
        clock.at = channel_of(crowd).resting_until or clock.at
        with tenant_context(crowd.tenant):
            waiting = delivery.due_ids(clock.at)
        for conversation_id in waiting:
            delivery.deliver_next(tenant=crowd.tenant, conversation_id=conversation_id)
        tried += 1
        assert sum(row.attempts for row in crowd.messages(direction="out")) == tried
        assert channel_of(crowd).resting_until == clock.at + timedelta(seconds=rest)


def test_the_first_success_closes_it_and_wakes_everybody_at_the_channels_pace(
    crowd: Number, worker: Worker, clock: Clock, graph: GraphFake
) -> None:
    graph.fail(131016, status=503, times=LIMIT)
    worker.run(seconds=120)

    assert {status for _text, status in crowd.out()} == {"sent"}
    channel = channel_of(crowd)
    assert (channel.failures, channel.resting_until) == (0, None)
    refs = [entry["client_ref"] for entry in graph.sends]
    assert len(refs) == len(set(refs)) == len(PEOPLE)


def test_a_refusal_with_a_reason_proves_that_the_provider_is_there(
    crowd: Number, worker: Worker, graph: GraphFake
) -> None:
    graph.fail(131016, status=503, times=LIMIT - 1)
    graph.fail(131026, times=1)
    graph.fail(131016, status=503, times=LIMIT - 1)
    worker.run(seconds=1)

    assert channel_of(crowd).resting_until is None


def test_a_probe_that_dies_is_followed_by_another(
    crowd: Number, worker: Worker, clock: Clock, graph: GraphFake
) -> None:
    graph.fail(131016, status=503, times=LIMIT)
    worker.run(seconds=1)
    clock.at = channel_of(crowd).resting_until or clock.at
    with tenant_context(crowd.tenant):
        assert breaker.may_try(channel_of(crowd), clock.at) == "probe"
        assert breaker.may_try(channel_of(crowd), clock.at) == "rest"
        clock.forward(breaker.PROBE.total_seconds())
        assert breaker.may_try(channel_of(crowd), clock.at) == "probe"


def test_bubbles_of_a_resting_channel_keep_their_order_and_distance(
    number: Number, agent: Agent, worker: Worker, clock: Clock, graph: GraphFake
) -> None:
    agent.reply = "uno\n\ndos\n\ntres"
    with tenant_context(number.tenant):
        Channel.objects.filter(pk=number.channel.pk).update(
            failures=LIMIT, resting_until=clock.at + timedelta(seconds=20)
        )
    number.says("hola")
    worker.run(seconds=19)
    assert graph.sends == []

    clock.at = channel_of(number).resting_until or clock.at
    with tenant_context(number.tenant):
        for conversation_id in delivery.due_ids(clock.at):
            outbound.wake(conversation_id)
    worker.run()

    assert [entry["text"] for entry in graph.sends] == ["uno", "dos", "tres"]
    at = [row.sent_at for row in number.messages(direction="out")]
    assert [round((b - a).total_seconds()) for a, b in pairwise(filter(None, at))] == [4, 4]
