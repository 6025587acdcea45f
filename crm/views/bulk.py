"""One act on many leads: what exactly, how far it is, what was refused, and the way back."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from config.lib.errors import Conflict, Invalid
from config.lib.fragments import is_fragment
from crm.domain import bulk as rules
from crm.forms.bulk import BulkForm
from crm.models import BulkAction, BulkChange
from crm.services import bulk, bulk_acts, list_choices
from crm.services.lead_filters import LeadQuery
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request

MOST_SHOWN = 100
State = BulkChange.State


@audit_access("leads.listed")
@page("leads.write")
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    """The chosen rows of a list come here by POST; the second POST, with `go`, does it."""
    kind = request.POST.get("kind", "")
    if request.method == "GET" or kind not in BulkAction.Kind.values:
        return HttpResponseRedirect("/leads/")
    bulk_acts.act_of(kind, request.member)
    choices = list_choices.of(request.member)
    going = "go" in request.POST
    form = BulkForm(kind, choices, request.POST if going else None, initial=request.POST.dict())
    try:
        query = _query(request)
        leads = bulk.chosen(ids=request.POST.getlist("ids"), query=query, member=request.member)
        if going and form.is_valid():
            action = bulk.begin(
                kind=kind,
                arguments=form.arguments(),
                leads=leads,
                query=request.POST.get("query", ""),
                member=request.member,
                by=request.actor,
            )
            return HttpResponseRedirect(f"/leads/lotes/{action.pk}/")
    except Invalid as error:
        request.undo = True
        fields = [name for name in error.fields if name in form.fields]
        if not fields or not going:
            messages.error(request, str(error.message))
            return HttpResponseRedirect(_back(request))
        for name in fields:
            form.add_error(name, str(error.fields[name]))
    context = {
        "form": form,
        "title": BulkAction.Kind(kind).label,
        "count": len(leads),
        "ids": [] if query is not None else leads,
        "back": _back(request),
        "tags": [each.label for each in choices.tags],
        "reasons": [each.label for each in choices.lost_reasons],
        "waits": len(leads) > rules.AT_ONCE,
    }
    return render(request, "crm/bulk_new.html", context, status=422 if form.errors else 200)


@audit_access("leads.listed")
@page("leads.write")
@require_safe
def listed(request: Request) -> HttpResponse:
    """The latest acts, to find again what was left running."""
    rows = bulk.seen_by(request.member).order_by("-created_at", "-id")[:MOST_SHOWN]
    return render(request, "crm/bulk_list.html", {"rows": rows})


@audit_access("leads.listed")
@page("leads.write")
@require_safe
def progress(request: Request, pk: uuid.UUID) -> HttpResponse:
    action = bulk.action_for(request.member, pk)
    left = action.changes.filter(state__in=[State.REFUSED, State.KEPT]).select_related("lead__contact")
    context: dict[str, Any] = {
        "action": action,
        "works": action.status in rules.WORKING,
        "share": rules.share_done(action.status, action.total, action.done, action.refused),
        "may_undo": bool(action.done) and rules.may_undo(action.status, action.created_at, timezone.now()),
        "left": list(left.order_by("position")[:MOST_SHOWN]),
        "list_href": f"/leads/?{action.query}" if action.query else "/leads/",
    }
    return render(request, "crm/_bulk.html" if is_fragment(request) else "crm/bulk.html", context)


@page("leads.write")
@require_http_methods(["GET", "POST"])
def undo(request: Request, pk: uuid.UUID) -> HttpResponse:
    action = bulk.action_for(request.member, pk)
    if request.method == "POST":
        try:
            action = bulk.undo(action=action, member=request.member, by=request.actor)
        except Conflict as error:
            request.undo = True
            messages.error(request, str(error.message))
        else:
            if action.status == BulkAction.Status.UNDONE:
                messages.success(request, _undone_words(action))
    return HttpResponseRedirect(f"/leads/lotes/{pk}/")


@page("leads.write")
@require_http_methods(["GET", "POST"])
def stop(request: Request, pk: uuid.UUID) -> HttpResponse:
    action = bulk.action_for(request.member, pk)
    if request.method == "POST":
        bulk.stop(action=action, by=request.actor)
    return HttpResponseRedirect(f"/leads/lotes/{pk}/")


def _undone_words(action: BulkAction) -> str:
    back = action.changes.filter(state=State.UNDONE).count()
    return ngettext("Se deshizo en %(n)d lead.", "Se deshizo en %(n)d leads.", back) % {"n": back}


def _query(request: Request) -> LeadQuery | None:
    """The filters, when all that match are meant and not only the ticked ones."""
    if request.POST.get("all") != "1":
        return None
    return LeadQuery.of(QueryDict(request.POST.get("query", "")), request.member).insist()


def _back(request: Request) -> str:
    query = request.POST.get("query", "")
    return f"/leads/?{query}" if query else "/leads/"
