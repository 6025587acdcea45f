"""Which channel an address belongs to and what its provider signs with: kept in the process, renewed when they change.

During an outage of the database the door goes on with what it knows; a changed secret is known within 30 s at the latest.
"""

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import Any

import redis
import redis.asyncio
from django.conf import settings
from django.db import Error as DatabaseError

from config.lib.redis import client
from messaging.ingest.models import ChannelRoute
from tenants.context import platform_scope
from tenants.live.threads import ended, in_thread
from tenants.models import Tenant
from tenants.services.vault import MissingCredential, VaultUnreadable, get_tenant_credential

logger = logging.getLogger(__name__)

VERSION_KEY = "routes:version"
KEPT_SECONDS = 30.0  # the longest a change may stay unseen
RENEW_SECONDS = 20.0  # used routes are renewed in the background before that, so that no request waits
LOOK_SECONDS = 1.0
READ_SECONDS = 2.0  # a provider waits five for everything together
MISS_SECONDS = 1.0  # unknown addresses cause at most one load in this time
#: provider → (category, NAME) of what its door needs
SECRETS: dict[str, tuple[tuple[str, str], ...]] = {
    "meta_direct": (("meta", "APP_SECRET"), ("instagram", "APP_SECRET"), ("meta", "VERIFY_TOKEN")),
    "ycloud": (("ycloud", "WEBHOOK_SECRET"),),
    "chatwoot": (("chatwoot", "WEBHOOK_SECRET"),),
}


class RoutesUnavailable(Exception):
    """Nothing is known about the address and the database does not answer."""


@dataclass
class Route:
    """One channel's address. `secrets` maps category/NAME to its value; NAME@channel wins over NAME."""

    key: str
    tenant_id: int
    provider: str
    channel_id: str
    config: dict[str, Any]
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    secrets_at: float = 0.0
    used_at: float = 0.0
    reading: "asyncio.Task[bool] | None" = field(default=None, repr=False)


@dataclass
class _Known:
    by_key: dict[str, Route] = field(default_factory=dict)
    by_channel: dict[str, Route] = field(default_factory=dict)
    loaded_at: float = 0.0
    version: str | None = None


def changed() -> None:
    """Tell every process that a route or a channel's secret was added or changed. Call after the commit."""
    try:
        client().incr(VERSION_KEY)
    except redis.RedisError:
        logger.warning("routes changed while Redis is away: processes notice within %d s", KEPT_SECONDS)


class Routes:
    """All active routes. Unknown addresses cost no statement, whoever tries them."""

    def __init__(self) -> None:
        self._known = _Known()
        self._loading = asyncio.Lock()
        self._failed_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self._redis: redis.asyncio.Redis | None = None

    async def start(self) -> None:
        self._redis = redis.asyncio.Redis.from_url(
            settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5, decode_responses=True
        )
        self._task = asyncio.create_task(self._keep_fresh())

    async def stop(self) -> None:
        await ended(self._task)
        if self._redis is not None:
            await self._redis.aclose()

    # --- asking ------------------------------------------------------------------------------------------
    def known(self, key: str) -> Route | None:
        """The route of an address if it is already known: nearly always."""
        return self._known.by_key.get(key)

    def known_secrets(self, route: Route) -> dict[str, str] | None:
        """The route's secrets if they were read not long ago."""
        now = time.monotonic()
        route.used_at = now
        return route.secrets if now - route.secrets_at <= KEPT_SECONDS else None

    async def by_key(self, key: str) -> Route | None:
        """The route of an address, or None. Raises RoutesUnavailable."""
        return self._known.by_key.get(key) or await self._look_again("by_key", key)

    async def by_channel(self, channel_id: str) -> Route | None:
        return self._known.by_channel.get(channel_id) or await self._look_again("by_channel", channel_id)

    async def _look_again(self, table: str, key: str) -> Route | None:
        """A miss: perhaps the channel is newer than what we know."""
        known = self._known
        if time.monotonic() - known.loaded_at > MISS_SECONDS or await self._version() != known.version:
            async with self._loading:
                if self._known is known and not await self._load():
                    raise RoutesUnavailable
        found: Route | None = getattr(self._known, table).get(key)
        return found

    async def secrets(self, route: Route, *, fresh: bool = False) -> dict[str, str]:
        """The route's secrets, at most 30 s old while the database answers; `fresh` reads them now, once a second at most.

        Raises RoutesUnavailable when they were never read and cannot be.
        """
        now = time.monotonic()
        route.used_at = now
        if now - route.secrets_at <= (MISS_SECONDS if fresh else KEPT_SECONDS):
            return route.secrets
        if route.secrets_at and now - self._failed_at < KEPT_SECONDS / 6:
            return route.secrets
        if not await self._read_secrets(route) and not route.secrets_at:
            raise RoutesUnavailable
        return route.secrets

    # --- keeping -----------------------------------------------------------------------------------------
    async def _keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            version, known = await self._version(), self._known
            now = time.monotonic()
            stale = now - known.loaded_at > RENEW_SECONDS
            if known.loaded_at and (stale or (version is not None and version != known.version)):
                async with self._loading:
                    await self._load()
            for route in list(self._known.by_key.values()):
                if now - route.used_at < KEPT_SECONDS * 20 and now - route.secrets_at > RENEW_SECONDS and route.used_at:
                    await self._read_secrets(route)

    async def _version(self) -> str | None:
        if self._redis is None:
            return None
        try:
            return str(await self._redis.get(VERSION_KEY) or "0")
        except (redis.RedisError, OSError):
            return self._known.version

    async def _load(self) -> bool:
        version = await self._version()
        try:
            async with asyncio.timeout(READ_SECONDS):
                routes = await in_thread(_read_routes)
        except (DatabaseError, TimeoutError) as error:
            self._note_failure(error)
            return False
        known = _Known(loaded_at=time.monotonic(), version=version)
        same = version == self._known.version
        for route in routes:
            if old := self._known.by_key.get(route.key):
                # Known secrets stay as a resort for an outage; a new version makes them be read again first.
                route.secrets, route.used_at = old.secrets, old.used_at
                route.secrets_at = old.secrets_at if same or not old.secrets_at else 1e-9
            known.by_key[route.key] = known.by_channel[route.channel_id] = route
        self._known = known
        return True

    async def _read_secrets(self, route: Route) -> bool:
        """One read at a time, whoever waits for it: a flood must not ask the database once for each of its events."""
        if route.reading is None or route.reading.done():
            route.reading = asyncio.create_task(self._read_secrets_now(route))
        return await asyncio.shield(route.reading)

    async def _read_secrets_now(self, route: Route) -> bool:
        try:
            async with asyncio.timeout(READ_SECONDS):
                route.secrets = await in_thread(_read_secrets, route)
        except (DatabaseError, TimeoutError) as error:
            self._note_failure(error)
            return False
        route.secrets_at = time.monotonic()
        return True

    def _note_failure(self, error: Exception) -> None:
        if time.monotonic() - self._failed_at > KEPT_SECONDS:
            logger.warning("channel routes cannot be read, going on with what is known: %s", error)
        self._failed_at = time.monotonic()


def _read_routes() -> list[Route]:
    with platform_scope("addresses of webhooks"):
        rows = ChannelRoute.objects.filter(is_active=True, tenant__status=Tenant.Status.ACTIVE)
        return [Route(row.route_key, row.tenant_id, row.provider, str(row.channel_id), row.config) for row in rows]


def _read_secrets(route: Route) -> dict[str, str]:
    found: dict[str, str] = {}
    for category, name in SECRETS.get(route.provider, ()):
        try:
            found[f"{category}/{name}"] = get_tenant_credential(route.tenant_id, category, name, route.channel_id)
        except MissingCredential:
            continue
        except VaultUnreadable:
            found[f"{category}/{name}"] = ""  # there, but nothing can be proved with it
    return found
