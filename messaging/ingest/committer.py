"""Group commit: whatever waits goes to PostgreSQL in one statement, and nobody is told "stored" before the commit.

An outage of the database sends the same groups to the spool; a task of this process brings them back.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import psycopg
from django.conf import settings

from messaging.ingest.lines import Lines, Waiting
from messaging.ingest.spool import Claimed, Event, Spool, SpoolFull
from tenants.live.threads import ended

logger = logging.getLogger(__name__)

LARGEST_GROUP = 256
LARGEST_GROUP_SIZE = 16 * 1024 * 1024  # characters; a statement has seconds, and memory on both sides
FLUSHERS = 2
MOST_WAITING = 20_000  # of one company
MOST_WAITING_SIZE = 64 * 1024 * 1024
STATEMENT_SECONDS = 4.0  # the strictest provider gives up after five
CONNECT_SECONDS = 2
PROBE_SECONDS = 0.5
DRAIN_SECONDS = 2.0

INSERT = (
    "insert into ingest_inboundevent (tenant_id, provider, channel_id, event_key, raw)"
    " select * from unnest(%b::bigint[], %b::text[], %b::uuid[], %b::text[], %b::text[])"
    " on conflict (tenant_id, provider, channel_id, event_key) do nothing"
)
# Only these say that the event itself is impossible; anything else is an outage and the event is kept.
IMPOSSIBLE = (psycopg.IntegrityError, psycopg.DataError)


class Unavailable(Exception):
    """Neither the database nor the spool could keep the event."""


class Impossible(Exception):
    """The database refuses this event for good, its company being gone for instance."""


def conninfo() -> str:
    """The application's login, entered as `crm_ingest`: it reads routes and adds events, nothing else."""
    database: dict[str, Any] = settings.DATABASES["default"]
    return psycopg.conninfo.make_conninfo(
        dbname=database["NAME"],
        user=database["USER"],
        password=database["PASSWORD"],
        host=database["HOST"],
        port=database["PORT"],
        options="-c role=crm_ingest",
        connect_timeout=CONNECT_SECONDS,
        application_name="crm-ingest",
    )


class Committer:
    """`add` an event and await its future: it resolves once the event is on disk, here or in the spool."""

    def __init__(self, spool: Spool, *, stored: Callable[[set[int]], None], address: str = "") -> None:
        self._spool = spool
        self._stored = stored  # told the companies that have new rows
        self._address = address
        self._waiting = Lines(most=MOST_WAITING, most_size=MOST_WAITING_SIZE)
        self._arrived = asyncio.Event()
        self._up = asyncio.Event()
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def is_up(self) -> bool:
        """Whether events go to the database at present rather than to the spool."""
        return self._up.is_set()

    async def start(self) -> None:
        self._address = self._address or conninfo()
        self._up.set()
        self._tasks = [asyncio.create_task(self._flush()) for _each in range(FLUSHERS)]
        self._tasks.append(asyncio.create_task(self._drain_now_and_then()))

    async def stop(self) -> None:
        """What waits is stored first; whatever was not acknowledged comes again from the provider."""
        self._stopping = True
        self._arrived.set()
        await asyncio.wait(self._tasks[:FLUSHERS], timeout=STATEMENT_SECONDS)
        await ended(*self._tasks)
        self._spool.close()

    def add(self, event: Event) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._waiting.add(event, future):
            self._arrived.set()
        else:
            future.set_exception(Unavailable("too many events wait"))
        return future

    # --- groups ------------------------------------------------------------------------------------------
    async def _flush(self) -> None:
        connection: psycopg.AsyncConnection[Any] | None = None
        try:
            while self._waiting or not self._stopping:
                await self._arrived.wait()
                group = self._take()
                if group:
                    connection = await self._store(connection, group)
        finally:
            if connection is not None:
                await connection.close()

    def _take(self) -> list[Waiting]:
        group = self._waiting.take(LARGEST_GROUP, most_size=LARGEST_GROUP_SIZE)
        if not self._waiting and not self._stopping:
            self._arrived.clear()
        return group

    async def _store(
        self, connection: psycopg.AsyncConnection[Any] | None, group: list[Waiting]
    ) -> psycopg.AsyncConnection[Any] | None:
        """Store one group and tell its waiters; returns the connection to go on with."""
        events = [event for event, _future in group]
        loop = asyncio.get_running_loop()
        began = loop.time()
        tries = 2  # one dead connection is no outage, a silent server is
        while tries and self.is_up:
            tries -= 1
            try:
                connection = connection or await self._connect()
                given = columns(events)
                await execute(connection, given, STATEMENT_SECONDS)
                _resolve(group)
                self._stored(set(given[0]))
                return connection
            except IMPOSSIBLE as error:
                await self._store_singly(connection, group, error)
                return connection
            except (psycopg.Error, OSError) as error:
                if connection is not None:
                    await connection.close()
                    connection = None
                if not tries or loop.time() - began >= STATEMENT_SECONDS:
                    self._went_down(error)
        await self._keep_aside(group)
        return None

    async def _store_singly(
        self,
        connection: psycopg.AsyncConnection[Any] | None,
        group: list[Waiting],
        error: psycopg.Error,
    ) -> None:
        """One impossible event must not take its neighbours with it."""
        if len(group) == 1:
            logger.error("an event for company %s cannot be stored: %s", group[0][0].tenant_id, error)
            _fail(group, Impossible(str(error)))
            return
        for one in group:
            connection = await self._store(connection, [one])

    async def _keep_aside(self, group: list[Waiting]) -> None:
        try:
            refused = await asyncio.to_thread(self._spool.append, [event for event, _future in group])
        except SpoolFull as error:
            logger.error("%d events refused, to be sent again by their provider: %s", len(group), error)
            _fail(group, Unavailable(str(error)))
            return
        if refused:
            logger.error("events of companies %s refused, to be sent again: their share is full", sorted(refused))
        _fail([one for one in group if one[0].tenant_id in refused], Unavailable("the company's share is full"))
        _resolve([one for one in group if one[0].tenant_id not in refused])

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        async with asyncio.timeout(CONNECT_SECONDS + 1):
            return await psycopg.AsyncConnection.connect(self._address, autocommit=True)

    # --- outages -----------------------------------------------------------------------------------------
    def _went_down(self, error: BaseException) -> None:
        if self.is_up:
            logger.error("the database does not take events, they go to the spool: %s", error)
            self._up.clear()
            self._tasks.append(asyncio.create_task(self._wait_until_up()))

    async def _wait_until_up(self) -> None:
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            try:
                connection = await self._connect()
            except (psycopg.Error, OSError):
                continue
            await connection.close()
            logger.warning("the database takes events again")
            self._up.set()
            self._tasks = [task for task in self._tasks if not task.done() and task is not asyncio.current_task()]
            return

    async def _drain_now_and_then(self) -> None:
        while True:
            await self._up.wait()
            try:
                await self.drain()
            except (psycopg.Error, OSError) as error:
                logger.warning("the spool could not be drained yet: %s", error)
            await asyncio.sleep(DRAIN_SECONDS)

    async def drain(self) -> int:
        """Bring what the spool holds into the database; how many events it held."""
        count = 0
        while claimed := await asyncio.to_thread(self._spool.claim):
            connection = None
            try:
                connection = await self._connect()
                count += await self._drain_file(connection, claimed)
            except BaseException:  # also a cancellation: the file must stay ours for the next try
                self._spool.put_back(claimed)
                raise
            finally:
                if connection is not None:
                    await connection.close()
        if count:
            logger.warning("%d events brought from the spool into the database", count)
        return count

    async def _drain_file(self, connection: psycopg.AsyncConnection[Any], claimed: Claimed) -> int:
        count, groups = 0, in_groups(claimed.events())
        while group := await asyncio.to_thread(next, groups, None):
            await self._drain_group(connection, group)
            count += len(group)
        await asyncio.to_thread(claimed.done)
        return count

    async def _drain_group(self, connection: psycopg.AsyncConnection[Any], events: list[Event]) -> None:
        try:
            await execute(connection, columns(events), STATEMENT_SECONDS * 4)
        except IMPOSSIBLE as error:
            if len(events) == 1:
                logger.error("a spooled event of company %s is set aside: %s", events[0].tenant_id, error)
                await asyncio.to_thread(self._spool.set_aside, events)
                return
            for event in events:
                await self._drain_group(connection, [event])
        else:
            self._stored({event.tenant_id for event in events})


def in_groups(events: Iterable[Event]) -> Iterator[list[Event]]:
    """What fits into one statement, in order; an event larger than that alone."""
    group: list[Event] = []
    size = 0
    for event in events:
        size += len(event.raw)
        if group and (len(group) == LARGEST_GROUP or size > LARGEST_GROUP_SIZE):
            yield group
            group, size = [], len(event.raw)
        group.append(event)
    if group:
        yield group


def columns(events: list[Event]) -> list[list[Any]]:
    """The parameters of INSERT: one list a column."""
    return [list(column) for column in zip(*events, strict=True)]


async def execute(connection: psycopg.AsyncConnection[Any], given: list[list[Any]], seconds: float) -> None:
    """INSERT, or an OperationalError after so many seconds.

    The socket is shut rather than the statement cancelled, for cancelling asks the very server that does not answer.
    """
    late = asyncio.get_running_loop().call_later(seconds, _shut, connection)
    try:
        await connection.execute(INSERT, given, prepare=True)
    finally:
        late.cancel()


def _shut(connection: psycopg.AsyncConnection[Any]) -> None:
    with socket.socket(fileno=os.dup(connection.fileno())) as ours:
        ours.shutdown(socket.SHUT_RDWR)


def _resolve(group: list[Waiting]) -> None:
    for _event, future in group:
        if not future.done():
            future.set_result(None)


def _fail(group: list[Waiting], error: Exception) -> None:
    for _event, future in group:
        if not future.done():
            future.set_exception(error)
