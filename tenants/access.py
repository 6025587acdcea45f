"""Gates of the faces: who may open a page, and how a refusal looks."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from config.lib.errors import AppError, Forbidden
from tenants.models import Membership
from tenants.requests import Request

View = Callable[..., HttpResponseBase]


def page(permission: str) -> Callable[[View], View]:
    """A page of a company: signed in, active member, allowed. Sets nothing, only refuses."""

    def decorate(view: View) -> View:
        @wraps(view)
        def gated(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.member is None:
                return _outside(request)
            if not request.member.may(permission):
                raise Forbidden(_("Su rol no permite abrir esto. Lo puede habilitar quien dirige la empresa."))
            return view(request, *args, **kwargs)

        gated.permission = permission  # type: ignore[attr-defined]  # read by the generated probes
        return gated

    return decorate


def auth_page(view: View) -> View:
    """A page around signing in, run in the sign-in scope."""
    view.scope = "auth"  # type: ignore[attr-defined]  # read by the middleware
    return view


def open_page(view: View) -> View:
    """A page that needs no database."""
    view.scope = "none"  # type: ignore[attr-defined]  # read by the middleware
    return view


def _outside(request: Request) -> HttpResponse:
    membership = getattr(request, "membership", None)
    if membership is not None and membership.status == Membership.Status.PENDING:
        raise Forbidden(_("Su acceso espera la aprobación de quien dirige la empresa."), code="pending")
    if membership is not None and membership.status == Membership.Status.SUSPENDED:
        raise Forbidden(_("Su acceso a esta empresa está suspendido."), code="suspended")
    if getattr(request, "htmx", False):
        response = HttpResponse(status=401)
        response["HX-Redirect"] = settings.LOGIN_URL
        return response
    return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)


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
