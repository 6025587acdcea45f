"""`ws /ws/webchat/<channel_id>/?visitor_id=`: a visitor's conversation, as it is and as it goes on.

Frames out: {"type": "history", "messages": […]} once, then {"type": "message", "message": {…}}. In: {"type": "read", "id"}.
"""

import asyncio
import json
from collections import OrderedDict
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import Error as DatabaseError

from config.lib import live
from messaging.ingest.app import Ingest
from messaging.ingest.http import Refused
from messaging.ingest.limits import Bucket
from messaging.ingest.routes import Route
from messaging.ingest.webchat import VISITOR, channel_route, origin_allowed, read_history
from messaging.services import webchat
from tenants.context import tenant_context
from tenants.live.consumer import CLOSE_TRY_AGAIN, query
from tenants.live.hub import Line, hub
from tenants.live.threads import in_thread
from tenants.services import registry

LOOK_SECONDS = 30.0  # without a notice, in case Redis lost one
MOST_REMEMBERED = 500
LONGEST_FRAME = 1000
CLOSE_TOO_MANY = 4429


class VisitorConsumer(AsyncWebsocketConsumer):
    """Sends what the rows say; a notice from Redis only tells when to look."""

    line: Line | None = None
    topic = ""
    writer: asyncio.Task[None] | None = None
    ending: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        door: Ingest = self.scope["door"]
        await door.start()
        try:
            self.route: Route = await channel_route(door.routes, str(self.scope["url_route"]["kwargs"]["channel_id"]))
        except Refused:
            await self.close()
            return
        self.visitor_id = query(self.scope).get("visitor_id", "")
        if not VISITOR.fullmatch(self.visitor_id) or not origin_allowed(self.route, self.scope):
            await self.close()
            return
        self.shown: OrderedDict[str, None] = OrderedDict()
        place = f"webchat:ws:{self.route.tenant_id}:{self.route.channel_id}"
        if await door.limits.wait(Bucket(f"{place}:{self.visitor_id}", 2.0, 30), Bucket(place, 0.01, 2000)):
            await self.accept()
            await self.close(CLOSE_TOO_MANY)
            return
        self.topic = live.visitor_topic(self.route.tenant_id, self.route.channel_id, self.visitor_id)
        self.line = Line(self._end)
        await hub.watch(self.line, self.topic)
        await self.accept()
        self.writer = asyncio.create_task(self._write(self.line))

    async def disconnect(self, code: int) -> None:
        if self.line is not None:
            self.line.ended = True
            hub.unwatch(self.line, self.topic)
        if self.writer is not None:
            self.writer.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            given = json.loads(text_data or "") if len(text_data or "") <= LONGEST_FRAME else None
        except (ValueError, RecursionError):
            return
        if isinstance(given, dict) and given.get("type") == "read" and str(given.get("id")) in self.shown:
            try:
                await in_thread(_seen, self.route, self.visitor_id, str(given["id"]))
            except DatabaseError:
                return  # ticks are a courtesy; the next "read" covers this one

    def _end(self, code: int) -> None:
        if self.writer is not None:
            self.writer.cancel()
        self.ending = asyncio.create_task(self.close(code))

    async def _write(self, line: Line) -> None:
        try:
            await self._show(first=True)
            while True:
                try:
                    async with asyncio.timeout(LOOK_SECONDS):
                        await line.next()
                except TimeoutError:
                    pass
                line.skip()
                await self._show()
        except DatabaseError:
            await self.close(CLOSE_TRY_AGAIN)
        except OSError:
            return  # the client is gone; `disconnect` tidies up

    async def _show(self, *, first: bool = False) -> None:
        after = next(reversed(self.shown), "") if not first else ""
        rows = await in_thread(read_history, self.route.tenant_id, self.route.channel_id, self.visitor_id, after)
        fresh = [row for row in rows if row["id"] not in self.shown]
        for row in fresh:
            self.shown[row["id"]] = None
        while len(self.shown) > MOST_REMEMBERED:
            self.shown.popitem(last=False)
        if first:
            await self.send(json.dumps({"type": "history", "messages": fresh}))
        else:
            for row in fresh:
                await self.send(json.dumps({"type": "message", "message": row}))
        await self._delivered(fresh)

    async def _delivered(self, rows: list[dict[str, Any]]) -> None:
        ids = [row["id"] for row in rows if row["direction"] == "out" and row["status"] == "sent"]
        if ids:
            await in_thread(_delivered, self.route, self.visitor_id, ids)


def _delivered(route: Route, visitor_id: str, ids: list[str]) -> None:
    if tenant := registry.by_id(route.tenant_id):
        with tenant_context(tenant):
            webchat.mark_delivered(channel_id=route.channel_id, visitor_id=visitor_id, ids=ids)


def _seen(route: Route, visitor_id: str, upto: str) -> None:
    if tenant := registry.by_id(route.tenant_id):
        with tenant_context(tenant):
            webchat.mark_seen(channel_id=route.channel_id, visitor_id=visitor_id, upto=upto)
