"""The online store: connect it, see how it fares, and see what an agent finds in it. And the door of its notices."""

from typing import Any

from django.contrib import messages
from django.db import models
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib import counts, keyset
from config.lib.errors import AppError, ProviderError, RateLimited
from config.lib.fragments import go_to, is_fragment
from crm.forms.store import AppForm, TokenForm
from crm.models import Store, StoreProduct
from crm.store import connecting, connection, finding, notices
from tenants.access import open_page, page
from tenants.context import tenant_context
from tenants.forms_people import onto
from tenants.models import Tenant
from tenants.requests import Request
from tenants.services import limits, registry

HOME = "/ajustes/tienda/"
MOST_BYTES = 64 * 1024  # of a notice: the real ones have a hundred
SHOWN = 50
STATES = {
    Store.State.CONNECTED: "money",
    Store.State.FAILING: "needs",
    Store.State.ATTENTION: "fail",
    Store.State.UNINSTALLED: "fail",
}


@page("channels.read")
@never_cache
@require_safe
def home(request: Request) -> HttpResponse:
    return _home(request)


def _home(request: Request) -> HttpResponse:
    row = connection.current()
    context = {
        "row": row,
        "kind": STATES.get(Store.State(row.state), "") if row else "",
        "reading": bool(row and row.is_being_read),
        "count": counts.words(StoreProduct.objects.sold().order_by()[: counts.MOST + 1].count()) if row else "",
        "address": notices.address(row) if row else "",
        "has_secret": bool(connection.app_secret()) if row else False,
        "is_stored": row is None and _is_stored(),
    }
    return render(request, "crm/_store_home.html" if is_fragment(request) else "crm/store.html", context)


def _is_stored() -> bool:
    """Whether the keys came into the vault by another way."""
    try:
        return connection.keys() is not None
    except ProviderError:
        return False


@page("channels.write")
@require_POST
def read(request: Request) -> HttpResponse:
    """A worker tries it and reads everything anew; the page says how it goes."""
    try:
        connecting.read_now(by=request.actor)
    except AppError as error:
        messages.error(request, str(error.message))
        return go_to(request, HOME)
    return _home(request) if is_fragment(request) else go_to(request, HOME)


# --- connecting --------------------------------------------------------------------------------------------------
@page("channels.write")
@sensitive_post_parameters("app_secret")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def connect(request: Request) -> HttpResponse:
    """The company's own app at Tienda Nube, and then on to the shop's owner."""
    form = AppForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            connecting.store_app(by=request.actor, **form.cleaned_data)
        except AppError as error:
            form.add_error(None, str(error.message))
        else:
            return go_to(request, f"{HOME}conectar/")
    back = request.build_absolute_uri(reverse("store-back"))
    context = {"form": form, "has_app": connection.app() is not None, "back": back}
    return render(request, "crm/store_connect.html", context, status=422 if form.errors else 200)


@page("channels.write")
@never_cache
@require_safe
def ask(request: Request) -> HttpResponse:
    """Over to Tienda Nube's own page, where the shop's owner says yes."""
    return redirect(connecting.permission_url(**_who(request)))


@page("channels.write")
@never_cache
@require_safe
def back(request: Request) -> HttpResponse:
    """Back from Tienda Nube with a code, or without one."""
    state, code = request.GET.get("state", ""), request.GET.get("code", "")
    try:
        connecting.finish_permission(state=state, code=code, by=request.actor, **_who(request))
    except AppError as error:
        messages.error(request, str(error.message))
    return redirect(HOME)


def _who(request: Request) -> dict[str, Any]:
    return {"person": request.member.user_id, "sign_in": request.claim.sign_in if request.claim else ""}


@page("channels.write")
@sensitive_post_parameters("token")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def token(request: Request) -> HttpResponse:
    """Number and token written by hand."""
    form = TokenForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            connecting.connect(by=request.actor, **form.cleaned_data)
        except AppError as error:
            onto(form, error)
        else:
            return go_to(request, HOME)
    return render(request, "crm/store_token.html", {"form": form}, status=422 if form.errors else 200)


@page("channels.write")
@require_http_methods(["GET", "HEAD", "POST"])
def disconnect(request: Request) -> HttpResponse:
    if request.method == "POST":
        connecting.disconnect(by=request.actor)
        messages.success(request, _("La tienda quedó desconectada."))
        return go_to(request, HOME)
    return render(request, "crm/store_disconnect.html", {"row": connection.current()})


# --- what is in it -----------------------------------------------------------------------------------------------
@page("channels.read")
@require_safe
def products(request: Request) -> HttpResponse:
    """What is known of the store; with words, what an agent finds by them and in which order."""
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    context: dict[str, Any] = {"q": words, "row": connection.current()}
    if words:
        found = finding.search(words, most=finding.MOST)
        context |= {"rows": found.products, "partly": found.partly}
    else:
        order = keyset.Order("name", models.CharField(), descending=False)
        listed = keyset.page(StoreProduct.objects.sold(), by=order, cursor=request.GET.get("cursor", ""), limit=SHOWN)
        context |= {"rows": listed.rows, "page": listed}
    return render(request, "crm/store_products.html", context)


# --- the door ----------------------------------------------------------------------------------------------------
@open_page
@csrf_exempt
@never_cache
def knock(request: Request, route_key: str) -> HttpResponse:
    """A notice of the store. Answered at once; what it speaks of is read by a worker. No cookie is read here."""
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    tenant_id = notices.tenant_id_of(route_key)
    if tenant_id is None:
        return HttpResponse(status=404)
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES or len(request.body) > MOST_BYTES:
        return HttpResponse(status=413)
    try:
        limits.check("store-push", tenant_id, route_key)
    except RateLimited as error:
        return HttpResponse(status=429, headers={"Retry-After": str(error.retry_after)})
    tenant = registry.by_id(tenant_id)
    if tenant is None or tenant.status != Tenant.Status.ACTIVE:
        return HttpResponse(status=404)
    signature = request.headers.get("X-Linkedstore-HMAC-SHA256", "")
    with tenant_context(tenant):
        status = notices.knock(route_key=route_key, body=request.body, signature=signature)
    return HttpResponse(status=status)
