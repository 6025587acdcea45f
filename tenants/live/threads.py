"""Database work for coroutines: own threads, each call entering the company itself and handing its connection back.

And ending background tasks for certain.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from django.db import close_old_connections

from tenants.db.current import connection

P = ParamSpec("P")
T = TypeVar("T")

COUNT = 4
# Connections belong to a thread, so what one call enters must be over before the thread takes the next one.
_threads = ThreadPoolExecutor(max_workers=COUNT, thread_name_prefix="rows")


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `work`, which opens its own `tenant_context` or scope, outside the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_threads, lambda: _alone(work, *args, **kwargs))


def _alone(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    if connection.in_atomic_block or connection.tenant is not None:
        raise RuntimeError("a database thread still stands inside another piece of work")
    try:
        return work(*args, **kwargs)
    finally:
        close_old_connections()


async def ended(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel tasks until they are over; a library in between may swallow one cancellation."""
    left = {task for task in tasks if task is not None and not task.done()}
    while left:
        for task in left:
            task.cancel()
        _done, left = await asyncio.wait(left, timeout=0.5)
