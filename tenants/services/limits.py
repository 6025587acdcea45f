"""How often somebody may do something. One table of rates (settings.RATE_LIMITS), counted in Redis by django-ratelimit.

A count belongs to a name and to who is counted: an account, a company, an address. Signing in counts for itself
(tenants.services.sign_in): its minute begins with the first attempt, and the right password ends it.
"""

import logging
import math
import threading
import time
from typing import cast

import redis
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django_ratelimit.core import get_usage

from config.lib.errors import RateLimited

logger = logging.getLogger(__name__)
LOCAL_SECONDS = 60


def check(name: str, *who: object) -> None:
    """Count one more `name` of `who`; raises RateLimited with the seconds to wait once there were too many.

    `name` is one of settings.RATE_LIMITS ("5/m"). While Redis is away each process counts for itself.
    """
    rate = settings.RATE_LIMITS[name]
    value = ":".join(str(part) for part in who)
    try:
        # The request is only handed on to the key, which does not need it.
        usage = get_usage(
            cast(HttpRequest, None), group=name, key=lambda _group, _request: value, rate=rate, increment=True
        )
    except redis.RedisError:
        logger.warning("%s is counted in this process only: Redis does not answer", name)
        count, left = local.add(f"{name}:{value}")
        most = int(rate.partition("/")[0])
        over = count > most
    else:
        over, left = bool(usage and usage["should_limit"]), int(usage["time_left"]) if usage else 0
    if over:
        raise too_many(left)


def too_many(seconds: int) -> RateLimited:
    wait = max(1, seconds)
    return RateLimited(
        _("Demasiados intentos. Esperar %(seconds)d segundos y probar de nuevo.") % {"seconds": wait}, retry_after=wait
    )


class LocalCounts:
    """Counts of this process for the time that Redis is away: the limit stays, only the counting is coarser."""

    MOST_KEYS = 10_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, float]] = {}

    def add(self, key: str) -> tuple[int, int]:
        """(count with this attempt, seconds until it starts anew)."""
        now = time.monotonic()
        with self._lock:
            if len(self._counts) >= self.MOST_KEYS:
                self._counts = {name: entry for name, entry in self._counts.items() if entry[1] > now}
            count, until = self._counts.get(key, (0, 0.0))
            if until <= now:
                count, until = 0, now + LOCAL_SECONDS
            self._counts[key] = (count + 1, until)
            return count + 1, math.ceil(until - now)

    def forget(self, key: str) -> None:
        with self._lock:
            self._counts.pop(key, None)


local = LocalCounts()
