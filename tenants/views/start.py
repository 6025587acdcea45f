"""From nothing to a company: the account, the company asked for, and the wait until it is made."""

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from config.lib.errors import AppError, Conflict, NotFound
from config.lib.fragments import is_fragment
from tenants.access import auth_page
from tenants.forms_company import AccountForm, NewCompanyForm
from tenants.models import CompanyRequest, User
from tenants.requests import Request
from tenants.services import company_requests, limits, sign_in
from tenants.services.client_address import client_ip
from tenants.services.people import create_person


@auth_page
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: Request) -> HttpResponse:
    """Both forms on one page for a stranger; whoever is signed in only tells about the company."""
    if not company_requests.may_ask():
        return render(request, "tenants/start_closed.html")
    known = isinstance(request.user, User)
    account = None if known else AccountForm(request.POST or None, prefix="account")
    company = NewCompanyForm(request.POST or None)
    forms_fine = company.is_valid() and (account is None or account.is_valid())
    if request.method == "POST" and forms_fine:
        try:
            return _ask(request, account, company)
        except AppError as error:
            _onto(company, account, error)
    context = {"account": account, "form": company}
    return render(request, "tenants/start.html", context, status=422 if request.method == "POST" else 200)


def _ask(request: Request, account: AccountForm | None, company: NewCompanyForm) -> HttpResponse:
    limits.check("register", client_ip(request))
    fields = company.cleaned_data
    user = request.user if account is None else _person(request, account)
    if user is None:
        # The words are those of a wrong password, and signing in counts as an attempt.
        return redirect("/login/?next=/empezar/")
    row = company_requests.ask(
        user=user,
        name=fields["name"],
        slug=fields["slug"] or company_requests.free_slug(fields["name"]),
        trade=fields["trade"],
        timezone_name=fields["timezone"],
        locale=fields["locale"],
        currency=fields["currency"],
    )
    if account is not None and not sign_in.begin(request=request, user=user, tenant=None):
        return redirect("/login/codigo/")  # somebody known, with a second factor
    return redirect(f"/empezar/{row.pk}/")


def _person(request: Request, account: AccountForm) -> User | None:
    """The new person, or the one who has this address and knows its password."""
    given = account.cleaned_data
    try:
        return create_person(email=given["email"], name=given["person"], password=given["password"])
    except Conflict:
        try:
            return sign_in.check(email=given["email"], password=given["password"], address=client_ip(request))
        except sign_in.BadCredentials:
            return None


def _onto(company: NewCompanyForm, account: AccountForm | None, error: AppError) -> None:
    named = {name: words for name, words in error.fields.items() if name in company.fields}
    for name, words in named.items():
        company.add_error(name, str(words))
    if not named:
        company.add_error(None, str(error.message))


@auth_page
@never_cache
@require_safe
def progress(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Says how far it is; once the company is there, goes on to its first steps."""
    if not isinstance(request.user, User):
        return redirect(f"/login/?next=/empezar/{pk}/")
    row = company_requests.seen_by(request.user, pk)
    if row is None:
        raise NotFound(_("Ese pedido no existe."))
    if row.state == CompanyRequest.State.READY and row.tenant is not None:
        sign_in.choose(request=request, tenant=row.tenant)
        if is_fragment(request):
            return HttpResponse(status=204, headers={"HX-Redirect": "/bienvenida/"})
        return redirect("/bienvenida/")
    template = "tenants/_start_progress.html" if is_fragment(request) else "tenants/start_progress.html"
    return render(request, template, {"row": row})
