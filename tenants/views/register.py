"""Asking to be let into a company: with a new account, or with the one that is signed in."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from config.lib.errors import AppError, RateLimited
from tenants.access import auth_page
from tenants.forms_people import JoinForm, RegisterForm, onto
from tenants.identity import BROWSER_KINDS
from tenants.models import User
from tenants.requests import Request
from tenants.services import limits, registration
from tenants.services.client_address import client_ip


@auth_page
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: Request) -> HttpResponse:
    """One form for strangers, and the company's name alone for whoever is signed in. Both then wait for a CEO."""
    user = at_page(request)
    named = request.host_tenant.slug if request.host_tenant else request.GET.get("empresa", "")[:40]
    kind = RegisterForm if user is None else JoinForm
    form = kind(request.POST if request.method == "POST" else None, initial={"tenant": named})
    if request.method == "POST" and form.is_valid():
        try:
            _ask(request, user, form.cleaned_data)
        except AppError as error:
            request.undo = True
            onto(form, error)
            return refused(render(request, "tenants/register.html", {"form": form, "person": user}), error)
        return render(request, "tenants/registered.html", {"person": user})
    status = 422 if form.errors else 200
    return render(request, "tenants/register.html", {"form": form, "person": user}, status=status)


def _ask(request: Request, user: User | None, fields: dict[str, str]) -> None:
    limits.check("register", client_ip(request))
    if user is not None:
        registration.ask_to_join(user=user, tenant=fields["tenant"])
        return
    language = translation.get_language() or "es"
    registration.register(**fields, locale=language.partition("-")[0])


def at_page(request: Request) -> User | None:
    """The person whose browser this is. A token or key of an integration changes nobody's own account."""
    known: object = request.user
    claim = request.claim
    return known if isinstance(known, User) and claim is not None and claim.kind in BROWSER_KINDS else None


def refused(response: HttpResponse, error: AppError) -> HttpResponse:
    """A page that shows a refusal, with the status that goes with it."""
    response.status_code = error.status
    if isinstance(error, RateLimited):
        response["Retry-After"] = str(error.retry_after)
    return response
