"""How many threads of a worker one company may hold at once, so that a model that hangs for one never stops the others.

A turn that finds no place is dropped at the door, before anything is read: its row stays due, and whoever of the same company
ends a turn takes it (`tasks.take_turn`); the sweep would find it too. So a flood of one company costs the others a few
milliseconds for each wake-up and at most its own share of the threads. Work beside the turns has smaller shares of its own, so
that it never stands before a customer. Beside AGENT_THREADS a worker has a fifth more of them, for companies that hold none.
Counted in the process: each worker gives its own.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

TURN, WORK, SUMMARY = "turn", "work", "summary"
SHARE = 4  # a company may hold a quarter of the threads with its turns
SHARES = {TURN: SHARE, WORK: 2 * SHARE, SUMMARY: 10 * SHARE}
SPARED = 5  # a fifth as many threads more, for companies that hold none

_lock = threading.Lock()
_held: Counter[tuple[int, str]] = Counter()
_refused: set[int] = set()


def threads() -> int:
    """How many a worker needs for its places."""
    return int(settings.AGENT_THREADS + settings.AGENT_THREADS // SPARED)


def most(kind: str = TURN) -> int:
    """Places of one company in this process for one kind of work."""
    return int(max(1, settings.AGENT_THREADS // SHARES[kind]))


@contextmanager
def place(tenant_id: int, kind: str = TURN) -> Iterator[bool]:
    """Whether there is one; it is held until the end of the block."""
    key = (tenant_id, kind)
    with _lock:
        free = _is_free(tenant_id, kind)
        if free:
            _held[key] += 1
        elif kind == TURN:
            _refused.add(tenant_id)
    try:
        yield free
    finally:
        if free:
            with _lock:
                _held[key] -= 1
                if not _held[key]:
                    del _held[key]


def _is_free(tenant_id: int, kind: str) -> bool:
    if _held[tenant_id, kind] >= most(kind):
        return False
    return _held.total() < settings.AGENT_THREADS or not any(_held[tenant_id, each] for each in SHARES)


def others_wait(tenant_id: int) -> bool:
    """Whether a turn of the company was sent away and nobody found since that nothing is due."""
    with _lock:
        return tenant_id in _refused


def nobody_waits(tenant_id: int) -> None:
    """Nothing of the company is due. What is sent away from now on counts again."""
    with _lock:
        _refused.discard(tenant_id)
