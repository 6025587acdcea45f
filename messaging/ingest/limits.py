"""How much one visitor, one address and all visitors of a channel may send: one leaky bucket each, shared through Redis."""

import math
import time
from dataclasses import dataclass

import redis
import redis.asyncio
from django.conf import settings

MOST_REMEMBERED = 10_000  # visitors counted in the process while Redis is away
AWAY_SECONDS = 5.0

# For each bucket the moment it will be empty again is kept; all of them have room, or none is filled.
SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local wait = 0
for i, key in ipairs(KEYS) do
  local spacing, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local empty = math.max(tonumber(redis.call('GET', key) or '0'), now)
  wait = math.max(wait, empty + spacing - now - spacing * burst)
end
if wait > 0 then return tostring(wait) end
for i, key in ipairs(KEYS) do
  local spacing, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local empty = math.max(tonumber(redis.call('GET', key) or '0'), now) + spacing
  redis.call('SET', key, string.format('%.6f', empty), 'EX', math.ceil(spacing * burst) + 1)
end
return '0'
"""


@dataclass(frozen=True)
class Bucket:
    """`burst` at once, afterwards one every `spacing` seconds."""

    key: str
    spacing: float
    burst: int


def per_minute(key: str, most: float) -> Bucket:
    """`most` at once, afterwards as many a minute, evenly."""
    return Bucket(key, 60.0 / most, int(most))


class Limits:
    """`wait` says how many whole seconds until there is room; 0 means that one was taken from each bucket."""

    def __init__(self) -> None:
        self._redis = redis.asyncio.Redis.from_url(
            settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5, decode_responses=True
        )
        self._script = self._redis.register_script(SCRIPT)
        self._empty_at: dict[str, float] = {}
        self._away_until = 0.0

    async def wait(self, *buckets: Bucket) -> int:
        if time.monotonic() >= self._away_until:
            try:
                numbers = [number for bucket in buckets for number in (bucket.spacing, bucket.burst)]
                return math.ceil(float(await self._script(keys=[bucket.key for bucket in buckets], args=numbers)))
            except (redis.RedisError, OSError):
                self._away_until = time.monotonic() + AWAY_SECONDS
        return self._wait_here(buckets, time.monotonic())

    def _wait_here(self, buckets: tuple[Bucket, ...], now: float) -> int:
        """The same in this process alone."""
        filled = [(bucket, max(self._empty_at.get(bucket.key, 0.0), now) + bucket.spacing) for bucket in buckets]
        wait = max(empty - now - bucket.spacing * bucket.burst for bucket, empty in filled)
        if wait > 0:
            return math.ceil(wait)
        if len(self._empty_at) > MOST_REMEMBERED:
            self._empty_at = {key: empty for key, empty in self._empty_at.items() if empty > now}
        if len(self._empty_at) > MOST_REMEMBERED:
            self._empty_at.clear()  # more strangers at once than can be told apart: forget rather than grow
        self._empty_at.update((bucket.key, empty) for bucket, empty in filled)
        return 0

    async def stop(self) -> None:
        await self._redis.aclose()
