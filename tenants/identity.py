"""Who a request or websocket claims to be: a session, an access cookie or a Bearer token. Nothing here names a company."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.utils.crypto import constant_time_compare

from config.lib.ids import as_uuid
from tenants.context import auth_scope
from tenants.models import Membership, Tenant, User
from tenants.services import registry
from tenants.services.tokens import password_mark, read_access

ACCESS_COOKIE, REFRESH_COOKIE = "access_token", "refresh_token"
SESSION_TENANT = "tenant_id"


@dataclass(frozen=True)
class Claim:
    """`kind` is session, cookie or bearer. `mark` must fit the person's present password; `named_tenant` is only a name."""

    kind: str
    user_id: UUID
    mark: str
    named_tenant: int | None = None

    def fits(self, user: User) -> bool:
        """A changed password or a deactivated person ends every session and token."""
        if not user.is_active:
            return False
        expected = user.get_session_auth_hash() if self.kind == "session" else password_mark(user)
        return constant_time_compare(self.mark, expected)


def claim(*, session: Any, cookies: Mapping[str, str], authorization: str) -> Claim | None:
    """Bearer wins over the session, the session over the access cookie."""
    scheme, _space, token = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return _from_token("bearer", token.strip())
    user_id = as_uuid(session.get(SESSION_KEY)) if session is not None else None
    if user_id is not None:
        tenant_id = session.get(SESSION_TENANT)
        return Claim("session", user_id, session.get(HASH_SESSION_KEY, ""), int(tenant_id) if tenant_id else None)
    return _from_token("cookie", cookies.get(ACCESS_COOKIE, ""))


def _from_token(kind: str, token: str) -> Claim | None:
    read = read_access(token) if token else None
    return Claim(kind, read.user_id, read.mark, read.tenant_id) if read else None


def named_tenant(claimed: Claim | None, *, host: Tenant | None, header: str) -> Tenant | None:
    """Which company is meant: the hostname's, the named one, the session's, else the person's oldest active membership.

    Only a name: whoever uses it must still find the membership row inside that company.
    """
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
    return found if found is not None and claimed.fits(found.user) else None


def person(claimed: Claim | None) -> User | None:
    """The person without a company; call in the sign-in scope."""
    if claimed is None:
        return None
    user = User.objects.filter(pk=claimed.user_id, is_active=True).first()
    return user if user is not None and claimed.fits(user) else None
