"""A number sends no faster than its provider takes: what is too much waits, each message for a moment of its own."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import redis

from messaging.services import pace
from tests.fakes.graph import GraphFake
from tests.messaging.services.saying import Agent, Clock, Number, Worker

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def channel(db: None, monkeypatch: pytest.MonkeyPatch) -> UUID:
    monkeypatch.setattr(pace, "_own", pace.Buckets())
    return uuid4()


def waits(channel: UUID, many: int, *, now: datetime = NOW, rate: float = 10.0, first: int = 0) -> list[float]:
    return [
        round(pace.wait(channel, message=f"m{number}", per_second=rate, now=now)[0], 3)
        for number in range(first, first + many)
    ]


def test_a_burst_leaves_at_once_and_the_rest_one_after_the_other(channel: UUID) -> None:
    assert waits(channel, 10) == [0, 0, 0, 0, 0, 0, 0.1, 0.2, 0.3, 0.4]


def test_who_was_given_a_moment_keeps_it_and_takes_no_second_place(channel: UUID) -> None:
    waits(channel, 10)
    later = NOW + timedelta(seconds=0.2)

    assert waits(channel, 4, now=later, first=6) == [0, 0, 0.1, 0.2]
    assert waits(channel, 1, now=later, first=10) == [0.3]


def test_no_second_sees_more_than_the_rate_and_its_burst(channel: UUID) -> None:
    at = sorted(waits(channel, 200, rate=50.0))

    for start in at:
        assert sum(start <= each < start + 1 for each in at) <= 50 * (1 + pace.BURST) + 1


def test_channels_do_not_wait_for_each_other(channel: UUID) -> None:
    waits(channel, 50)
    assert waits(uuid4(), 1) == [0]


def test_a_channel_that_is_told_to_slow_down_pauses_also_who_had_a_moment(channel: UUID) -> None:
    waits(channel, 8)
    pace.slow(channel, seconds=4, now=NOW)

    assert waits(channel, 3, first=6) == [4, 4.1, 4.2]
    assert waits(channel, 1, now=NOW + timedelta(seconds=9), first=20) == [0]


def test_without_redis_every_process_keeps_its_own_bucket(channel: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        def eval(self, *_arguments: object) -> None:
            raise redis.ConnectionError

        def set(self, *_arguments: object, **_named: object) -> None:
            raise redis.ConnectionError

    monkeypatch.setattr(pace, "client", Away)

    assert waits(channel, 8) == [0, 0, 0, 0, 0, 0, 0.1, 0.1]
    assert waits(channel, 1, now=NOW + timedelta(seconds=0.1), first=7) == [0]
    pace.slow(channel, seconds=4, now=NOW + timedelta(seconds=0.1))
    assert waits(channel, 1, now=NOW + timedelta(seconds=0.1), first=8) == [4]


def test_too_many_messages_slow_down_everybody_on_the_number(
    number: Number, agent: Agent, worker: Worker, clock: Clock, graph: GraphFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "_own", pace.Buckets())
    graph.fail(130429, status=429, times=1)
    agent.reply = "Hola"
    number.says("hola")
    number.says("hola", sender="5491155550002", name="Otra")
    began = clock.at
    worker.run()

    rows = number.messages(direction="out")
    assert [row.status for row in rows] == ["sent", "sent"]
    assert all((row.sent_at - began).total_seconds() >= 4 for row in rows if row.sent_at)
    assert number.conversation(address="5491155550002").channel.failures == 0
