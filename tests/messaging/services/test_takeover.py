"""While a person has the chat the agent is silent; the handover's last words are the one exception."""

import pytest

from config.lib.errors import Invalid
from messaging.services import outbound, takeover
from messaging.services.conversations import assign, locked
from messaging.services.turns import Turn
from messaging.views import thread
from tenants.context import tenant_context
from tenants.live.models import LiveEvent
from tenants.models import Membership
from tests.fakes.graph import GraphFake
from tests.messaging.services.saying import ANA, BY, Agent, Clock, Number, Worker
from tests.support.cast import Person


def take(number: Number, person: Person, **more: object) -> None:
    with tenant_context(number.tenant):
        row = locked(number.conversation().pk)
        takeover.take_over(conversation=row, by=person.actor, user=person.user, **more)  # type: ignore[arg-type]


def give_back(number: Number, person: Person, **more: str) -> None:
    with tenant_context(number.tenant):
        takeover.release(conversation=locked(number.conversation().pk), by=person.actor, **more)  # type: ignore[arg-type]


def test_taken_over_while_the_agent_thinks_nothing_leaves(
    number: Number, agent: Agent, worker: Worker, graph: GraphFake, ana: Person
) -> None:
    agent.thinking, agent.reply = lambda turn: take(number, ana), "Ya te ayudo."
    number.says("hola")
    worker.run()

    assert agent.outcomes == ["taken_over"]
    assert graph.sends == []
    assert number.out() == []


def test_taken_over_before_the_turn_began_there_is_no_turn(
    number: Number, agent: Agent, worker: Worker, ana: Person
) -> None:
    number.says("hola")
    take(number, ana)
    number.says("¿me atienden?")
    worker.run()

    assert agent.turns == []
    assert number.conversation().unread_count == 2


def test_given_back_the_next_customer_message_is_answered(
    number: Number, agent: Agent, worker: Worker, graph: GraphFake, ana: Person
) -> None:
    agent.reply = "Te sigo ayudando yo."
    number.says("hola")
    take(number, ana)
    worker.run()
    give_back(number, ana)
    worker.run()
    assert agent.turns == []

    number.says("¿y el envío?")
    worker.run()
    assert [entry["text"] for entry in graph.sends] == ["Te sigo ayudando yo."]


def test_taken_and_given_back_while_the_agent_thinks_its_old_answer_is_refused(
    number: Number, agent: Agent, worker: Worker, ana: Person
) -> None:
    def back_and_forth(turn: Turn) -> None:
        take(number, ana)
        give_back(number, ana)

    agent.thinking, agent.reply = back_and_forth, "respuesta vieja"
    number.says("hola")
    worker.run()

    assert agent.outcomes == ["lost"]
    assert number.out() == []


def test_a_person_who_answers_takes_the_chat_and_their_text_stays_whole(
    number: Number, agent: Agent, worker: Worker, graph: GraphFake, ana: Person
) -> None:
    number.says("hola")
    text = "Párrafo uno.\n\n" + "palabra " * 100
    with tenant_context(number.tenant):
        rows = outbound.send_as_person(
            conversation=number.conversation(), text=text, by=ana.actor, user=ana.user, idempotency_key="k1"
        )
        again = outbound.send_as_person(
            conversation=number.conversation(), text=text, by=ana.actor, user=ana.user, idempotency_key="k1"
        )
    worker.run()

    assert [row.pk for row in rows] == [row.pk for row in again]
    assert [entry["text"] for entry in graph.sends] == [text.strip()]
    conversation = number.conversation()
    assert (conversation.mode, conversation.assignee_id, conversation.unread_count) == ("human", ana.user.pk, 0)
    assert agent.turns == []


def test_a_long_key_of_a_caller_is_a_key_too(number: Number, worker: Worker, graph: GraphFake, ana: Person) -> None:
    number.says("hola")
    with tenant_context(number.tenant):
        for key in ("k" * 500 + "1", "k" * 500 + "2", "k" * 500 + "1"):
            outbound.send_as_person(
                conversation=number.conversation(), text=key[-1], by=ana.actor, user=ana.user, idempotency_key=key
            )
    worker.run()

    assert [entry["text"] for entry in graph.sends] == ["1", "2"]


def test_answering_from_the_phone_takes_the_chat(
    number: Number, agent: Agent, worker: Worker, graph: GraphFake
) -> None:
    agent.reply = "Hola.\n\n¿Qué buscás?"
    number.says("hola")
    worker.run(seconds=17)
    number.echoes("Yo la atiendo")
    worker.run()

    conversation = number.conversation()
    assert conversation.mode == "human"
    assert [entry["text"] for entry in graph.sends] == ["Hola."]
    echo = number.messages(text="Yo la atiendo")[0]
    assert (echo.direction, echo.author, echo.status) == ("out", "user", "sent")
    assert number.conversation().assignee is None


def test_our_own_message_coming_back_is_no_person(
    number: Number, agent: Agent, worker: Worker, graph: GraphFake
) -> None:
    agent.reply = "Hola."
    number.says("hola")
    worker.run()
    number.echoes("Hola.", id=graph.sends[0]["id"])

    assert number.conversation().mode == "ai"
    assert number.texts(direction="out") == ["Hola."]


def test_our_own_message_coming_back_while_it_is_being_sent_waits(
    number: Number, agent: Agent, worker: Worker, clock: Clock
) -> None:
    from messaging.services import delivery

    number.says("hola")
    worker.run()
    agent.answer(number.tenant, agent.turns[0], "Hola.")
    with tenant_context(number.tenant):
        delivery._claim(number.tenant, number.conversation().pk)
    event = number.echoes("Hola.", id="wamid.ours")
    assert event.state == "received"
    assert number.conversation().mode == "ai"

    clock.forward(delivery.STALE.total_seconds() + 1)
    with tenant_context(number.tenant):
        delivery.settle_stale(clock.at)
    number.echoes("Hola.", id="wamid.ours", again="yes")
    (row,) = number.messages(direction="out")
    assert (row.status, row.provider_message_id) == ("sent", "wamid.ours")
    assert number.conversation().mode == "ai"


def test_an_echo_to_somebody_new_opens_a_chat_without_a_lead(number: Number, worker: Worker) -> None:
    number.echoes("Buenas, le escribo de Acme", to="5491155559999")

    conversation = number.conversation()
    assert (conversation.address, conversation.mode) == ("5491155559999", "human")
    with tenant_context(number.tenant):
        assert not conversation.contact.leads.exists()


def test_the_agents_goodbye_leaves_and_nothing_after_it(
    number: Number, agent: Agent, worker: Worker, graph: GraphFake
) -> None:
    def hands_over(turn: Turn) -> None:
        with tenant_context(number.tenant):
            takeover.hand_off(
                conversation=locked(turn.conversation_id),
                reason="Pidió una persona\x00",
                summary="Quiere remeras.",
                by=BY,
                turn_token=turn.token,
            )

    agent.thinking, agent.reply = hands_over, "Te paso con una persona."
    number.says("quiero hablar con alguien")
    worker.run()

    assert [entry["text"] for entry in graph.sends] == ["Te paso con una persona."]
    conversation = number.conversation()
    assert (conversation.mode, conversation.mode_reason) == ("human", "Pidió una persona")
    assert conversation.waiting_since is not None
    assert [note.text for note in number.messages(kind="note")] == ["Quiere remeras."]
    with tenant_context(number.tenant):
        assert LiveEvent.objects.filter(type="HANDOFF", data__to="human").exists()

    number.says("¿hola?")
    worker.run()
    assert len(agent.turns) == 1


def test_the_goodbye_leaves_also_when_the_customer_goes_on_writing(
    number: Number, agent: Agent, worker: Worker, graph: GraphFake
) -> None:
    def hands_over(turn: Turn) -> None:
        with tenant_context(number.tenant):
            takeover.hand_off(
                conversation=locked(turn.conversation_id), reason="Pidió una persona", by=BY, turn_token=turn.token
            )

    agent.thinking, agent.reply = hands_over, "Te paso con una persona.\n\nGracias por esperar."
    number.says("una persona por favor")
    worker.run(seconds=17)
    number.says("es urgente")
    worker.run()

    assert [entry["text"] for entry in graph.sends] == ["Te paso con una persona.", "Gracias por esperar."]


def test_the_goodbye_is_withdrawn_when_a_person_is_there_already(
    number: Number, agent: Agent, worker: Worker, graph: GraphFake, ana: Person
) -> None:
    def hands_over(turn: Turn) -> None:
        with tenant_context(number.tenant):
            takeover.hand_off(
                conversation=locked(turn.conversation_id), reason="Pidió una persona", by=BY, turn_token=turn.token
            )
        take(number, ana)

    agent.thinking, agent.reply = hands_over, "Te paso con una persona."
    number.says("una persona por favor")
    worker.run()

    assert graph.sends == []
    assert agent.outcomes == ["taken_over"]


def test_a_takeover_ends_by_itself(number: Number, worker: Worker, clock: Clock, ana: Person) -> None:
    number.says("hola")
    take(number, ana, hours=2)
    clock.forward(7201)
    with tenant_context(number.tenant):
        assert takeover.release_overdue(clock.at) == 1

    assert number.conversation().mode == "ai"


def test_the_companys_own_hours_count_when_none_are_named(number: Number, clock: Clock, ana: Person) -> None:
    number.says("hola")
    take(number, ana)

    until = number.conversation().human_override_until
    assert until is not None
    assert (until - clock.at).total_seconds() == 24 * 3600


@pytest.mark.parametrize("hours", [0, -1, 9000, float("nan")])
def test_senseless_hours_are_refused(number: Number, ana: Person, hours: float) -> None:
    number.says("hola")
    with pytest.raises(Invalid):
        take(number, ana, hours=hours)


def test_another_persons_text_in_a_group_does_not_take_the_chat(number: Number) -> None:
    number.says("hola")
    number.echoes("para todos", to=ANA, group_id="120363@g.us")

    assert number.conversation().mode == "ai"


def test_a_persons_very_long_text_is_cut_only_where_whatsapp_must_and_nothing_is_lost(
    number: Number, worker: Worker, graph: GraphFake, ana: Person
) -> None:
    number.says("hola")
    text = "Un párrafo corto 👋.\n\n" * 480
    with tenant_context(number.tenant):
        outbound.send_as_person(conversation=number.conversation(), text=text, by=ana.actor, user=ana.user)
    worker.run()

    assert len(graph.sends) == 3
    assert " ".join(entry["text"] for entry in graph.sends).split() == text.split()


def test_what_was_agreed_stands_in_the_thread_and_never_leaves(
    number: Number, worker: Worker, graph: GraphFake, ana: Person
) -> None:
    number.says("hola")
    take(number, ana)
    give_back(number, ana, brief=" Va el martes, con 10 % de descuento.\x00 ")
    worker.run()

    (line,) = number.messages(kind="note")
    assert (line.text, line.author_name) == ("Va el martes, con 10 % de descuento.", ana.actor.label)
    assert line.cause == f"Chat devuelto a la IA: {ana.actor.label}"
    assert graph.sends == []
    assert number.conversation().mode == "ai"


def test_too_much_of_what_was_agreed_is_refused_and_the_chat_stays(number: Number, ana: Person) -> None:
    number.says("hola")
    take(number, ana)
    with pytest.raises(Invalid):
        give_back(number, ana, brief="x" * (takeover.LONGEST_BRIEF + 1))
    assert number.conversation().mode == "human"


def test_whoever_answers_from_the_phone_is_not_the_one_it_is_assigned_to(number: Number, ana: Person) -> None:
    number.says("hola")
    take(number, ana)
    assert holder(number, ana) == "La atiende Ana"
    number.echoes("Yo mismo, desde el teléfono")
    assert holder(number, ana) == "La atiende Ana"  # who has it may write from wherever they are

    give_back(number, ana)
    number.echoes("Le escribo del negocio")
    assert number.conversation().assignee == ana.user
    assert holder(number, ana) == "La atiende alguien desde el teléfono"
    assert holder(number, ana, "act") == "take"

    take(number, ana)
    assert holder(number, ana) == "La atiende Ana"


def test_named_by_a_person_the_assignee_has_what_was_answered_from_the_phone(number: Number, ana: Person) -> None:
    number.says("hola")
    number.echoes("Le escribo del negocio")
    with tenant_context(number.tenant):
        assign(conversation=locked(number.conversation().pk), user=ana.user, by=BY)  # type: ignore[arg-type]
    assert holder(number, ana) == "La atiende Ana"


def holder(number: Number, person: Person, part: str = "words") -> str:
    with tenant_context(number.tenant):
        member = Membership.objects.get(tenant=number.tenant, user=person.user)
        return str(getattr(thread.holder_of(number.conversation(), member), part))
