"""Who is blocked, and why."""

import uuid

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib import keyset
from crm.access import contact_for
from crm.forms.contacts import BlockForm
from crm.models import Contact
from crm.services import blocking
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request


@audit_access("contacts.listed")
@page("contacts.read")
@require_safe
def blocked(request: Request) -> HttpResponse:
    rows = Contact.objects.visible_to(request.member)
    found = keyset.page(rows, by="blocked_at", cursor=request.GET.get("cursor", ""))
    context = {
        "page": found,
        "columns": [_("Contacto"), _("Motivo"), _("Desde"), ""],
        "caption": _("Contactos bloqueados, el último primero"),
    }
    return render(request, "crm/blacklist.html", context)


@audit_access("contact.viewed", resource="pk")
@page("contacts.write")
@require_http_methods(["GET", "POST"])
def block(request: Request, pk: uuid.UUID) -> HttpResponse:
    contact = contact_for(request.member, pk)
    form = BlockForm(request.POST if request.method == "POST" else None, initial={"reason": contact.blocked_reason})
    if request.method == "POST" and form.is_valid():
        blocking.block(contact=contact, reason=form.cleaned_data["reason"], by=request.actor)
        messages.success(request, _("Contacto bloqueado. Se desbloquea en su página."))
        return HttpResponseRedirect(f"/contactos/{pk}/")
    context = {"form": form, "contact": contact, "back": f"/contactos/{pk}/"}
    return render(request, "crm/contact_block.html", context, status=422 if form.errors else 200)


@audit_access("contact.viewed", resource="pk")
@page("contacts.write")
@require_POST
def unblock(request: Request, pk: uuid.UUID) -> HttpResponse:
    contact = contact_for(request.member, pk)
    blocking.unblock(contact=contact, by=request.actor)
    messages.success(request, _("Contacto desbloqueado."))
    listed = request.POST.get("back") == "list"
    return HttpResponseRedirect("/contactos/bloqueados/" if listed else f"/contactos/{pk}/")
