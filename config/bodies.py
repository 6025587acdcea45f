"""Uploads are taken in whole before a thread works on them, so that slow senders hold memory and not threads."""

import asyncio
from tempfile import SpooledTemporaryFile
from typing import IO

from config import env
from messaging.ingest.http import Gone, Message, Receive, Refused, Scope

MOST_BYTES = int(env.number("WEB_MAX_BODY", 100 * 1024 * 1024))
IN_MEMORY_BYTES = 1024 * 1024
PIECE_BYTES = 64 * 1024
IDLE_SECONDS = 30.0


async def arrived(scope: Scope, receive: Receive) -> Receive:
    """A `receive` that never waits for the network. 413 when too large, 408 when the sender stops, `Gone` when it left."""
    headers = dict(scope["headers"])
    claimed = headers.get(b"content-length", b"")
    if b"transfer-encoding" not in headers and claimed in (b"", b"0"):
        return receive
    if claimed.isdigit() and int(claimed[:20]) > MOST_BYTES:
        raise Refused(413)
    message = await _next(receive)
    if len(message.get("body", b"")) > MOST_BYTES:
        raise Refused(413)
    if not message.get("more_body"):
        return _once(message)
    file: IO[bytes] = SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 (closed with the closure that reads it)
    size = 0
    while True:
        piece = message.get("body", b"")
        size += len(piece)
        if size > MOST_BYTES:
            raise Refused(413)
        file.write(piece)
        if not message.get("more_body"):
            break
        message = await _next(receive)
    file.seek(0)
    return _pieces(file)


async def _next(receive: Receive) -> Message:
    try:
        async with asyncio.timeout(IDLE_SECONDS):
            message = await receive()
    except TimeoutError as late:
        raise Refused(408) from late
    if message["type"] == "http.disconnect":
        raise Gone
    return message


def _once(message: Message) -> Receive:
    async def receive() -> Message:
        return message

    return receive


def _pieces(file: IO[bytes]) -> Receive:
    async def receive() -> Message:
        piece = file.read(PIECE_BYTES)
        return {"type": "http.request", "body": piece, "more_body": len(piece) == PIECE_BYTES}

    return receive
