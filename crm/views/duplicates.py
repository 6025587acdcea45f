"""People who may be one: side by side, with what speaks for it."""

import uuid

from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from config.lib import keyset
from config.lib.fragments import is_fragment
from crm.services import duplicates
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request

ON_PAGE = 20


@audit_access("contacts.listed")
@page("contacts.write")
@require_safe
def pairs(request: Request) -> HttpResponse:
    rows = duplicates.suggestions(request.member)
    found = keyset.page(rows, by="found_at", cursor=request.GET.get("cursor", ""), limit=ON_PAGE)
    prefetch_related_objects([each for pair in found.rows for each in (pair.first, pair.second)], "points")
    shown = [{"pair": pair, "why": duplicates.in_words(pair.evidence)} for pair in found.rows]
    template = "crm/_duplicates.html" if is_fragment(request) else "crm/duplicates.html"
    return render(request, template, {"page": found, "shown": shown})


@page("contacts.write")
@require_POST
def dismiss(request: Request, pk: uuid.UUID) -> HttpResponse:
    duplicates.dismiss(pair=duplicates.pair_for(request.member, pk), by=request.actor)
    messages.success(request, _("Anotado: son personas distintas."))
    return HttpResponseRedirect("/contactos/duplicados/")
