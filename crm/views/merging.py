"""Uniting two contacts: looked at first, and taken back from the page of the one that was kept."""

import uuid

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib.errors import AppError
from crm.access import contact_for, merge_for
from crm.models import Contact
from crm.services import merging
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request

MOST_FOUND = 20


@audit_access("contact.viewed", resource="pk")
@page("contacts.write")
@require_safe
def choose(request: Request, pk: uuid.UUID) -> HttpResponse:
    """With whom: found by name, phone or e-mail."""
    kept = contact_for(request.member, pk)
    words = request.GET.get("q", "")
    rows = Contact.objects.visible_to(request.member).search(words).exclude(pk=pk).order_by("-created_at", "-id")
    context = {"kept": kept, "q": words, "found": rows[:MOST_FOUND] if words.strip() else []}
    return render(request, "crm/merge_choose.html", context)


@audit_access("contact.viewed", resource="pk")
@page("contacts.write")
@require_http_methods(["GET", "POST"])
def unite(request: Request, pk: uuid.UUID, other: uuid.UUID) -> HttpResponse:
    kept, gone = contact_for(request.member, pk), contact_for(request.member, other)
    error = ""
    if request.method == "POST":
        try:
            merging.merge(kept=kept, other=gone, by=request.actor)
        except AppError as refusal:  # nothing was written: it runs in a savepoint of its own
            error = str(refusal.message)
        else:
            messages.success(request, _("Contactos unidos. Se puede deshacer en la página del contacto."))
            listed = request.POST.get("back") == "list"
            return HttpResponseRedirect("/contactos/duplicados/" if listed else f"/contactos/{pk}/")
    context = {
        "kept": kept,
        "other": gone,
        "error": error,
        "moves": merging.what_moves(gone),
        "filled": merging.preview(kept, gone),
    }
    return render(request, "crm/merge.html", context, status=422 if error else 200)


@audit_access("contact.viewed", resource="pk")
@page("contacts.write")
@require_POST
def part(request: Request, pk: uuid.UUID, merge: uuid.UUID) -> HttpResponse:
    row = merge_for(request.member, pk, merge)
    try:
        back = merging.unmerge(merge=row, by=request.actor)
    except AppError as refusal:
        messages.error(request, str(refusal.message))
        return HttpResponseRedirect(f"/contactos/{pk}/")
    messages.success(request, _("Unión deshecha: «%(name)s» vuelve a estar aparte.") % {"name": back})
    return HttpResponseRedirect(f"/contactos/{pk}/")
