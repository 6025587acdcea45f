"""Bare applications that do only what cannot be left out: what ours are compared with."""

import asyncio
import hashlib
import hmac
import os
from typing import Any

import psycopg
import redis.asyncio

SECRET = b"bench-secret"
INSERT = (
    "insert into bench_inbox (account, event_key, raw) select * from unnest(%b::text[], %b::text[], %b::text[])"
    " on conflict (account, event_key) do nothing"
)
TABLE = (
    "create table if not exists bench_inbox (id bigint generated always as identity primary key, account text not null,"
    " event_key text not null, raw text not null, received_at timestamptz not null default now(), unique (account, event_key))"
)

_waiting: list[tuple[tuple[str, str, str], asyncio.Future[None]]] = []
_arrived = asyncio.Event()
_flushers: list[asyncio.Task[None]] = []


async def group_commit(scope: Any, receive: Any, send: Any) -> None:
    """Signature over the raw body, one insert for whatever waits, the answer after the commit."""
    if scope["type"] == "lifespan":
        await receive()
        for _each in range(2):
            _flushers.append(asyncio.create_task(_flush()))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = (await receive())["body"]
    given = next((value for name, value in scope["headers"] if name == b"x-hub-signature-256"), b"")
    digest = "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    status = 401
    if hmac.compare_digest(given, digest.encode()):
        future = asyncio.get_running_loop().create_future()
        _waiting.append((("1", hashlib.sha256(body).hexdigest(), body.decode()), future))
        _arrived.set()
        await future
        status = 200
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def _flush() -> None:
    async with await psycopg.AsyncConnection.connect(os.environ["OWNER_DATABASE_URL"], autocommit=True) as connection:
        while True:
            await _arrived.wait()
            group = _waiting[:256]
            del _waiting[:256]
            if not _waiting:
                _arrived.clear()
            if not group:
                continue
            rows = [list(column) for column in zip(*(row for row, _future in group), strict=True)]
            await connection.execute(INSERT, rows, prepare=True)
            for _row, future in group:
                if not future.done():
                    future.set_result(None)


# --- a bare hub ------------------------------------------------------------------------------------------------
_sockets: set[Any] = set()


async def hub(scope: Any, receive: Any, send: Any) -> None:
    """Every notice of Redis to every socket: no sign-in, no companies, no order, no resuming."""
    if scope["type"] == "lifespan":
        await receive()
        _flushers.append(asyncio.create_task(_pass_on()))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        _sockets.add(send)
        while (await receive())["type"] != "websocket.disconnect":
            pass
        _sockets.discard(send)
    else:
        await receive()
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def _pass_on() -> None:
    client = redis.asyncio.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=None, decode_responses=True)
    async with client.pubsub() as channel:
        await channel.psubscribe("live:*")
        async for message in channel.listen():
            if message["type"] == "pmessage":
                frame = {"type": "websocket.send", "text": message["data"]}
                await asyncio.gather(*(send(frame) for send in _sockets))
