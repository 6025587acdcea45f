"""Companies by id, hostname or slug without a statement per request: kept in the process, renewed when one changes."""

import threading
import time
from dataclasses import dataclass, field

import redis

from config.lib.redis import client
from tenants.context import auth_scope
from tenants.models import Domain, Tenant

VERSION_KEY = "tenants:version"
LOOK_AGAIN_SECONDS = 1.0  # how often a process asks Redis whether a company changed
AWAY_SECONDS = 4.0  # how much longer it waits before asking a Redis again that did not answer
RELOAD_SECONDS = 30.0  # the longest a change may stay unseen while Redis is away


@dataclass
class _Known:
    tenants: dict[int, Tenant] = field(default_factory=dict)
    hosts: dict[str, int] = field(default_factory=dict)
    version: str | None = None
    loaded_at: float = 0.0
    looked_at: float = 0.0


_known = _Known()
_lock = threading.Lock()


def by_id(tenant_id: int) -> Tenant | None:
    return _fresh().tenants.get(tenant_id)


def hostname(host: str) -> str:
    """The name alone: without port, and without the dot that a browser may keep at its end."""
    return host.lower().split(":")[0].rstrip(".")


def by_host(host: str) -> Tenant | None:
    known = _fresh()
    tenant_id = known.hosts.get(hostname(host))
    return known.tenants.get(tenant_id) if tenant_id is not None else None


def by_slug(slug: str) -> Tenant | None:
    return next((tenant for tenant in _fresh().tenants.values() if tenant.slug == slug), None)


def active() -> list[Tenant]:
    return [tenant for tenant in _fresh().tenants.values() if tenant.status == Tenant.Status.ACTIVE]


def changed() -> None:
    """Tell every process that a company was added or changed. Call after the commit."""
    global _known
    _known = _Known()
    try:
        client().incr(VERSION_KEY)
    except redis.RedisError:
        return  # processes reload on their own within RELOAD_SECONDS


def look_again() -> None:
    """Whatever is asked next is compared with Redis first, however lately that was done."""
    _known.looked_at = 0.0


def _fresh() -> _Known:
    global _known
    known = _known
    if _recent(known):
        return known
    # Somebody else is looking already: what is known may be told meanwhile, so that a slow Redis stops nobody.
    if not _lock.acquire(blocking=not _usable(known)):
        return known
    try:
        known = _known
        if _recent(known):  # while this thread waited
            return known
        version = _version()
        # Measured now: asking a Redis that does not answer takes longer than the answer is good for.
        known.looked_at = time.monotonic() + (0.0 if version is not None else AWAY_SECONDS)
        if not _usable(known) or (version is not None and version != known.version):
            known = _known = _load(version)
        return known
    finally:
        _lock.release()


def _recent(known: _Known) -> bool:
    return bool(known.loaded_at) and time.monotonic() - known.looked_at < LOOK_AGAIN_SECONDS and _usable(known)


def _usable(known: _Known) -> bool:
    return bool(known.loaded_at) and time.monotonic() - known.loaded_at <= RELOAD_SECONDS


def _version() -> str | None:
    try:
        return str(client().get(VERSION_KEY) or "0")
    except redis.RedisError:
        return None


def _load(version: str | None) -> _Known:
    now = time.monotonic()
    with auth_scope():
        tenants = {tenant.pk: tenant for tenant in Tenant.objects.all()}
        hosts = dict(Domain.objects.values_list("domain", "tenant_id"))
    looked_at = now + (0.0 if version is not None else AWAY_SECONDS)
    return _Known(tenants, hosts, version, loaded_at=now, looked_at=looked_at)
