"""The database goes away: events are acknowledged all the same and are in it, once, when it is back."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.ingest import committer
from messaging.ingest.app import Ingest
from messaging.ingest.committer import Committer, Unavailable, conninfo
from messaging.ingest.spool import Event, Spool, SpoolFull
from tests.messaging.ingest.conftest import ask, signed
from tests.support.cast import Cast

Rows = Callable[..., list[dict[str, Any]]]
CHANNEL = "01890a5d-ac96-774b-bcce-b302099a8057"
NOBODY = "host=127.0.0.1 port=1 dbname=none user=none connect_timeout=1"  # a port that refuses


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committer, "PROBE_SECONDS", 0.02)
    monkeypatch.setattr(committer, "DRAIN_SECONDS", 0.02)


@pytest.fixture
def event(live_tenants: Cast) -> Callable[..., Event]:
    def make(key: object, **over: Any) -> Event:
        return Event(
            **{
                "tenant_id": live_tenants.acme.pk,
                "provider": "web",
                "channel_id": CHANNEL,
                "event_key": str(key),
                "raw": "ñ",
                **over,
            }
        )

    return make


@pytest.fixture
async def start(spool_folder: Path) -> AsyncIterator[Callable[..., Any]]:
    """Committers that are stopped afterwards; `start(address)` with its own spool over the shared folder."""
    running: list[Committer] = []

    async def make(address: str = "", **spool: Any) -> Committer:
        running.append(Committer(Spool(spool_folder, **spool), stored=lambda tenants: None, address=address))
        await running[-1].start()
        return running[-1]

    yield make
    for each in running:
        await each.stop()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.02)


async def test_events_of_an_outage_are_acknowledged_and_stored_once_when_it_is_over(
    start: Callable[..., Any], event: Callable[..., Event], rows: Rows, spool_folder: Path
) -> None:
    door = await start(NOBODY)
    await asyncio.gather(*(door.add(event(number % 300)) for number in range(400)))
    assert not door.is_up
    assert rows() == []
    door._address = conninfo()
    await until(lambda: door.is_up and not list(spool_folder.iterdir()))
    assert sorted(int(row["event_key"]) for row in rows()) == list(range(300))


async def test_large_events_of_an_outage_come_back_a_few_at_a_time(
    start: Callable[..., Any],
    event: Callable[..., Event],
    rows: Rows,
    spool_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(committer, "LARGEST_GROUP_SIZE", 1_000)
    sizes: list[int] = []
    execute = committer.execute

    async def noted(connection: Any, given: list[list[Any]], seconds: float) -> None:
        sizes.append(sum(map(len, given[-1])))
        await execute(connection, given, seconds)

    monkeypatch.setattr(committer, "execute", noted)
    dead = Spool(spool_folder)
    dead.append([event(number, raw="x" * 400) for number in range(10)])
    dead.close()
    await start()
    await until(lambda: not list(spool_folder.iterdir()))
    assert len(rows()) == 10
    assert max(sizes) <= 1_000


async def test_the_next_start_drains_what_a_killed_process_left(
    start: Callable[..., Any], event: Callable[..., Event], rows: Rows, spool_folder: Path
) -> None:
    dead = Spool(spool_folder)
    dead.append([event(number) for number in range(10)])
    dead.close()  # what the kernel does with a dead process's locks
    await start()
    await until(lambda: not list(spool_folder.iterdir()))
    assert len(rows()) == 10


async def test_what_a_process_acknowledged_before_kill_9_is_drained(
    start: Callable[..., Any], live_tenants: Cast, rows: Rows, spool_folder: Path
) -> None:
    program = (
        "import os, pathlib, signal, sys; from messaging.ingest.spool import Event, Spool\n"
        "spool = Spool(pathlib.Path(sys.argv[1]))\n"
        "for number in range(100): spool.append([Event(int(sys.argv[2]), 'web', sys.argv[3], str(number), 'x')])\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", program, str(spool_folder), str(live_tenants.acme.pk), CHANNEL], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(list(spool_folder.iterdir())) == 1
    await start()
    await until(lambda: not list(spool_folder.iterdir()))
    assert sorted(int(row["event_key"]) for row in rows()) == list(range(100))


async def test_two_processes_do_not_drain_the_same_file(
    start: Callable[..., Any], event: Callable[..., Event], rows: Rows, spool_folder: Path
) -> None:
    alive = Spool(spool_folder)
    alive.append([event("mine")])
    other = await start()
    assert await other.drain() == 0
    assert rows() == []
    alive.close()
    assert await other.drain() in (0, 1)  # its background task may have been quicker
    await until(lambda: len(rows()) == 1)


async def test_a_backend_that_is_terminated_is_no_outage(
    start: Callable[..., Any], event: Callable[..., Event], rows: Rows, spool_folder: Path, test_services: Any
) -> None:
    door = await start()
    await asyncio.gather(*(door.add(event(number)) for number in range(50)))
    test_services.admin.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'crm-ingest' and datname = %s",
        [test_services.database],
    )
    await asyncio.gather(*(door.add(event(number)) for number in range(50, 100)))
    assert door.is_up
    assert not spool_folder.exists()
    assert len(rows()) == 100


async def test_a_database_that_hangs_sends_events_to_the_spool(
    start: Callable[..., Any],
    event: Callable[..., Event],
    rows: Rows,
    test_services: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(committer, "STATEMENT_SECONDS", 0.3)
    door = await start()
    with test_services.inside() as blocker, blocker.transaction():
        blocker.execute("lock table ingest_inboundevent in access exclusive mode")
        async with asyncio.timeout(5):
            await door.add(event("held up"))
    monkeypatch.setattr(committer, "STATEMENT_SECONDS", 4.0)
    await until(lambda: len(rows()) == 1)


async def test_a_full_spool_is_503_and_nothing_is_kept_by_halves(
    live_tenants: Cast, whatsapp: Any, hook: str, spool_folder: Path
) -> None:
    spool = Spool(spool_folder, most_bytes=1000)
    door = Ingest(spool=spool, address=NOBODY)
    bodies = [b'{"n": %d, "filler": "%s"}' % (number, b"x" * 150) for number in range(12)]
    answers = [await ask(door, "POST", hook, body, **signed(body)) for body in bodies]
    statuses = [answer.status for answer in answers]
    assert statuses == sorted(statuses)
    assert set(statuses) == {200, 503}
    assert answers[-1].headers["retry-after"].isdigit()
    claimed = spool.claim()
    assert claimed is not None
    assert [each.raw.encode() for each in claimed.events()] == bodies[: statuses.count(200)]
    claimed.leave()
    await door.stop()


async def test_routes_and_secrets_known_before_serve_during_the_outage(
    door: Ingest, hook: str, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await ask(door, "POST", hook, b"1", **signed(b"1"))).status == 200

    def away(*_given: Any) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr("messaging.ingest.routes._read_routes", away)
    monkeypatch.setattr("messaging.ingest.routes._read_secrets", away)
    monkeypatch.setattr("messaging.ingest.routes.KEPT_SECONDS", 0.0)
    assert (await ask(door, "POST", hook, b"2", **signed(b"2"))).status == 200
    assert (await ask(door, "POST", hook, b"3", **signed(b"3", "wrong"))).status == 401
    monkeypatch.setattr("messaging.ingest.routes.MISS_SECONDS", -1.0)
    assert (await ask(door, "POST", "/webhooks/meta/unknown-yet/", b"4")).status == 503
    assert len(rows()) == 2


def test_a_torn_tail_is_left_out_and_everything_before_it_read(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    events = [Event(1, "web", CHANNEL, str(number), "é" * number) for number in range(5)]
    spool.append(events)
    (path,) = spool.files()
    os.truncate(path, path.stat().st_size - 3)
    claimed = spool.claim()
    assert claimed is not None
    assert list(claimed.events()) == events[:4]
    claimed.done()
    assert list(tmp_path.iterdir()) == []


def test_damage_in_the_middle_keeps_the_file_for_a_person(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append([Event(1, "web", CHANNEL, "first", "x"), Event(1, "web", CHANNEL, "second", "y")])
    (path,) = spool.files()
    with path.open("r+b") as file:
        file.seek(12)
        file.write(b"\xff")
    claimed = spool.claim()
    assert claimed is not None
    assert list(claimed.events()) == []
    claimed.done()
    assert [each.suffix for each in tmp_path.iterdir()] == [".damaged"]


def test_a_disk_that_refuses_half_way_does_not_hide_later_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path)
    write, calls = os.write, [0]

    def failing(fd: int, data: bytes) -> int:
        calls[0] += 1
        if calls[0] == 1:
            return write(fd, data[:7])
        if calls[0] == 2:
            raise OSError(28, "No space left on device")
        return write(fd, data)

    monkeypatch.setattr(os, "write", failing)
    with pytest.raises(SpoolFull):
        spool.append([Event(1, "web", CHANNEL, "lost", "x")])
    spool.append([Event(1, "web", CHANNEL, "kept", "y")])
    claimed = spool.claim()
    assert claimed is not None
    assert [each.event_key for each in claimed.events()] == ["kept"]
    claimed.leave()


@settings(max_examples=50, deadline=None)
@given(texts=st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), max_size=8), cut=st.integers(0, 4000))
def test_whatever_is_cut_off_the_end_the_whole_records_before_it_are_read(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], cut: int
) -> None:
    spool = Spool(tmp_path_factory.mktemp("spool"))
    events = [Event(1, "web", CHANNEL, str(number), text) for number, text in enumerate(texts)]
    for each in events:
        spool.append([each])
    for path in spool.files():
        os.truncate(path, max(0, path.stat().st_size - cut))
    claimed = spool.claim()
    read = list(claimed.events()) if claimed else []
    assert read == events[: len(read)]
    assert read == events or cut
    spool.close()


async def test_too_many_waiting_events_are_refused_rather_than_hoarded(
    start: Callable[..., Any], event: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "MOST_WAITING", 10)
    door = await start()
    answers = await asyncio.gather(*(door.add(event(number)) for number in range(30)), return_exceptions=True)
    assert answers[:10] == [None] * 10
    assert {type(each) for each in answers[10:]} == {Unavailable}
