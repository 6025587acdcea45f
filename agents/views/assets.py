"""Texts of the business: the list by kind with who uses each, writing one, changing one."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agents.forms.assets import AssetForm
from agents.models import BusinessAsset
from agents.services import assets
from config.lib.errors import AppError
from config.lib.fragments import go_to
from tenants.access import page
from tenants.forms_people import onto
from tenants.requests import Request

HOME = "/agentes/activos/"


@page("agents.read")
@never_cache
@require_safe
def asset_list(request: Request) -> HttpResponse:
    rows = list(BusinessAsset.objects.order_by("kind", "title", "id")[: assets.MOST])
    using = assets.uses(row.key for row in rows)
    kinds = [
        (label, [(row, using[row.key]) for row in rows if row.kind == kind])
        for kind, label in BusinessAsset.Kind.choices
    ]
    return render(request, "agents/assets.html", {"kinds": [each for each in kinds if each[1]]})


@page("agents.write")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: Request) -> HttpResponse:
    form = AssetForm.of(None, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            assets.create_asset(by=request.actor, **form.cleaned_data)
        except AppError as error:
            onto(form, error)
        else:
            messages.success(request, _("Activo guardado."))
            return go_to(request, HOME)
    return _shown(request, form, None)


@page("agents.read")
@never_cache
@require_safe
def detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Who may not write reads the same page, switched off."""
    asset = assets.asset_for(pk)
    return _shown(request, AssetForm.of(asset), asset)


@page("agents.write")
@require_http_methods(["GET", "HEAD", "POST"])
def save(request: Request, pk: uuid.UUID) -> HttpResponse:
    """A refused form stays at this address: reloading it leads back to the text."""
    asset = assets.asset_for(pk)
    if request.method != "POST":
        return go_to(request, f"{HOME}{pk}/")
    form = AssetForm.of(asset, request.POST)
    if form.is_valid():
        try:
            assets.update_asset(asset=asset, by=request.actor, **form.cleaned_data)
        except AppError as error:
            asset.refresh_from_db()
            onto(form, error)
        else:
            messages.success(request, _("Cambios guardados: valen desde el próximo mensaje."))
            return go_to(request, HOME)
    return _shown(request, form, asset)


@page("agents.write")
@require_POST
def remove(request: Request, pk: uuid.UUID) -> HttpResponse:
    asset = assets.asset_for(pk)
    try:
        assets.remove_asset(asset=asset, by=request.actor)
    except AppError as error:
        messages.error(request, str(error.message))
        return go_to(request, f"{HOME}{pk}/")
    messages.success(request, _("Activo «%(title)s» borrado.") % {"title": asset.title})
    return go_to(request, HOME)


def _shown(request: Request, form: AssetForm, asset: BusinessAsset | None) -> HttpResponse:
    context = {
        "form": form,
        "asset": asset,
        "title": asset.title if asset else _("Activo nuevo"),
        "using": assets.used_by(asset.key) if asset else [],
    }
    return render(request, "agents/asset.html", context, status=422 if form.errors else 200)
