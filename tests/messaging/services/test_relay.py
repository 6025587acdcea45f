"""The one door for what integrations send."""

import pytest

from config.lib.errors import Conflict, Invalid, NotFound
from crm.models import Contact
from messaging.models import Conversation, Message
from messaging.services import outbound, takeover
from messaging.services.conversations import locked
from messaging.services.relay import Relayed, relay
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tests.fakes.graph import GraphFake
from tests.messaging.services.saying import ANA, Agent, Clock, Number, Worker, make_number
from tests.support.cast import Person

SHOP = Actor("system", "", "Tienda")
THREE = "uno\n\ndos\n\ntres"


def send(number: Number, **what: object) -> Relayed:
    with tenant_context(number.tenant):
        return relay(by=SHOP, user=None, **{"channel_source": "whatsapp", **what})  # type: ignore[arg-type]


@pytest.fixture
def known(number: Number, agent: Agent, worker: Worker) -> Number:
    number.says("hola")
    return number


def test_a_long_text_leaves_as_bubbles(known: Number, worker: Worker, graph: GraphFake) -> None:
    text = "Su pedido 123 salió. " * 40
    done = send(known, to=f"+{ANA}", text=text)
    worker.run()

    assert len(done.message_ids) == len(graph.sends) == 3
    assert " ".join(entry["text"] for entry in graph.sends).split() == text.split()
    assert {row.author for row in known.messages(direction="out")} == {"system"}


def test_the_same_correlation_is_sent_once(known: Number, worker: Worker, graph: GraphFake) -> None:
    first = send(known, to=f"+{ANA}", text="Salió", correlation_id="pedido-123")
    second = send(known, to=f"+{ANA}", text="Salió", correlation_id="pedido-123")
    worker.run()

    assert first == second
    assert len(graph.sends) == 1


def test_a_correlation_that_only_begins_alike_is_another_one(known: Number, worker: Worker, graph: GraphFake) -> None:
    file = {"kind": "audio", "link": "https://tienda.example/nota.mp3"}
    send(known, to=f"+{ANA}", text="Oír", media=file, correlation_id="pedido-7")
    for correlation in ("pedido-7:aviso", "pedido-7:text", "pedido-7:0", "pedido-7:aviso", "pedido"):
        send(known, to=f"+{ANA}", text=correlation, correlation_id=correlation)
    send(known, to=f"+{ANA}", text="Oír", media=file, correlation_id="pedido-7")
    worker.run()

    texts = [entry["text"] for entry in graph.sends if entry["kind"] == "text"]
    assert texts == ["Oír", "pedido-7:aviso", "pedido-7:text", "pedido-7:0", "pedido"]
    assert len(graph.sends) == len(texts) + 1


def test_a_repetition_is_answered_also_after_the_window_closed(known: Number, clock: Clock) -> None:
    first = send(known, to=f"+{ANA}", text="Salió", correlation_id="pedido-123")
    clock.forward(25 * 3600)

    assert send(known, to=f"+{ANA}", text="Salió", correlation_id="pedido-123") == first


def test_a_typed_number_finds_the_chat_under_whatsapps_form_of_it(
    known: Number, worker: Worker, graph: GraphFake
) -> None:
    send(known, to="011 15 5555-1111", text="Hola")
    send(known, to="+54 11 5555 1111", text="Hola de nuevo")
    worker.run()

    assert {entry["to"] for entry in graph.sends} == {ANA}
    with tenant_context(known.tenant):
        assert Conversation.objects.count() == Contact.objects.count() == 1


def test_several_channels_that_fit_are_a_question_not_a_guess(known: Number) -> None:
    second = make_number(known.tenant, phone_number_id="222", name="Segundo")
    with pytest.raises(Conflict):
        send(known, to=f"+{ANA}", text="Hola")
    second.says("hola", sender="5491155554444")

    assert send(known, to="+5491155554444", text="Hola", channel=str(second.channel.pk)).message_ids


def test_outside_the_window_only_a_template_is_taken(
    known: Number, worker: Worker, clock: Clock, graph: GraphFake
) -> None:
    clock.forward(25 * 3600)
    with pytest.raises(Invalid) as refused:
        send(known, to=f"+{ANA}", text="Hola")
    assert refused.value.code == "window_closed"

    send(known, to=f"+{ANA}", template={"name": "aviso", "language": "es_AR"})
    worker.run()
    assert graph.sends[-1]["body"]["template"]["language"] == {"code": "es_AR"}


def test_a_refusal_to_somebody_new_leaves_nobody_behind(known: Number) -> None:
    with pytest.raises(Invalid):
        send(known, to="+5491155558888", text="Hola")

    with tenant_context(known.tenant):
        assert Contact.objects.count() == 1


def test_a_template_reaches_somebody_who_never_wrote(known: Number, worker: Worker, graph: GraphFake) -> None:
    send(known, to="+5491155558888", template={"name": "aviso", "language": "es_AR"})
    worker.run()

    assert graph.sends[-1]["to"] == "5491155558888"


def test_a_file_is_sent_once_with_its_caption(known: Number, worker: Worker, graph: GraphFake) -> None:
    media = {"kind": "image", "link": "https://tienda.example/remera.jpg"}
    send(known, to=f"+{ANA}", text="Esta es", media=media)
    send(known, to=f"+{ANA}", media=media)
    worker.run()

    assert [entry["body"]["image"] for entry in graph.sends] == [
        {"link": "https://tienda.example/remera.jpg", "caption": "Esta es"},
        {"link": "https://tienda.example/remera.jpg"},
    ]


def test_answers_are_offered_under_the_last_bubble_and_the_first_one_quotes(
    known: Number, worker: Worker, graph: GraphFake
) -> None:
    choices = [{"id": "s", "title": "Chico"}, {"id": "l", "title": "Grande"}]
    quoted = known.messages(direction="in")[0].provider_message_id
    send(known, to=f"+{ANA}", text="Hola.\n\n¿Cuál?", choices=choices, reply_to=quoted)
    worker.run()

    first, last = (entry["body"] for entry in graph.sends)
    assert (first["type"], first["context"]["message_id"]) == ("text", quoted)
    assert [each["reply"]["id"] for each in last["interactive"]["action"]["buttons"]] == ["s", "l"]
    assert "context" not in last


def test_words_that_do_not_fit_under_a_file_follow_it(known: Number, worker: Worker, graph: GraphFake) -> None:
    text = "Muy larga. " * 110
    send(known, to=f"+{ANA}", text=text, media={"kind": "image", "link": "https://tienda.example/remera.jpg"})
    worker.run()

    assert [entry["kind"] for entry in graph.sends] == ["image", *["text"] * (len(graph.sends) - 1)]
    assert " ".join(entry["text"] for entry in graph.sends).split() == text.split()


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ({"to": "no es un número", "text": "Hola"}, Invalid),
        ({"to": f"+{ANA}", "text": " "}, Invalid),
        ({"to": f"+{ANA}", "text": "x" * 20_001}, Invalid),
        ({"to": f"+{ANA}", "template": {"name": "aviso"}}, Invalid),
        ({"to": f"+{ANA}", "media": {"kind": "image", "link": "file:///etc/passwd"}}, Invalid),
        ({"to": f"+{ANA}", "media": {"kind": "program", "link": "https://a.example/x"}}, Invalid),
        ({"conversation_id": "no-such", "text": "Hola"}, NotFound),
        ({"to": f"+{ANA}", "text": "Hola", "channel_source": "instagram"}, NotFound),
        ({"external_chatwoot_id": "77", "text": "Hola"}, NotFound),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_queued(
    known: Number, what: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        send(known, **what)

    with tenant_context(known.tenant):
        assert not Message.objects.filter(direction="out").exists()


def test_what_an_integration_sends_does_not_take_the_chat_from_the_agent(known: Number) -> None:
    send(known, to=f"+{ANA}", text="Su pedido salió")

    assert known.conversation().mode == "ai"


# --- what waits when somebody else speaks --------------------------------------------------------------------


def take(number: Number, person: Person) -> None:
    with tenant_context(number.tenant):
        chat = locked(number.conversation().pk)
        assert chat is not None
        takeover.take_over(conversation=chat, by=person.actor, user=person.user)


def reply(number: Number, person: Person, text: str) -> None:
    with tenant_context(number.tenant):
        outbound.send_as_person(conversation=number.conversation(), text=text, by=person.actor, user=person.user)


def states(number: Number) -> list[str]:
    return [status for _text, status in number.out()]


@pytest.mark.parametrize("who", ["person", "customer"])
def test_the_rest_of_a_long_text_is_withdrawn_when_somebody_else_speaks(
    known: Number, worker: Worker, graph: GraphFake, ana: Person, who: str
) -> None:
    send(known, to=f"+{ANA}", text=THREE)
    worker.run(seconds=1)
    if who == "person":
        take(known, ana)
    else:
        known.says("ya entendí")
    worker.run()

    assert [entry["text"] for entry in graph.sends] == ["uno"]
    assert states(known) == ["sent", "cancelled", "cancelled"]
    cause = "Una persona tomó el chat." if who == "person" else "El contacto volvió a escribir."
    assert {row.cause for row in known.messages(status="cancelled")} == {cause}


def test_what_a_person_says_meanwhile_does_not_wait_behind_it(
    known: Number, worker: Worker, clock: Clock, graph: GraphFake, ana: Person
) -> None:
    take(known, ana)
    send(known, to=f"+{ANA}", text=THREE)
    worker.run(seconds=1)
    reply(known, ana, "Lo veo yo")
    at = clock.at
    worker.run()

    assert [entry["text"] for entry in graph.sends] == ["uno", "Lo veo yo"]
    assert known.messages(author="user")[0].sent_at == at


def test_the_words_of_a_file_are_its_rest(known: Number, worker: Worker, graph: GraphFake) -> None:
    file = {"kind": "audio", "link": "https://tienda.example/nota.mp3"}
    send(known, to=f"+{ANA}", text="Esto dice la nota.", media=file)
    worker.run(seconds=1)
    known.says("no puedo oír ahora")
    worker.run()

    assert [entry["kind"] for entry in graph.sends] == ["audio"]
    assert states(known) == ["sent", "cancelled"]


def test_a_notice_of_one_bubble_leaves_although_the_customer_wrote(
    known: Number, worker: Worker, graph: GraphFake, ana: Person
) -> None:
    graph.fail(131016, status=503)
    send(known, to=f"+{ANA}", text="Su pedido salió")
    send(known, to=f"+{ANA}", text="Llega el lunes")
    worker.run(seconds=1)
    known.says("gracias")
    worker.run()
    assert states(known) == ["sent", "sent"]

    take(known, ana)
    graph.fail(131016, status=503)
    send(known, to=f"+{ANA}", text="Cambió: llega el martes")
    worker.run(seconds=1)
    reply(known, ana, "Le aviso yo también")
    worker.run()
    assert [entry["text"] for entry in graph.sends][2:] == ["Cambió: llega el martes", "Le aviso yo también"]


def test_a_person_who_takes_the_chat_withdraws_all_but_templates(
    known: Number, worker: Worker, clock: Clock, graph: GraphFake, ana: Person
) -> None:
    for what in ({"text": "uno"}, {"text": "dos"}, {"template": {"name": "aviso", "language": "es_AR"}}):
        send(known, to=f"+{ANA}", **what)
    worker.run(seconds=1)
    take(known, ana)
    worker.run()

    assert states(known) == ["sent", "cancelled", "sent"]


@pytest.mark.parametrize("who", ["person", "customer"])
def test_a_bubble_in_the_air_is_not_tried_again_when_it_fails(
    known: Number, worker: Worker, graph: GraphFake, ana: Person, who: str
) -> None:
    send(known, to=f"+{ANA}", text=THREE)
    with tenant_context(known.tenant):
        Message.objects.filter(text="uno").update(status="sending")
    if who == "person":
        take(known, ana)
    else:
        known.says("ya entendí")
    with tenant_context(known.tenant):
        # As delivery puts back what the provider would not take yet.
        Message.objects.filter(text="uno").update(status="queued")
        outbound.wake(known.conversation().pk)
    worker.run()
    assert (graph.sends, states(known)) == ([], ["cancelled"] * 3)

    with tenant_context(known.tenant):
        Message.objects.filter(text="uno").update(status="failed")
        outbound.retry_message(message=known.messages(text="uno")[0], by=SHOP)
    worker.run()
    assert [entry["text"] for entry in graph.sends] == ["uno"]  # a person asked for it
