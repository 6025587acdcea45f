"""Three hundred handshakes that must come to nothing, and the ones that must not: origins, ended sign-ins, keys, companies."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any

import jwt
import pytest
from django.test import Client
from django.utils import timezone

from tenants.context import auth_scope, tenant_context
from tenants.live import access_topics
from tenants.live.hub import hub
from tenants.live.threads import in_thread
from tenants.models import ApiKey, Membership, User
from tenants.services import companies, keys, sign_in, sign_ins, tokens
from tests.live.conftest import Socket, bearer, happen, session_cookie
from tests.support.cast import PASSWORD, Cast, Person
from tests.support.clients import HOST
from tests.tenants.sign_in.factor import enrolled

Connect = Callable[..., Socket]
OURS = "http://localhost"
FOREIGN = [
    "https://evil.example", "http://evil.example", "null", "https://localhost.evil.example", "http://localhost@evil.example",
    "https://evil.example#localhost", "http://evil.example/localhost", "file://", "chrome-extension://abcdef", "http://[::1",
    "https://evil.example:80", "http://localhos", "data:text/html,x", "http://local​host", "about:blank",
]  # fmt: skip
QUERIES = ("", "?after=0", "?after=1&tenant=1")


def made_key(person: Person, *scopes: str) -> str:
    with tenant_context(person.tenant):
        return keys.create(name="Planilla", scopes=scopes, member=person.member, by=person.actor)[1]


def changed_key(person: Person, **fields: Any) -> str:
    key = made_key(person, "events:read")
    with auth_scope():
        ApiKey.objects.filter(prefix=key[:11]).update(**fields)
    return key


def half_signed(person: Person) -> str:
    enrolled(person)
    client = Client(SERVER_NAME=HOST)
    client.post("/login/", {"email": person.user.email, "password": PASSWORD})
    return f"session={client.cookies['session'].value}"


def ended_session(person: Person) -> str:
    client = Client(SERVER_NAME=HOST)
    client.post("/login/", {"email": person.user.email, "password": PASSWORD})
    cookie = f"session={client.cookies['session'].value}"
    client.post("/logout/")
    return cookie


def signed_out_token(person: Person) -> str:
    with auth_scope():
        pair = sign_in.begin_tokens(user=User.objects.get(pk=person.user.pk), code="")
        tokens.revoke(pair.refresh)
    return pair.access


def forged(person: Person, **over: Any) -> str:
    now = int(timezone.now().timestamp())
    claims = {"sub": str(person.user.pk), "pw": tokens.password_mark(person.user), "typ": "access", "iat": now}
    claims |= {"aud": tokens.AUDIENCE, "iss": tokens.ISSUER, "exp": now + 600}
    key = over.pop("key", tokens._key())
    return jwt.encode({**claims, **over}, key, algorithm="HS256")


def refused_credentials(cast: Cast) -> list[dict[str, str]]:
    """Ways to be nobody in the company that one names."""
    ana, gus, sol = cast["ana"], cast["gus"], cast["sol"]
    now, old = timezone.now(), int(timezone.now().timestamp()) - 2000
    dead = [
        forged(ana, exp=old + 600, iat=old), forged(ana, key=b"x" * 32), forged(ana, aud="another"), forged(ana, typ="x"),
        forged(ana, pw="0" * 16), signed_out_token(ana), "x.y.z", made_key(ana, "leads:read", "inbox:read"),
        changed_key(ana, revoked_at=now), changed_key(ana, expires_at=now - timedelta(seconds=1)),
        f"sk_aaaaaaaa_{'a' * 43}", tokens.access_token(cast["pia"].user), tokens.access_token(cast["iris"].user),
        tokens.access_token(cast["root"].user),
    ]  # fmt: skip
    ways: list[dict[str, str]] = [{"authorization": f"Bearer {token}"} for token in dead]
    ways += [{"cookie": f"access_token={token}", "origin": OURS} for token in dead if not token.startswith("sk_")]
    ways += [{"cookie": cookie, "origin": OURS} for cookie in (ended_session(sol), half_signed(sol), "session=none")]
    elsewhere = [{"x_tenant": cast.acme.slug}, {"host": f"{cast.acme.slug}.localhost"}]
    for named in elsewhere:
        ways += [{"authorization": bearer(gus), **named}]
        ways += [{"authorization": f"Bearer {made_key(gus, 'events:read')}", **named}]
    return ways


async def heard(socket: Socket) -> list[Any]:
    """What the server said after the handshake."""
    said = []
    while not await socket.receive_nothing(timeout=0.02, interval=0.005):
        said.append(await socket.receive_output(timeout=1))
    return said


async def admitted(socket: Socket) -> tuple[bool, list[Any]]:
    """Whether anybody was let in to stay, and every frame that came."""
    opened = await socket.open()
    said = await heard(socket) if opened else []
    frames = [message for message in said if message["type"] == "websocket.send"]
    closed = [message.get("code") for message in said if message["type"] == "websocket.close"]
    return opened and closed != [4401], frames


async def tried(connect: Connect, cases: list[tuple[str, dict[str, str]]]) -> list[str]:
    """Every case that was let in or heard a frame."""
    wrong = []
    for start in range(0, len(cases), 20):
        sockets = [connect(path, **headers) for path, headers in cases[start : start + 20]]
        for case, (inside, frames) in zip(
            cases[start : start + 20], await asyncio.gather(*map(admitted, sockets)), strict=True
        ):
            if inside or frames:
                wrong.append(f"{case}: in={inside} frames={frames}")
    return wrong


async def every_case(cast: Cast) -> list[tuple[str, dict[str, str]]]:
    people = [cast[name] for name in ("ana", "sol", "gus")]
    cookies = [await session_cookie(person) for person in people]
    cookies += [f"access_token={tokens.access_token(person.user)}" for person in people]
    foreign = [(f"/ws/events/{query}", {"cookie": cookie, "origin": origin})
               for query, cookie, origin in product(QUERIES, cookies, FOREIGN)]  # fmt: skip
    absent = [(f"/ws/events/{query}", {"cookie": cookie, "origin": "", "user_agent": "Mozilla/5.0"})
              for query, cookie in product(QUERIES, cookies)]  # fmt: skip
    nobody = await in_thread(refused_credentials, cast)
    return [*foreign, *absent, *((f"/ws/events/{query}", way) for query, way in product(QUERIES, nobody))]


async def test_three_hundred_handshakes_come_to_nothing(connect: Connect, live_tenants: Cast) -> None:
    for tenant in (live_tenants.acme, live_tenants.globex):
        await happen(tenant, "secret-1", "secret-2")
    cases = await every_case(live_tenants)
    assert len(cases) >= 300
    wrong = await tried(connect, cases)
    assert not wrong, "\n".join(wrong)
    assert hub.rooms == {}


async def test_the_same_people_with_what_is_missing_are_let_in(connect: Connect, live_tenants: Cast) -> None:
    """Else the three hundred would prove nothing."""
    ana = live_tenants["ana"]
    key = await in_thread(made_key, ana, "events:read")
    for headers in (
        {"cookie": await session_cookie(ana), "origin": OURS},
        {"cookie": f"access_token={tokens.access_token(ana.user)}", "origin": OURS},
        {"cookie": f"access_token={tokens.access_token(ana.user)}", "origin": "", "user_agent": "an integration"},
        {"authorization": bearer(ana)},
        {"authorization": f"Bearer {key}"},
        {"authorization": f"Bearer {key}", "cookie": "session=none", "origin": ""},
    ):
        socket = connect("/ws/events/", **headers)
        assert (await admitted(socket))[0], headers


@pytest.mark.parametrize("bug", ["origin", "absent", "factor", "scope"])
async def test_a_planted_hole_is_noticed(
    connect: Connect, live_tenants: Cast, monkeypatch: pytest.MonkeyPatch, bug: str
) -> None:
    """Planted: origins not looked at, absent ones passed, half-signed people admitted, scopes of keys ignored."""
    if bug in ("origin", "absent"):
        monkeypatch.setattr(
            "tenants.live.consumer.origin_fits",
            lambda origin, host, credentials: bug == "origin" or not origin or origin == OURS,
        )
    elif bug == "factor":
        monkeypatch.setattr(
            sign_in,
            "_begin_half",
            lambda request, user, wanted: sign_in.start_session(request, user, backend="tenants.backends.EmailBackend"),
        )
    else:
        monkeypatch.setattr("tenants.models.Membership.may", lambda member, permission: True)
    assert await tried(connect, await every_case(live_tenants))


# --- what ends an open line -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("what", ["session ended", "others ended", "token ended", "key revoked", "factor required"])
async def test_what_is_ended_closes_its_open_line_within_a_second(
    connect: Connect, live_tenants: Cast, what: str
) -> None:
    ana = live_tenants["ana"]

    def begin() -> tuple[dict[str, str], Callable[[], object]]:
        if what == "key revoked":
            key = made_key(ana, "events:read")
            return {"authorization": f"Bearer {key}"}, lambda: _revoke(ana)
        if what == "token ended":
            with auth_scope():
                pair = sign_in.begin_tokens(user=User.objects.get(pk=ana.user.pk), code="")
            return {"authorization": f"Bearer {pair.access}"}, lambda: _log_out(pair)
        browser = Client(SERVER_NAME=HOST)
        browser.post("/login/", {"email": ana.user.email, "password": PASSWORD})
        here = {"cookie": f"session={browser.cookies['session'].value}", "origin": OURS}
        if what == "factor required":
            return here, lambda: _insist(ana)
        return here, lambda: _end(ana, others=what == "others ended")

    headers, end = await in_thread(begin)
    socket = connect("/ws/events/", **headers)
    assert await socket.open()
    colleague = connect("/ws/events/", authorization=bearer(live_tenants["gus"]))
    assert await colleague.open()
    began = asyncio.get_running_loop().time()
    await in_thread(end)
    assert await socket.closed() == 4401
    assert asyncio.get_running_loop().time() - began < 2  # the second of the requirement, and a busy machine
    await happen(live_tenants.globex, "one")
    assert (await colleague.frame())["data"]["id"] == "one"


def _revoke(person: Person) -> None:
    with tenant_context(person.tenant):
        keys.revoke(pk=ApiKey.objects.get().pk, by=person.actor)


def _log_out(pair: tokens.Pair) -> None:
    client = Client(SERVER_NAME=HOST)
    answer = client.post("/api/v1/auth/logout", {"refresh": pair.refresh}, content_type="application/json")
    assert answer.status_code == 204


def _end(person: Person, *, others: bool) -> None:
    with auth_scope():
        user = User.objects.get(pk=person.user.pk)
        (place,) = sign_ins.overview(user).places
        if others:
            sign_ins.end_others(user=user, current="")
        else:
            sign_ins.end(user=user, pk=place.row.pk)


def _insist(person: Person) -> None:
    secret = enrolled(person)
    assert secret
    with tenant_context(person.tenant):
        companies.update_settings(by=person.actor, changes={"require_second_factor": True})


async def test_a_changed_role_reaches_an_open_line_at_once(connect: Connect, live_tenants: Cast) -> None:
    """Who hears more or less from now on is told to look at everything again."""
    sol = live_tenants["sol"]
    socket = connect("/ws/events/", authorization=bearer(sol))
    assert await socket.open()

    def promote() -> None:
        with auth_scope():
            Membership.objects.filter(pk=sol.member.pk).update(role="ceo")
        access_topics.changed(live_tenants.acme.pk)

    await in_thread(promote)
    assert (await socket.frame())["type"] == "RESYNC"
    await happen(live_tenants.acme, "one")
    assert (await socket.frame())["data"]["id"] == "one"


async def test_what_a_client_says_later_is_no_identity(connect: Connect, live_tenants: Cast) -> None:
    """Only the handshake says who somebody is: frames of clients are passed over."""
    gus = connect("/ws/events/", authorization=bearer(live_tenants["gus"]))
    assert await gus.open()
    for said in (
        {"tenant": live_tenants.acme.slug},
        {"authorization": bearer(live_tenants["ana"])},
        {"subscribe": "*"},
    ):
        await gus.send_to(text_data=json.dumps(said))
    await happen(live_tenants.acme, "secret")
    await happen(live_tenants.globex, "own")
    assert (await gus.frame())["data"]["id"] == "own"
