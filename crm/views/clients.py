"""Clients: the list, and the way from a client to the page of the person."""

import uuid

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from config.lib import keyset
from config.lib.fragments import is_fragment
from crm.forms.clients import ClientFilter, StatusForm
from crm.models import Client, SavedView, Seller
from crm.services import clients, saved_views
from crm.views.saved_views import tabs
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request

HOME = "/clientes/"
MOST_SELLERS = 200


@audit_access("clients.listed")
@page("clients.read")
@require_safe
def client_list(request: Request) -> HttpResponse:
    form = ClientFilter(request.GET, sellers=Seller.objects.filter(is_active=True)[:MOST_SELLERS])
    form.is_valid()  # an unknown filter value is said beside it and narrows nothing
    chosen = {name: value for name, value in form.cleaned_data.items() if value}
    rows = clients.narrowed(clients.visible_to(request.member), chosen).select_related("contact", "owner")
    query = saved_views.cleaned_query(request.GET.urlencode())
    context = {
        "filter": form,
        "filtered": bool(chosen) or bool(form.errors),
        "page": keyset.page(rows, by="since", cursor=request.GET.get("cursor", "")),
        "columns": [_("Cliente"), _("Estado"), _("Vendedor"), _("Cliente desde")],
        "caption": _("Clientes, del más nuevo al más viejo"),
        "query": query,
        "view_list": SavedView.List.CLIENTS,
        "views": tabs(SavedView.List.CLIENTS, query, saved_views.seen_by(request.member, SavedView.List.CLIENTS)),
    }
    return render(request, "crm/_client_list.html" if is_fragment(request) else "crm/clients.html", context)


@audit_access("client.viewed", resource="pk")
@page("clients.read")
@require_safe
def one(request: Request, pk: uuid.UUID) -> HttpResponse:
    """A client is a contact who bought: everything about them is on the page of the person."""
    return HttpResponseRedirect(f"/contactos/{clients.client_for(request.member, pk).contact_id}/")


@audit_access("client.viewed", resource="pk")
@page("clients.write")
@require_http_methods(["GET", "POST"])
def set_status(request: Request, pk: uuid.UUID) -> HttpResponse:
    client = clients.client_for(request.member, pk)
    form = StatusForm(request.POST)
    if request.method == "POST" and form.is_valid():
        clients.set_status(client=client, status=form.cleaned_data["status"], by=request.actor)
        words = _("Cliente activo.") if client.status == Client.Status.ACTIVE else _("Cliente inactivo.")
        messages.success(request, words)
    return HttpResponseRedirect(f"/contactos/{client.contact_id}/")
