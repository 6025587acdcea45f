"""Sockets to the whole root application, in process, in front of committed companies."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator

from tenants.context import tenant_context
from tenants.live import hub as hub_module
from tenants.live import threads
from tenants.live.services import emit
from tenants.live.threads import in_thread
from tenants.models import Tenant
from tenants.services.tokens import access_token
from tests.support.cast import Cast, Person
from tests.support.clients import session_of

HOST = "localhost"


class Socket(WebsocketCommunicator):
    """A client. `open` gives True when let in; `frame` the next frame, `closed` the code it was closed with."""

    async def open(self) -> bool:
        connected, _detail = await self.connect(timeout=5)
        return connected

    async def frame(self) -> dict[str, Any]:
        return json.loads(await self.receive_from(timeout=5))

    async def closed(self) -> int:
        message = await self.receive_output(timeout=5)
        assert message["type"] == "websocket.close", message
        return message["code"]


@pytest.fixture
async def root(live_tenants: Cast) -> AsyncIterator[Any]:
    """The root application, with nothing of an earlier test's loop in it."""
    from config.asgi import Root

    application = Root()
    yield application
    await hub_module.hub.stop()
    await application.door.stop()
    # Rows being written for a socket that is gone would meet the removal of their company.
    everybody = threading.Barrier(threads.COUNT, timeout=10)
    await asyncio.gather(*(in_thread(everybody.wait) for _each in range(threads.COUNT)))


@pytest.fixture
async def connect(root: Any) -> AsyncIterator[Callable[..., Socket]]:
    """`connect("/ws/events/", cookie=…)`: a socket that is closed after the test; `_` in header names for `-`."""
    opened: list[Socket] = []

    def make(path: str, **headers: str) -> Socket:
        host = headers.pop("host", HOST)
        if "cookie" in headers:  # as a browser does; `origin=""` for none
            headers.setdefault("origin", f"http://{host}")
        lines = [(b"host", host.encode())]
        lines += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items() if value]
        opened.append(Socket(root, path, headers=lines))
        return opened[-1]

    yield make
    for socket in opened:
        await socket.disconnect()


def bearer(person: Person) -> str:
    return f"Bearer {access_token(person.user)}"


async def session_cookie(person: Person) -> str:
    return f"session={await in_thread(session_of, person)}"


async def happen(tenant: Tenant, *ids: str, type: str = "LEAD_UPDATED") -> None:
    """Commit one event of the company for each id."""

    def write() -> None:
        for each in ids:
            with tenant_context(tenant):
                emit(type, object="lead", id=each)

    await in_thread(write)
