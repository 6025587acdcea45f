"""One company's turns never take all the threads, whatever hangs and however many come at once."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.dispatch import Signal
from django.utils import timezone

from messaging import tasks
from messaging.models import Conversation
from messaging.services import places, turns
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.messaging import make_conversation, make_message
from tests.support.cast import Cast
from tests.support.tasks import Queue, run_task

SHARE = 2
ROW = "01a20029-093d-7364-865d-8d4be7833c9d"


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "AGENT_THREADS", SHARE * places.SHARE)
    monkeypatch.setattr(places, "_held", Counter())
    monkeypatch.setattr(places, "_refused", set())


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, UUID]]]:
    """Turns as they begin; each ends at once, without an answer."""
    told: list[tuple[int, UUID]] = []
    signal = Signal()

    def answer(*, tenant: Tenant, conversation_id: UUID, turn_token: UUID, **_more: object) -> None:
        told.append((tenant.pk, conversation_id))
        with tenant_context(tenant):
            turns.close_silently(conversation_id=conversation_id, token=turn_token)

    signal.connect(answer, weak=False)
    monkeypatch.setattr(tasks, "turn_due", signal)
    return told


def due(tenant: Tenant, many: int) -> list[UUID]:
    """Conversations whose turn is due, the first for longest."""
    ids = []
    with tenant_context(tenant):
        for number in range(many):
            chat = make_conversation()
            message = make_message(conversation=chat)
            since = timezone.now() - timedelta(seconds=many - number)
            Conversation.objects.filter(pk=chat.pk).update(reply_due_at=since, reply_sequence=message.sequence)
            ids.append(chat.pk)
    return ids


def take(tenant: Tenant, conversation_id: UUID) -> None:
    run_task("messaging.tasks.take_turn", tenant_id=tenant.pk, conversation_id=str(conversation_id))


def test_a_company_has_a_quarter_of_the_threads_and_gives_them_back(acme: Tenant, globex: Tenant) -> None:
    with ExitStack() as held:
        assert [held.enter_context(places.place(acme.pk)) for _each in range(3)] == [True, True, False]
        assert held.enter_context(places.place(globex.pk))
    with places.place(acme.pk) as free:
        assert free


def test_work_beside_the_turns_has_smaller_shares_of_its_own(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "AGENT_THREADS", 200)
    assert [places.most(kind) for kind in (places.TURN, places.WORK, places.SUMMARY)] == [50, 25, 5]
    with ExitStack() as held:
        for _each in range(5):
            assert held.enter_context(places.place(acme.pk, places.SUMMARY))
        assert not held.enter_context(places.place(acme.pk, places.SUMMARY))
        assert held.enter_context(places.place(acme.pk)), "no summary stands before a customer"
        assert not places.others_wait(acme.pk)


def test_a_fifth_more_is_for_companies_that_hold_none(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "AGENT_THREADS", 20)
    with ExitStack() as held:
        for number in range(20):
            assert held.enter_context(places.place(-1 - number // 4))
        assert held.enter_context(places.place(acme.pk))
        assert not held.enter_context(places.place(acme.pk))
    with places.place(acme.pk) as free:
        assert free


@pytest.mark.parametrize(
    ("task", "row", "again"),
    [
        ("rehearse", "run_id", 1),
        ("check_cases", "check_id", 1),
        ("try_tool", "trial_id", 1),
        ("perform_act", "act_id", 0),
        ("summarise_chat", "conversation_id", 0),
    ],
)
def test_such_work_without_a_place_waits_and_is_waked_once_more_where_no_sweep_finds_it(
    acme: Tenant, queued: Queue, monkeypatch: pytest.MonkeyPatch, task: str, row: str, again: int
) -> None:
    monkeypatch.setattr(places, "_is_free", lambda *_which: False)
    for _twice in range(2):
        run_task(f"agents.tasks.{task}", tenant_id=acme.pk, **{row: ROW})
    waiting = queued.named(task)
    assert [(each.queue, bool(each.countdown)) for each in waiting] == [("agents", True)] * again


def test_a_place_is_given_back_when_the_turn_breaks(acme: Tenant) -> None:
    for _each in range(5):
        with pytest.raises(RuntimeError), places.place(acme.pk):
            raise RuntimeError
    with places.place(acme.pk) as free:
        assert free


def test_while_a_company_hangs_its_other_turns_wait_and_those_of_others_begin_at_once(
    acme: Tenant, globex: Tenant, heard: list[tuple[int, UUID]]
) -> None:
    flood, (neighbour,) = due(acme, 30), due(globex, 1)
    with ExitStack() as hanging:
        for _each in range(SHARE):
            hanging.enter_context(places.place(acme.pk))
        for chat in flood:
            take(acme, chat)
        take(globex, neighbour)
        assert heard == [(globex.pk, neighbour)]
    with tenant_context(acme):
        assert set(turns.due_ids()) == set(flood), "nothing is lost: the rows stay due"


def test_whoever_ends_a_turn_goes_on_with_those_that_found_no_place_the_oldest_first(
    acme: Tenant, heard: list[tuple[int, UUID]]
) -> None:
    first, *rest = due(acme, 6)
    with ExitStack() as hanging:
        for _each in range(SHARE):
            hanging.enter_context(places.place(acme.pk))
        for chat in rest:
            take(acme, chat)
    assert heard == []
    take(acme, first)
    assert [chat for _company, chat in heard] == [first, *rest]


def test_it_goes_on_for_a_while_only_and_the_sweep_has_the_rest(
    acme: Tenant, heard: list[tuple[int, UUID]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "TURNS_SECONDS", 0.0)
    first, *rest = due(acme, 4)
    with ExitStack() as hanging:
        for _each in range(SHARE):
            hanging.enter_context(places.place(acme.pk))
        take(acme, rest[0])
    take(acme, first)
    assert [chat for _company, chat in heard] == [first]
    with tenant_context(acme):
        assert turns.due_ids() == rest


def test_a_turn_that_nobody_else_waits_for_looks_for_no_other(acme: Tenant, heard: list[tuple[int, UUID]]) -> None:
    first, second = due(acme, 2)
    take(acme, first)
    assert [chat for _company, chat in heard] == [first], "the other has a wake-up of its own"
    take(acme, second)
    assert len(heard) == 2


def test_no_more_than_its_share_at_once_from_many_threads_and_all_of_it_is_answered(
    live_tenants: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, lock, now, most = live_tenants.acme, threading.Lock(), [0], [0]
    signal, done = Signal(), []

    def answer(*, tenant: Tenant, conversation_id: UUID, turn_token: UUID, **_more: object) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        with tenant_context(tenant):
            turns.close_silently(conversation_id=conversation_id, token=turn_token)
        with lock:
            now[0] -= 1
            done.append(conversation_id)

    signal.connect(answer, weak=False)
    monkeypatch.setattr(tasks, "turn_due", signal)
    chats = due(acme, 24)

    def work(mine: list[UUID]) -> None:
        for chat in mine:
            take(acme, chat)
        connection.close()

    threads = [threading.Thread(target=work, args=(chats[start::8],)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for chat in chats:  # the sweep's part: what was sent away after the last look
        take(acme, chat)
    assert most[0] <= SHARE
    assert sorted(done) == sorted(chats), "each once"
