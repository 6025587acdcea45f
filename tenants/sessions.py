"""Sessions kept in Redis and PostgreSQL. The table is open to the sign-in role only, so no company's SQL can read keys.

Redis only spares the statement: while it is away everything is read from the table.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

import redis
from django.contrib.sessions.backends.cached_db import SessionStore as CachedStore

from tenants.context import auth_scope

logger = logging.getLogger(__name__)
LONGEST_KEY = 40  # of the table's column
CACHED_SECONDS = 300  # the longest a session that ended while Redis was away can come back with it
ENDED, ENDED_SECONDS = ":ended", CACHED_SECONDS + 120  # longer than any copy that a request in between may put back
AWAY_SECONDS = 4.0


class SessionStore(CachedStore):
    """Each touch of the table is its own transaction in the sign-in scope."""

    cache_key_prefix = "session:"

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._cache = _Spare(self._cache)

    def _validate_session_key(self, key: str | None) -> bool:
        """Only what could be a key is looked for: a cookie may hold anything, also what no text column takes."""
        return bool(key) and 8 <= len(str(key)) <= LONGEST_KEY and str(key).isascii() and str(key).isalnum()

    def _get_session_from_db(self) -> Any:
        with auth_scope():
            return super()._get_session_from_db()

    def exists(self, session_key: str) -> bool:
        with auth_scope():
            return super().exists(session_key)

    def save(self, must_create: bool = False) -> None:
        with auth_scope():
            super().save(must_create)

    def delete(self, session_key: str | None = None) -> None:
        with auth_scope():
            super().delete(session_key)

    @classmethod
    def get_model_class(cls) -> Any:
        return CachedStore.get_model_class()


class _Spare:
    """The cache as far as sessions use it. A Redis that does not answer knows nothing, and is left alone for a while.

    Of a session that was ended it is not asked any more: a request that read the row a moment before may have put a copy
    back, and the copy would live on without its row.
    """

    away_until = 0.0  # of the whole process

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def get(self, key: str) -> Any:
        found = self._try(lambda: self._cache.get_many([key, key + ENDED])) or {}
        return None if key + ENDED in found else found.get(key)

    def set(self, key: str, value: Any, timeout: float | None = None) -> None:
        self._try(lambda: self._cache.set(key, value, min(timeout or CACHED_SECONDS, CACHED_SECONDS)))

    def delete(self, key: str) -> None:
        self._try(lambda: self._cache.set(key + ENDED, 1, ENDED_SECONDS), patient=True)
        self._try(lambda: self._cache.delete(key), patient=True)

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    @classmethod
    def _try(cls, work: Callable[[], Any], *, patient: bool = False) -> Any:
        if time.monotonic() < cls.away_until and not patient:
            return None
        try:
            return work()
        except redis.RedisError:
            if time.monotonic() >= cls.away_until:
                logger.warning("sessions come from the table alone: Redis does not answer")
            cls.away_until = time.monotonic() + AWAY_SECONDS
            return None
