"""When the agent's turn comes, what it reads, and when it loses it."""

from datetime import timedelta

import pytest

from config.lib.errors import Invalid
from crm.models import Contact
from messaging.models import Conversation, Message
from messaging.services import takeover, turns
from messaging.services.conversations import locked, set_status
from messaging.services.turns import Turn
from tenants.context import tenant_context
from tests.fakes import graph_events as wire
from tests.messaging.services.saying import BY, Agent, Clock, Number, Worker


def test_a_burst_of_five_is_one_turn_that_reads_all_of_it(number: Number, agent: Agent, worker: Worker) -> None:
    for body in ("hola", "una", "consulta", "por las", "remeras"):
        number.says(body)
        worker.run(seconds=2)
    worker.run()

    (turn,) = agent.turns
    with tenant_context(number.tenant):
        read = Message.objects.filter(
            conversation=number.conversation(), direction="in", sequence__lte=turn.upto_sequence
        ).order_by("sequence")
        assert [message.text for message in read] == ["hola", "una", "consulta", "por las", "remeras"]


def test_the_turn_waits_for_the_quiet_time_after_the_last_message(
    number: Number, agent: Agent, worker: Worker, clock: Clock
) -> None:
    began = clock.at
    number.says("hola")
    clock.forward(10)
    number.says("¿están?")
    worker.run()

    assert len(agent.turns) == 1
    assert 26 <= (clock.at - began).total_seconds() < 27


def test_a_customer_who_never_stops_is_answered_at_the_cap(
    number: Number, agent: Agent, worker: Worker, clock: Clock
) -> None:
    began, taken = clock.at, []
    agent.thinking = lambda turn: taken.append((clock.at - began).total_seconds())
    for index in range(12):
        number.says(f"parte {index}")
        worker.run(seconds=5)
        clock.at = began + timedelta(seconds=5 * (index + 1))

    assert taken
    assert 45 <= taken[0] < 46


def test_a_reply_that_could_not_wait_says_what_it_answers(
    number: Number, agent: Agent, worker: Worker, clock: Clock
) -> None:
    agent.thinking, agent.reply = lambda turn: len(agent.turns) == 1 and number.says("¿y en azul?"), "Sí."
    for _each in range(5):
        number.says("remeras")
        clock.forward(10)
    worker.run()

    assert agent.outcomes == ["queued", "queued"]
    assert [turn.upto_sequence for turn in agent.turns] == [5, 6]
    assert [row.payload.get("answers") for row in number.messages(direction="out")] == [5, None]


def test_messages_that_come_while_the_agent_thinks_replace_its_answer(
    number: Number, agent: Agent, worker: Worker
) -> None:
    def writes_on(turn: Turn) -> None:
        if len(agent.turns) == 1:
            number.says("y en azul?")

    agent.thinking, agent.reply = writes_on, "Sí, tenemos."
    number.says("tienen remeras?")
    worker.run()

    assert agent.outcomes == ["superseded", "queued"]
    assert agent.turns[1].upto_sequence == 2
    assert number.texts(direction="out") == ["Sí, tenemos."]


def test_two_wake_ups_give_one_turn(number: Number, agent: Agent, worker: Worker, clock: Clock) -> None:
    number.says("hola")
    clock.forward(20)
    with tenant_context(number.tenant):
        first = turns.begin(number.conversation().pk)
        second = turns.begin(number.conversation().pk)

    assert first is not None
    assert second is None


def test_a_worker_that_died_is_replaced_and_its_late_answer_is_refused(
    number: Number, agent: Agent, worker: Worker, clock: Clock
) -> None:
    number.says("hola")
    clock.forward(20)
    with tenant_context(number.tenant):
        dead = turns.begin(number.conversation().pk)
        assert dead is not None
        assert turns.due_ids() == []
    clock.forward(turns.LEASE.total_seconds() + 1)
    with tenant_context(number.tenant):
        assert turns.due_ids() == [dead.conversation_id]
        alive = turns.begin(dead.conversation_id)
    assert alive is not None

    assert agent.answer(number.tenant, dead, "tarde") == "lost"
    assert agent.answer(number.tenant, alive, "a tiempo") == "queued"
    assert agent.answer(number.tenant, alive, "otra vez") == "lost"
    assert number.texts(direction="out") == ["a tiempo"]


def test_a_lost_wake_up_is_found_by_the_sweep(number: Number, agent: Agent, worker: Worker, clock: Clock) -> None:
    number.says("hola")
    worker.queued.clear()
    clock.forward(20)
    with tenant_context(number.tenant):
        assert turns.due_ids() == [number.conversation().pk]


@pytest.mark.parametrize(
    "silent",
    [
        lambda wamid: wire.reaction(wamid),
        lambda wamid: wire.reaction(wamid, None),
        lambda wamid: wire.unsupported(),
        lambda wamid: wire.system(),
        lambda wamid: wire.request_welcome(),
        lambda wamid: wire.text("en el grupo", group_id="120363@g.us"),
    ],
    ids=["reaction", "reaction removed", "unsupported", "system", "opened the chat", "group"],
)
def test_what_asks_for_nothing_starts_no_turn(number: Number, agent: Agent, worker: Worker, silent: object) -> None:
    agent.reply = "Sí."
    wamid = number.says("hola")
    worker.run()
    number.sends(silent(wamid))  # type: ignore[operator]
    worker.run()

    assert len(agent.turns) == 1
    assert number.conversation().reply_due_at is None


def test_somebody_who_asked_not_to_be_written_to_gets_no_turn(number: Number, agent: Agent, worker: Worker) -> None:
    number.says("hola")
    with tenant_context(number.tenant):
        Contact.objects.update(opted_out_at=worker.clock.at)
    worker.run()

    assert agent.turns == []
    assert number.conversation().reply_due_at is None


def test_closing_the_conversation_withdraws_the_turn(number: Number, agent: Agent, worker: Worker) -> None:
    number.says("gracias, chau")
    with tenant_context(number.tenant):
        set_status(conversation=locked(number.conversation().pk), status="closed", by=BY)
    worker.run()

    assert agent.turns == []


def test_a_turn_that_breaks_is_tried_twice_more_and_then_given_to_people(
    number: Number, agent: Agent, worker: Worker
) -> None:
    said: list[str] = []

    def breaks(turn: Turn) -> None:
        with tenant_context(number.tenant):
            said.append(
                turns.fail(conversation_id=turn.conversation_id, token=turn.token, reason="sin conexión", by=BY)
            )

    agent.thinking = breaks
    number.says("hola")
    worker.run()

    assert said == ["retry", "retry", "handed_off"]
    conversation = number.conversation()
    assert conversation.mode == "human"
    assert "sin conexión" in conversation.mode_reason
    assert number.messages(kind="note")


def test_a_turn_that_needs_no_answer_is_given_back(number: Number, agent: Agent, worker: Worker) -> None:
    def silent(turn: Turn) -> None:
        with tenant_context(number.tenant):
            assert turns.close_silently(conversation_id=turn.conversation_id, token=turn.token)

    agent.thinking = silent
    number.says("👍")
    worker.run()

    conversation = number.conversation()
    assert len(agent.turns) == 1
    assert (conversation.reply_due_at, conversation.turn_token) == (None, None)


def test_an_answer_without_words_is_refused(number: Number, agent: Agent, worker: Worker) -> None:
    number.says("hola")
    worker.run()
    with pytest.raises(Invalid):
        agent.answer(number.tenant, agent.turns[0], " \x00 \n")
    with tenant_context(number.tenant):
        assert Conversation.objects.get().turn_token == agent.turns[0].token


def test_a_takeover_by_time_ends_when_the_customer_writes_after_it(
    number: Number, agent: Agent, worker: Worker, clock: Clock
) -> None:
    agent.reply = "De nuevo yo."
    number.says("hola")
    with tenant_context(number.tenant):
        takeover.take_over(conversation=locked(number.conversation().pk), by=BY, hours=1)
    clock.forward(3601)
    number.says("¿siguen ahí?")
    worker.run()

    assert number.conversation().mode == "ai"
    assert number.texts(direction="out") == ["De nuevo yo."]


def test_what_was_added_past_a_reply_is_a_burst_of_its_own(
    number: Number, agent: Agent, worker: Worker, clock: Clock
) -> None:
    agent.thinking, agent.reply = lambda turn: len(agent.turns) == 1 and number.says("¿y en azul?"), "Sí."
    for _each in range(5):
        number.says("remeras")
        clock.forward(10)
    worker.run(seconds=20)
    assert len(agent.turns) == 1
    clock.forward(10)
    number.says("¿o en verde?")
    worker.run()

    assert [turn.upto_sequence for turn in agent.turns] == [5, 8]
