"""Links for the day that e-mail, or the only CEO, is gone. Made on the server's own command line and nowhere else."""

import logging
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.errors import Conflict, NotFound
from tenants.context import auth_scope
from tenants.domain import roles
from tenants.domain.actor import Actor
from tenants.models import Membership, OneTimeLink, Tenant, User
from tenants.services import links, mail, passwords, registry
from tenants.services.audit import record

logger = logging.getLogger(__name__)

Kind = OneTimeLink.Kind
BY = Actor.system("pending_links")


@dataclass(frozen=True)
class Made:
    """What the command prints. `company` and `role` are empty for a link that is only about the person."""

    company: str
    kind: str
    email: str
    role: str
    url: str = field(repr=False)


def pending(*, slug: str = "") -> list[Made]:
    """A fresh link for each open invitation and each waiting person, of one company or of all. Raises NotFound."""
    chosen = [_company(slug)] if slug else sorted(registry.active(), key=lambda tenant: tenant.slug)
    return [made for tenant in chosen for made in _of(tenant)]


def new_ceo(*, slug: str, email: str) -> Made:
    """A link that lets this address in as CEO. Raises NotFound, and Conflict for a member who does not wait."""
    tenant, email = _company(slug), email.strip().lower()
    with auth_scope():
        member = Membership.objects.select_related("user").filter(tenant=tenant, user__email=email).first()
        if member is not None and member.status != Membership.Status.PENDING:
            raise Conflict(_("Esa persona ya es del equipo. Su rol lo cambia quien dirige la empresa."))
        kind = Kind.INVITATION if member is None else Kind.ACTIVATION
        user = member.user if member is not None else None
        return _made(links.create(kind=kind, email=email, tenant=tenant, user=user, role=roles.CEO), tenant)


def reset(*, email: str) -> Made:
    """A link for a new password. Raises NotFound."""
    with auth_scope():
        user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
        if user is None:
            raise NotFound(_("No hay ninguna cuenta con ese correo."))
        return _made(passwords.reset_link(user), None)


def _of(tenant: Tenant) -> list[Made]:
    with auth_scope():
        rows = OneTimeLink.objects.filter(tenant=tenant, kind=Kind.INVITATION, used_at=None, revoked_at=None)
        wanted = list(rows.filter(expires_at__gt=timezone.now()).order_by("created_at"))
        waiting = Membership.objects.filter(tenant=tenant, status=Membership.Status.PENDING, user__is_active=True)
        for member in waiting.select_related("user").order_by("created_at"):
            wanted.append(_activation(tenant, member))
        return [_made(link, tenant) for link in wanted]


def _activation(tenant: Tenant, member: Membership) -> OneTimeLink:
    """The newest open link of a waiting person, else a new one with the role that they wait for."""
    rows = OneTimeLink.objects.filter(
        tenant=tenant, kind=Kind.ACTIVATION, user=member.user, used_at=None, revoked_at=None
    )
    found = rows.filter(expires_at__gt=timezone.now()).order_by("-created_at").first()
    return found or links.create(
        kind=Kind.ACTIVATION, email=member.user.email, tenant=tenant, user=member.user, role=member.role
    )


def _made(link: OneTimeLink, tenant: Tenant | None) -> Made:
    mail.cancel_waiting(link)
    url = links.mint(link, by=BY)
    for tenant_id in links.companies_of(link):
        record(action="link.emergency", resource=link, by=BY, tenant_id=tenant_id, diff={"kind": link.kind})
    logger.warning("an emergency link was made: %s %s for company %s", link.kind, link.pk, link.tenant_id or "—")
    return Made(tenant.slug if tenant is not None else "", link.kind, link.email, link.role, url)


def _company(slug: str) -> Tenant:
    tenant = registry.by_slug(slug)
    if tenant is None or tenant.status != Tenant.Status.ACTIVE:
        raise NotFound(_("No hay ninguna empresa activa con ese identificador."))
    return tenant
