"""Websockets of two companies, however one claims the other: every frame is one's own company's."""

import itertools
from collections.abc import Callable

import pytest

from tests.live.conftest import Socket, bearer, connect, happen, root, session_cookie
from tests.support.cast import Cast

__all__ = ["connect", "root"]  # fixtures
Connect = Callable[..., Socket]


async def heard(socket: Socket) -> list[tuple[int, str]]:
    """(company, row) of every frame that comes within a moment."""
    frames = []
    while not await socket.receive_nothing(timeout=0.2):
        frame = await socket.frame()
        frames.append((frame.get("tenant_id"), str(frame.get("data", {}).get("id"))))
    return frames


async def test_each_hears_one_company_only(connect: Connect, live_tenants: Cast) -> None:
    ana = connect("/ws/events/", authorization=bearer(live_tenants["ana"]))
    gus = connect("/ws/events/", cookie=await session_cookie(live_tenants["gus"]))
    assert await ana.open()
    assert await gus.open()
    for number in range(5):
        await happen(live_tenants.acme, f"a{number}")
        await happen(live_tenants.globex, f"g{number}")
    assert await heard(ana) == [(live_tenants.acme.pk, f"a{number}") for number in range(5)]
    assert await heard(gus) == [(live_tenants.globex.pk, f"g{number}") for number in range(5)]


async def test_replay_gives_ones_own_past_only(connect: Connect, live_tenants: Cast) -> None:
    await happen(live_tenants.globex, "theirs")
    for after in ("0", "1", "-1", "x"):
        socket = connect(
            f"/ws/events/?after={after}&tenant={live_tenants.globex.pk}", authorization=bearer(live_tenants["ana"])
        )
        assert await socket.open()
        assert not [line for line in await heard(socket) if line[0] == live_tenants.globex.pk or line[1] == "theirs"]


async def test_no_claim_opens_another_companys_line(connect: Connect, live_tenants: Cast) -> None:
    """By host, by header and by both, with each way of being signed in: 4401 or one's own company."""
    gus, acme = live_tenants["gus"], live_tenants.acme
    token = bearer(gus)
    ways = [
        {"authorization": token},
        {"cookie": f"access_token={token.split()[1]}"},
        {"cookie": await session_cookie(gus)},
    ]
    claims = [
        {"host": f"{acme.slug}.localhost"},
        {"x_tenant": acme.slug},
        {"host": f"{acme.slug}.localhost", "x_tenant": acme.slug},
    ]
    for way, claim in itertools.product(ways, claims):
        socket = connect("/ws/events/?after=0", **way, **claim)
        if not await socket.open():
            continue
        await happen(acme, "secret")
        while not await socket.receive_nothing(timeout=0.1):
            message = await socket.receive_output(timeout=1)
            if message["type"] == "websocket.close":
                assert message["code"] == 4401
                break
            assert "secret" not in message["text"]
            assert f'"tenant_id": {acme.pk}' not in message["text"]


@pytest.mark.parametrize("path", ["/ws/", "/ws/events", "/ws/webchat/01900000-0000-7000-8000-000000000000/"])
async def test_other_addresses_open_nothing(connect: Connect, live_tenants: Cast, path: str) -> None:
    socket = connect(path, authorization=bearer(live_tenants["ana"]))
    if await socket.open():
        assert await socket.closed() >= 4000
