"""A person's own safety: where they are signed in, and their second factor. For whoever is signed in, whatever company."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib.errors import AppError, RateLimited
from tenants.access import auth_page, page
from tenants.domain import otp
from tenants.forms_security import PasswordForm, ProveForm
from tenants.models import User
from tenants.requests import Request
from tenants.services import companies, sign_in, sign_ins, tenant_settings, totp
from tenants.services.client_address import client_ip

View = Callable[..., HttpResponse]
HOME = "/seguridad/"


def personal(view: View) -> View:
    """A page about the signed-in person alone, in the sign-in scope."""

    @never_cache
    @wraps(view)
    def gated(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        if not isinstance(request.user, User):
            return redirect(f"/login/?next={HOME}")
        return view(request, *args, **kwargs)

    return auth_page(gated)  # type: ignore[return-value]  # the decorator's own wider type


@personal
@require_safe
def security(request: Request) -> HttpResponse:
    """Where the person is signed in, and how their second factor stands."""
    context = {"found": sign_ins.overview(request.user, _current(request)), "factor": totp.state(request.user)}
    return render(request, "tenants/security.html", context)


@personal
@require_POST
def end(request: Request, pk: uuid.UUID) -> HttpResponse:
    """End one sign-in; the present one is a sign-out."""
    if sign_ins.end(user=request.user, pk=pk, current=_current(request)):
        sign_in.finish(request=request)
        return redirect("/login/")
    messages.success(request, _("Sesión terminada."))
    return redirect(HOME)


@personal
@require_POST
def end_others(request: Request) -> HttpResponse:
    count = sign_ins.end_others(user=request.user, current=_current(request))
    words = ngettext("%(count)d sesión terminada.", "%(count)d sesiones terminadas.", count)
    messages.success(request, words % {"count": count})
    return redirect(HOME)


@personal
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor(request: Request) -> HttpResponse:
    """The secret as a picture and in letters; its first code puts it in force and shows the recovery codes."""
    state = totp.state(request.user)
    if state.active or not state.secret:
        return redirect(HOME)
    form = ProveForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            codes = totp.confirm(user=request.user, code=form.cleaned_data["code"])
        except AppError as error:
            return _refused(request, form, "code", error, _enrolment(request.user, state.secret))
        sign_in.renew(request=request, user=request.user)
        return _codes(request, codes)
    context = {"form": form, **_enrolment(request.user, state.secret)}
    return render(request, "tenants/security_factor.html", context, status=422 if form.errors else 200)


@personal
@require_POST
def begin_factor(request: Request) -> HttpResponse:
    """A new secret each time, so that one seen over a shoulder can be thrown away."""
    try:
        totp.start(request.user)
    except AppError as error:
        messages.error(request, str(error.message))
        return redirect(HOME)
    return redirect("/seguridad/segundo-factor/")


@personal
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def disable_factor(request: Request) -> HttpResponse:
    """Asks for the password first."""
    form = PasswordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            totp.disable(user=request.user, password=form.cleaned_data["password"], address=client_ip(request))
        except AppError as error:
            return _refused(request, form, "password", error, {"what": "disable"})
        sign_in.renew(request=request, user=request.user)
        messages.success(request, _("Segundo factor desactivado. Las demás sesiones se cerraron."))
        return redirect(HOME)
    context = {"form": form, "what": "disable"}
    return render(request, "tenants/security_password.html", context, status=422 if form.errors else 200)


@personal
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def recovery_codes(request: Request) -> HttpResponse:
    """New recovery codes in place of the old ones; asks for the password first."""
    form = PasswordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            codes = totp.new_recovery_codes(
                user=request.user, password=form.cleaned_data["password"], address=client_ip(request)
            )
        except AppError as error:
            return _refused(request, form, "password", error, {"what": "codes"})
        return _codes(request, codes)
    context = {"form": form, "what": "codes"}
    return render(request, "tenants/security_password.html", context, status=422 if form.errors else 200)


@page("settings.write")
@require_http_methods(["GET", "HEAD", "POST"])
def company_rule(request: Request) -> HttpResponse:
    """Whether the company lets in only people with a second factor. Whoever asks for it must have theirs."""
    if request.method == "POST":
        wanted = request.POST.get("require") == "on"
        try:
            companies.update_settings(by=request.actor, changes={companies.SECOND_FACTOR: wanted})
        except AppError as error:
            messages.error(request, " ".join(str(words) for words in error.fields.values()) or str(error.message))
        else:
            messages.success(request, _("Guardado."))
        return redirect("/seguridad/empresa/")
    required = tenant_settings.of(companies.fresh()).require_second_factor
    return render(request, "tenants/security_company.html", {"required": required})


def _current(request: Request) -> str:
    """The key of the present sign-in."""
    return request.claim.sign_in if request.claim else ""


def _enrolment(user: User, secret: str) -> dict[str, Any]:
    return {"secret": otp.grouped(secret), "address": totp.address(user, secret), "picture": totp.picture(user, secret)}


def _codes(request: Request, codes: list[str]) -> HttpResponse:
    """Shown by this answer and never again."""
    return render(request, "tenants/security_codes.html", {"codes": [otp.grouped(each) for each in codes]})


def _refused(
    request: Request, form: PasswordForm | ProveForm, field: str, error: AppError, context: dict[str, Any]
) -> HttpResponse:
    form.add_error(field, str(error.message))
    template = "tenants/security_factor.html" if field == "code" else "tenants/security_password.html"
    # A wrong code here is a wrong field of a form; 401 would say that nobody is signed in.
    status = error.status if isinstance(error, RateLimited) else 422
    response = render(request, template, {"form": form, **context}, status=status)
    if isinstance(error, RateLimited):
        response["Retry-After"] = str(error.retry_after)
    return response
