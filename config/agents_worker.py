"""The worker of queue `agents`: one process whose threads wait for models. `python -m config.agents_worker`.

AGENT_THREADS calls at once (200), and a fifth more for companies that hold none. A waiting thread holds no database connection,
and the process stays small: one heap for all threads instead of one for each (glibc's default keeps what every thread ever freed),
small stacks, only this queue's tasks, no back office and no command line. Measured by `python -m bench.calls`.
"""

import ctypes
import os
import sys
import threading
from collections.abc import MutableMapping

STACK_BYTES = 1024 * 1024
M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD = -8, -3, -1  # of mallopt(3)
TASK_APPS = "messaging agents"


def main() -> int:
    """Serve until stopped; the exit code."""
    small(os.environ)
    # Only now: what they import depends on the environment above.
    from config.celery import app
    from messaging.services import places

    worker = app.Worker(
        pool_cls="threads",
        concurrency=places.threads(),
        queues=["agents"],
        loglevel="INFO",
        without_gossip=True,
        without_mingle=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


def small(environment: MutableMapping[str, str]) -> None:
    """What keeps a process of many waiting threads small. Call it before anything is imported."""
    threading.stack_size(STACK_BYTES)
    environment.setdefault("TASK_APPS", TASK_APPS)
    environment.setdefault("BACK_OFFICE", "0")
    environment.setdefault("CELERY_SKIP_CHECKS", "1")  # they import every page; the other worker runs them
    # Only glibc knows it; elsewhere the process is larger, and nothing else changes.
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_TRIM_THRESHOLD, 256 * 1024)
        mallopt(M_MMAP_THRESHOLD, 64 * 1024)  # the buffer of a socket that nothing came to yet costs no memory


if __name__ == "__main__":
    sys.exit(main())
