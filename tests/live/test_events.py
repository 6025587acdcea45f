"""`/ws/events/`: members hear their company, in order, without gaps, and nobody else does."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from config.lib import live
from tenants.context import auth_scope, tenant_context
from tenants.live import admission, hub
from tenants.live.models import LiveEvent
from tenants.live.threads import in_thread
from tenants.models import Membership, User
from tenants.sessions import SessionStore
from tests.live.conftest import Socket, bearer, happen, session_cookie
from tests.support.cast import Cast
from tests.support.clients import session_of

Connect = Callable[..., Socket]


async def test_a_member_hears_what_changes_in_the_company(connect: Connect, live_tenants: Cast) -> None:
    socket = connect("/ws/events/", authorization=bearer(live_tenants["ana"]))
    assert await socket.open()
    await happen(live_tenants.acme, "one", "two")
    frames = [await socket.frame() for _each in range(2)]
    assert [frame["data"] for frame in frames] == [{"object": "lead", "id": "one"}, {"object": "lead", "id": "two"}]
    assert [frame["id"] for frame in frames] == [frames[0]["id"], frames[0]["id"] + 1]
    assert {(frame["type"], frame["tenant_id"]) for frame in frames} == {("LEAD_UPDATED", live_tenants.acme.pk)}
    assert frames[0]["at"].endswith("+00:00")


@pytest.mark.parametrize("way", ["bearer", "session", "cookie"])
async def test_each_way_of_signing_in_opens_the_line(connect: Connect, live_tenants: Cast, way: str) -> None:
    ana = live_tenants["ana"]
    if way == "session":
        headers = {"cookie": await session_cookie(ana)}
    else:
        token = bearer(ana)
        headers = {"authorization": token} if way == "bearer" else {"cookie": f"access_token={token.split()[1]}"}
    socket = connect("/ws/events/", **headers)
    assert await socket.open()
    await happen(live_tenants.acme, "one")
    assert (await socket.frame())["data"]["id"] == "one"


@pytest.mark.parametrize("name", [None, "pia", "iris", "root"])
async def test_a_stranger_is_let_in_only_to_be_told_4401(
    connect: Connect, live_tenants: Cast, name: str | None
) -> None:
    headers = {"authorization": bearer(live_tenants[name])} if name else {}
    socket = connect("/ws/events/", **headers)
    assert await socket.open()
    assert await socket.closed() == 4401


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer x.y.z"},
        {"cookie": "session=none"},
        {"cookie": "access_token=\x01;;="},
        {"cookie": "a[b"},
    ],
)
async def test_nonsense_for_credentials_is_4401(connect: Connect, live_tenants: Cast, headers: dict[str, str]) -> None:
    socket = connect("/ws/events/", **headers)
    assert await socket.open()
    assert await socket.closed() == 4401


async def test_a_company_named_by_somebody_who_is_no_member_is_4401(connect: Connect, live_tenants: Cast) -> None:
    named = {"x_tenant": live_tenants.globex.slug}
    socket = connect("/ws/events/", authorization=bearer(live_tenants["ana"]), **named)
    assert await socket.open()
    assert await socket.closed() == 4401


@pytest.mark.parametrize(
    ("origin", "opens"),
    [
        ("http://localhost", True),
        ("http://localhost:9999", True),
        ("https://evil.example", False),
        ("https://localhost.evil.example", False),
        ("null", False),
    ],
)
async def test_a_page_of_another_site_is_refused_at_the_handshake(
    connect: Connect, live_tenants: Cast, settings: Any, origin: str, opens: bool
) -> None:
    settings.ALLOWED_HOSTS = ["localhost", ".localhost", "*"]
    socket = connect("/ws/events/", cookie=await session_cookie(live_tenants["ana"]), origin=origin)
    assert await socket.open() is opens


async def test_an_unknown_path_is_refused(connect: Connect) -> None:
    assert not await connect("/ws/other/").open()


async def test_nobody_hears_another_company_however_the_two_interleave(connect: Connect, live_tenants: Cast) -> None:
    sockets = {
        name: [connect("/ws/events/", authorization=bearer(live_tenants[name])) for _each in range(4)]
        for name in ("ana", "gus")
    }
    assert all(await asyncio.gather(*(socket.open() for group in sockets.values() for socket in group)))
    ids = [str(number) for number in range(10)]
    await asyncio.gather(
        *(happen(live_tenants.acme, f"acme-{each}") for each in ids),
        *(happen(live_tenants.globex, f"globex-{each}") for each in ids),
    )
    for name, company in (("ana", "acme"), ("gus", "globex")):
        for socket in sockets[name]:
            heard = [(await socket.frame())["data"]["id"] for _each in ids]
            assert sorted(heard) == sorted(f"{company}-{each}" for each in ids)
            assert await socket.receive_nothing(0.05)


async def test_interleaved_readings_of_two_companies_never_mix(live_tenants: Cast) -> None:
    tenants = [live_tenants.acme, live_tenants.globex]
    start = {tenant.pk: await in_thread(admission.newest, tenant.pk) for tenant in tenants}
    await asyncio.gather(*(happen(tenant, *[str(tenant.pk)] * 5) for tenant in tenants))
    numbers = [tenants[number % 2].pk for number in range(60)]
    work = [in_thread(admission.events_since, number, start[number]) for number in numbers]
    for number, events in enumerate(await asyncio.gather(*work)):
        assert {event["data"]["id"] for event in events} == {str(tenants[number % 2].pk)}


async def test_a_forged_notice_with_another_companys_number_is_not_passed_on(
    connect: Connect, live_tenants: Cast
) -> None:
    socket = connect("/ws/events/", authorization=bearer(live_tenants["ana"]))
    assert await socket.open()
    await happen(live_tenants.acme, "one")
    first = await socket.frame()
    forged = {**first, "id": first["id"] + 1, "tenant_id": live_tenants.globex.pk}
    live.publish(live.tenant_topic(live_tenants.acme.pk), forged)
    live.publish(live.tenant_topic(live_tenants.acme.pk), {"no": "event"})
    assert await socket.receive_nothing(0.2)


# --- gaps and resuming ------------------------------------------------------------------------------------------
async def test_after_a_reconnect_everything_missed_is_replayed_in_order(connect: Connect, live_tenants: Cast) -> None:
    token = bearer(live_tenants["ana"])
    socket = connect("/ws/events/", authorization=token)
    await socket.open()
    await happen(live_tenants.acme, "one")
    last = (await socket.frame())["id"]
    await socket.disconnect()
    await happen(live_tenants.acme, *"abc")
    back = connect(f"/ws/events/?after={last}", authorization=token)
    assert await back.open()
    await happen(live_tenants.acme, "d")
    frames = [await back.frame() for _each in range(4)]
    assert [frame["data"]["id"] for frame in frames] == [*"abcd"]
    assert [frame["id"] for frame in frames] == list(range(last + 1, last + 5))


async def test_twenty_reconnects_while_events_pour_in_lose_and_double_nothing(
    connect: Connect, live_tenants: Cast
) -> None:
    token = bearer(live_tenants["ana"])
    last = start = await in_thread(admission.newest, live_tenants.acme.pk)
    pouring = asyncio.gather(*(happen(live_tenants.acme, *map(str, range(20))) for _each in range(10)))
    heard: list[int] = []
    for _each in range(20):
        socket = connect(f"/ws/events/?after={last}", authorization=token)
        assert await socket.open()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                while True:
                    heard.append(last := (await socket.frame())["id"])
        await socket.disconnect()
    await pouring
    socket = connect(f"/ws/events/?after={last}", authorization=token)
    assert await socket.open()
    while last < start + 200:
        heard.append(last := (await socket.frame())["id"])
    assert heard == list(range(start + 1, start + 201))


async def test_a_notice_that_redis_lost_is_fetched_before_the_next_one_is_passed_on(
    connect: Connect, live_tenants: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = connect("/ws/events/", authorization=bearer(live_tenants["ana"]))
    await socket.open()
    publish = live.publish
    monkeypatch.setattr(live, "publish", lambda topic, payload: None)
    await happen(live_tenants.acme, "lost", "lost too")
    monkeypatch.setattr(live, "publish", publish)
    await happen(live_tenants.acme, "heard")
    assert [(await socket.frame())["data"]["id"] for _each in range(3)] == ["lost", "lost too", "heard"]


async def test_more_than_one_querys_worth_of_lost_notices_is_fetched_whole(
    connect: Connect, live_tenants: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "MOST_FETCHED", 3)
    socket = connect("/ws/events/", authorization=bearer(live_tenants["ana"]))
    await socket.open()
    publish = live.publish
    monkeypatch.setattr(live, "publish", lambda topic, payload: None)
    await happen(live_tenants.acme, *map(str, range(20)))
    monkeypatch.setattr(live, "publish", publish)
    await happen(live_tenants.acme, "20")
    assert [(await socket.frame())["data"]["id"] for _each in range(21)] == [str(number) for number in range(21)]


async def test_without_any_notice_the_rows_are_looked_at(
    connect: Connect, live_tenants: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(live, "publish", lambda topic, payload: None)
    socket = connect("/ws/events/", authorization=bearer(live_tenants["ana"]))
    await socket.open()
    await happen(live_tenants.acme, "one")
    assert (await socket.frame())["data"]["id"] == "one"


async def test_with_redis_away_the_line_opens_and_is_late_but_complete(
    connect: Connect, live_tenants: Cast, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(hub, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(hub, "LISTEN_SECONDS", 0.05)
    socket = connect("/ws/events/", authorization=bearer(live_tenants["ana"]))
    monkeypatch.setattr(hub.settings, "REDIS_URL", "redis://127.0.0.1:1/0")
    assert await socket.open()
    await happen(live_tenants.acme, "one")
    assert (await socket.frame())["data"]["id"] == "one"


@pytest.mark.parametrize("after", ["999999", "-3", "x", "99999999999999999999999999"])
async def test_a_number_of_another_life_is_told_to_look_at_everything(
    connect: Connect, live_tenants: Cast, after: str
) -> None:
    await happen(live_tenants.acme, "one")
    last = await in_thread(admission.newest, live_tenants.acme.pk)
    socket = connect(f"/ws/events/?after={after}", authorization=bearer(live_tenants["ana"]))
    await socket.open()
    assert await socket.frame() == {"id": last, "type": "RESYNC"}


async def test_a_number_older_than_what_is_kept_is_told_to_look_at_everything(
    connect: Connect, live_tenants: Cast
) -> None:
    start = await in_thread(admission.newest, live_tenants.acme.pk)
    await happen(live_tenants.acme, *"abcd")

    def forget() -> None:
        with tenant_context(live_tenants.acme):
            LiveEvent.objects.filter(id__lte=start + 2).update(at=timezone.now() - timedelta(hours=2))
            LiveEvent.objects.filter(at__lt=timezone.now() - timedelta(hours=1)).delete()

    await in_thread(forget)
    token = bearer(live_tenants["ana"])
    socket = connect(f"/ws/events/?after={start + 1}", authorization=token)
    await socket.open()
    assert await socket.frame() == {"id": start + 4, "type": "RESYNC"}
    fresh = connect(f"/ws/events/?after={start + 2}", authorization=token)
    await fresh.open()
    assert [(await fresh.frame())["id"] for _each in range(2)] == [start + 3, start + 4]


# --- slow readers and lost access ----------------------------------------------------------------------------------
async def test_a_socket_that_does_not_keep_up_is_closed_with_4408_and_the_others_go_on() -> None:
    codes: list[int] = []
    slow, quick = hub.Line(codes.append), hub.Line(codes.append)
    room = hub.Room(1, 0)
    room.wide = {slow, quick}
    for number in range(1, hub.MOST_WAITING + 10):
        room.hear(number, str(number), {})
        assert await quick.next() == (number, str(number))
    assert codes == [4408]


@pytest.mark.parametrize("what", ["suspended", "signed out", "deactivated", "new password"])
async def test_whoever_loses_access_is_closed_at_once(connect: Connect, live_tenants: Cast, what: str) -> None:
    ana = live_tenants["ana"]
    key = await in_thread(session_of, ana)
    socket = connect("/ws/events/", cookie=f"session={key}")
    colleague = connect("/ws/events/", authorization=bearer(live_tenants["rita"]))
    assert await socket.open()
    assert await colleague.open()

    def lose() -> None:
        with auth_scope():
            if what == "suspended":
                Membership.objects.filter(pk=ana.member.pk).update(status="suspended")
            elif what == "deactivated":
                User.objects.filter(pk=ana.user.pk).update(is_active=False)
            elif what == "new password":
                user = User.objects.get(pk=ana.user.pk)
                user.set_password("another one altogether")
                user.save(update_fields=["access_mark"])
        if what == "signed out":
            SessionStore(key).delete()
        admission.changed(live_tenants.acme.pk)

    await in_thread(lose)
    assert await socket.closed() == 4401
    await happen(live_tenants.acme, "one")
    assert (await colleague.frame())["data"]["id"] == "one"


async def test_a_lost_access_nobody_announced_is_noticed_by_itself(
    connect: Connect, live_tenants: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "LOOK_SECONDS", 0.05)
    socket = connect("/ws/events/", authorization=bearer(live_tenants["ana"]))
    assert await socket.open()

    def suspend() -> None:
        with auth_scope():
            Membership.objects.filter(pk=live_tenants["ana"].member.pk).update(status="suspended")

    await in_thread(suspend)
    assert await socket.closed() == 4401
