"""Who may listen on a websocket, asked when it opens and again while it stays open."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings
from django.http.request import validate_host

from tenants import identity
from tenants.context import tenant_context
from tenants.live import sight
from tenants.live.access_topics import changed as changed  # the name everybody calls it by
from tenants.live.models import LiveEvent
from tenants.live.services import as_payload, last_id, since
from tenants.live.sight import WHOLE, Sight
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
    browser: bool = True  # the handshake says so itself

    @property
    def by_cookie(self) -> bool:
        """A browser may have sent these by itself, for a page of another site. Programs that are no browser also carry the
        access token as a cookie, and nobody makes them call."""
        if identity.bearer_of(self.authorization) is not None:
            return False
        return bool(self.session_key or (self.access_cookie and self.browser))


@dataclass(frozen=True)
class Admission:
    """A member of a company, the number of its newest live event, and what of them the member may hear."""

    tenant_id: int
    user_id: UUID
    last_id: int
    sight: Sight = WHOLE


def origin_fits(origin: str, host: str, credentials: Credentials) -> bool:
    """A page of ours, or no page at all. Browsers always say where a page comes from (RFC 6455 §10.2), and cookies go along:
    without an Origin only what no browser sends by itself counts, or nobody."""
    if not origin:
        return not credentials.by_cookie
    place = identity.place_of(origin)
    if place is None:
        return False
    if place.netloc == host or origin.rstrip("/") == settings.PUBLIC_URL:
        return True
    named = [pattern for pattern in settings.ALLOWED_HOSTS if pattern != "*"]
    return validate_host(str(place.hostname), named)


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
        if identity.lacks_factor(claim, tenant, member.user):
            return None
        if not member.may("events.read"):
            return None
        return Admission(tenant.pk, member.user_id, last_id(), sight.of(member))


def asked_again(credentials: Iterable[Credentials], tenant_id: int) -> dict[Credentials, Admission | None]:
    """Each as it would be admitted now; None for who no longer is."""
    registry.look_again()  # the company itself may have been suspended a moment ago
    return {each: admit(each, tenant_id) for each in credentials}


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
