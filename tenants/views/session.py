"""Pages around signing in: the form, choosing a company, one's own session and preferences."""

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib.errors import AppError, RateLimited
from tenants.access import auth_page, page
from tenants.forms import CompanyForm, LoginForm, PreferencesForm, safe_next
from tenants.forms_security import OtpForm
from tenants.identity import SESSION_TENANT
from tenants.models import Membership, Tenant, User
from tenants.requests import Request
from tenants.services import company_requests, sign_in, totp
from tenants.services.client_address import client_ip

YEAR_SECONDS = 365 * 24 * 3600


@auth_page
@require_safe
def home(request: Request) -> HttpResponse:
    """The root address: the day of who is signed in, the front door for everybody else."""
    if isinstance(request.user, User):
        return redirect("/mi-dia/")
    return render(request, "public/landing.html", {"may_start": company_requests.may_ask()})


@auth_page
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def login(request: Request) -> HttpResponse:
    if request.method != "POST":
        wanted = request.GET.get("next", "")
        if isinstance(request.user, User):
            # A gate sent somebody here who is signed in: what is missing is a company, not a password.
            return redirect(f"/empresas/?{urlencode({'next': wanted})}" if wanted else settings.LOGIN_REDIRECT_URL)
        return render(request, "tenants/login.html", {"form": LoginForm(initial={"next": wanted})})
    form = LoginForm(request.POST)
    if not form.is_valid():
        return render(request, "tenants/login.html", {"form": form}, status=422)
    try:
        user = sign_in.check(
            email=form.cleaned_data["email"], password=form.cleaned_data["password"], address=client_ip(request)
        )
    except AppError as error:
        form.add_error(None, str(error.message))
        response = render(request, "tenants/login.html", {"form": form}, status=error.status)
        if isinstance(error, RateLimited):
            response["Retry-After"] = str(error.retry_after)
        return response
    return _signed_in(request, user, form.cleaned_data["next"])


@auth_page
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: Request) -> HttpResponse:
    """The second step of signing in, for whoever gave the right password a moment ago."""
    half = sign_in.half_signed(request)
    if half is None:
        return redirect("/login/")
    user, wanted = half
    form = OtpForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            totp.check(user=user, code=form.cleaned_data["code"])
        except AppError as error:
            form.add_error("code", str(error.message))
            response = render(request, "tenants/otp.html", {"form": form}, status=error.status)
            if isinstance(error, RateLimited):
                response["Retry-After"] = str(error.retry_after)
            return response
        return _signed_in(request, user, wanted, proved=True)
    return render(request, "tenants/otp.html", {"form": form}, status=422 if form.errors else 200)


def _signed_in(request: Request, user: User, wanted: str, *, proved: bool = False) -> HttpResponse:
    """On to where the person wanted; to the list of companies when there is a choice, or none that lets them in."""
    memberships = sign_in.companies_of(user)
    pinned = request.host_tenant
    usable = [row for row in memberships if pinned is None or row.tenant_id == pinned.pk]
    only = usable[0] if len(usable) == 1 else None
    tenant = only.tenant if only else None
    if not sign_in.begin(request=request, user=user, tenant=tenant, proved=proved, wanted=wanted):
        return redirect("/login/codigo/")
    target = safe_next(request, wanted, settings.LOGIN_REDIRECT_URL)
    straight = only is not None and only.status == Membership.Status.ACTIVE
    response = HttpResponseRedirect(target if straight else f"/empresas/?{urlencode({'next': target})}")
    if user.locale:
        _remember(request, response, settings.LANGUAGE_COOKIE_NAME, user.locale)
    return response


@auth_page
@require_POST
def logout(request: Request) -> HttpResponse:
    sign_in.finish(request=request)
    return redirect("/login/")


@auth_page
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def companies(request: Request) -> HttpResponse:
    """The person's companies; choosing one points the session at it."""
    user = request.user
    if not isinstance(user, User):
        return redirect("/login/?next=/empresas/")
    memberships = sign_in.companies_of(user)
    form = CompanyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        chosen = _company_among(memberships, form.cleaned_data["tenant"])
        if chosen is not None:
            sign_in.choose(request=request, tenant=chosen)
            return HttpResponseRedirect(safe_next(request, form.cleaned_data["next"], settings.LOGIN_REDIRECT_URL))
    context = {
        "memberships": memberships,
        "current": request.session.get(SESSION_TENANT),
        "next": request.GET.get("next", ""),
    }
    return render(request, "tenants/companies.html", context)


def _company_among(memberships: list[Membership], tenant_id: int) -> Tenant | None:
    return next((row.tenant for row in memberships if row.tenant_id == tenant_id), None)


@page("inbox.read")
@require_safe
def session(request: Request) -> HttpResponse:
    """Who is signed in, where, with which rights, in which colours and language."""
    return render(request, "tenants/session.html", {"member": request.member})


@auth_page
@require_POST
def preferences(request: Request) -> HttpResponse:
    """Theme as a cookie; language as a cookie and, for a signed-in person, on the person."""
    form = PreferencesForm(request.POST)
    form.is_valid()  # an unknown choice is simply not among the cleaned ones
    response = HttpResponseRedirect(safe_next(request, form.cleaned_data.get("next", ""), "/"))
    theme, language = form.cleaned_data.get("theme"), form.cleaned_data.get("language")
    if theme:
        _remember(request, response, "theme", theme)
    if language:
        _remember(request, response, settings.LANGUAGE_COOKIE_NAME, language)
        if isinstance(request.user, User):
            User.objects.filter(pk=request.user.pk).update(locale=language)
    return response


def _remember(request: Request, response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=YEAR_SECONDS, samesite="Lax", secure=request.is_secure())
