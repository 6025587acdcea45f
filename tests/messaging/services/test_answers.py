"""A reply that never left answers nobody: who waited waits again, and no response time counts it."""

import pytest

from crm.models import Lead, Response
from messaging.models import Message
from messaging.services import outbound
from tenants.context import tenant_context
from tenants.live.models import LiveEvent
from tests.factories.crm import make_seller
from tests.fakes.graph import GraphFake, Rule
from tests.messaging.services.saying import BY, Clock, Number, Worker
from tests.support.cast import Person


@pytest.fixture
def asked(number: Number, worker: Worker, clock: Clock, ana: Person) -> Number:
    """The customer has waited for a minute; Ana is a seller."""
    with tenant_context(number.tenant):
        make_seller(user=ana.user)
    number.says("hola")
    clock.forward(60)
    return number


def write(asked: Number, person: Person, text: str) -> Message:
    with tenant_context(asked.tenant):
        conversation = asked.conversation()
        return outbound.send_as_person(conversation=conversation, text=text, by=person.actor, user=person.user)[0]


def retry(asked: Number, message: Message) -> None:
    with tenant_context(asked.tenant):
        outbound.retry_message(message=message, by=BY)


def responses(asked: Number) -> list[int]:
    with tenant_context(asked.tenant):
        return list(Response.objects.values_list("seconds", flat=True))


def first_answer(asked: Number) -> object:
    with tenant_context(asked.tenant):
        return Lead.objects.values_list("first_response_at", flat=True).get()


def test_a_refused_answer_leaves_the_customer_waiting_as_long_as_before(
    asked: Number, worker: Worker, graph: GraphFake, ana: Person
) -> None:
    since = asked.conversation().waiting_since
    graph.fail(131026)
    write(asked, ana, "Ya te digo")
    assert (asked.conversation().waiting_since, responses(asked)) == (None, [60])
    assert first_answer(asked) is not None
    worker.run()

    assert asked.out() == [("Ya te digo", "failed")]
    assert asked.conversation().waiting_since == since
    assert (responses(asked), first_answer(asked)) == ([], None)
    with tenant_context(asked.tenant):  # the list is drawn again
        types = list(LiveEvent.objects.order_by("-id").values_list("type", flat=True)[:2])
    assert sorted(types) == ["CONVERSATION_UPDATED", "MESSAGE_STATUS"]


def test_a_failure_that_is_told_later_counts_the_same(
    asked: Number, worker: Worker, graph: GraphFake, ana: Person
) -> None:
    since = asked.conversation().waiting_since
    write(asked, ana, "Ya te digo")
    worker.run()
    assert (asked.conversation().waiting_since, responses(asked)) == (None, [60])

    asked.reports(graph.sends[0]["id"], "failed", error=131026)
    assert asked.conversation().waiting_since == since
    assert responses(asked) == []


def test_sent_again_it_is_an_answer_and_its_time_is_that_of_the_second_try(
    asked: Number, worker: Worker, clock: Clock, graph: GraphFake, ana: Person
) -> None:
    graph.fail(131026)
    message = write(asked, ana, "Ya te digo")
    worker.run(seconds=1)
    clock.forward(540)
    retry(asked, message)
    worker.run()

    assert asked.out() == [("Ya te digo", "sent")]
    assert asked.conversation().waiting_since is None
    assert responses(asked) == [600]
    assert first_answer(asked) is not None


def test_a_newer_answer_that_leaves_is_one_and_one_that_fails_too_is_none(
    asked: Number, worker: Worker, graph: GraphFake, ana: Person
) -> None:
    since = asked.conversation().waiting_since
    graph.script(Rule("error", code=131026, status=400, times=1), Rule("ok", times=1))
    write(asked, ana, "Uno")
    write(asked, ana, "Dos")
    worker.run()
    assert asked.out() == [("Uno", "failed"), ("Dos", "sent")]
    assert asked.conversation().waiting_since is None

    asked.reports(graph.sends[-1]["id"], "failed", error=131026)
    assert asked.conversation().waiting_since == since


def test_a_customer_who_wrote_again_waits_since_the_first_time(
    asked: Number, worker: Worker, clock: Clock, graph: GraphFake, ana: Person
) -> None:
    since = asked.conversation().waiting_since
    write(asked, ana, "Ya te digo")
    worker.run()
    asked.says("¿y?")
    assert asked.conversation().waiting_since != since

    asked.reports(graph.sends[0]["id"], "failed", error=131026)
    assert asked.conversation().waiting_since == since
