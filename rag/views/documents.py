"""Pages of knowledge: the documents with their states, uploading, removing, and asking a trial question."""

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib import keyset
from config.lib.errors import AppError
from config.lib.fragments import go_to, is_fragment
from rag.access import document_for
from rag.forms import DocumentForm, QuestionForm
from rag.models import Collection, Document
from rag.services.ingest import add_document, retry_document
from rag.services.remove import remove_document
from rag.services.search import search
from tenants.access import page
from tenants.requests import Request

PASSAGES = 5


@dataclass(frozen=True)
class Tab:
    label: str
    href: str
    current: bool
    count: None = None


@page("knowledge.read")
@never_cache
@require_safe
def document_list(request: Request) -> HttpResponse:
    chosen = request.GET.get("coleccion", "")
    rows = Document.objects.all()
    if chosen in Collection.values:
        rows = rows.in_collection(chosen)
    else:
        chosen = ""
    context = {
        "page": keyset.page(rows, by="created_at", cursor=request.GET.get("cursor", "")),
        "tabs": _tabs(chosen),
        "collection": chosen,
    }
    return render(request, "rag/_documents.html" if is_fragment(request) else "rag/documents.html", context)


def _tabs(chosen: str) -> list[Tab]:
    every = Tab(_("Todo"), "/conocimiento/", current=not chosen)
    named = [
        Tab(str(label), f"/conocimiento/?coleccion={value}", current=chosen == value)
        for value, label in Collection.choices
    ]
    return [every, *named]


@page("knowledge.write")
@require_http_methods(["GET", "POST"])
def upload(request: Request) -> HttpResponse:
    form = DocumentForm(
        request.POST or None, request.FILES or None, initial={"collection": request.GET.get("coleccion") or None}
    )
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            document = add_document(
                file_name=file.name,
                content=file.read(),
                title=form.cleaned_data["title"],
                collection=form.cleaned_data["collection"],
                by=request.actor,
            )
        except AppError as error:
            _onto(form, error)
        else:
            if document.already_there:
                messages.info(request, _("Ese contenido ya estaba cargado: «%(title)s».") % {"title": document.title})
            else:
                messages.success(request, _("Archivo recibido; se está leyendo."))
            return go_to(request, "/conocimiento/")
    return render(request, "rag/upload.html", {"form": form}, status=422 if form.errors else 200)


@page("knowledge.write")
@require_POST
def retry(request: Request, pk: uuid.UUID) -> HttpResponse:
    document = document_for(request.member, pk)
    try:
        retry_document(document=document, by=request.actor)
    except AppError as error:
        messages.error(request, str(error.message))
    return go_to(request, "/conocimiento/")


@page("knowledge.write")
@require_http_methods(["GET", "POST"])
def remove(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Asked first: the file and what was learned from it do not come back."""
    document = document_for(request.member, pk)
    if request.method == "GET":
        return render(request, "rag/remove.html", {"document": document})
    report = remove_document(document=document, by=request.actor)
    words = {"title": document.title, "vectors": report.vectors, "file": _("sí") if report.file else _("no había")}
    messages.success(request, _("«%(title)s» eliminado: %(vectors)d fragmentos, 1 ficha, archivo: %(file)s.") % words)
    return go_to(request, "/conocimiento/")


@page("knowledge.read")
@never_cache
@require_safe
def ask(request: Request) -> HttpResponse:
    """Which passages would answer a question, best first, with their scores."""
    asked = "q" in request.GET
    form = QuestionForm(request.GET if asked else None)
    passages = None
    if asked and form.is_valid():
        passages = search(
            query=form.cleaned_data["q"], collection=form.cleaned_data["coleccion"] or None, limit=PASSAGES
        )
    context = {"form": form, "passages": passages, "question": form.cleaned_data.get("q", "") if asked else ""}
    return render(request, "rag/ask.html", context, status=422 if form.errors else 200)


def _onto(form: DocumentForm, error: AppError) -> None:
    known = {name: text for name, text in error.fields.items() if name in form.fields}
    for name in known:
        form.add_error(name, str(error.message))
    if not known:
        form.add_error("file", str(error.message))
