"""WhatsApp's templates: the list, writing one, one with its state, its numbers and how it looks with a real contact."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import CharField
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib import keyset
from config.lib.errors import AppError, Invalid
from config.lib.fragments import go_to, is_fragment
from config.lib.ids import as_uuid
from crm.models import Contact
from messaging.access import channel_for
from messaging.domain import template_parts
from messaging.forms.templates import TemplateFilter, ValuesForm, WritingForm
from messaging.models import Channel, MessageTemplate
from messaging.providers.clean import mapping
from messaging.services import template_sync, template_values, templates
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request

MOST_CONTACTS = 8
NEVER_SENT = (MessageTemplate.Status.DRAFT, MessageTemplate.Status.PENDING, MessageTemplate.Status.REJECTED)
BY_NAME = keyset.Order("name", CharField(), descending=False)


@dataclass(frozen=True)
class Synced:
    """A number and what its last question to the provider brought."""

    channel: Channel
    at: datetime | None
    error: str


def _synced(channel: Channel) -> Synced:
    told = mapping(channel.facts.get("templates"))
    return Synced(channel, parse_datetime(str(told.get("at") or "")), str(told.get("error") or ""))


@audit_access("templates.listed")
@page("inbox.write")
@never_cache
@require_safe
def template_list(request: Request) -> HttpResponse:
    numbers = list(templates.channels())
    form = TemplateFilter(request.GET or None, channels=numbers)
    rows = form.narrow(MessageTemplate.objects.select_related("channel"))
    synced = [_synced(each) for each in numbers]
    context = {
        "numbers": synced,
        "failed": sum(bool(each.error) for each in synced),
        "page": keyset.page(rows, by=BY_NAME, cursor=request.GET.get("cursor", "")),
        "form": form,
        "filtered": form.filtered,
    }
    part = "messaging/_templates.html" if is_fragment(request) else "messaging/templates.html"
    return render(request, part, context)


@audit_access("templates.listed")
@page("channels.write")
@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    numbers = list(templates.channels())
    initial = {"language": request.tenant.locale}
    form = WritingForm(request.POST or None, channels=numbers, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            row = templates.create(
                channel=channel_for(request.member, form.cleaned_data["channel"]),
                name=form.cleaned_data["name"],
                language=form.cleaned_data["language"],
                category=form.cleaned_data["category"],
                written=form.written(),
                by=request.actor,
                user=request.user,
            )
        except AppError as error:
            form.refuse(error)
        else:
            messages.success(request, _("Borrador guardado."))
            return go_to(request, f"/plantillas/{row.pk}/")
    return _form(request, form, _("Plantilla nueva"), "/plantillas/", numbers=numbers)


@audit_access("template.viewed", resource="pk")
@page("channels.write")
@require_http_methods(["GET", "POST"])
def edit(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Other words for a draft or a refused one."""
    row = templates.template_for(pk)
    form = WritingForm(request.POST or None, channels=[], template=row, initial=WritingForm.initial_of(row))
    if request.method == "POST" and form.is_valid():
        try:
            templates.update(
                template=row, by=request.actor, written=form.written(), category=form.cleaned_data["category"]
            )
        except AppError as error:
            form.refuse(error)
        else:
            messages.success(request, _("Cambios guardados."))
            return go_to(request, f"/plantillas/{pk}/")
    return _form(request, form, row.name, f"/plantillas/{pk}/", numbers=[row.channel])


def _form(request: Request, form: WritingForm, title: str, back: str, *, numbers: list[Channel]) -> HttpResponse:
    context = {"form": form, "title": title, "back": back, "numbers": numbers}
    return render(request, "messaging/template_form.html", context, status=422 if form.errors else 200)


@audit_access("template.viewed", resource="pk")
@page("inbox.write")
@never_cache
@require_safe
def detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    return _detail(request, templates.template_for(pk))


def _detail(request: Request, row: MessageTemplate, *, values: ValuesForm | None = None) -> HttpResponse:
    outcome = templates.outcome(row)
    context: dict[str, Any] = {
        "template": row,
        "shown": template_parts.shown(row.components, template_parts.to_send(row.components, _samples(row))),
        "outcome": outcome,
        "unused": row.status in NEVER_SENT and outcome == templates.Outcome(0, 0, 0, 0),
        "values": values or ValuesForm.of(row),
        "why": templates.why_not(row),
    }
    part = "messaging/_template.html" if is_fragment(request) else "messaging/template_detail.html"
    return render(request, part, context, status=422 if values is not None else 200)


def _samples(row: MessageTemplate) -> list[str]:
    return [slot.sample or "{{" + slot.name + "}}" for slot in template_parts.slots(row.components)]


@audit_access("template.viewed", resource="pk")
@page("inbox.write")
@never_cache
@require_safe
def preview(request: Request, pk: uuid.UUID) -> HttpResponse:
    """With the data of a contact that the member sees: `?contacto=<id>`, or the first that `?q=` finds."""
    row = templates.template_for(pk)
    q, wanted = request.GET.get("q", "").strip()[:100], as_uuid(request.GET.get("contacto", ""))
    people = Contact.objects.visible_to(request.member)
    people = people.filter(pk=wanted) if wanted else people.search(q) if q else people
    people = people.annotate(appointment=template_values.appointment_column(request.member, contact="pk"))
    found = list(people.order_by("-created_at")[:MOST_CONTACTS])
    context: dict[str, Any] = {"template": row, "people": found, "q": q}
    if found:
        values = templates.fitting(row.components, row.values)
        known = template_values.known_of(found[0], member=request.member, values=values, holder=found[0])
        context |= {"contact": found[0], "seen": templates.seen(row, values, known)}
    part = "messaging/_template_preview.html" if is_fragment(request) else "messaging/template_preview.html"
    return render(request, part, context)


@audit_access("template.viewed", resource="pk")
@page("channels.write")
@require_http_methods(["GET", "POST"])
def values(request: Request, pk: uuid.UUID) -> HttpResponse:
    """What fills its variables. A refused form stays at this address: reloading it leads back."""
    row = templates.template_for(pk)
    if request.method == "GET":
        return go_to(request, f"/plantillas/{pk}/")
    form = ValuesForm.of(row, request.POST)
    if not form.is_valid():
        return _detail(request, row, values=form)
    try:
        templates.update(template=row, by=request.actor, values=form.typed())
    except Invalid as error:
        form.refuse(str(error.message))
        return _detail(request, row, values=form)
    messages.success(request, _("Datos guardados."))
    return go_to(request, f"/plantillas/{pk}/")


@audit_access("template.viewed", resource="pk")
@page("channels.write")
@require_POST
def submit(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Hand it over for review; a worker does it, the page shows what came back."""
    row = templates.template_for(pk)
    try:
        templates.ask_to_submit(template=row, by=request.actor)
    except AppError as error:
        messages.error(request, " ".join([str(error.message), *map(str, error.fields.values())]))
    return go_to(request, f"/plantillas/{pk}/")


@audit_access("template.viewed", resource="pk")
@page("channels.write")
@require_POST
def duplicate(request: Request, pk: uuid.UUID) -> HttpResponse:
    copy = templates.duplicate(template=templates.template_for(pk), by=request.actor, user=request.user)
    return go_to(request, f"/plantillas/{copy.pk}/editar/")


@audit_access("template.viewed", resource="pk")
@page("channels.write")
@require_POST
def remove(request: Request, pk: uuid.UUID) -> HttpResponse:
    row = templates.template_for(pk)
    try:
        templates.remove_draft(template=row, by=request.actor)
    except AppError as error:
        messages.error(request, str(error.message))
        return go_to(request, f"/plantillas/{pk}/")
    messages.success(request, _("Borrador eliminado."))
    return go_to(request, "/plantillas/")


@audit_access("templates.listed")
@page("channels.write")
@require_POST
def sync(request: Request) -> HttpResponse:
    """Ask the providers of all numbers now."""
    numbers = list(templates.channels().exclude(status=Channel.Status.DISABLED))
    for channel in numbers:
        template_sync.ask_to_sync(channel=channel, by=request.actor)
    if numbers:
        messages.success(request, _("Trayendo las plantillas; la lista se actualiza sola."))
    return go_to(request, "/plantillas/")
