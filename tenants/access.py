"""Gates of the faces: who may open a page, and how a refusal looks."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from config.lib.errors import AppError, Forbidden, NotFound
from tenants.db.current import connection
from tenants.identity import Claim
from tenants.models import Membership, Tenant, User
from tenants.requests import Request
from tenants.services import visits

View = Callable[..., HttpResponseBase]


def page(permission: str) -> Callable[[View], View]:
    """A page of a company: signed in, active member, allowed. Sets nothing, only refuses."""

    def decorate(view: View) -> View:
        @wraps(view)
        def gated(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.member is None:
                return _outside(request)
            visits.note(request)
            if not request.member.may(permission):
                raise Forbidden(_("Su rol no permite abrir esto. Lo puede habilitar quien dirige la empresa."))
            return view(request, *args, **kwargs)

        gated.permission = permission  # type: ignore[attr-defined]  # read by the generated probes
        return gated

    return decorate


def platform_page(view: View) -> View:
    """A page of the platform's own staff, run in the platform's scope. For everybody else it does not exist."""

    @wraps(view)
    def gated(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
        if not request.user.is_platform_staff:
            raise NotFound(_("Esta página no existe."))
        return view(request, *args, **kwargs)

    gated.scope = "platform"  # type: ignore[attr-defined]  # read by the middleware
    return gated


def auth_page(view: View) -> View:
    """A page around signing in, run in the sign-in scope."""
    view.scope = "auth"  # type: ignore[attr-defined]  # read by the middleware
    return view


def open_page(view: View) -> View:
    """A page that needs no database."""
    view.scope = "none"  # type: ignore[attr-defined]  # read by the middleware
    return view


def factor_missing(request: Request) -> HttpResponse:
    """To the one page that somebody whose company asks for a second factor may open before having one."""
    return redirect("/seguridad/")


def _outside(request: Request) -> HttpResponse:
    membership = getattr(request, "membership", None)
    if membership is not None and membership.status == Membership.Status.PENDING:
        raise Forbidden(_("Su acceso espera la aprobación de quien dirige la empresa."), code="pending")
    if membership is not None and membership.status == Membership.Status.SUSPENDED:
        raise Forbidden(_("Su acceso a esta empresa está suspendido."), code="suspended")
    if company_rests(request.claim):
        raise Forbidden(
            _("La empresa está suspendida por la plataforma. Quien la dirige puede pedir que se reactive."),
            code="company_suspended",
        )
    if getattr(request, "lacks_factor", False) and not getattr(request, "htmx", False):
        return factor_missing(request)
    if getattr(request, "htmx", False):
        response = HttpResponse(status=401)
        response["HX-Redirect"] = settings.LOGIN_URL
        return response
    return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)


def company_rests(claimed: Claim | None) -> bool:
    """Whether this is the person's company and the platform suspended it. Told to its own people only."""
    tenant = connection.tenant
    if claimed is None or tenant is None or tenant.status == Tenant.Status.ACTIVE:
        return False
    mine = Membership.objects.active().filter(user_id=claimed.user_id, tenant_id=tenant.pk).select_related("user")
    found = mine.first()
    return found is not None and claimed.fits(found.user)


def refusal_page(request: Request, error: AppError) -> HttpResponse:
    """An AppError as a page, a fragment or JSON: what happened and what to do, never a bare code."""
    if request.path.startswith("/api/"):
        body = {"error": {"code": error.code, "message": str(error.message), "fields": error.fields}}
        return JsonResponse(body, status=error.status, json_dumps_params={"default": str})
    template = "components/_refusal.html" if getattr(request, "htmx", False) else "error.html"
    response = render(request, template, {"error": error}, status=error.status)
    retry_after = getattr(error, "retry_after", None)
    if retry_after:
        response["Retry-After"] = str(retry_after)
    return response
