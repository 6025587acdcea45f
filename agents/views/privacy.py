"""Pages of one person's data: what there is, a copy of it, its erasure, and what became of either."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agents.forms.privacy import EraseForm
from agents.models import PrivacyRequest
from agents.privacy import copies, erasure, people, requests
from config.lib import keyset
from config.lib.counts import words as in_words
from config.lib.errors import AppError, NotFound
from config.lib.fragments import is_fragment
from crm.access import contact_for
from crm.models import Contact
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request
from tenants.services import reauth
from tenants.services.audit import record
from tenants.services.client_address import client_ip

WORDS = {
    "leads": gettext_lazy("Leads"),
    "conversations": gettext_lazy("Conversaciones"),
    "messages": gettext_lazy("Mensajes"),
    "files": gettext_lazy("Archivos"),
    "agent_runs": gettext_lazy("Turnos de la IA"),
    "copies": gettext_lazy("Copias ya entregadas"),
}


@dataclass(frozen=True)
class Count:
    label: str
    number: str


def _counts(counts: dict[str, Any]) -> list[Count]:
    return [Count(str(label), in_words(int(counts.get(name) or 0))) for name, label in WORDS.items()]


@audit_access("person.data_viewed", resource="pk")
@page("contacts.export")
@never_cache
@require_safe
def data(request: Request, pk: uuid.UUID) -> HttpResponse:
    """What is kept of a person, the copies made of it, and the way to erase it."""
    contact = contact_for(request.member, pk)
    made = list(PrivacyRequest.objects.filter(contact_id=pk).order_by("-created_at")[:10])
    context = {"contact": contact, "counts": _counts(people.shown(pk)), "requests": made}
    return render(request, "agents/privacy.html", context)


@audit_access("person.export_asked", resource="pk")
@page("contacts.export")
@require_POST
def ask_copy(request: Request, pk: uuid.UUID) -> HttpResponse:
    row = requests.ask_export(contact=contact_for(request.member, pk), by=request.actor)
    return redirect(f"/datos-personales/{row.pk}/")


@audit_access("person.data_viewed", resource="pk")
@page("contacts.erase")
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Asks for the name and the password: nothing of it can be taken back."""
    contact = contact_for(request.member, pk)
    form = EraseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            row = _erase(request, contact, form)
        except AppError as error:
            if error.status not in (403, 422):
                raise
            for name, text in error.fields.items() or [(None, error.message)]:
                form.add_error(name if name in form.fields else None, str(text))
        else:
            return redirect(f"/datos-personales/{row.pk}/")
    context = {"contact": contact, "form": form, "counts": _counts(people.shown(pk))}
    return render(request, "agents/privacy_erase.html", context, status=422 if form.errors else 200)


def _erase(request: Request, contact: Contact, form: EraseForm) -> PrivacyRequest:
    reauth.confirm(user=request.user, password=form.cleaned_data["password"], address=client_ip(request))
    return requests.ask_erasure(contact=contact, by=request.actor, confirm=form.cleaned_data["confirm"])


@audit_access("person.requests_viewed")
@page("contacts.erase")
@never_cache
@require_safe
def done(request: Request) -> HttpResponse:
    """Every copy and erasure that was asked for. Names nobody."""
    found = keyset.page(PrivacyRequest.objects.all(), by="created_at", cursor=request.GET.get("cursor", ""))
    return render(request, "agents/privacy_requests.html", {"page": found})


@audit_access("person.requests_viewed", resource="pk")
@page("contacts.export")
@never_cache
@require_safe
def progress(request: Request, pk: uuid.UUID) -> HttpResponse:
    row = requests.request_for(request.member, pk)
    context = {"row": row, "counts": _counts(row.counts), "steps": _steps(row), "contact": _still_there(request, row)}
    whole = "agents/_privacy_progress.html" if is_fragment(request) else "agents/privacy_progress.html"
    return render(request, whole, context)


def _still_there(request: Request, row: PrivacyRequest) -> Contact | None:
    return Contact.objects.filter(pk=row.contact_id).first() if row.kind == PrivacyRequest.Kind.EXPORT else None


def _steps(row: PrivacyRequest) -> int:
    """How far an erasure is, of a hundred."""
    order = [name for name, _step in erasure.STEPS]
    return 0 if row.step not in order else (order.index(row.step) + 1) * 100 // len(order)


@audit_access("person.data_viewed", resource="pk")
@page("contacts.export")
@never_cache
@require_safe
def fetch(request: Request, pk: uuid.UUID) -> FileResponse:
    """The copy itself, while it is kept."""
    row = requests.request_for(request.member, pk, kind=PrivacyRequest.Kind.EXPORT)
    return copy_of(request, row)


def copy_of(request: Request, row: PrivacyRequest) -> FileResponse:
    """The file as a download; that it was fetched is told every time."""
    path = copies.path_of(request.tenant, row)
    if path is None:
        raise NotFound(_("Esa copia ya no está: se guarda siete días. Se puede pedir otra."))
    record(action="person.exported", resource=str(row.contact_id), by=request.actor, diff={"request": str(row.pk)})
    response = FileResponse(path.open("rb"), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{request.tenant.slug}-{row.contact_id}.zip"'
    response["Cache-Control"] = "no-store"
    return response
