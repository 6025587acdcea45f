"""The company's trail: who did what, who was refused, and what changed."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.lib import keyset
from config.lib.fragments import is_fragment
from tenants.access import page
from tenants.audit_access import audit_access, details
from tenants.forms_audit import EventFilter
from tenants.models import Membership, SystemEvent
from tenants.requests import Request
from tenants.services import audit_export, audit_reading, audit_words

MOST_PEOPLE = 300  # to choose from


@dataclass(frozen=True)
class Line:
    """An event as the list shows it."""

    event: SystemEvent
    what: str
    thing: str
    outcome: str


@audit_access("audit.viewed")
@page("audit.read")
@never_cache
@require_safe
def trail(request: Request) -> HttpResponse:
    """The latest first; every filter is in the address."""
    form = _filter(request)
    chosen = _chosen(form)
    rows = audit_reading.narrowed(request.tenant.pk, chosen)
    found = audit_reading.page_of(rows, cursor=request.GET.get("cursor", ""), limit=keyset.DEFAULT)
    query = request.GET.copy()
    query.pop("cursor", None)
    context = {
        "filter": form,
        "filtered": bool(chosen),
        "page": found,
        "lines": [_line(event) for event in found.rows],
        "columns": [_("Qué"), _("Quién"), _("Sobre qué"), _("Resultado"), _("Cuándo")],
        "caption": _("Auditoría, de lo más nuevo a lo más viejo"),
        "export_url": f"/auditoria/exportar/?{query.urlencode()}",
    }
    return render(request, "tenants/_audit.html" if is_fragment(request) else "tenants/audit.html", context)


@audit_access("audit.viewed", resource="pk", kind="systemevent")
@page("audit.read")
@never_cache
@require_safe
def event(request: Request, pk: int) -> HttpResponse:
    """One event: what changed, field by field, and where it came from."""
    found = audit_reading.event_for(request.tenant.pk, pk)
    context = {
        "event": found,
        "line": _line(found),
        "kind": audit_words.KINDS.get(found.actor_kind, found.actor_kind),
        "changes": audit_words.changes(found.diff),
        "columns": [_("Dato"), _("Antes"), _("Después")],
        "caption": _("Lo que cambió"),
        "resource_url": audit_words.page_for(found, request.member),
        "digest": bytes(found.hash).hex(),
    }
    return render(request, "tenants/audit_event.html", context)


@audit_access("audit.exported", always=True)
@page("audit.export")
@never_cache
@require_safe
def export(request: Request) -> StreamingHttpResponse:
    """What the list shows, all of it, as a file for spreadsheets."""
    chosen = _chosen(_filter(request))
    details(request, filters=sorted(chosen))
    rows = audit_reading.narrowed(request.tenant.pk, chosen)
    return as_file(request, audit_export.lines(request.tenant, rows))


def as_file(request: Request, lines: Iterator[str]) -> StreamingHttpResponse:
    name = f"auditoria-{request.tenant.slug}-{timezone.localdate().isoformat()}.csv"
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _filter(request: Request) -> EventFilter:
    members = Membership.objects.filter(tenant_id=request.tenant.pk).select_related("user").order_by("user__name")
    form = EventFilter(request.GET, members=members[:MOST_PEOPLE])
    form.is_valid()  # an unknown filter value is simply not applied
    return form


def _chosen(form: EventFilter) -> dict[str, object]:
    return {name: value for name, value in form.cleaned_data.items() if value}


def _line(found: SystemEvent) -> Line:
    return Line(found, audit_words.sentence(found.action), audit_words.thing(found), audit_words.outcome(found.outcome))
