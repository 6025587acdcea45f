"""The doors of the company: forms and addresses for other systems, with what came through them."""

import json
import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib.errors import AppError
from config.lib.fragments import go_to
from crm.forms.inbound_forms import DoorForm, NewDoorForm
from crm.models import Contact, InboundForm, Submission
from crm.services import inbound_forms, submissions
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.forms_people import onto
from tenants.requests import Request

HOME = "/ajustes/formularios/"
SHOWN = 50
MARKS: dict[str, str] = {Submission.State.ACCEPTED: "money", Submission.State.REFUSED: "fail"}
STARTING_FIELDS = [
    {"name": "name", "required": True},
    {"name": "phone", "required": True},
    {"name": "email"},
    {"name": "message"},
]


@page("forms.read")
@require_safe
def form_list(request: Request) -> HttpResponse:
    return render(request, "crm/inbound_forms.html", {"rows": list(inbound_forms.listed()[:200])})


@page("forms.write")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: Request) -> HttpResponse:
    """A form opens with the usual questions; the token of another system's door stands on this answer only."""
    form = NewDoorForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        kind = form.cleaned_data["kind"]
        asks = STARTING_FIELDS if kind == InboundForm.Kind.FORM else []
        try:
            door, token = inbound_forms.create_form(by=request.actor, fields=asks, **form.cleaned_data)
        except AppError as error:
            onto(form, error)
        else:
            if token:
                return _one(request, door, token=token)
            messages.success(request, _("Formulario creado."))
            return go_to(request, f"{HOME}{door.pk}/")
    return render(request, "crm/inbound_form_new.html", {"form": form}, status=422 if form.errors else 200)


@audit_access("form.viewed", resource="pk", kind="inboundform")
@page("forms.read")
@require_safe
def detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    return _one(request, inbound_forms.form_for(pk))


@page("forms.write")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: Request, pk: uuid.UUID) -> HttpResponse:
    door = inbound_forms.form_for(pk)
    form = DoorForm.of(door, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            inbound_forms.update_form(form=door, by=request.actor, **form.changes())
        except AppError as error:
            onto(form, error)
        else:
            messages.success(request, _("Cambios guardados."))
            return go_to(request, f"{HOME}{pk}/")
    context = {"form": form, "door": door}
    return render(request, "crm/inbound_form_edit.html", context, status=422 if form.errors else 200)


@page("forms.write")
@require_POST
def switch(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Open the door, or close it."""
    door = inbound_forms.form_for(pk)
    inbound_forms.update_form(form=door, by=request.actor, is_active=not door.is_active)
    messages.success(request, _("Abierto.") if door.is_active else _("Cerrado: quien entre verá que no existe."))
    return go_to(request, f"{HOME}{pk}/")


@page("forms.write")
@require_POST
def test(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Send an example through the door: it shows whether it would come in, and makes nobody."""
    door = inbound_forms.form_for(pk)
    outcome = submissions.rehearse(form=door)
    if outcome.submission.error:
        messages.error(request, _("La prueba no entraría. %(why)s") % {"why": outcome.submission.error})
    else:
        messages.success(request, _("La prueba entró bien. No se creó ningún lead."))
    return go_to(request, f"{HOME}{pk}/")


@page("forms.write")
@never_cache
@require_POST
def token(request: Request, pk: uuid.UUID) -> HttpResponse:
    door = inbound_forms.form_for(pk)
    return _one(request, door, token=inbound_forms.renew_token(form=door, by=request.actor))


@page("forms.write")
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Asks first: the record of what came in goes too."""
    door = inbound_forms.form_for(pk)
    if request.method == "POST":
        inbound_forms.remove_form(form=door, by=request.actor)
        messages.success(request, _("Formulario eliminado. Los contactos y leads quedan."))
        return go_to(request, HOME)
    return render(request, "crm/inbound_form_remove.html", {"door": door})


def _one(request: Request, door: InboundForm, *, token: str = "") -> HttpResponse:
    sent = door.submissions.select_related("contact").order_by("-at", "-id")[:SHOWN]
    seen = set(
        Contact.objects.visible_to(request.member)
        .filter(pk__in=[row.contact_id for row in sent if row.contact_id])
        .values_list("pk", flat=True)
    )
    rows = [_shown(row, visible=row.contact_id is None or row.contact_id in seen) for row in sent]
    context = {"door": door, "token": token, "rows": rows, **links(request.tenant.slug, door, token)}
    return render(request, "crm/inbound_form.html", context)


def _shown(row: Submission, *, visible: bool) -> dict[str, Any]:
    """What came, as far as this person may see who it was about."""
    sent = row.payload.get("sent")
    words = sent.items() if isinstance(sent, dict) else [("", sent)]
    return {
        "row": row,
        "contact": row.contact if visible else None,
        "sent": [(name, value) for name, value in words if value not in ("", None)] if visible else [],
        "mark": MARKS.get(row.state, ""),
    }


def links(company: str, door: InboundForm, token: str = "") -> dict[str, Any]:
    """Addresses to publish, and what to paste into a site or another system."""
    if door.kind == InboundForm.Kind.WEBHOOK:
        url = f"{settings.PUBLIC_URL}/entrada/{company}/{door.slug}/"
        text = json.dumps(submissions.example(door), ensure_ascii=False, indent=2)
        return {"url": url, "url_with_token": f"{url}{token}/" if token else "", "sample": text}
    url = f"{settings.PUBLIC_URL}/f/{company}/{door.slug}/"
    frame = f'<iframe src="{url}?embed=1" title="{{}}" width="100%" height="640" style="border:0"></iframe>'
    return {"url": url, "frame": frame.replace("{}", door.title.replace('"', "") or "Formulario")}
