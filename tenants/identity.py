"""Who a request or websocket claims to be: a session, an access cookie, a Bearer token or an integration's key.

Only a key belongs to a company; the others at most name one, and the membership row decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from config.lib.ids import as_uuid
from tenants.context import auth_scope
from tenants.domain import api_keys, roles
from tenants.domain.actor import Actor
from tenants.models import ApiKey, Membership, Tenant, User
from tenants.services import registry, visits
from tenants.services.tokens import password_mark, read_access

ACCESS_COOKIE, REFRESH_COOKIE = "access_token", "refresh_token"
SESSION_TENANT = "tenant_id"
SESSION_SECOND = "second_factor"  # proved at this sign-in
SESSION_SINCE = "since"
KEY, BROWSER_KINDS = "key", ("session", "cookie")  # browsers send the latter by themselves, so they need a CSRF token
KEY_SEEN = timedelta(minutes=5)  # how exact a key's last use is


@dataclass(frozen=True)
class Claim:
    """`kind` is session, cookie, bearer or key. `mark` must fit the person's present one; `named_tenant` is only a name.

    `second`: a second factor was proved. `sign_in` and `since` tell which SignIn this is and when it began (seconds since
    1970). A key carries its `scopes` as permissions, its company as `named_tenant`, and its `key_name`.
    """

    kind: str
    user_id: UUID
    mark: str
    named_tenant: int | None = None
    second: bool = False
    sign_in: str = ""
    since: float | None = None
    scopes: frozenset[str] = frozenset()
    key_name: str = ""

    def fits(self, user: User) -> bool:
        """A changed password or a deactivated person ends every session and token; a key ends with the person."""
        if not user.is_active:
            return False
        if self.kind == KEY:
            return True
        expected = user.get_session_auth_hash() if self.kind == "session" else password_mark(user)
        return constant_time_compare(self.mark, expected)


def claim(*, session: Any, cookies: Mapping[str, str], authorization: str) -> Claim | None:
    """Bearer wins over the session, the session over the access cookie."""
    token = bearer_of(authorization)
    if token is not None:
        return _from_key(token) if api_keys.is_key(token) else _from_token("bearer", token)
    user_id = as_uuid(session.get(SESSION_KEY)) if session is not None else None
    if user_id is not None:
        tenant_id, since = session.get(SESSION_TENANT), session.get(SESSION_SINCE)
        return Claim(
            "session",
            user_id,
            session.get(HASH_SESSION_KEY, ""),
            int(tenant_id) if tenant_id else None,
            second=session.get(SESSION_SECOND) is True,
            sign_in=str(session.session_key or ""),
            since=float(since) if since else None,
        )
    return _from_token("cookie", cookies.get(ACCESS_COOKIE, ""))


def place_of(origin: str) -> SplitResult | None:
    """An Origin header taken apart; None when it is no address at all."""
    try:
        place = urlsplit(origin)
        return place if place.hostname else None
    except ValueError:
        return None


def bearer_of(authorization: str) -> str | None:
    """The token of an Authorization header; None when it is not of that kind."""
    scheme, _space, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _from_token(kind: str, token: str) -> Claim | None:
    read = read_access(token)
    if read is None:
        return None
    sign_in = str(read.family) if read.family else ""
    return Claim(kind, read.user_id, read.mark, read.tenant_id, second=read.second, sign_in=sign_in, since=read.since)


def _from_key(key: str) -> Claim | None:
    """Asked of the table each time, so that a revoked key is worth nothing at once."""
    now = timezone.now()
    with auth_scope():
        usable = ApiKey.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)
        row = usable.filter(key_hash=api_keys.digest(key)).first()
        if row is None:
            return None
        if row.last_used_at is None or now - row.last_used_at > KEY_SEEN:
            ApiKey.objects.filter(pk=row.pk).update(last_used_at=now)
    named = (roles.permission_of(scope) for scope in row.scopes)
    scopes = frozenset(permission for permission in named if permission)
    return Claim(KEY, row.created_by_id, "", row.tenant_id, scopes=scopes, key_name=row.name)


def named_tenant(claimed: Claim | None, *, host: Tenant | None, header: str) -> Tenant | None:
    """Which company is meant: the hostname's, the named one, the session's, else the person's oldest active membership.

    Only a name: whoever uses it must still find the membership row inside that company. A key's company is its own; None
    when host or header name another one.
    """
    if claimed is not None and claimed.kind == KEY:
        own = registry.by_id(claimed.named_tenant or 0)
        fits = own is not None and host in (None, own) and header in ("", own.slug)
        return own if fits else None
    if host is not None:
        return host
    if claimed is None:
        return None
    if header:
        return registry.by_slug(header)
    if claimed.named_tenant:
        return registry.by_id(claimed.named_tenant)
    with auth_scope():
        usable = Membership.objects.active().filter(tenant__status=Tenant.Status.ACTIVE)
        first = usable.filter(user_id=claimed.user_id).order_by("created_at").first()
        first = first or Membership.objects.filter(user_id=claimed.user_id).order_by("created_at").first()
    return registry.by_id(first.tenant_id) if first else None


def membership(claimed: Claim | None, tenant: Tenant) -> Membership | None:
    """The row that decides, read inside the company. None when the claim does not fit."""
    if claimed is None or tenant.status != Tenant.Status.ACTIVE:
        return None
    found = Membership.objects.select_related("user").filter(user_id=claimed.user_id, tenant_id=tenant.pk).first()
    if found is None and claimed.kind != KEY:
        found = visits.visiting(claimed.user_id, tenant)
    if found is None or not claimed.fits(found.user):
        return None
    if claimed.kind == KEY:
        found.narrowed_to = claimed.scopes
    return found


def lacks_factor(claimed: Claim, tenant: Tenant | None, user: User) -> bool:
    """Whether this sign-in must still prove a second factor before it may do anything in the company, or as staff.

    A key is exempt: nobody is there to type a code, and whoever made it had proved theirs.
    """
    if claimed.second or claimed.kind == KEY:
        return False
    asked = tenant is not None and bool(tenant.settings.get("require_second_factor"))
    return asked or (user.is_platform_staff and settings.PLATFORM_SECOND_FACTOR)


def actor(claimed: Claim, user: User) -> Actor:
    """Whom the trail names: the person, and the key that acted for them."""
    label = str(user)
    if claimed.kind == KEY:
        label = _("%(person)s (clave «%(key)s»)") % {"person": label, "key": claimed.key_name}
    return Actor("user", str(user.pk), label)


def person(claimed: Claim | None) -> User | None:
    """The person without a company; call in the sign-in scope. A key is no person outside its company."""
    if claimed is None or claimed.kind == KEY:
        return None
    user = User.objects.filter(pk=claimed.user_id, is_active=True).first()
    return user if user is not None and claimed.fits(user) else None
