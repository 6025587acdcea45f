"""Taking a list away as a file: what the list shows, by permission, and told."""

from collections.abc import Callable
from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from crm.exporting import writing
from crm.exporting.tables import TABLES, Table
from crm.forms.imports import ExportForm
from tenants.access import page
from tenants.audit_access import audit_access, details
from tenants.requests import Request

NAMES = {"leads": "leads", "contacts": "contactos", "clients": "clientes"}


def as_file(request: Any, table: Table, format: str) -> StreamingHttpResponse:
    """The response. Told with the filters and the number of rows; that of a long one is told when it has left."""
    first = writing.begin(table)
    rows = {"rows": len(first)} if len(first) < writing.CHUNK else {}
    details(request, filters=table.filters, format=format, **rows)
    lines = writing.file_of(table, first, format=format, tenant=request.tenant, by=request.actor)
    response = StreamingHttpResponse(lines, content_type=writing.TYPES[format])
    name = f"{NAMES[table.name]}-{request.tenant.slug}-{timezone.localdate().isoformat()}.{format.partition('-')[0]}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _export(request: Request, name: str) -> HttpResponseBase:
    """The file when a format is named, else the page that asks for one."""
    params = request.GET.copy()
    asked = params.pop("format", [])
    table = TABLES[name](params, request.member)
    form = ExportForm({"format": asked[-1]} if asked else None)
    if asked and form.is_valid():
        return as_file(request, table, form.cleaned_data["format"])
    details(request, filters=table.filters, asked=True)
    context = {"form": form, "said": table.said, "kept": params, "back": f"/{NAMES[name]}/"}
    return render(request, "crm/export.html", context, status=422 if form.errors else 200)


def _view(name: str) -> Callable[..., HttpResponseBase]:
    @audit_access(f"{name}.exported", always=True)
    @page("leads.export")
    @never_cache
    @require_safe
    def export(request: Request) -> HttpResponseBase:
        return _export(request, name)

    return export


leads, contacts, clients = _view("leads"), _view("contacts"), _view("clients")
