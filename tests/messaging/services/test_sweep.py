"""Rows are the truth: whatever wake-up is lost, the sweep finds the work, and working it off twice does nothing twice."""

from datetime import datetime

import pytest

from messaging.ingest.models import InboundEvent
from messaging.models import Conversation
from messaging.services import delivery, events
from messaging.tasks import forget_old, sweep
from tenants.context import current_tenant, tenant_context
from tenants.services import registry
from tests.fakes import graph_events as wire
from tests.fakes.graph import GraphFake
from tests.messaging.services.saying import Agent, Number, Worker


def test_a_message_is_answered_even_when_every_wake_up_on_its_way_is_lost(
    number: Number, agent: Agent, worker: Worker, graph: GraphFake
) -> None:
    agent.reply = "Hola.\n\n¿Qué buscás?"
    number.hears(wire.inbound(wire.text("hola")))
    for _each in range(8):
        worker.queued.clear()
        sweep()
        waiting = list(worker.queued)
        worker.queued.clear()
        for task in waiting:
            worker.queued.run(task)
        worker.clock.forward(10)

    assert [entry["text"] for entry in graph.sends] == ["Hola.", "¿Qué buscás?"]
    assert len(agent.turns) == 1


def test_one_companys_trouble_does_not_stop_the_sweep_of_the_others(
    number: Number, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    number.says("hola")
    worker.queued.clear()
    worker.clock.forward(20)
    others = list(registry.active())
    broken = next(tenant for tenant in others if tenant.pk != number.tenant.pk)
    monkeypatch.setattr(registry, "active", lambda: [broken, number.tenant])
    settle = delivery.settle_stale

    def breaks(now: datetime) -> None:
        if current_tenant().pk == broken.pk:
            raise ValueError("a row nobody expected")
        settle(now)

    monkeypatch.setattr(delivery, "settle_stale", breaks)
    sweep()

    assert [task.tenant_id for task in worker.queued.named("take_turn")] == [number.tenant.pk]


def test_every_wake_up_three_times_does_everything_once(
    number: Number, agent: Agent, worker: Worker, graph: GraphFake
) -> None:
    agent.reply = "Hola."
    number.hears(wire.inbound(wire.text("hola"), wire.media("image", graph.add_media(b"x", "image/png"))))
    worker.clock.forward(1)
    for _each in range(6):
        sweep()
        for task in [each for each in worker.queued for _times in range(3)]:
            worker.queued.run(task)
        worker.queued.clear()
        worker.clock.forward(10)

    assert len(number.messages(direction="in")) == 2
    assert [entry["text"] for entry in graph.sends] == ["Hola."]


def test_an_event_whose_worker_died_is_taken_up_when_its_lease_is_over(number: Number) -> None:
    pk = number.hears(wire.inbound(wire.text("hola")))
    assert events._claim(number.tenant) == [pk]
    assert events.drain(tenant=number.tenant) is False
    assert number.texts() == []

    with tenant_context(number.tenant):
        InboundEvent.objects.update(lease_until="2020-01-01T00:00:00Z")
    events.drain(tenant=number.tenant)
    assert number.texts() == ["hola"]


def test_an_event_stored_while_another_worker_drains_is_not_forgotten(number: Number) -> None:
    number.hears(wire.inbound(wire.text("hola")))
    with events._alone(number.tenant) as first:
        assert first
        assert events.drain(tenant=number.tenant) is False

    assert events._waiting(number.tenant)
    events.drain(tenant=number.tenant)
    assert not events._waiting(number.tenant)


def test_a_takeover_that_ran_out_is_ended_by_the_sweep(number: Number, worker: Worker) -> None:
    number.says("hola")
    with tenant_context(number.tenant):
        Conversation.objects.update(mode="human", human_override_until=worker.clock.at)
    worker.clock.forward(1)
    sweep()

    assert number.conversation().mode == "ai"


def test_a_company_with_a_lot_to_do_lets_the_others_in_between(number: Number, worker: Worker) -> None:
    for index in range(events.BATCH * 2 + 1):
        number.hears(wire.inbound(wire.text(f"{index}")))

    assert events.drain(tenant=number.tenant, batches=1) is True
    assert len(number.texts()) == events.BATCH


def test_cleaning_up_leaves_fresh_things_alone(number: Number) -> None:
    number.says("hola")
    number.reports("wamid.stranger", "delivered")
    forget_old()

    assert number.texts() == ["hola"]
