"""Secrets of the platform and whom they are lent to, on pages of its own staff."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from config.lib.errors import AppError
from config.lib.fragments import go_to
from tenants.access import platform_page
from tenants.forms_office import LendForm, LentCredentialForm
from tenants.models import PlatformCredential
from tenants.requests import Request
from tenants.services import platform, platform_vault

ADDRESS = "/plataforma/credenciales/"


@dataclass(frozen=True)
class Lent:
    """One secret, the slugs of the companies that have it, and the form that changes them."""

    row: PlatformCredential
    slugs: list[str]
    form: LendForm


@platform_page
@never_cache
@sensitive_post_parameters("value")
@require_http_methods(["GET", "HEAD", "POST"])
def credentials(request: Request) -> HttpResponse:
    form = LentCredentialForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            platform_vault.put(by=request.actor, **form.cleaned_data)
        except AppError as error:
            _onto(form, error)
        else:
            messages.success(request, _("Credencial guardada. Falta elegir a quién se presta."))
            return go_to(request, ADDRESS)
    context = {"lent": _lent(), "form": form}
    return render(request, "tenants/platform_credentials.html", context, status=422 if form.errors else 200)


def _lent() -> list[Lent]:
    rows = platform_vault.listed()
    slugs = platform.slugs_of({number for row in rows for number in row.tenant_ids})
    found = []
    for row in rows:
        named = [slugs[number] for number in row.tenant_ids if number in slugs]
        initial = {"everyone": row.everyone, "companies": " ".join(named)}
        found.append(Lent(row, named, LendForm(initial=initial, auto_id=f"id_{row.pk}_%s")))
    return found


@platform_page
@require_POST
def lend(request: Request, category: str, name: str) -> HttpResponse:
    form = LendForm(request.POST)
    if form.is_valid():
        try:
            platform_vault.lend(
                category=category,
                name=name,
                everyone=form.cleaned_data["everyone"],
                tenant_ids=platform.numbers_of(form.slugs()),
                by=request.actor,
            )
        except AppError as error:
            messages.error(request, str(error.message))
        else:
            messages.success(request, _("Cambios guardados."))
    return go_to(request, ADDRESS)


@platform_page
@require_POST
def remove(request: Request, category: str, name: str) -> HttpResponse:
    platform_vault.remove(category=category, name=name, by=request.actor)
    messages.success(request, _("Credencial eliminada."))
    return go_to(request, ADDRESS)


def _onto(form: LentCredentialForm, error: AppError) -> None:
    known = {name: text for name, text in error.fields.items() if name in form.fields}
    for name, text in known.items():
        form.add_error(name, str(text))
    if not known:
        form.add_error(None, str(error.message))
