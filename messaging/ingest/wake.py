"""Waking the workers: a hint through the queue, one of each company at a time (`wakeups`). A lost hint costs a sweep, no message.

Under steady traffic the hints move apart: queueing one costs as much as taking in thirty events, and workers that are
awake look for more by themselves.
"""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from messaging.services import wakeups

logger = logging.getLogger(__name__)

APART_SECONDS, MOST_APART_SECONDS = 0.05, 0.2
STOP_SECONDS = 2.0


class Waker:
    """`stored` is called on the event loop and returns at once; a thread of its own talks to the broker."""

    def __init__(self) -> None:
        self._due: set[int] = set()
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="wake")

    def stored(self, tenants: set[int]) -> None:
        self._due |= tenants
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._send())

    async def _send(self) -> None:
        apart = APART_SECONDS
        while self._due:
            tenants, self._due = self._due, set()
            pause = asyncio.create_task(asyncio.sleep(apart))
            apart = min(apart * 1.5, MOST_APART_SECONDS)
            await asyncio.get_running_loop().run_in_executor(self._thread, _wake, tenants)
            await pause

    async def stop(self) -> None:
        """What is due still goes out, unless the broker hangs."""
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=STOP_SECONDS)
            self._task.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)


def _wake(tenants: set[int]) -> None:
    for tenant_id in tenants:
        if not wakeups.wake(tenant_id):
            return  # the broker is away; the sweep finds the rows
