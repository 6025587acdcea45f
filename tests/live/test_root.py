"""The one port: what goes where, started the way bin/dev starts it."""

import asyncio
import contextlib
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from agents.tasks import beat as agents_heartbeat
from config import bodies, health
from config.lib.redis import client
from tenants.services import provisioning
from tenants.tasks import HEARTBEAT_KEY, heartbeat
from tests.messaging.ingest.conftest import ask
from tests.support.cast import Cast


@pytest.fixture
def server(live_tenants: Cast) -> Iterator[str]:
    """The root application behind uvicorn, on a free port of this machine."""
    from config.asgi import Root

    with contextlib.closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        running = uvicorn.Server(uvicorn.Config(Root(), log_level="warning", lifespan="on"))
        thread = threading.Thread(target=lambda: asyncio.run(running.serve(sockets=[listening])))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        running.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def get(url: str, **options: Any) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(url, **options)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def test_pages_come_from_django_and_webhooks_from_the_door(server: str) -> None:
    status, headers, body = get(f"{server}/login/")
    assert (status, headers["content-language"]) == (200, "es")
    assert b"</html>" in body
    status, headers, body = get(f"{server}/webhooks/meta/nobody/", data=b"x")
    assert (status, body) == (404, b"")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_a_large_page_and_a_body_in_pieces_pass_through(server: str) -> None:
    status, headers, body = get(f"{server}/api/v1/schema/")
    assert status in (200, 401, 403)
    assert len(body) == int(headers["content-length"])
    pieces = iter([b"email=a", b"&password=", b"b" * 300_000])
    status, _headers, _body = get(f"{server}/login/", data=pieces, headers={"Transfer-Encoding": "chunked"})
    assert status in (200, 400, 403)


def test_slow_uploads_hold_no_thread_from_other_pages(server: str) -> None:
    place = server.removeprefix("http://").split(":")
    slow = []
    for _each in range(30):
        raw = socket.create_connection((place[0], int(place[1])), timeout=10)
        raw.sendall(b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nemail=")
        slow.append(raw)
    assert get(f"{server}/login/")[0] == 200
    for raw in slow:
        raw.close()
    assert get(f"{server}/login/")[0] == 200


def test_an_upload_beyond_the_limit_is_413(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.bodies.MOST_BYTES", 100_000)
    assert get(f"{server}/login/", data=b"x" * 100_001)[0] == 413
    pieces = {"Transfer-Encoding": "chunked"}
    assert get(f"{server}/login/", data=iter([b"x" * 60_000] * 2), headers=pieces)[0] == 413


async def test_a_body_arrives_whole_whatever_its_pieces() -> None:
    for sizes in ([5], [0, 7, 0], [65_536], [65_536, 65_536], [700_000, 700_000, 1], [131_072, 0]):
        pieces = [bytes([number % 250]) * size for number, size in enumerate(sizes)]
        messages = [
            {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
            for number, piece in enumerate(pieces, start=1)
        ]

        async def receive(messages: list[Any] = messages) -> Any:
            return messages.pop(0)

        whole = await bodies.arrived({"headers": [(b"transfer-encoding", b"chunked")]}, receive)
        read, more = b"", True
        while more:
            message = await whole()
            read, more = read + message["body"], message["more_body"]
        assert read == b"".join(pieces)


def test_an_odd_query_is_answered_with_400_and_not_with_a_broken_connection(server: str) -> None:
    place = server.removeprefix("http://").split(":")
    with socket.create_connection((place[0], int(place[1])), timeout=10) as raw:
        raw.sendall(b"GET /login/?x=\xff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert raw.recv(100).split()[1] == b"400"


async def test_headers_that_only_look_like_others_do_not_reach_django() -> None:
    from config.asgi import Root

    root, seen = Root(), []

    async def pages(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(name for name, _value in scope["headers"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    root._pages = pages
    await ask(root, "GET", "/", **{"x-tenant": "acme"})
    scope_headers = [(b"x_tenant", b"globex"), (b"x-forwarded_for", b"1.2.3.4"), (b"accept", b"*/*")]
    await root(
        {"type": "http", "path": "/", "query_string": b"", "headers": scope_headers},
        lambda: asyncio.sleep(0, {"type": "http.request", "body": b""}),
        lambda message: asyncio.sleep(0),
    )
    assert seen == [b"host", b"x-tenant", b"accept"]


def test_the_module_starts_without_anything_set_up_before() -> None:
    program = "import config.asgi as asgi; print(type(asgi.application).__name__)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout.strip() == "Root", ran.stderr


# --- health -----------------------------------------------------------------------------------------------------
def test_health_needs_nothing_at_all(client_as: Any) -> None:
    answer = client_as(None).get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_names_each_part(client_as: Any) -> None:
    heartbeat()
    agents_heartbeat()
    answer = client_as(None).get("/readyz")
    parts = {"database": "ok", "migrations": "ok", "redis": "ok", "worker": "ok", "agents_worker": "ok"}
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", **parts, "audit_anchor": "never ran"})


def test_a_worker_of_agents_without_a_sign_of_life_is_not_ready(
    client_as: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    heartbeat()
    monkeypatch.setattr(health, "_began", health.time.monotonic() - 120)
    answer = client_as(None).get("/readyz")
    assert (answer.status_code, answer.json()["worker"]) == (503, "ok")
    assert answer.json()["agents_worker"] == "no sign of life"


def test_a_worker_without_a_sign_of_life_is_not_ready(client_as: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = []
    for minutes_ago, beat in ((0, None), (2, None), (2, 1)):
        monkeypatch.setattr(health, "_began", health.time.monotonic() - 60 * minutes_ago)
        client().set(HEARTBEAT_KEY, beat) if beat else client().delete(HEARTBEAT_KEY)
        answers.append(client_as(None).get("/readyz"))
    assert [answer.status_code for answer in answers] == [503] * 3
    assert [answer.json()["worker"] for answer in answers] == ["starting", "no sign of life", "no sign of life"]


def test_a_missing_migration_is_not_ready(client_as: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    heartbeat()
    more = {*provisioning.expected_public(), ("tenants", "9999_future")}
    monkeypatch.setattr(provisioning, "expected_public", lambda: more)
    answer = client_as(None).get("/readyz")
    assert (answer.status_code, answer.json()["migrations"]) == (503, "1 missing")
