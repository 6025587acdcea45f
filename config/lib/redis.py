"""The one Redis client of a process. Redis is a fast path here, never the only copy of anything."""

from functools import lru_cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry


@lru_cache(maxsize=1)
def client() -> redis.Redis:
    """Short timeouts: whoever calls must be able to go on without an answer."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=2,
        socket_connect_timeout=1,
        decode_responses=True,
        retry=Retry(NoBackoff(), 1),  # the default waits for seconds; once more is enough for a connection gone stale
    )
