"""How fast a channel may send: a token bucket a number, kept in Redis, shared by all workers. It waits, it never refuses.

Who has to wait is given a moment of its own, so that a thousand bubbles that become due together need one more wake-up
each and not a thousand. Without Redis every process keeps its own bucket.
"""

from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from time import monotonic
from typing import Any
from uuid import UUID

import redis

from config.lib.redis import client

BURST = 0.5  # seconds' worth of messages that may leave at once; with the rate itself still below the providers' limits
EARLY = 0.005  # seconds that a wake-up may come before its moment
AWAY = 5.0  # seconds without asking a Redis that did not answer

# KEYS: the bucket (the moment at which it is full again), the moment given to this message, the pause of the channel.
# ARGV: now, seconds between two messages, burst in seconds. Answers with the moment to go at, and whether it had been given before.
TAKE = """
local now, interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local pause = tonumber(redis.call('get', KEYS[3]) or '0')
local given = redis.call('get', KEYS[2])
if given and tonumber(given) >= pause then return {given, 1} end
local full = math.max(tonumber(redis.call('get', KEYS[1]) or '0'), now)
if pause > now then full = math.max(full, pause + burst) end
local at = math.max(now, full - burst)
redis.call('set', KEYS[1], string.format('%.6f', full + interval), 'PX', math.ceil((full + interval - now) * 1000) + 60000)
local answer = string.format('%.6f', at)
if at > now then redis.call('set', KEYS[2], answer, 'PX', math.ceil((at - now) * 1000) + 60000) end
return {answer, 0}
"""


@dataclass
class Buckets:
    """Of this process alone: when each channel's bucket is full again, in seconds of the epoch."""

    full: dict[UUID, float] = field(default_factory=dict)
    away_until: float = 0.0
    lock: Lock = field(default_factory=Lock)

    def take(self, channel_id: UUID, now: float, interval: float) -> float:
        """Unlike in Redis nobody is given a moment: who waits asks again."""
        with self.lock:
            full = max(self.full.get(channel_id, 0.0), now)
            wait = max(0.0, full - BURST - now)
            if not wait:
                self.full[channel_id] = full + interval
            return wait


_own = Buckets()


def wait(channel_id: UUID, *, message: str, per_second: float, now: datetime) -> tuple[float, bool]:
    """Seconds until this message may leave over the channel (0 = now, and its place is taken), and whether it was told
    so before: its wake-up for that moment is on its way then."""
    moment, interval = now.timestamp(), 1.0 / per_second
    if monotonic() >= _own.away_until:
        try:
            keys = [_key(channel_id), f"{_key(channel_id)}:{message}", f"{_key(channel_id)}:pause"]
            said: Any = client().eval(TAKE, len(keys), *keys, f"{moment:.6f}", f"{interval:.6f}", str(BURST))
            left = float(said[0]) - moment
            return (left if left > EARLY else 0.0), bool(said[1])
        except redis.RedisError:
            _own.away_until = monotonic() + AWAY
    return _own.take(channel_id, moment, interval), False


def slow(channel_id: UUID, *, seconds: float, now: datetime) -> None:
    """The provider says that the whole channel is too fast: nothing leaves over it for so long, then again at its pace."""
    until = now.timestamp() + seconds
    with _own.lock:
        _own.full[channel_id] = max(_own.full.get(channel_id, 0.0), until + BURST)
    try:
        client().set(f"{_key(channel_id)}:pause", f"{until:.6f}", px=int(seconds * 1000) + 1000)
    except redis.RedisError:
        _own.away_until = monotonic() + AWAY


def _key(channel_id: UUID) -> str:
    return f"pace:{channel_id}"
