"""One per process: hears Redis once and passes each company's events to its sockets, in order and without gaps.

Numbers are consecutive in a company, so a missing one is noticed and fetched from the rows; Redis may lose anything.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

import redis
import redis.asyncio
from django.conf import settings
from django.db import Error as DatabaseError

from config.lib import live
from tenants.live import sight
from tenants.live.access_topics import access_topic
from tenants.live.admission import Admission, Credentials, asked_again, events_since, newest
from tenants.live.sight import WHOLE, Event, Sight, resync
from tenants.live.threads import ended, in_thread

logger = logging.getLogger(__name__)

MOST_FETCHED = 200  # events a query, fewer than may wait
MOST_WAITING = 256  # frames a slow socket may have before it is closed; it comes back and resumes
LOOK_SECONDS = 10.0  # how long a loss of Redis may stay unnoticed, and a change of access nobody announced
AGAIN_SECONDS = 0.5
LISTEN_SECONDS = 2.0  # how long the first socket waits for Redis
ALWAYS = 1 << 62  # the number of a frame that is news to everybody, whatever they were told already
CLOSE_SIGNED_OUT, CLOSE_TOO_SLOW = 4401, 4408

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
LIVE, VISITOR, ACCESS = live.tenant_topic("*"), live.visitor_topic("*", "*", "*"), access_topic("*")  # type: ignore[arg-type]  # patterns


class Line:
    """The hub's end of one socket: frames wait here until the socket takes them."""

    __slots__ = ("_arrived", "_end", "_frames", "credentials", "ended", "sight")

    def __init__(
        self, end: Callable[[int], None], credentials: Credentials | None = None, sight: Sight = WHOLE
    ) -> None:
        self.credentials = credentials
        self.sight = sight
        self.ended = False
        self._end = end
        self._frames: deque[tuple[int, str]] = deque()
        self._arrived = asyncio.Event()

    def push(self, number: int, frame: str) -> None:
        if self.ended:
            return
        if len(self._frames) >= MOST_WAITING:
            self.end(CLOSE_TOO_SLOW)
            return
        self._frames.append((number, frame))
        self._arrived.set()

    def end(self, code: int) -> None:
        """Close the socket with this code, once."""
        if not self.ended:
            self.ended = True
            self._frames.clear()
            self._end(code)

    def skip(self) -> None:
        """Forget what waits: for whoever looks at the rows anyway."""
        self._frames.clear()

    async def next(self) -> tuple[int, str]:
        while not self._frames:
            self._arrived.clear()
            await self._arrived.wait()
        return self._frames.popleft()


class Room:
    """The sockets of one company in this process, and how far they have been told.

    `wide` lines hear everything at once; for `narrow` ones each batch is judged first, and comes in the same order.
    """

    def __init__(self, tenant_id: int, last: int, spawn: Spawn = asyncio.create_task) -> None:
        self.tenant_id = tenant_id
        self.last = last
        self.wide: set[Line] = set()
        self.narrow: set[Line] = set()
        self.heard = last
        self.catching: asyncio.Task[None] | None = None
        self._spawn = spawn
        self._unjudged: list[tuple[Event, str]] = []
        self._judging: asyncio.Task[None] | None = None

    @property
    def lines(self) -> set[Line]:
        return self.wide | self.narrow

    def add(self, line: Line) -> None:
        (self.wide if line.sight.whole else self.narrow).add(line)

    def discard(self, line: Line) -> None:
        self.wide.discard(line)
        self.narrow.discard(line)

    def change(self, line: Line, sight: Sight) -> None:
        """Somebody's role, scope or team is another one: from now on, and for what is on their screen."""
        self.discard(line)
        line.sight = sight
        self.add(line)
        line.push(ALWAYS, resync(self.last))

    def hear(self, number: int, frame: str, event: Event) -> bool:
        """Pass on the next event; False when one is missing before it."""
        self.heard = max(self.heard, number)
        if number == self.last + 1:
            self.last = number
            self.tell(number, frame, event)
        return number <= self.last

    def tell(self, number: int, frame: str, event: Event) -> None:
        person = sight.only_for(event)
        for line in list(self.wide):
            if person is None or person == line.sight.person:
                line.push(number, frame)
        if self.narrow:
            self._unjudged.append((event, frame))
            if self._judging is None or self._judging.done():
                self._judging = self._spawn(self._judge())

    async def _judge(self) -> None:
        while self._unjudged:
            batch, self._unjudged = self._unjudged, []
            sights = {line.sight for line in self.narrow}
            try:
                told = await in_thread(sight.frames, self.tenant_id, batch, sights)
            except DatabaseError as error:
                logger.warning("live events of company %s cannot be judged now: %s", self.tenant_id, error)
                told = {each: [(self.last, resync(self.last))] for each in sights}
            for line in list(self.narrow):
                for number, frame in told.get(line.sight, ()):
                    line.push(number, frame)

    async def catch_up(self) -> None:
        """Fetch what is missing from the rows."""
        while True:
            try:
                events = await in_thread(events_since, self.tenant_id, self.last, MOST_FETCHED)
            except DatabaseError as error:
                logger.warning("live events of company %s cannot be fetched now: %s", self.tenant_id, error)
                return
            for event in events:
                number = int(str(event["id"]))
                if number > self.last + 1:  # the rows between are forgotten: whoever listens must look at everything
                    self.last = number - 1
                    self.tell(number - 1, resync(number - 1), {"id": number - 1, "type": sight.RESYNC})
                self.hear(number, json.dumps(event), event)
            if not events or (self.heard <= self.last and len(events) < MOST_FETCHED):
                return


class Hub:
    """`enter` a company's room with a line, `leave` it; `watch` a visitor's topic. Starts with its first socket."""

    def __init__(self) -> None:
        self.rooms: dict[int, Room] = {}
        self.visitors: dict[str, set[Line]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._listening: asyncio.Event | None = None
        self._once: set[asyncio.Task[Any]] = set()

    # --- sockets -----------------------------------------------------------------------------------------
    async def enter(self, line: Line, admission: Admission) -> Room:
        """From now on the line gets every event after `room.last`."""
        await self.start()
        room = self.rooms.get(admission.tenant_id)
        if room is None:
            room = self.rooms[admission.tenant_id] = Room(admission.tenant_id, admission.last_id, self._spawn)
            self._catch_up(room)  # what was said between the reading of the number and our listening
        elif room.last < admission.last_id:
            self._catch_up(room)
        room.add(line)
        return room

    def leave(self, line: Line, tenant_id: int) -> None:
        room = self.rooms.get(tenant_id)
        if room is not None:
            room.discard(line)
            if not room.lines:
                del self.rooms[tenant_id]

    async def watch(self, line: Line, topic: str) -> None:
        """From now on the line gets a frame whenever something is published on a visitor's topic."""
        await self.start()
        self.visitors.setdefault(topic, set()).add(line)

    def unwatch(self, line: Line, topic: str) -> None:
        lines = self.visitors.get(topic, set())
        lines.discard(line)
        if not lines:
            self.visitors.pop(topic, None)

    # --- life --------------------------------------------------------------------------------------------
    async def start(self) -> None:
        if self._listening is None:
            self._listening = asyncio.Event()
            self._tasks = [asyncio.create_task(self._listen(self._listening)), asyncio.create_task(self._look())]
        try:
            async with asyncio.timeout(LISTEN_SECONDS):
                await self._listening.wait()
        except TimeoutError:
            return  # Redis is away: rows are looked at instead, later but complete

    async def stop(self) -> None:
        await ended(*self._tasks, *self._once)
        self._tasks, self._listening = [], None
        self.rooms.clear()
        self.visitors.clear()

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._once.add(task)
        task.add_done_callback(self._once.discard)
        return task

    def _catch_up(self, room: Room) -> None:
        if room.catching is None or room.catching.done():
            room.catching = self._spawn(room.catch_up())

    # --- Redis -------------------------------------------------------------------------------------------
    async def _listen(self, listening: asyncio.Event) -> None:
        while True:
            # Without a time limit on reading: a quiet minute is no error. Loss of events is found by their numbers.
            client = redis.asyncio.Redis.from_url(
                settings.REDIS_URL, socket_timeout=None, socket_connect_timeout=2, decode_responses=True
            )
            try:
                async with client, client.pubsub() as channel:
                    await channel.psubscribe(LIVE, VISITOR, ACCESS)
                    listening.set()
                    self._resume()
                    async for message in channel.listen():
                        if message["type"] == "pmessage":
                            self._hear(message["pattern"], message["channel"], message["data"])
            except (redis.RedisError, OSError) as error:
                logger.warning("live notices from Redis interrupted: %s", error)
            listening.clear()
            await asyncio.sleep(AGAIN_SECONDS)

    def _hear(self, pattern: str, topic: str, data: str) -> None:
        if pattern == VISITOR:
            for line in list(self.visitors.get(topic, ())):
                line.push(0, data)
            return
        last_part = topic.rpartition(":")[2]
        room = self.rooms.get(int(last_part)) if last_part.isdigit() else None
        if room is None:
            return
        if pattern == ACCESS:
            self._spawn(self._ask_again(room))
            return
        event = _read(data)
        if event.get("tenant_id") == room.tenant_id and not room.hear(int(event.get("id") or 0), data, event):
            self._catch_up(room)

    def _resume(self) -> None:
        """After an interruption: anything may have been missed."""
        for room in list(self.rooms.values()):
            self._catch_up(room)
            self._spawn(self._ask_again(room))
        for lines in list(self.visitors.values()):
            for line in list(lines):
                line.push(0, "{}")

    # --- looking without being told ------------------------------------------------------------------------
    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for room in list(self.rooms.values()):
                try:
                    room.heard = max(room.heard, await in_thread(newest, room.tenant_id))
                except DatabaseError as error:
                    logger.warning("live events of company %s cannot be looked at: %s", room.tenant_id, error)
                    continue
                if room.heard > room.last:
                    self._catch_up(room)
                await self._ask_again(room)

    async def _ask_again(self, room: Room) -> None:
        """Close the sockets of whoever is no longer a member or has signed out; show the others what is theirs now."""
        asked = {line.credentials for line in room.lines if line.credentials is not None}
        try:
            found = await in_thread(asked_again, asked, room.tenant_id)
        except DatabaseError as error:
            logger.warning("access of company %s cannot be checked now: %s", room.tenant_id, error)
            return
        for line in list(room.lines):
            if line.credentials not in found:
                continue
            admission = found[line.credentials]
            if admission is None:
                line.end(CLOSE_SIGNED_OUT)
            elif admission.sight != line.sight:
                room.change(line, admission.sight)


def _read(data: str) -> dict[str, Any]:
    try:
        event = json.loads(data)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


hub = Hub()
