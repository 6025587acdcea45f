"""Bounds and words of acts on many leads, without the database."""

from datetime import datetime, timedelta

MOST_CHOSEN = 500  # ticked by hand
MOST = 10_000  # "all that match"
AT_ONCE = 100  # up to here the answer waits for the work; beyond it a worker does it
BATCH = 50  # leads of one transaction
LEASE = timedelta(seconds=60)
TURN = timedelta(seconds=20)  # then other companies' work comes first
UNDO_WITHIN = timedelta(hours=24)

WORKING = ("waiting", "running", "undoing")
ENDED = ("done", "stopped")


def may_undo(status: str, created_at: datetime, now: datetime) -> bool:
    return status in ENDED and now - created_at <= UNDO_WITHIN


def share_done(status: str, total: int, done: int, refused: int) -> int:
    """How far it is, in %."""
    if status not in WORKING:
        return 100
    return min(99, (done + refused) * 100 // total) if total else 0
