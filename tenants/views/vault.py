"""The company's keys. Values go in; one comes out only on the page that asked for the password again."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from config.lib.errors import AppError, Forbidden, Invalid, NotFound
from config.lib.fragments import go_to, is_fragment
from tenants.access import page
from tenants.forms_vault import CredentialForm, ExpiryForm, KindForm, RevealForm, VersionForm, known_names
from tenants.models import Credential
from tenants.providers_check.base import Kind
from tenants.providers_check.registry import KINDS
from tenants.requests import Request
from tenants.services import vault_health, vault_overview, vault_reveal, vault_versions
from tenants.services.client_address import client_ip
from tenants.services.vault import find, put_credential, remove_credential, set_expiry

LIST = "/credenciales/"


@page("credentials.read")
@sensitive_post_parameters("value")
@require_http_methods(["GET", "HEAD", "POST"])
def credentials(request: Request) -> HttpResponse:
    """A card for each provider, and the form that takes any name, also one of a single channel."""
    form = CredentialForm(request.POST or None, initial={"category": request.GET.get("category", "openai")})
    if request.method == "POST":
        _may_write(request)
        if form.is_valid() and _stored(request, form, **form.cleaned_data):
            return redirect(LIST)
    cards = vault_overview.cards()
    context = {
        "form": form,
        "cards": [card for card in cards if card.used],
        "unused": [card.kind for card in cards if not card.used],
        "known_names": known_names(),
    }
    return render(request, "tenants/credentials.html", context, status=422 if form.errors else 200)


def _stored(request: Request, form: Any, *, category: str, name: str, value: str) -> bool:
    try:
        put_credential(category=category, name=name, value=value, by=request.actor)
    except AppError as error:
        for field, words in (error.fields or {"": error.message}).items():
            form.add_error(field if field in form.fields else None, str(words))
        return False
    messages.success(request, _("Credencial guardada."))
    return True


def _may_write(request: Request) -> None:
    if not request.member.may("credentials.write"):
        raise Forbidden(_("Su rol no permite cambiar credenciales."))


def _kind(category: str) -> Kind:
    kind = KINDS.get(category)
    if kind is None:
        raise NotFound(_("Ese proveedor no existe."))
    return kind


@page("credentials.read")
@require_http_methods(["GET", "HEAD"])
def card(request: Request, category: str) -> HttpResponse:
    """One provider's card, asked for again while a test is running."""
    _kind(category)
    if not is_fragment(request):
        return redirect(f"{LIST}#c-{category}")
    return render(request, "tenants/_credential_card.html", {"card": vault_overview.cards(category)[0]})


@page("credentials.write")
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def provider(request: Request, category: str) -> HttpResponse:
    """All boxes of one provider together."""
    kind = _kind(category)
    rows = Credential.objects.filter(tenant_id=request.tenant.pk, category=category, name__in=kind.names)
    form = KindForm(kind, set(rows.values_list("name", flat=True)), request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        for name, value in form.cleaned_data.items():
            put_credential(category=category, name=name, value=value, by=request.actor)
        messages.success(request, _("Credencial guardada."))
        return go_to(request, f"{LIST}#c-{category}")
    context = {"kind": kind, "form": form}
    return render(request, "tenants/credential_form.html", context, status=422 if form.errors else 200)


@page("credentials.read")
@require_http_methods(["GET", "HEAD", "POST"])
def credential(request: Request, category: str, name: str) -> HttpResponse:
    """One name: its state, until when it lasts, the values it had."""
    row = find(category, name)
    day = timezone.localtime(row.expires_at).date() if row.expires_at else None
    form = ExpiryForm(request.POST if request.method == "POST" else None, initial={"expires_on": day})
    if request.method == "POST":
        _may_write(request)
        if form.is_valid():
            set_expiry(category=category, name=name, expires_at=form.moment(request.tenant.timezone), by=request.actor)
            messages.success(request, _("Vencimiento guardado."))
            return go_to(request, f"{LIST}{category}/{name}/")
    context = {
        "row": row,
        "form": form,
        "versions": vault_versions.history(row),
        "testable": vault_health.testable(row),
        "ends_soon": vault_health.ends_soon(row),
    }
    return render(request, "tenants/credential.html", context, status=422 if form.errors else 200)


@page("credentials.write")
@require_POST
def test(request: Request, category: str, name: str) -> HttpResponse:
    """Ask a worker to try it; the card shows what the provider said."""
    vault_health.ask_for_test(category=category, name=name, by=request.actor)
    if is_fragment(request):
        return render(request, "tenants/_credential_card.html", {"card": vault_overview.cards(category)[0]})
    return go_to(request, f"{LIST}#c-{category}")


@page("credentials.write")
@require_POST
def restore(request: Request, category: str, name: str) -> HttpResponse:
    """An earlier value becomes the newest version."""
    form = VersionForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("Esa versión no existe."), fields={"version": _("Esa versión no existe.")})
    vault_versions.restore(category=category, name=name, version=form.cleaned_data["version"], by=request.actor)
    messages.success(request, _("Se volvió a un valor anterior."))
    return go_to(request, f"{LIST}{category}/{name}/")


@page("credentials.write")
@sensitive_post_parameters("password")
@sensitive_variables("value")
@require_http_methods(["GET", "HEAD", "POST"])
def reveal(request: Request, category: str, name: str) -> HttpResponse:
    """Asks for the password and then shows the value, this once."""
    row, value, refusal = find(category, name), "", None
    form = RevealForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            value = vault_reveal.reveal(
                category=category,
                name=name,
                member=request.member,
                password=form.cleaned_data["password"],
                address=client_ip(request),
                by=request.actor,
            )
        except AppError as error:
            refusal = error
            form.add_error("password" if "password" in error.fields else None, str(error.message))
    status = refusal.status if refusal is not None else 422 if form.errors else 200
    context = {"row": row, "form": form, "value": value}
    response = render(request, "tenants/credential_reveal.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


@page("credentials.write")
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: Request, category: str, name: str) -> HttpResponse:
    """Asks first: a removed key cannot be brought back."""
    if request.method == "POST":
        remove_credential(category=category, name=name, by=request.actor)
        return redirect(LIST)
    return render(request, "tenants/credential_remove.html", {"row": find(category, name)})
