"""The little of HTTP that the door needs: a body with a limit, an answer with the security headers."""

import asyncio
import ipaddress
import json
from collections.abc import Awaitable, Callable, Generator, Iterable, MutableMapping
from functools import lru_cache, partial
from typing import Any

from django.conf import settings

from tenants.middleware.headers import PLAIN_HEADERS
from tenants.services.client_address import client_behind

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

PLAIN: list[Header] = [(name.lower().encode(), value.encode()) for name, value in PLAIN_HEADERS.items()]
TEXT, JSON = b"text/plain; charset=utf-8", b"application/json"
BODILESS = {204, 304}
STORED_START = {"type": "http.response.start", "status": 200, "headers": [*PLAIN, (b"content-length", b"0")]}
STORED_BODY = {"type": "http.response.body", "body": b""}
BUSY, CLOSE = (b"retry-after", b"5"), (b"connection", b"close")


class Refused(Exception):
    """An answer other than the good one. `body` is bytes as they go out."""

    def __init__(
        self, status: int, body: bytes = b"", *, content_type: bytes = TEXT, headers: Iterable[Header] = ()
    ) -> None:
        super().__init__(status)
        self.status, self.body, self.content_type, self.headers = status, body, content_type, list(headers)


class Gone(Exception):
    """The client left before its body was complete: nothing was taken, nobody waits for an answer."""


def as_json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), default=str).encode()


def error(code: str, message: str, **fields: str) -> bytes:
    """The error body of the API, so that integrations read one shape."""
    return as_json({"error": {"code": code, "message": message, "fields": fields}})


async def answer(
    send: Send, status: int, body: bytes = b"", *, content_type: bytes = TEXT, headers: Iterable[Header] = ()
) -> None:
    own = list(headers)
    names = {name for name, _value in own}
    lines = [*(line for line in PLAIN if line[0] not in names), *own] if own else PLAIN.copy()
    if status not in BODILESS:
        lines.append((b"content-length", b"%d" % len(body)))
    if body:
        lines.append((b"content-type", content_type))
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body})


async def stored_answer(send: Send) -> None:
    """The good answer to a webhook: nothing in it to build anew."""
    await send(STORED_START)
    await send(STORED_BODY)


def header(scope: Scope, name: bytes) -> str:
    """The first value of a header, decoded as Latin-1 the way HTTP carries it; empty when absent."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def client_of(scope: Scope) -> str:
    """Who asks: the peer, or whom a proxy of ours names; one network of IPv6 counts as one. Empty when unknown."""
    peer = scope.get("client")
    if peer is None:
        return ""
    forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    if not forwarded:
        return _client(peer[0], "", ())
    # Only its end is written by proxies of ours; how much of it a stranger makes us remember is bounded.
    return _client(peer[0], ",".join(forwarded)[-512:], tuple(settings.TRUSTED_PROXIES))


@lru_cache(maxsize=4096)
def _client(peer: str, forwarded: str, _proxies: tuple[str, ...]) -> str:
    address = client_behind(peer, forwarded)
    if address is None or ":" not in address:
        return address or ""
    return str(ipaddress.ip_network(f"{address}/64", strict=False).network_address)


class Bodies:
    """Bodies on their way in: so many at once, so many of one client, so much of them in memory, so long for each.

    Whoever finds no room is told to come back (503), which a provider does by itself. A body that came with its head, as
    nearly all do, waits for nothing and takes no place.
    """

    def __init__(self) -> None:
        self._count = self._size = 0
        self._of_client: dict[str, int] = {}

    async def read(self, scope: Scope, receive: Receive, most: int) -> bytes:
        """The raw body, at most `most` bytes whatever Content-Length claims; 413 beyond, `Gone` when the client left."""
        claimed = dict(scope["headers"]).get(b"content-length", b"0")
        if len(claimed) > 12 or (claimed.isdigit() and int(claimed) > most):
            raise Refused(413)
        first = receive().__await__()
        try:
            pending = next(first)
        except StopIteration as there:
            message: Message = there.value
            if message["type"] == "http.disconnect" or message.get("more_body"):
                return await self._late(scope, message, receive, most)
            body: bytes = message.get("body", b"")
            if len(body) > most:
                raise Refused(413) from None
            return body
        return await self._late(scope, _Begun(first, pending), receive, most)

    async def _late(self, scope: Scope, first: "Message | _Begun", receive: Receive, most: int) -> bytes:
        client = client_of(scope)
        mine = self._of_client.get(client, 0)
        if self._count >= settings.INGEST_MAX_BODIES or (client and mine >= settings.INGEST_MAX_BODIES_PER_CLIENT):
            raise Refused(503, headers=[BUSY])
        self._count += 1
        self._of_client[client] = mine + 1
        try:
            async with asyncio.timeout(settings.INGEST_BODY_SECONDS):
                message = await first if isinstance(first, _Begun) else first
                return await self._pieces(message, receive, most)
        except TimeoutError as late:
            raise Refused(408, headers=[CLOSE]) from late
        finally:
            self._count -= 1
            if self._of_client[client] > 1:
                self._of_client[client] -= 1
            else:
                del self._of_client[client]

    async def _pieces(self, message: Message, receive: Receive, most: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        try:
            while True:
                if message["type"] == "http.disconnect":
                    raise Gone
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                self._size += len(parts[-1])
                if size > most:
                    raise Refused(413, headers=[CLOSE])
                if self._size > settings.INGEST_BODY_BYTES:
                    raise Refused(503, headers=[BUSY, CLOSE])
                if not message.get("more_body"):
                    return b"".join(parts)
                message = await receive()
        finally:
            self._size -= size


class _Begun:
    """The rest of something awaited whose first step is done: it waits for `pending`."""

    def __init__(self, steps: Generator[Any, Any, Message], pending: Any) -> None:
        self._steps, self._pending = steps, pending

    def __await__(self) -> Generator[Any, Any, Message]:
        pending = self._pending
        while True:
            try:
                given = yield pending
            except BaseException as error:  # noqa: BLE001 (a cancellation too belongs to who is awaited)
                step = partial(self._steps.throw, error)
            else:
                step = partial(self._steps.send, given)
            try:
                pending = step()
            except StopIteration as done:
                return done.value
