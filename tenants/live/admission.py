"""Who may listen on a websocket, asked when it opens and again while it stays open."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.http.request import validate_host

from config.lib import live
from tenants import identity
from tenants.context import tenant_context
from tenants.live.models import LiveEvent
from tenants.live.services import as_payload, last_id, since
from tenants.models import Membership
from tenants.services import registry
from tenants.sessions import SessionStore

SESSION_COOKIE = settings.SESSION_COOKIE_NAME


@dataclass(frozen=True)
class Credentials:
    """What a handshake brought. Kept for asking again; never shown."""

    host: str
    session_key: str = field(default="", repr=False)
    access_cookie: str = field(default="", repr=False)
    authorization: str = field(default="", repr=False)
    tenant: str = ""


@dataclass(frozen=True)
class Admission:
    """A member of a company, and the number of its newest live event."""

    tenant_id: int
    user_id: UUID
    last_id: int


def access_topic(tenant_id: object) -> str:
    return f"access:{tenant_id}"


def changed(*tenant_ids: int) -> None:
    """Someone of these companies signed out, was suspended or got another password. Call after the commit.

    Open websockets are asked again at once; without this call within ten seconds.
    """
    for tenant_id in tenant_ids:
        live.publish(access_topic(tenant_id), {})


def origin_fits(origin: str, host: str) -> bool:
    """A page of ours, or no page at all. Browsers always say where a page comes from, and cookies would go along."""
    if not origin:
        return True
    place = urlsplit(origin)
    if place.netloc == host or origin.rstrip("/") == settings.PUBLIC_URL:
        return True
    named = [pattern for pattern in settings.ALLOWED_HOSTS if pattern != "*"]
    return bool(place.hostname) and validate_host(str(place.hostname), named)


def admit(credentials: Credentials, tenant_id: int | None = None) -> Admission | None:
    """The member behind the credentials, in the company they name (which must be `tenant_id` if given), or None."""
    session = SessionStore(credentials.session_key) if credentials.session_key else None
    cookies = {identity.ACCESS_COOKIE: credentials.access_cookie}
    claim = identity.claim(session=session, cookies=cookies, authorization=credentials.authorization)
    if claim is None:
        return None
    tenant = identity.named_tenant(claim, host=registry.by_host(credentials.host), header=credentials.tenant)
    if tenant is None or tenant_id not in (None, tenant.pk):
        return None
    with tenant_context(tenant):
        member = identity.membership(claim, tenant)
        if member is None or member.status != Membership.Status.ACTIVE:
            return None
        return Admission(tenant.pk, member.user_id, last_id())


def no_longer_admitted(credentials: Iterable[Credentials], tenant_id: int) -> set[Credentials]:
    return {each for each in credentials if admit(each, tenant_id) is None}


def events_since(tenant_id: int, after: int, limit: int = 500) -> list[dict[str, object]]:
    """The company's events with a number above `after`, oldest first."""
    tenant = registry.by_id(tenant_id)
    if tenant is None:
        return []
    with tenant_context(tenant):
        events: list[LiveEvent] = since(after, limit=limit)
        return [as_payload(event, tenant_id) for event in events]


def newest(tenant_id: int) -> int:
    """The number of the company's newest event; 0 for one that is gone."""
    tenant = registry.by_id(tenant_id)
    if tenant is None:
        return 0
    with tenant_context(tenant):
        return last_id()
