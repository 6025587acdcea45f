"""How many people wait for each company's approval, kept in Redis so that the navigation can say it without a statement."""

import logging
import time
from collections.abc import Callable

import redis
from django.db.models import Count

from config.lib.redis import client
from tenants.context import auth_scope
from tenants.models import Membership

logger = logging.getLogger(__name__)

KEY = "people:waiting"
AWAY_SECONDS = 4.0  # how long a Redis that did not answer is left alone by the pages
_away = {"until": 0.0}  # of this process


def count_all() -> None:
    """Count anew for every company; one statement."""
    with auth_scope():
        rows = Membership.objects.filter(status=Membership.Status.PENDING, user__is_active=True)
        found = dict(rows.values_list("tenant_id").annotate(Count("id")).order_by())
    _write(lambda pipeline: _replace(pipeline, found))


def count(tenant_id: int) -> None:
    """Count anew for one company; call after the commit."""
    with auth_scope():
        rows = Membership.objects.filter(tenant_id=tenant_id, status=Membership.Status.PENDING, user__is_active=True)
        found = rows.count()
    _write(lambda pipeline: pipeline.hset(KEY, str(tenant_id), found))


def known(tenant_id: int) -> int:
    """As last counted; 0 while Redis is away."""
    if time.monotonic() < _away["until"]:
        return 0
    try:
        found = client().hget(KEY, str(tenant_id))
    except redis.RedisError:
        _away["until"] = time.monotonic() + AWAY_SECONDS
        return 0
    return int(str(found)) if found else 0


def _replace(pipeline: redis.client.Pipeline, found: dict[int, int]) -> None:
    pipeline.delete(KEY)
    if found:
        pipeline.hset(KEY, mapping={str(tenant_id): number for tenant_id, number in found.items()})


def _write(effect: Callable[[redis.client.Pipeline], object]) -> None:
    try:
        pipeline = client().pipeline()
        effect(pipeline)
        pipeline.execute()
        _away["until"] = 0.0
    except redis.RedisError:
        logger.info("who waits for an approval is not counted: Redis does not answer")
