"""The little of HTTP that the door needs: a body with a limit, an answer with the security headers."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any

from tenants.middleware.headers import PLAIN_HEADERS

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
BODY_SECONDS = 20.0  # a client that sends slower than this holds a connection for nothing


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
    lines = [*PLAIN, *headers]
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


async def read_body(headers: Mapping[bytes, bytes], receive: Receive, most: int) -> bytes:
    """The raw body, at most `most` bytes whatever Content-Length claims; 413 beyond, `Gone` when the client left."""
    claimed = headers.get(b"content-length", b"0")
    if len(claimed) > 12 or (claimed.isdigit() and int(claimed) > most):
        raise Refused(413)
    message = await receive()
    if message["type"] == "http.disconnect" or message.get("more_body"):
        return await _rest_of_body(message, receive, most)
    body: bytes = message.get("body", b"")
    if len(body) > most:
        raise Refused(413)
    return body


async def _rest_of_body(message: Message, receive: Receive, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                if message["type"] == "http.disconnect":
                    raise Gone
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > most:
                    raise Refused(413)
                if not message.get("more_body"):
                    return b"".join(parts)
                message = await receive()
    except TimeoutError as late:
        raise Refused(408) from late
