"""Asking for a company of one's own. The row is asked for in a request; a worker, which may make schemas, makes it."""

import logging
import re
from datetime import timedelta
from uuid import UUID
from zoneinfo import available_timezones

from django.conf import settings
from django.db import DatabaseError
from django.db.models import F, Q
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import AppError, Conflict, Forbidden, Invalid
from tenants.context import auth_scope, tenant_context
from tenants.domain import roles
from tenants.domain.actor import Actor
from tenants.models import CompanyRequest, Membership, Onboarding, Tenant, Trade, User
from tenants.services import audit, provisioning, registry
from tenants.services.people import set_membership

logger = logging.getLogger(__name__)
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
CURRENCIES = ("ARS", "MXN", "CLP", "COP", "UYU", "PEN", "BOB", "PYG", "BRL", "USD", "EUR")
LEASE = timedelta(minutes=5)  # making one takes a second; after this somebody else may go on with it
MOST_ATTEMPTS = 5
MOST_OPEN = 3  # companies that one person may have under way or own by asking
TASK = "tenants.tasks.make_company"


def may_ask() -> bool:
    """Whether anybody may ask for a company: where the platform says so, and always for the very first one."""
    return bool(settings.OPEN_SIGNUP) or not registry.active()


def free_slug(name: str) -> str:
    """A proposal for the company's address made of its name."""
    return slugify(name)[:40].strip("-")


def ask(
    *, user: User, name: str, slug: str, trade: str, timezone_name: str, locale: str, currency: str
) -> CompanyRequest:
    """Queue the making of a company whose first CEO is `user`; call in the sign-in scope.

    Raises Forbidden where the platform makes its companies itself, Invalid (fields) for wrong data, Conflict for too many.
    """
    if not may_ask():
        raise Forbidden(_("Las empresas nuevas las da de alta la plataforma. Escribir a quien la administra."))
    wrong = {}
    if not name.strip():
        wrong["name"] = _("Falta el nombre.")
    if not SLUG.fullmatch(slug):
        wrong["slug"] = _("Lleva minúsculas, números y guiones.")
    elif registry.by_slug(slug) or CompanyRequest.objects.filter(slug=slug).exclude(state="failed").exists():
        wrong["slug"] = _("Esa dirección ya está en uso. Probar con otra.")
    if trade not in Trade.values:
        wrong["trade"] = _("Elegir un rubro.")
    if timezone_name not in available_timezones():
        wrong["timezone"] = _("Esa zona horaria no existe.")
    if currency not in CURRENCIES:
        wrong["currency"] = _("Elegir una moneda.")
    if locale not in dict(settings.LANGUAGES):
        wrong["locale"] = _("Elegir un idioma.")
    if wrong:
        raise Invalid(_("Hay datos para corregir."), fields=wrong)
    if CompanyRequest.objects.filter(user=user).exclude(state=CompanyRequest.State.FAILED).count() >= MOST_OPEN:
        raise Conflict(
            _("Ya hay varias empresas a su nombre. Para otra más, escribir a quien administra la plataforma.")
        )
    row = CompanyRequest.objects.create(
        user=user,
        name=name.strip()[:120],
        slug=slug,
        trade=trade,
        timezone=timezone_name,
        locale=locale,
        currency=currency,
        due_at=timezone.now(),
    )
    commit.queue(TASK, request_id=str(row.pk))
    return row


def make(request_id: UUID) -> None:
    """Make the company, or go on where an earlier try ended. Does nothing when another worker is at it."""
    now = timezone.now()
    with auth_scope():
        mine = CompanyRequest.objects.filter(pk=request_id, state=CompanyRequest.State.QUEUED, due_at__lte=now)
        if not mine.update(due_at=now + LEASE, attempts=F("attempts") + 1):
            return
        request = CompanyRequest.objects.select_related("user").get(pk=request_id)
    try:
        tenant = _made(request)
    except (AppError, DatabaseError) as error:
        _failed(request, error)
        return
    with auth_scope():
        CompanyRequest.objects.filter(pk=request_id).update(
            state=CompanyRequest.State.READY, tenant=tenant, due_at=None, error=""
        )


def due() -> list[UUID]:
    """Requests whose wake-up was lost or whose worker died."""
    with auth_scope():
        return list(CompanyRequest.objects.filter(due_at__lte=timezone.now()).values_list("pk", flat=True)[:20])


def seen_by(user: User, pk: UUID) -> CompanyRequest | None:
    """A person's own request; call in the sign-in scope."""
    return CompanyRequest.objects.filter(pk=pk, user=user).select_related("tenant").first()


def _made(request: CompanyRequest) -> Tenant:
    registry.changed()
    tenant = registry.by_slug(request.slug)
    if tenant is None:
        tenant = provisioning.create_tenant(
            slug=request.slug,
            name=request.name,
            trade=request.trade,
            timezone=request.timezone,
            locale=request.locale,
            currency=request.currency,
            settings={"request": str(request.pk)},
        )
    elif tenant.settings.get("request") != str(request.pk):
        raise Conflict(_("Ya hay una empresa con ese identificador."))
    else:
        provisioning.complete(tenant)  # an earlier try got as far as the schema
    by = Actor("user", str(request.user_id), str(request.user))
    with auth_scope():
        set_membership(user=request.user, tenant=tenant, role=roles.CEO, status=Membership.Status.ACTIVE, by=by)
    with tenant_context(tenant):
        _row, created = Onboarding.objects.get_or_create(tenant=tenant)
        if created:
            audit.record(
                action="company.created", resource=tenant, by=by, diff={"name": tenant.name, "slug": tenant.slug}
            )
    return tenant


def _failed(request: CompanyRequest, error: AppError | DatabaseError) -> None:
    """Tried again while it may help; a refusal, or too many tries, ends it with its words."""
    final = isinstance(error, Conflict | Invalid) or request.attempts >= MOST_ATTEMPTS
    words = str(error.message) if isinstance(error, AppError) else _("La base de datos no respondió.")
    logger.warning("company %s: %s", request.slug, type(error).__name__)
    with auth_scope():
        rows = CompanyRequest.objects.filter(pk=request.pk).exclude(Q(state=CompanyRequest.State.READY))
        if final:
            rows.update(state=CompanyRequest.State.FAILED, error=words[:300], due_at=None)
        else:
            rows.update(error=words[:300], due_at=timezone.now() + timedelta(seconds=15 * request.attempts))
