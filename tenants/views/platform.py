"""Pages of the platform's own staff: companies, their state, visits. No customer's word is on any of them."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from config.lib.errors import AppError, NotFound
from config.lib.fragments import go_to
from tenants.access import platform_page
from tenants.forms_office import ReasonForm, VisitForm
from tenants.models import PlatformAccess, Tenant
from tenants.requests import Request
from tenants.services import platform, sign_in, visits

FIRST_PAGE = "/canales/"  # what a visitor sees first: whether messages arrive


@platform_page
@require_safe
def company_list(request: Request) -> HttpResponse:
    search = request.GET.get("q", "").replace("\x00", "")[:80]
    context = {
        "companies": platform.companies(search),
        "most": platform.MOST_SHOWN,
        "q": search,
        "visits": platform.open_visits(),
        "now": timezone.now(),
        "columns": [_("Empresa"), _("Estado"), _("Personas"), _("Creada"), _("Tablas")],
        "numeric": [_("Personas")],
        "caption": _("Empresas de la plataforma"),
    }
    return render(request, "tenants/platform.html", context)


@platform_page
@require_safe
def company(request: Request, slug: str) -> HttpResponse:
    return _company(request, platform.company_for(slug))


def _company(
    request: Request,
    tenant: Tenant,
    *,
    visit: VisitForm | None = None,
    reason: ReasonForm | None = None,
    status: int = 200,
) -> HttpResponse:
    made = platform.visits_to(tenant)
    now = timezone.now()
    running = [each for each in made if each.ended_at is None and each.expires_at > now]
    context = {
        "company": tenant,
        "visits": made,
        "running": running,
        "mine": next((each for each in running if each.user_id == request.user.pk), None),
        "now": now,
        "visit_form": visit or VisitForm(initial={"minutes": 15}),
        "reason_form": reason or ReasonForm(),
    }
    return render(request, "tenants/platform_company.html", context, status=status)


@platform_page
@require_POST
def visit(request: Request, slug: str) -> HttpResponse:
    """Begin a visit and enter the company."""
    tenant = platform.company_for(slug)
    form = VisitForm(request.POST)
    if form.is_valid():
        try:
            visits.begin(staff=request.user, tenant=tenant, by=request.actor, **form.cleaned_data)
        except AppError as error:
            form.add_error(None, str(error.message))
        else:
            sign_in.choose(request=request, tenant=tenant)
            return go_to(request, FIRST_PAGE)
    return _company(request, tenant, visit=form, status=422)


@platform_page
@require_POST
def enter(request: Request, slug: str) -> HttpResponse:
    """Back into a company during a visit; without one there is nothing to see there."""
    sign_in.choose(request=request, tenant=platform.company_for(slug))
    return go_to(request, FIRST_PAGE)


@platform_page
@require_POST
def end(request: Request, pk: uuid.UUID) -> HttpResponse:
    """One's own visit, or another's: whoever is of the staff may end it."""
    found = PlatformAccess.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound(_("Esa visita no existe."))
    visits.end(visit=found, by=request.actor)
    messages.success(request, _("Visita terminada."))
    return go_to(request, "/plataforma/")


@platform_page
@require_POST
def suspend(request: Request, slug: str) -> HttpResponse:
    return _set_active(request, slug, active=False)


@platform_page
@require_POST
def reactivate(request: Request, slug: str) -> HttpResponse:
    return _set_active(request, slug, active=True)


def _set_active(request: Request, slug: str, *, active: bool) -> HttpResponse:
    tenant = platform.company_for(slug)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _company(request, tenant, reason=form, status=422)
    platform.set_active(tenant=tenant, active=active, reason=form.cleaned_data["reason"], by=request.actor)
    messages.success(request, _("Empresa reactivada.") if active else _("Empresa suspendida."))
    return go_to(request, f"/plataforma/empresas/{slug}/")
