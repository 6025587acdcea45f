"""Many workers at once, on committed rows."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import connection

from crm.models import Contact, Lead
from messaging.models import ChannelIdentity, Conversation, Message
from messaging.providers.meta_direct import parse
from messaging.services import delivery, events, inbound, outbound, turns
from tenants.context import tenant_context
from tests.fakes import graph_events as wire
from tests.fakes.graph import GraphFake
from tests.messaging.services.saying import Agent, Number, Worker, make_number
from tests.support.cast import Cast

pytestmark = pytest.mark.slow
PEOPLE = 16


@pytest.fixture
def number(live_tenants: Cast, graph: GraphFake) -> Number:
    return make_number(live_tenants.acme)


def at_once(*jobs: Callable[[], object]) -> list[object]:
    """Run the jobs in threads of their own; their results in order."""

    def closing(job: Callable[[], object]) -> object:
        try:
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(PEOPLE) as pool:
        return [each.result() for each in [pool.submit(closing, job) for job in jobs]]


def accepting(number: Number, payload: object) -> Callable[[], object]:
    """Apply the items of a webhook directly, without the one-at-a-time drain in between."""

    def job() -> None:
        for item in parse(payload):
            with tenant_context(number.tenant):
                inbound.accept_message(channel=number.channel, item=item)

    return job


@pytest.mark.parametrize("has_phone", [True, False], ids=["phone", "username"])
def test_64_first_messages_of_one_person_make_one_of_everything(number: Number, has_phone: bool) -> None:
    def payload(index: int) -> object:
        return wire.inbound(wire.text(f"{index}")) if has_phone else wire.bsuid_only(f"{index}")

    at_once(*[accepting(number, payload(index)) for index in range(64)])

    with tenant_context(number.tenant):
        assert Contact.objects.count() == 1
        assert Lead.objects.count() == 1
        assert Conversation.objects.count() == 1
        assert ChannelIdentity.objects.count() == (1 if has_phone else 2)
        assert sorted(Message.objects.values_list("sequence", flat=True)) == list(range(1, 65))


def test_one_person_who_writes_to_two_numbers_at_once_is_one_contact_with_one_lead(number: Number) -> None:
    second = make_number(number.tenant, phone_number_id="222", name="Segundo")
    at_once(*[accepting(each, wire.inbound(wire.text(f"{n}"))) for n in range(16) for each in (number, second)])

    with tenant_context(number.tenant):
        assert Contact.objects.count() == 1
        assert Lead.objects.count() == 1
        assert Conversation.objects.count() == 2


def test_one_message_delivered_by_many_workers_at_once_is_one_row(number: Number) -> None:
    payload = wire.inbound(wire.text("una sola vez"))
    at_once(*[accepting(number, payload) for _each in range(32)])

    assert number.texts() == ["una sola vez"]
    assert number.conversation().unread_count == 1


def test_many_drains_at_once_apply_every_event_once_and_in_order(number: Number) -> None:
    for index in range(60):
        number.hears(wire.inbound(wire.text(f"{index}")))

    def drain() -> None:
        while events.drain(tenant=number.tenant):
            pass

    at_once(*[drain for _each in range(8)])
    drain()

    assert number.texts() == [f"{index}" for index in range(60)]


def test_many_senders_of_one_conversation_send_each_bubble_once_and_in_order(
    number: Number, graph: GraphFake, live_tenants: Cast
) -> None:
    ana = live_tenants["ana"]
    number.says("hola")
    with tenant_context(number.tenant):
        for index in range(12):
            outbound.send_as_person(conversation=number.conversation(), text=f"{index}", by=ana.actor, user=ana.user)
    conversation_id = number.conversation().pk

    def deliver() -> None:
        while delivery.deliver_next(tenant=number.tenant, conversation_id=conversation_id):
            pass

    at_once(*[deliver for _each in range(8)])
    deliver()

    assert [entry["text"] for entry in graph.sends] == [f"{index}" for index in range(12)]


def test_one_key_sent_by_many_requests_at_once_is_one_message(number: Number, live_tenants: Cast) -> None:
    ana = live_tenants["ana"]
    number.says("hola")
    conversation = number.conversation()

    def send() -> object:
        with tenant_context(number.tenant):
            rows = outbound.send_as_person(
                conversation=conversation, text="una vez", by=ana.actor, user=ana.user, idempotency_key="k"
            )
            return [row.pk for row in rows]

    answers = at_once(*[send for _each in range(16)])

    assert len(number.messages(direction="out", text="una vez")) == 1
    assert all(each == answers[0] for each in answers)


def test_many_wake_ups_at_once_give_one_turn_and_one_answer(number: Number, agent: Agent, worker: Worker) -> None:
    number.says("hola")
    worker.clock.forward(20)
    conversation_id = number.conversation().pk

    def take() -> object:
        with tenant_context(number.tenant):
            turn = turns.begin(conversation_id)
        return agent.answer(number.tenant, turn, "Hola, Ana.") if turn else None

    answers = at_once(*[take for _each in range(16)])

    assert [each for each in answers if each] == ["queued"]
    assert number.texts(direction="out") == ["Hola, Ana."]


def test_a_turn_that_takes_long_keeps_its_lease_and_gives_it_up_when_it_is_over(
    number: Number, agent: Agent, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "RENEW_SECONDS", 0.02)
    renewed = Event()
    number.says("hola")
    worker.clock.forward(20)
    with tenant_context(number.tenant):
        turn = turns.begin(number.conversation().pk)
    assert turn is not None
    began = number.conversation().turn_until

    def until_renewed() -> None:
        while number.conversation().turn_until == began and not renewed.wait(0.01):
            worker.clock.forward(1)

    with turns.kept(tenant=number.tenant, turn=turn):
        at_once(until_renewed)
    assert agent.answer(number.tenant, turn, "Perdón por la espera.") == "queued"
    assert number.conversation().turn_until is None
