"""`ws /ws/events/?after=<id>`: the live events of the member's company, from where the client left off."""

import asyncio
import json
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import Error as DatabaseError

from tenants.identity import ACCESS_COOKIE
from tenants.live import sight
from tenants.live.admission import SESSION_COOKIE, Admission, Credentials, admit, events_since, origin_fits
from tenants.live.hub import CLOSE_SIGNED_OUT, Line, hub
from tenants.live.sight import resync
from tenants.live.threads import in_thread

MOST_REPLAYED = 1000  # beyond this asking for everything again is less work
CLOSE_TRY_AGAIN = 1013


def header(scope: dict[str, Any], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def query(scope: dict[str, Any]) -> dict[str, str]:
    """The last value of each parameter."""
    return {name: values[-1] for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()}


class EventsConsumer(AsyncWebsocketConsumer):
    """Refuses foreign pages at the handshake; strangers are let in only to be told 4401."""

    line: Line | None = None
    tenant_id = 0
    writer: asyncio.Task[None] | None = None
    ending: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        credentials = _credentials(self.scope)
        if not origin_fits(header(self.scope, b"origin"), header(self.scope, b"host"), credentials):
            await self.close()
            return
        try:
            admission = await in_thread(admit, credentials)
        except DatabaseError:
            await self._accept_and_close(CLOSE_TRY_AGAIN)
            return
        if admission is None:
            await self._accept_and_close(CLOSE_SIGNED_OUT)
            return
        self.tenant_id = admission.tenant_id
        self.line = Line(self._end, credentials, admission.sight)
        room = await hub.enter(self.line, admission)
        now = room.last
        if self.line.ended:
            return
        await self.accept()  # only now: what happens after the handshake must be heard
        self.writer = asyncio.create_task(self._write(self.line, now, admission))

    async def _accept_and_close(self, code: int) -> None:
        """A browser shows the code of an open socket only."""
        await self.accept()
        await self.close(code)

    async def disconnect(self, code: int) -> None:
        if self.line is not None:
            self.line.ended = True
            hub.leave(self.line, self.tenant_id)
        if self.writer is not None:
            self.writer.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Nothing is expected from clients; whatever comes is ignored."""

    def _end(self, code: int) -> None:
        """Asked for by the hub; the socket may be stuck in a send, so the writer goes first."""
        if self.writer is not None:
            self.writer.cancel()
        self.ending = asyncio.create_task(self.close(code))

    async def _write(self, line: Line, now: int, admission: Admission) -> None:
        try:
            told = await self._replay(now, admission)
            while True:
                number, frame = await line.next()
                if number > told:
                    await self.send(frame)
        except DatabaseError:
            await self.close(CLOSE_TRY_AGAIN)
        except OSError:
            return  # the client is gone; `disconnect` tidies up

    async def _replay(self, now: int, admission: Admission) -> int:
        """Send what came between `after` and `now`; returns the number up to which the client knows everything."""
        wanted = query(self.scope).get("after", "")
        if not wanted:
            return now
        after = int(wanted) if wanted.isdigit() and len(wanted) < 19 else -1
        if after == now:
            return now
        if now < after <= admission.last_id:
            return after
        events: list[dict[str, object]] = []
        if 0 <= now - after <= MOST_REPLAYED and after >= 0:
            events = await in_thread(events_since, self.tenant_id, after, MOST_REPLAYED)
            events = [event for event in events if int(str(event["id"])) <= now]
        if len(events) != now - after:  # too old, too many, or numbers of another life
            await self.send(resync(now))
            return now
        pairs = [(event, json.dumps(event)) for event in events]
        mine = (None, admission.sight.person)
        told = [(0, frame) for event, frame in pairs if sight.only_for(event) in mine]
        if not admission.sight.whole:
            told = (await in_thread(sight.frames, self.tenant_id, pairs, [admission.sight]))[admission.sight]
        for _number, frame in told:
            await self.send(frame)
        return now


def _credentials(scope: dict[str, Any]) -> Credentials:
    cookies: SimpleCookie = SimpleCookie()
    try:
        cookies.load(header(scope, b"cookie"))
    except CookieError:
        cookies.clear()
    values = {name: morsel.value for name, morsel in cookies.items()}
    return Credentials(
        host=header(scope, b"host"),
        session_key=values.get(SESSION_COOKIE, ""),
        access_cookie=values.get(ACCESS_COOKIE, ""),
        authorization=header(scope, b"authorization"),
        tenant=header(scope, b"x-tenant"),
        browser=header(scope, b"user-agent").startswith("Mozilla/"),  # as every browser begins
    )
