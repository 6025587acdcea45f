"""When a channel cannot, the replacement that the company named carries the bubble, if it may write to that person."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from config.lib.errors import Invalid
from messaging.models import Channel, Conversation
from messaging.services import delivery, outbound, reading
from messaging.services.conversations import locked
from tenants.context import tenant_context
from tests.factories.messaging import make_template
from tests.fakes.graph import GraphFake, Rule
from tests.messaging.services.saying import BY, Agent, Clock, Number, Worker, make_number
from tests.support.cast import Person

OTHER = "222000000000002"
THREE = "uno\n\ndos\n\ntres"


@pytest.fixture
def second(number: Number) -> Number:
    """Another number of the company, connected, the replacement of the first."""
    other = make_number(number.tenant, phone_number_id=OTHER, name="Segundo")
    change(other, status="connected")
    change(number, fallback=other.channel, status="connected")
    return other


def change(number: Number, **fields: Any) -> None:
    with tenant_context(number.tenant):
        Channel.objects.filter(pk=number.channel.pk).update(**fields)


def same_number(one: Number, other: Number) -> None:
    """Both channels are one business number, connected twice."""
    for each in (one, other):
        change(each, config={"phone_number_id": each.phone_number_id, "display_phone_number": "+54 11 5555-0000"})


def asked(number: Number, agent: Agent, worker: Worker, text: str = THREE) -> None:
    """Ana wrote to the first number, and her answer waits there."""
    agent.reply = text
    number.says("hola")
    worker.run(seconds=17)


def a_template(number: Number) -> None:
    with tenant_context(number.tenant):
        chat = locked(number.conversation().pk)
        assert chat is not None
        outbound.queue_template(chat, {"name": "aviso", "language": "es_AR"}, by=BY, user=None, key="t")
        chat.save()


def wakes(number: Number) -> None:
    with tenant_context(number.tenant):
        outbound.wake(number.conversation().pk)


def carriers(graph: GraphFake) -> list[tuple[str, str]]:
    return [(entry["phone_number_id"], entry["text"]) for entry in graph.sends]


def test_a_channel_that_must_be_reconnected_is_replaced_and_the_order_kept(
    number: Number, second: Number, agent: Agent, worker: Worker, graph: GraphFake
) -> None:
    same_number(number, second)
    change(number, status="needs_reconnect")
    asked(number, agent, worker)
    worker.run()

    assert carriers(graph) == [(OTHER, "uno"), (OTHER, "dos"), (OTHER, "tres")]
    rows = number.messages(direction="out")
    assert [row.status for row in rows] == ["sent"] * 3
    assert {row.sent_via_id for row in rows} == {second.channel.pk}
    at = [row.sent_at for row in rows if row.sent_at]
    assert [round((b - a).total_seconds()) for a, b in pairwise(at)] == [4, 4]


def test_what_the_replacement_hears_of_it_reaches_the_message(
    number: Number, second: Number, agent: Agent, worker: Worker, graph: GraphFake
) -> None:
    same_number(number, second)
    change(number, status="needs_reconnect")
    asked(number, agent, worker, "Hola")
    worker.run()
    second.reports(graph.sends[0]["id"], "delivered")
    second.reports("wamid.too-early", "delivered", client_ref=str(number.messages(direction="out")[0].pk))

    assert [status for _text, status in number.out()] == ["delivered"]


def test_a_number_the_person_never_wrote_to_may_send_a_template_only(
    number: Number, second: Number, agent: Agent, worker: Worker, graph: GraphFake
) -> None:
    change(number, status="needs_reconnect")
    graph.tokens = set()
    asked(number, agent, worker, "Hola")
    worker.run()
    assert [status for _text, status in number.out()] == ["failed"]

    graph.tokens = None
    with tenant_context(number.tenant):
        make_template(channel=second.channel, name="aviso", language="es_AR")
    a_template(number)
    worker.run()
    assert [entry["phone_number_id"] for entry in graph.sends] == [OTHER]


@pytest.mark.parametrize("there", ["unknown", "paused", "other language"])
def test_a_template_that_the_replacement_does_not_have_waits_for_its_own_number(
    number: Number, second: Number, agent: Agent, worker: Worker, clock: Clock, graph: GraphFake, there: str
) -> None:
    number.says("hola")
    with tenant_context(number.tenant):
        if there != "unknown":
            over = {"status": "paused"} if there == "paused" else {"language": "pt_BR"}
            make_template(channel=second.channel, name="aviso", **over)
    change(number, failures=7, resting_until=clock.at + timedelta(seconds=120))
    a_template(number)
    worker.run(seconds=60)
    assert (number.out()[-1][1], graph.sends) == ("queued", [])

    clock.forward(120)
    wakes(number)
    worker.run()
    assert [entry["phone_number_id"] for entry in graph.sends] == [number.phone_number_id]


def test_the_same_number_elsewhere_has_the_same_templates(
    number: Number, second: Number, agent: Agent, worker: Worker, graph: GraphFake
) -> None:
    same_number(number, second)
    number.says("hola")
    change(number, status="needs_reconnect")
    a_template(number)
    worker.run()
    assert [entry["phone_number_id"] for entry in graph.sends] == [OTHER]


def test_a_number_the_person_wrote_to_lately_may_carry_the_answer(
    number: Number, second: Number, agent: Agent, worker: Worker, graph: GraphFake
) -> None:
    second.says("¿están?")
    worker.run()
    change(number, status="needs_reconnect")
    asked(number, agent, worker, "Hola")
    worker.run()

    assert (OTHER, "Hola") in carriers(graph)
    assert [row.sent_via_id for row in number.messages(direction="out")] == [second.channel.pk]


def test_a_short_rest_is_waited_for_and_a_long_one_is_not(
    number: Number, second: Number, agent: Agent, worker: Worker, clock: Clock, graph: GraphFake
) -> None:
    same_number(number, second)
    change(number, failures=5, resting_until=clock.at + timedelta(seconds=30))
    asked(number, agent, worker)
    assert graph.sends == []

    change(number, failures=7, resting_until=clock.at + timedelta(seconds=120))
    with tenant_context(number.tenant):
        assert delivery.due_ids(clock.at) == [number.conversation().pk]
        outbound.wake(number.conversation().pk)
    worker.run(seconds=20)
    assert [phone for phone, _text in carriers(graph)] == [OTHER] * 3


def test_after_some_attempts_the_replacement_takes_over_and_nothing_is_doubled(
    number: Number, second: Number, agent: Agent, worker: Worker, clock: Clock, graph: GraphFake
) -> None:
    same_number(number, second)
    graph.fail(131016, status=503, times=delivery.FEWER_ATTEMPTS)
    asked(number, agent, worker)
    worker.run()

    assert carriers(graph) == [
        (OTHER, "uno"),
        (number.phone_number_id, "dos"),
        (number.phone_number_id, "tres"),
    ]
    assert [status for _text, status in number.out()] == ["sent"] * 3


def test_a_dead_credential_found_while_sending_does_not_lose_the_bubble(
    number: Number, second: Number, agent: Agent, worker: Worker, graph: GraphFake
) -> None:
    same_number(number, second)
    graph.fail(190, status=401, times=1)
    asked(number, agent, worker, "Hola")
    worker.run()

    assert carriers(graph) == [(OTHER, "Hola")]


def test_what_may_have_arrived_is_not_said_again_over_the_replacement(
    number: Number, second: Number, agent: Agent, worker: Worker, graph: GraphFake
) -> None:
    same_number(number, second)
    graph.script(Rule("drop"))
    asked(number, agent, worker, "Hola")
    change(number, status="needs_reconnect")
    worker.run(seconds=3600)

    assert len(graph.sends) == 1
    assert [status for _text, status in number.out()] == ["unknown"]


@pytest.mark.parametrize("trouble", ["disabled", "needs_reconnect", "resting", "other source"])
def test_a_replacement_in_trouble_carries_nothing(
    number: Number, second: Number, agent: Agent, worker: Worker, clock: Clock, graph: GraphFake, trouble: str
) -> None:
    same_number(number, second)
    fields: dict[str, Any] = {
        "resting": {"failures": 6, "resting_until": clock.at + timedelta(hours=1)},
        "other source": {"channel_source": "instagram"},
    }.get(trouble, {"status": trouble})
    change(second, **fields)
    change(number, status="needs_reconnect")
    asked(number, agent, worker, "Hola")
    worker.run()

    assert [phone for phone, _text in carriers(graph)] == [number.phone_number_id]


def test_a_file_a_choice_and_a_quote_leave_as_what_they_are(
    number: Number, agent: Agent, worker: Worker, graph: GraphFake, ana: Person
) -> None:
    wamid = number.says("hola")
    worker.run()
    with tenant_context(number.tenant):
        chat = locked(number.conversation().pk)
        assert chat is not None
        outbound.send_as_person(conversation=chat, text="Claro", by=ana.actor, user=ana.user, reply_to=wamid)
        chat = locked(chat.pk)
        assert chat is not None
        said: dict[str, Any] = {"author": "system", "author_name": "Tienda"}
        outbound.queue_text(chat, "¿Cuál?", key="c", payload={"choices": [["s", "Chico"], ["l", "Grande"]]}, **said)
        chat.save()
    worker.run()

    bodies = [entry["body"] for entry in graph.sends]
    assert [body["type"] for body in bodies] == ["text", "interactive"]
    assert bodies[0]["context"] == {"message_id": wamid}
    titles = [button["reply"]["title"] for button in bodies[1]["interactive"]["action"]["buttons"]]
    assert titles == ["Chico", "Grande"]


def test_the_words_of_a_closed_window_name_the_app(number: Number, agent: Agent, worker: Worker, clock: Clock) -> None:
    number.says("hola")
    with tenant_context(number.tenant):
        Conversation.objects.update(channel_source="instagram")
    clock.forward(25 * 3600)
    chat = number.conversation()
    with pytest.raises(Invalid, match="Instagram"):
        outbound.refuse_outside_window(chat)
    outbound.refuse_outside_window(chat, by_person=True)


def test_a_customer_is_told_that_they_were_read_when_the_answer_begins(
    number: Number, agent: Agent, worker: Worker, graph: GraphFake
) -> None:
    change(number, status="connected")
    wamid = number.says("hola")
    worker.run()

    assert [(read["message_id"], "typing_indicator" in read) for read in graph.reads] == [(wamid, True)]


def test_not_being_able_to_tell_stands_in_nobodys_way(
    number: Number, agent: Agent, worker: Worker, clock: Clock, graph: GraphFake
) -> None:
    number.says("hola")
    chat = number.conversation().pk
    graph.tokens = set()
    assert reading.tell(tenant=number.tenant, conversation_id=chat, typing=True) is False

    graph.tokens = None
    change(number, failures=6, resting_until=clock.at + timedelta(hours=1))
    assert reading.tell(tenant=number.tenant, conversation_id=chat) is False
    change(number, failures=0, resting_until=None)
    assert reading.tell(tenant=number.tenant, conversation_id=chat) is True
