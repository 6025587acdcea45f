"""Visits of the platform's staff to a company: for a reason, for a time, seen and ended by the company too.

A visitor is a member with the role `support` and without a row: reads what the table gives that role, writes nothing, and
every page is noted in the company's trail. Without a visit the staff are strangers everywhere.
"""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import Conflict, Forbidden, Invalid, NotFound
from tenants.context import auth_scope
from tenants.domain import roles
from tenants.domain.actor import Actor
from tenants.live import access_topics
from tenants.models import Membership, PlatformAccess, Tenant, User
from tenants.requests import Request
from tenants.services.audit import afterwards, record

MINUTES = (15, 60, 240)
SHORTEST_REASON = 10
LONGEST_REASON = 300
READING = ("GET", "HEAD", "OPTIONS")


def running() -> Q:
    return Q(ended_at__isnull=True, expires_at__gt=timezone.now())


def begin(*, staff: User, tenant: Tenant, reason: str, minutes: int, by: Actor) -> PlatformAccess:
    """Call in the platform's scope. Raises Invalid for a short reason or another time, Conflict when one is running."""
    plain = " ".join(reason.replace("\x00", "").split())
    if not SHORTEST_REASON <= len(plain) <= LONGEST_REASON:
        message = _("El motivo lleva de 10 a 300 letras: la empresa lo lee.")
        raise Invalid(message, fields={"reason": message})
    if minutes not in MINUTES:
        raise Invalid(_("Esa duración no se ofrece."), fields={"minutes": _("15, 60 o 240 minutos.")})
    if not staff.is_platform_staff or tenant.status != Tenant.Status.ACTIVE:
        raise Forbidden(_("No se puede visitar esta empresa."))
    # Held until the end, so that two requests at once do not begin two.
    User.objects.select_for_update(no_key=True).filter(pk=staff.pk).first()
    if PlatformAccess.objects.filter(running(), user=staff, tenant=tenant).exists():
        raise Conflict(_("Ya hay una visita abierta a esta empresa."))
    visit = PlatformAccess.objects.create(
        user=staff,
        tenant=tenant,
        person=str(staff)[:160],
        reason=plain,
        expires_at=timezone.now() + timedelta(minutes=minutes),
    )
    diff = {"reason": plain, "minutes": minutes}
    record(action="visit.begun", resource=visit, by=by, diff=diff, tenant_id=tenant.pk)
    return visit


def end(*, visit: PlatformAccess, by: Actor) -> None:
    """By the company or by the visitor; nothing happens to one that is over. Open lines close at once."""
    ended = PlatformAccess.objects.filter(running(), pk=visit.pk).update(
        ended_at=timezone.now(), ended_by=by.label[:160]
    )
    if ended:
        record(action="visit.ended", resource=visit, by=by, tenant_id=visit.tenant_id)
        commit.after(partial(access_topics.changed, visit.tenant_id))


def of_company(tenant: Tenant) -> QuerySet[PlatformAccess]:
    """Call inside the company: the latest first."""
    return PlatformAccess.objects.filter(tenant_id=tenant.pk).order_by("-created_at")


def visit_for(tenant: Tenant, pk: UUID) -> PlatformAccess:
    """A visit to this company. Raises NotFound."""
    visit = PlatformAccess.objects.filter(pk=pk, tenant_id=tenant.pk).first()
    if visit is None:
        raise NotFound(_("Esa visita no existe."))
    return visit


def visiting(user_id: UUID, tenant: Tenant) -> Membership | None:
    """Inside a company, for somebody without a membership there: what a running visit makes of them, or None.

    Asked at every request and every time an open line is asked again, so a visit ends by itself when its time is up.
    """
    visit = (
        PlatformAccess.objects.filter(running(), user_id=user_id, tenant_id=tenant.pk).order_by("created_at").first()
    )
    if visit is None:
        return None
    with auth_scope():  # the company's role sees its own people only
        staff = User.objects.filter(pk=user_id, is_platform_staff=True, is_active=True).first()
    if staff is None:
        return None
    guest = Membership(user=staff, tenant=tenant, role=roles.SUPPORT, status=Membership.Status.ACTIVE)
    guest.pk, guest.created_at = visit.pk, visit.created_at
    guest.visit_ends = visit.expires_at
    return guest


def note(request: Request) -> None:
    """What a visitor opens goes to the company's trail, whatever becomes of it; nothing may be changed.

    Called by every gate of a company, once there is a member. Raises Forbidden for an unsafe verb.
    """
    member = request.member
    if member.role != roles.SUPPORT or getattr(request, "visit_noted", False):
        return
    request.visit_noted = True
    diff: dict[str, Any] = {"verb": request.method, "path": request.path[:200]}
    writes = request.method not in READING
    outcome = "refused" if writes else "ok"
    by = Actor("platform", request.actor.id, request.actor.label)
    afterwards(action="visit.page", by=by, resource=str(member.pk), diff=diff, outcome=outcome)
    if writes:
        raise Forbidden(_("Una visita de la plataforma solo mira."), code="visitor")


def names(visits: Iterable[PlatformAccess]) -> str:
    """For a sentence: who is visiting."""
    return ", ".join(sorted({visit.person for visit in visits}))
