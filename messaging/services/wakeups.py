"""At most one wake-up of each company waits in the queue of incoming events.

Without this a company that sends ten thousand events puts everybody else behind hundreds of its own wake-ups.
"""

import redis

from config.lib import commit
from config.lib.redis import client

TASK, QUEUE = "messaging.tasks.process_events", "inbound"
# A wake-up that was lost with its worker or broker holds back others no longer than this; the sweep comes later anyway.
WAITING_MS = 5_000


def wake(tenant_id: int) -> bool:
    """Have the company's events processed. False when the broker is away; the rows wait for the sweep."""
    try:
        if not client().set(_key(tenant_id), 1, nx=True, px=WAITING_MS):
            return True  # one waits already, and it will look only after now
    except redis.RedisError:
        return bool(commit.send(TASK, queue=QUEUE, tenant_id=tenant_id))
    sent = commit.send(TASK, queue=QUEUE, tenant_id=tenant_id)
    if not sent:
        woken(tenant_id)
    return bool(sent)


def woken(tenant_id: int) -> None:
    """The wake-up has arrived: what is stored from now on needs another. Call before looking at the rows."""
    try:
        client().delete(_key(tenant_id))
    except redis.RedisError:
        return  # it expires by itself


def _key(tenant_id: int) -> str:
    return f"woken:{tenant_id}"
