"""One company's flood delays nobody else and loses nothing; slow and huge senders hold little; strangers have limits."""

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from messaging.ingest.app import Ingest
from messaging.ingest.http import Scope
from messaging.ingest.lines import Lines
from messaging.ingest.models import InboundEvent
from messaging.ingest.spool import Event, Spool
from messaging.models import Channel
from messaging.services import events, wakeups
from messaging.services.channels import create_channel
from tenants.context import platform_scope, tenant_context
from tenants.live.threads import in_thread
from tenants.models import Tenant
from tenants.services.vault import put_credential
from tests.factories.messaging import make_channel
from tests.live.test_root import server  # noqa: F401 (a fixture)
from tests.messaging.ingest.conftest import (  # noqa: F401 (fixtures)
    BY,
    SECRET,
    ask,
    door,
    hook,
    rows,
    signed,
    web_channel,
    whatsapp,
)
from tests.support.cast import Cast
from tests.support.tasks import Queue

FLOOD = 10_000
Rows = Callable[..., list[dict[str, Any]]]


# --- processing ------------------------------------------------------------------------------------------
def store(tenant: Tenant, count: int) -> None:
    """Events whose content is no JSON: each is looked at and set aside, which is the quickest there is."""
    with tenant_context(tenant):
        channel = make_channel()
        InboundEvent.objects.bulk_create(
            InboundEvent(
                tenant_id=tenant.pk, provider="meta_direct", channel_id=channel.pk, event_key=str(number), raw="flood"
            )
            for number in range(count)
        )


def waiting(tenant: Tenant) -> int:
    with platform_scope("test"):
        return InboundEvent.objects.filter(tenant_id=tenant.pk, state="received").count()


def work_until_done(queued: Queue, tenant: Tenant) -> int:
    """One worker at the queue until nothing of this company waits; how many wake-ups it answered."""
    ran = 0
    while waiting(tenant):
        assert queued.waiting, "the company's event was left behind"
        queued.run(queued.waiting.popleft())
        ran += 1
    return ran


@pytest.fixture
def flood(acme: Tenant, globex: Tenant, queued: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """acme's ten thousand events with a wake-up for each hundred, as the door would; then one of globex."""
    monkeypatch.setattr(events, "SLICE_SECONDS", 0.05)
    store(acme, FLOOD)
    for _each in range(FLOOD // 100):
        wakeups.wake(acme.pk)
    store(globex, 1)
    wakeups.wake(globex.pk)


def test_a_flood_of_one_company_is_one_wake_up_before_anothers(
    flood: None, acme: Tenant, globex: Tenant, queued: Queue
) -> None:
    assert work_until_done(queued, globex) == 2
    left = waiting(acme)
    assert left >= FLOOD - events.BATCH * 10
    for _each in range(5):
        queued.run(queued.waiting.popleft())
    with platform_scope("test"):
        kept = InboundEvent.objects.filter(tenant_id=acme.pk)
        assert kept.count() == FLOOD
        assert kept.exclude(state="received").count() == FLOOD - waiting(acme) > FLOOD - left


def test_with_a_wake_up_for_each_group_the_other_company_would_wait(
    acme: Tenant, globex: Tenant, queued: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "SLICE_SECONDS", 0.05)
    monkeypatch.setattr(wakeups, "_key", lambda tenant_id: f"woken:{tenant_id}:{time.perf_counter_ns()}")
    store(acme, FLOOD)
    for _each in range(20):
        wakeups.wake(acme.pk)
    store(globex, 1)
    wakeups.wake(globex.pk)
    assert work_until_done(queued, globex) >= 20


def test_an_event_stored_while_others_are_worked_on_is_woken_for(acme: Tenant, queued: Queue) -> None:
    store(acme, 1)
    wakeups.wake(acme.pk)
    queued.run(queued.waiting.popleft())
    assert not queued.waiting
    wakeups.wake(acme.pk)
    assert len(queued.named("process_events")) == 1


def test_a_wake_up_that_was_lost_holds_back_the_next_for_seconds_only(acme: Tenant, queued: Queue) -> None:
    wakeups.wake(acme.pk)
    queued.clear()  # its worker died with it
    wakeups.wake(acme.pk)
    assert not queued.waiting
    assert 0 < wakeups.client().pttl(wakeups._key(acme.pk)) <= wakeups.WAITING_MS < 10_000


def test_without_redis_or_broker_nothing_is_held_back(
    acme: Tenant, queued: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.lib.commit.send", lambda *args, **more: False)
    assert wakeups.wake(acme.pk) is False
    monkeypatch.setattr("config.lib.commit.send", queued.note)
    assert wakeups.wake(acme.pk) is True
    assert len(queued) == 1


# --- storing ---------------------------------------------------------------------------------------------
def an_event(company: int, number: int, raw: str = "{}") -> Event:
    return Event(company, "meta_direct", "c", str(number), raw)


async def test_each_group_takes_from_every_company_in_turn() -> None:
    lines, loop = Lines(most=20_000, most_size=10**9), asyncio.get_running_loop()
    for number in range(FLOOD):
        lines.add(an_event(1, number), loop.create_future())
    for company in (2, 3):
        lines.add(an_event(company, 0), loop.create_future())
    group = [event for event, _future in lines.take(256)]
    assert {event.tenant_id for event in group} == {1, 2, 3}
    assert len(group) == 256
    assert [int(event.event_key) for event in group if event.tenant_id == 1] == list(range(254))
    taken = len(group)
    while group := lines.take(256):  # type: ignore[assignment]  # the pairs themselves
        taken += len(group)
    assert (taken, len(lines)) == (FLOOD + 2, 0)


async def test_a_company_that_fills_its_room_leaves_the_others_theirs() -> None:
    lines, loop = Lines(most=100, most_size=1000), asyncio.get_running_loop()
    given = [lines.add(an_event(1, number), loop.create_future()) for number in range(150)]
    assert given.count(True) == 100
    assert lines.add(an_event(2, 0), loop.create_future())
    assert not lines.add(an_event(2, 1, "x" * 999), loop.create_future())
    lines.take(50)
    assert lines.add(an_event(1, 200), loop.create_future())


async def test_a_group_holds_so_much_and_no_more_but_always_one() -> None:
    lines, loop = Lines(most=100, most_size=10_000), asyncio.get_running_loop()
    for number, size in enumerate((400, 400, 400, 2_000, 1)):
        assert lines.add(an_event(1, number, "x" * size), loop.create_future())
    groups = [[len(event.raw) for event, _future in lines.take(256, most_size=1_000)] for _each in range(4)]
    assert groups == [[400, 400], [400], [2_000], [1]]
    assert len(lines) == 0


async def test_a_flood_at_the_door_is_stored_whole_and_overtaken_by_the_other_company(
    door: Ingest,  # noqa: F811
    hook: str,  # noqa: F811
    rows: Rows,  # noqa: F811
    live_tenants: Cast,
) -> None:
    other = await in_thread(globex_hook, live_tenants.globex)
    assert (await ask(door, "POST", other, b"0", **signed(b"0", "of globex"))).status == 200
    done: list[str] = []

    async def send(name: str, path: str, body: bytes, secret: str) -> int:
        answer = await ask(from_peer(door, "203.0.113.9"), "POST", path, body, **signed(body, secret))
        done.append(name)
        return answer.status

    floods = [send("acme", hook, b"%d" % number, SECRET) for number in range(FLOOD)]
    statuses = await asyncio.gather(*floods, send("globex", other, b"1", "of globex"))
    assert set(statuses) == {200}
    assert len(rows()) == FLOOD
    assert len(rows(live_tenants.globex)) == 2
    # In the first group as a rule, though it came last; while the machine is busy others may be stored before that one is.
    assert done.index("globex") < FLOOD // 4


def globex_hook(tenant: Tenant) -> str:
    with tenant_context(tenant):
        put_credential(category="meta", name="APP_SECRET", value="of globex", by=BY)
        channel = create_channel(
            provider="meta_direct", channel_source="whatsapp", name="G", config={"phone_number_id": "202"}, by=BY
        )
    return f"/webhooks/meta/{channel.route_key}/"


def from_peer(application: Any, peer: str) -> Any:
    async def asked(scope: Scope, receive: Any, send: Any) -> None:
        await application({**scope, "client": (peer, 1)}, receive, send)

    return asked


def test_during_an_outage_one_company_fills_its_share_of_the_spool_and_no_more(tmp_path: Path) -> None:
    spool = Spool(tmp_path, most_bytes=20_000)
    kept, refused = 0, 0
    for number in range(400):
        if spool.append([an_event(1, number), an_event(2, number)] if number < 20 else [an_event(1, number)]):
            refused += 1
        else:
            kept += 1
    assert 0 < refused < 400
    assert spool.held(1) <= 10_000
    assert spool.append([an_event(1, 999), an_event(2, 999)]) == {1}  # the neighbour in the same group is kept
    claimed = spool.claim()
    assert claimed is not None
    found = list(claimed.events())
    claimed.done()
    assert len([event for event in found if event.tenant_id == 1]) == kept
    assert len([event for event in found if event.tenant_id == 2]) == 21
    assert spool.append([an_event(1, 1000)]) == set()  # drained: there is room again


async def test_whoever_is_over_their_share_is_told_to_send_again(
    door: Ingest,  # noqa: F811
    hook: str,  # noqa: F811
    live_tenants: Cast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = await in_thread(globex_hook, live_tenants.globex)
    for path, secret in ((hook, SECRET), (other, "of globex")):
        assert (await ask(door, "POST", path, b"0", **signed(b"0", secret))).status == 200
    monkeypatch.setattr(type(door.committer), "is_up", property(lambda self: False))
    door.committer._spool.most_bytes = 2_000
    statuses = [(await ask(door, "POST", hook, b"%d" % n, **signed(b"%d" % n))) for n in range(1, 12)]
    refused = [answer for answer in statuses if answer.status == 503]
    assert {answer.status for answer in statuses} == {200, 503}
    assert refused[0].headers["retry-after"] == "5"
    assert (await ask(door, "POST", other, b"1", **signed(b"1", "of globex"))).status == 200


async def test_no_webhook_is_refused_for_coming_often_from_one_address(door: Ingest, hook: str) -> None:  # noqa: F811
    """The seeds counted webhooks by address and threw the provider's away (seed-systems §1.7)."""
    app = from_peer(door, "203.0.113.9")
    asked = (ask(app, "POST", hook, b"%d" % number, **signed(b"%d" % number)) for number in range(1500))
    assert {answer.status for answer in await asyncio.gather(*asked)} == {200}


# --- bodies ----------------------------------------------------------------------------------------------
async def slow(application: Any, path: str, pieces: Callable[[], Any], peer: str = "203.0.113.9") -> int:
    """Status of a request whose body comes as `pieces` says."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": [], "client": (peer, 1)}
    await application({**scope, "scheme": "http"}, pieces, send)
    return int(sent[0]["status"])


async def nothing() -> dict[str, Any]:
    await asyncio.sleep(60)
    raise AssertionError


async def a_byte_now_and_then() -> dict[str, Any]:
    await asyncio.sleep(0.02)
    return {"type": "http.request", "body": b"x", "more_body": True}


@pytest.mark.parametrize("pieces", [nothing, a_byte_now_and_then])
@pytest.mark.parametrize("path", ["hook", "chat"])
async def test_a_body_has_its_time_as_a_whole(
    door: Ingest,  # noqa: F811
    hook: str,  # noqa: F811
    web_channel: Callable[..., Channel],  # noqa: F811
    settings: Any,
    pieces: Callable[[], Any],
    path: str,
) -> None:
    settings.INGEST_BODY_SECONDS = 0.3
    chat = await in_thread(web_channel)
    began = time.monotonic()
    assert await slow(door, hook if path == "hook" else f"/webchat/{chat.pk}/messages", pieces) == 408
    assert time.monotonic() - began < 20  # what drips for ever was cut off


async def test_so_many_bodies_at_once_and_so_many_of_one_client(
    door: Ingest,  # noqa: F811
    hook: str,  # noqa: F811
    settings: Any,
) -> None:
    settings.INGEST_BODY_SECONDS = 0.5
    settings.INGEST_MAX_BODIES, settings.INGEST_MAX_BODIES_PER_CLIENT = 6, 4
    await ask(door, "POST", hook, b"{}", **signed(b"{}"))
    one = [slow(door, hook, nothing) for _each in range(8)]
    another = [slow(door, hook, nothing, "198.51.100.7") for _each in range(4)]
    statuses = await asyncio.gather(*one, *another)
    assert (statuses[:8].count(408), statuses[:8].count(503)) == (4, 4)
    assert (statuses[8:].count(408), statuses[8:].count(503)) == (2, 2)
    assert (await ask(door, "POST", hook, b"1", **signed(b"1"))).status == 200  # all of it given back


async def test_who_is_gone_while_a_body_is_awaited_leaves_no_trace(door: Ingest, hook: str, settings: Any) -> None:  # noqa: F811
    """The connection's own task is cancelled, as at the end of a process: no answer, and the place is free again."""
    settings.INGEST_MAX_BODIES = settings.INGEST_MAX_BODIES_PER_CLIENT = 1
    await ask(door, "POST", hook, b"{}", **signed(b"{}"))
    heard: list[str] = []

    async def cut_off() -> dict[str, Any]:
        try:
            return await nothing()
        except asyncio.CancelledError:
            heard.append("cancelled")
            raise

    waiting = asyncio.create_task(slow(door, hook, cut_off))
    await asyncio.sleep(0.05)
    assert await slow(door, hook, nothing) == 503
    assert (await ask(door, "POST", hook, b"2", **signed(b"2"))).status == 200  # came with its head: takes no place
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert heard == ["cancelled"]
    settings.INGEST_BODY_SECONDS = 0.1
    assert await slow(door, hook, nothing) == 408


async def test_unfinished_bodies_hold_so_much_memory_and_no_more(
    door: Ingest,  # noqa: F811
    hook: str,  # noqa: F811
    settings: Any,
) -> None:
    settings.INGEST_BODY_SECONDS, settings.INGEST_BODY_BYTES = 0.5, 300_000

    def large() -> Callable[[], Any]:
        first = iter([b"x" * 100_000])

        async def pieces() -> dict[str, Any]:
            body = next(first, None)
            if body is None:
                await asyncio.sleep(60)
            return {"type": "http.request", "body": body, "more_body": True}

        return pieces

    statuses = await asyncio.gather(*(slow(door, hook, large()) for _each in range(6)))
    assert sorted(statuses) == [408] * 3 + [503] * 3
    body = b"y" * 250_000
    assert (await ask(door, "POST", hook, [body[:100_000], body[100_000:]], **signed(body))).status == 200


def test_a_head_without_its_body_is_let_go_by_the_real_server(
    server: str,  # noqa: F811
    hook: str,  # noqa: F811
    settings: Any,
) -> None:
    settings.INGEST_BODY_SECONDS = 0.3
    host, port = server.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(f"POST {hook} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n".encode())
        answer = b""
        while piece := raw.recv(4096):  # until the server itself closes
            answer += piece
    assert answer.startswith(b"HTTP/1.1 408")
