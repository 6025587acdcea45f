"""Keys of integrations: listed, made (shown once), revoked."""

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from config.lib.errors import AppError, NotFound
from tenants.access import page
from tenants.forms_security import KeyForm
from tenants.requests import Request
from tenants.services import keys


@page("keys.write")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def api_keys(request: Request) -> HttpResponse:
    """Every key by name, and the form that makes one; the new key stands on this answer only."""
    form = KeyForm(request.POST if request.method == "POST" else None, offered=keys.offered(request.member))
    made = ""
    if request.method == "POST" and form.is_valid():
        try:
            _row, made = keys.create(member=request.member, by=request.actor, **form.cleaned_data)
        except AppError as error:
            for field, words in (error.fields or {"": error.message}).items():
                form.add_error(field if field in form.fields else None, str(words))
        else:
            form = KeyForm(offered=keys.offered(request.member))
    rows = list(keys.listed().order_by("-created_at")[:200])
    context = {"form": form, "rows": rows, "made": made, "now": timezone.now()}
    return render(request, "tenants/keys.html", context, status=422 if form.errors else 200)


@page("keys.write")
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Asks first: a revoked key cannot be brought back."""
    if request.method == "POST":
        keys.revoke(pk=pk, by=request.actor)
        return redirect("/claves/")
    row = keys.listed().filter(pk=pk).first()
    if row is None:
        raise NotFound(_("Esa clave no existe."))
    return render(request, "tenants/key_revoke.html", {"row": row})
