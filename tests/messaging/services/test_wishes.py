"""Left alone when they say so, answered when they ask, and blocked people stay unheard but kept."""

from datetime import timedelta

import pytest

from config.lib.errors import AppError, Conflict, Invalid
from crm.models import Consent, Contact, Lead
from crm.services import blocking, consents
from messaging.models import Message
from messaging.services import templates
from messaging.services.conversations import locked
from messaging.services.relay import Relayed, relay
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tests.fakes import graph_events as wire
from tests.fakes.graph import GraphFake
from tests.messaging.services.saying import ANA, Agent, Clock, Number, Worker
from tests.support.cast import Person

BY = Actor.system("Prueba")
TEMPLATE = {"name": "promo", "language": "es_AR", "components": []}


def send(number: Number, **what: object) -> Relayed:
    with tenant_context(number.tenant):
        return relay(by=BY, user=None, channel_source="whatsapp", to=f"+{ANA}", **what)  # type: ignore[arg-type]


def contact_of(number: Number) -> Contact:
    with tenant_context(number.tenant):
        return Contact.objects.get(phone=f"+{ANA}")


@pytest.fixture
def known(number: Number, agent: Agent, worker: Worker, clock: Clock) -> Number:
    agent.reply = "Hola, ¿en qué ayudo?"
    number.says("hola", timestamp=clock.stamp())
    worker.run()
    clock.forward(60)
    return number


def test_baja_is_confirmed_once_and_starts_no_turn(
    known: Number, agent: Agent, worker: Worker, clock: Clock, graph: GraphFake
) -> None:
    for _again in range(2):
        known.says("BAJA", timestamp=clock.stamp())
        worker.run()
        clock.forward(60)

    assert len(agent.turns) == 1
    assert [entry["text"] for entry in graph.sends][1:] == [
        "Listo, no le vamos a escribir más. Para volver a recibir, responder ALTA."
    ]
    assert "El contacto pidió no recibir mensajes." in known.texts(kind="note")
    assert known.conversation().waiting_since is None
    with tenant_context(known.tenant):
        contact = Contact.objects.get()
        assert contact.opted_out_at is not None
        held = consents.current(contact)
        assert {row.granted for row in held.values() if row} == {False}
        assert Consent.objects.filter(source="Escribió «BAJA»").count() == 3


def test_the_button_of_a_template_counts_as_words(known: Number, clock: Clock) -> None:
    message = wire.text("", timestamp=clock.stamp())
    message.pop("text")
    message |= {"type": "button", "button": {"text": "STOP", "payload": "STOP"}}
    known.sends(message)
    assert contact_of(known).opted_out_at is not None


def test_what_waited_to_be_sent_is_withdrawn(known: Number, agent: Agent, worker: Worker, clock: Clock) -> None:
    known.says("¿precio?", timestamp=clock.stamp())

    def they_stop(_turn: object) -> None:
        known.says("no me escriban más", timestamp=clock.stamp())

    agent.thinking, agent.reply = they_stop, "Sale 100"
    worker.run()
    assert agent.outcomes[-1] == "lost"
    assert "Sale 100" not in known.texts(direction="out")


def test_alta_takes_it_back(known: Number, worker: Worker, clock: Clock, graph: GraphFake, agent: Agent) -> None:
    known.says("alta", timestamp=clock.stamp())  # an ordinary word while nothing was refused
    worker.run()
    assert len(agent.turns) == 2
    for word in ("stop", "ALTA"):
        clock.forward(60)
        known.says(word, timestamp=clock.stamp())
        worker.run()
    assert graph.sends[-1]["text"] == "Listo, vuelve a recibir nuestros mensajes."
    assert contact_of(known).opted_out_at is None
    assert send(known, text="Novedades").message_ids


def test_who_opted_out_and_asks_something_is_answered(
    known: Number, agent: Agent, worker: Worker, clock: Clock, graph: GraphFake
) -> None:
    known.says("stop", timestamp=clock.stamp())
    worker.run()
    clock.forward(3600)
    agent.reply = "Abrimos a las 9."
    known.says("¿a qué hora abren?", timestamp=clock.stamp())
    worker.run()
    assert graph.sends[-1]["text"] == "Abrimos a las 9."
    assert send(known, text="Y cerramos a las 18.").message_ids  # it answers, too
    assert contact_of(known).opted_out_at is not None


@pytest.mark.parametrize("hours", [0, 25])
def test_nothing_unasked_reaches_who_opted_out(known: Number, clock: Clock, hours: int) -> None:
    known.says("stop", timestamp=clock.stamp())
    clock.forward(hours * 3600 + 1)
    for what in ({"text": "Oferta"}, {"template": TEMPLATE}):
        with pytest.raises(Invalid) as refused:
            send(known, **what)
        assert refused.value.code == "opted_out"


def test_who_says_it_again_is_left_alone_again(known: Number, worker: Worker, clock: Clock) -> None:
    for _again in range(2):
        known.says("stop", timestamp=clock.stamp())
        worker.run()
        clock.forward(3600)
        with pytest.raises(Invalid) as refused:
            send(known, text="Oferta")
        assert refused.value.code == "opted_out"


def test_a_template_is_refused_also_while_they_write(known: Number, clock: Clock) -> None:
    known.says("stop", timestamp=clock.stamp())
    clock.forward(60)
    known.says("una pregunta", timestamp=clock.stamp())
    with pytest.raises(Invalid, match="no recibir"):
        send(known, template=TEMPLATE)


@pytest.mark.parametrize(("wish", "code"), [("opted out", "opted_out"), ("blocked", "blocked")])
def test_a_persons_template_does_not_reach_them_either(
    known: Number, worker: Worker, clock: Clock, graph: GraphFake, ana: Person, wish: str, code: str
) -> None:
    def said(key: str) -> Message:
        with tenant_context(known.tenant):
            chat = locked(known.conversation().pk)
            assert chat is not None
            return templates.send_made(
                conversation=chat, template=TEMPLATE, text="Oferta", by=ana.actor, user=ana.user, key=key
            )[0]

    sent, waiting = len(graph.sends), said("person:1")
    with tenant_context(known.tenant):
        if wish == "blocked":
            blocking.block(contact=Contact.objects.get(), reason="", by=BY)
        else:
            consents.opt_out(contact=Contact.objects.get(), by=BY, source="Prueba", at=clock.at)
    worker.run()
    (row,) = known.messages(pk=waiting.pk)
    assert (row.status, row.error_code, len(graph.sends)) == ("cancelled", code, sent)

    with pytest.raises(AppError) as refused:
        said("person:2")
    assert refused.value.code == code
    assert said("person:1").pk == waiting.pk  # a repetition is answered


def test_a_stranger_who_begins_with_stop_makes_no_lead(number: Number, worker: Worker, agent: Agent) -> None:
    number.says("STOP")
    worker.run()
    with tenant_context(number.tenant):
        assert not Lead.objects.exists()
    assert agent.turns == []


@pytest.fixture
def blocked(known: Number) -> Number:
    with tenant_context(known.tenant):
        blocking.block(contact=Contact.objects.get(), reason="Insultos", by=BY)
        Lead.objects.all().delete()
    return known


def test_what_a_blocked_person_writes_is_kept_but_wakes_nobody(
    blocked: Number, agent: Agent, worker: Worker, clock: Clock, graph: GraphFake
) -> None:
    sent, read = len(graph.sends), blocked.conversation().unread_count
    blocked.says("respondan ya", timestamp=clock.stamp())
    worker.run()
    assert "respondan ya" in blocked.texts(direction="in")
    conversation = blocked.conversation()
    assert (conversation.waiting_since, conversation.reply_due_at) == (None, None)
    assert conversation.unread_count == read
    assert (len(graph.sends), len(agent.turns)) == (sent, 1)
    with tenant_context(blocked.tenant):
        assert not Lead.objects.exists()
    with pytest.raises(Conflict) as refused:
        send(blocked, text="Hola")
    assert refused.value.code == "blocked"


def test_a_turn_that_was_due_ends_with_the_block(known: Number, agent: Agent, worker: Worker, clock: Clock) -> None:
    known.says("¿precio?", timestamp=clock.stamp())
    with tenant_context(known.tenant):
        blocking.block(contact=Contact.objects.get(), reason="", by=BY)
    worker.run()
    assert len(agent.turns) == 1
    assert known.conversation().reply_due_at is None


def test_who_is_unblocked_is_answered_again(blocked: Number, agent: Agent, worker: Worker, clock: Clock) -> None:
    with tenant_context(blocked.tenant):
        blocking.unblock(contact=Contact.objects.get(), by=BY)
    blocked.says("hola de nuevo", timestamp=clock.stamp())
    worker.run()
    assert len(agent.turns) == 2
    with tenant_context(blocked.tenant):
        assert Lead.objects.count() == 1


def test_the_window_of_a_wish_is_the_messages_own_time(known: Number, clock: Clock, graph: GraphFake) -> None:
    late = clock.at - timedelta(hours=30)
    known.says("BAJA", timestamp=str(int(late.timestamp())))
    assert contact_of(known).opted_out_at is not None
