"""What the platform's staff do to companies without entering them. Call in the platform's scope; never a company's rows."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from django.db.models import OuterRef, Q
from django.utils.translation import gettext as _

from config.lib import commit, counts
from config.lib.errors import Invalid, NotFound
from tenants.domain.actor import Actor
from tenants.live import access_topics
from tenants.models import Membership, PlatformAccess, Tenant
from tenants.services import registry, visits
from tenants.services.audit import record
from tenants.services.provisioning import fingerprint

SHORTEST_REASON = 10
LONGEST_REASON = 300
MOST_SHOWN = 200


@dataclass(frozen=True)
class Company:
    """One line of the list: `people` are active members, `behind` whether its tables lack a migration."""

    tenant: Tenant
    people: int
    behind: bool


def companies(search: str = "") -> list[Company]:
    """By name, at most MOST_SHOWN; `search` is part of the name or of the slug."""
    rows = Tenant.objects.order_by("name", "pk")
    if search:
        rows = rows.filter(Q(name__icontains=search) | Q(slug__icontains=search))
    members = Membership.objects.filter(tenant=OuterRef("pk"), status=Membership.Status.ACTIVE)
    current = fingerprint()
    return [
        Company(tenant, tenant.people, behind=tenant.schema_version != current)
        for tenant in rows.annotate(people=counts.Counted(members))[:MOST_SHOWN]
    ]


def company_for(slug: str) -> Tenant:
    """Raises NotFound."""
    tenant = Tenant.objects.filter(slug=slug).first()
    if tenant is None:
        raise NotFound(_("Esa empresa no existe."))
    return tenant


def slugs_of(numbers: Collection[int]) -> dict[int, str]:
    """Company number → slug, of those that exist."""
    return dict(Tenant.objects.filter(pk__in=numbers).values_list("pk", "slug"))


def numbers_of(slugs: Collection[str]) -> list[int]:
    """Raises NotFound when one of them is no company's."""
    found = dict(Tenant.objects.filter(slug__in=slugs).values_list("slug", "pk"))
    missing = sorted(set(slugs) - found.keys())
    if missing:
        raise NotFound(_("No existe la empresa %(slug)s.") % {"slug": missing[0]})
    return list(found.values())


def visits_to(tenant: Tenant) -> list[PlatformAccess]:
    return list(PlatformAccess.objects.filter(tenant=tenant).order_by("-created_at")[:20])


def open_visits() -> list[PlatformAccess]:
    """All that are running now."""
    return list(PlatformAccess.objects.filter(visits.running()).select_related("tenant").order_by("expires_at"))


def set_active(*, tenant: Tenant, active: bool, reason: str, by: Actor) -> Tenant:
    """Suspend or reactivate a company: its people get a page that says so, tasks wait, open lines close at once.

    Raises Invalid without a reason, which goes to the company's trail.
    """
    plain = " ".join(reason.replace("\x00", "").split())
    if not SHORTEST_REASON <= len(plain) <= LONGEST_REASON:
        message = _("El motivo lleva de 10 a 300 letras: queda en la auditoría de la empresa.")
        raise Invalid(message, fields={"reason": message})
    row = Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    status = Tenant.Status.ACTIVE if active else Tenant.Status.SUSPENDED
    if row.status == status:
        return row
    row.status = status
    row.save(update_fields=["status"])
    action = "company.reactivated" if active else "company.suspended"
    record(action=action, resource=row, by=by, diff={"reason": plain}, tenant_id=row.pk)
    commit.after(registry.changed)
    commit.after(partial(access_topics.changed, row.pk))
    return row
