"""Pages of an import: upload, columns, what would happen, progress, what happened, and back."""

import uuid
from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib import keyset
from config.lib.errors import AppError, Conflict
from config.lib.fragments import go_to, is_fragment
from crm.forms.imports import ColumnsForm, UploadForm
from crm.importing import batches, mapping, refusals
from crm.importing.batches import import_for
from crm.models import ImportBatch
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request

Status = ImportBatch.Status
SHOWN_ERRORS = 20


@audit_access("imports.listed")
@page("leads.import")
@never_cache
@require_safe
def listed(request: Request) -> HttpResponse:
    found = keyset.page(batches.shown_to(request.member), by="created_at", cursor=request.GET.get("cursor", ""))
    return render(request, "crm/imports.html", {"page": found})


@page("leads.import")
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            batch = batches.take_in(
                name=file.name, content=batches.content_of(file), user=request.user, by=request.actor
            )
        except AppError as error:
            _onto(form, error)
        else:
            return go_to(request, f"/importaciones/{batch.pk}/columnas/")
    return render(request, "crm/import_new.html", {"form": form}, status=422 if form.errors else 200)


@audit_access("import.viewed", resource="pk", kind="importbatch")
@page("leads.import")
@never_cache
@require_safe
def detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Where the import is; asks again by itself while a worker is at it."""
    batch = import_for(request.member, pk)
    if batch.status == Status.MAPPING:
        return go_to(request, f"/importaciones/{pk}/columnas/")
    context = {
        "batch": batch,
        "working": batch.status in batches.WORKING,
        "rows": batches.refusals(batch, SHOWN_ERRORS),
        "left": batches.left_as_is(batch),
        "may_undo": batches.may_undo(batch),
    }
    return render(request, "crm/_import.html" if is_fragment(request) else "crm/import.html", context)


@audit_access("import.viewed", resource="pk", kind="importbatch")
@page("leads.import")
@never_cache
@require_http_methods(["GET", "POST"])
def columns(request: Request, pk: uuid.UUID) -> HttpResponse:
    batch = import_for(request.member, pk, lock=True)
    if batch.status not in batches.CHOOSABLE:
        return go_to(request, f"/importaciones/{pk}/")
    form = ColumnsForm(request.POST if request.method == "POST" else None, batch=batch, known=mapping.choices())
    if request.method == "POST" and form.is_valid():
        try:
            _choose(batch, form)
        except AppError as error:
            request.undo = True  # nothing of a refused choice is kept
            _onto(form, error)
        else:
            return go_to(request, f"/importaciones/{pk}/")
    context = {"form": form, "batch": batch}
    return render(request, "crm/import_columns.html", context, status=422 if form.errors else 200)


def _choose(batch: ImportBatch, form: ColumnsForm) -> None:
    said = form.cleaned_data
    batches.choose(
        batch=batch,
        columns=form.mapping(),
        policy=said["policy"],
        makes_leads=said["makes_leads"],
        source=said["source"],
        labels=said["labels"].split(","),
        owner=said["owner"].pk if said["owner"] else None,
    )
    batches.check(batch=batch)


def _act(request: Request, pk: uuid.UUID, act: Any, **arguments: Any) -> HttpResponse:
    try:
        act(batch=import_for(request.member, pk, lock=True), **arguments)
    except Conflict as error:
        messages.info(request, str(error.message))
    return go_to(request, f"/importaciones/{pk}/")


@audit_access("import.viewed", resource="pk", kind="importbatch")
@page("leads.import")
@require_POST
def start(request: Request, pk: uuid.UUID) -> HttpResponse:
    return _act(request, pk, batches.start, by=request.actor)


@audit_access("import.viewed", resource="pk", kind="importbatch")
@page("leads.import")
@require_POST
def stop(request: Request, pk: uuid.UUID) -> HttpResponse:
    return _act(request, pk, batches.stop, by=request.actor)


@audit_access("import.viewed", resource="pk", kind="importbatch")
@page("leads.import")
@require_POST
def resume(request: Request, pk: uuid.UUID) -> HttpResponse:
    return _act(request, pk, batches.resume)


@audit_access("import.viewed", resource="pk", kind="importbatch")
@page("leads.import")
@require_POST
def undo(request: Request, pk: uuid.UUID) -> HttpResponse:
    return _act(request, pk, batches.undo, by=request.actor)


@audit_access("import.viewed", resource="pk", kind="importbatch", always=True)
@page("leads.import")
@never_cache
@require_safe
def errors(request: Request, pk: uuid.UUID) -> StreamingHttpResponse:
    """What was not used and why, as a file: row, column, value, reason."""
    return as_file(refusals.lines(request.tenant, import_for(request.member, pk)), pk)


def as_file(lines: Iterator[str], pk: object) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="errores-{str(pk)[:8]}.csv"'
    return response


def _onto(form: forms.Form, error: AppError) -> None:
    """A refusal beside the fields it names, the rest at the top."""
    known = {name: text for name, text in error.fields.items() if name in form.fields}
    for name, text in known.items():
        form.add_error(name, str(text))
    if not known:
        form.add_error(None, str(error.message))
