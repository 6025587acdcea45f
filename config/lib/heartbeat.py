"""Signs of life of the workers, read by /readyz: a key for each kind of worker with the second it was last seen."""

import time

from config.lib.redis import client

WORKER, AGENTS = "worker:heartbeat", "worker:agents:heartbeat"
KEPT_SECONDS = 120


def beat(key: str) -> None:
    """The worker that runs this lives now."""
    client().set(key, int(time.time()), ex=KEPT_SECONDS)
