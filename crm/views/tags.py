"""The labels of the company: listed, made, renamed, united, removed."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from config.lib import counts
from config.lib.errors import AppError
from config.lib.fragments import go_to
from crm.forms.tags import TagForm, UniteForm
from crm.models import Tag
from crm.services import tags
from tenants.access import page
from tenants.forms_people import onto
from tenants.requests import Request

HOME = "/ajustes/etiquetas/"
SHOWN = 100


@page("pipeline.read")
@require_http_methods(["GET", "HEAD"])
def tag_list(request: Request) -> HttpResponse:
    return _list(request, TagForm())


@page("pipeline.write")
@require_POST
def create(request: Request) -> HttpResponse:
    form = TagForm(request.POST)
    if form.is_valid():
        try:
            tags.create_tag(by=request.actor, **form.cleaned_data)
        except AppError as error:
            onto(form, error)
        else:
            messages.success(request, _("Etiqueta creada."))
            return go_to(request, HOME)
    return _list(request, form)


def _list(request: Request, form: TagForm) -> HttpResponse:
    words = request.GET.get("q", "").replace("\x00", "").strip()[:40]
    found = Tag.objects.filter(name__icontains=words) if words else Tag.objects.all()
    # Cut before counting: what is not shown is not counted.
    page = list(found.order_by("name").values_list("pk", flat=True)[: SHOWN + 1])
    rows = [
        {"tag": tag, "leads": counts.words(tag.on_leads), "contacts": counts.words(tag.on_contacts)}  # type: ignore[attr-defined]  # annotated
        for tag in tags.counted().filter(pk__in=page[:SHOWN]).order_by("name")
    ]
    context = {"rows": rows, "form": form, "q": words, "more": len(page) > SHOWN, "shown": SHOWN}
    return render(request, "crm/tags.html", context, status=422 if form.errors else 200)


@page("pipeline.write")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, pk: uuid.UUID) -> HttpResponse:
    tag = tags.tag_for(pk)
    form = TagForm.of(tag, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            tags.update_tag(tag=tag, by=request.actor, **form.cleaned_data)
        except AppError as error:
            onto(form, error)
            tag = tags.tag_for(pk)
        else:
            messages.success(request, _("Cambios guardados."))
            return go_to(request, HOME)
    return _one(request, tag, form=form)


@page("pipeline.write")
@require_POST
def unite(request: Request, pk: uuid.UUID) -> HttpResponse:
    tag = tags.tag_for(pk)
    form = UniteForm(request.POST, tag=tag)
    if not form.is_valid():
        return _one(request, tag, form=TagForm.of(tag), uniting=form)
    into = form.cleaned_data["into"]
    changed = tags.unite(tag=tag, into=into, by=request.actor)
    messages.success(request, _("Etiquetas unidas en «%(name)s». Cambiados: %(n)d.") % {"name": into, "n": changed})
    return go_to(request, HOME)


@page("pipeline.write")
@require_POST
def remove(request: Request, pk: uuid.UUID) -> HttpResponse:
    changed = tags.remove_tag(tag=tags.tag_for(pk), by=request.actor)
    messages.success(request, _("Etiqueta eliminada. La tenían: %(n)d.") % {"n": changed})
    return go_to(request, HOME)


def _one(request: Request, tag: Tag, *, form: TagForm, uniting: UniteForm | None = None) -> HttpResponse:
    context = {"tag": tag, "form": form, "uniting": uniting or UniteForm(tag=tag)}
    status = 422 if form.errors or (uniting is not None and uniting.errors) else 200
    return render(request, "crm/tag.html", context, status=status)
