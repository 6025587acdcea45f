"""One appointment and what is done with it. The rules are in crm.agenda."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib.errors import AppError, Conflict
from config.lib.fragments import is_fragment
from crm.access import appointment_for, seller_for
from crm.agenda import availability, booking, events, showing
from crm.forms.appointments import CancelForm, DetailsForm, MoveForm, OutcomeForm
from crm.models import AgendaEvent, Contact
from crm.views import appointment_slots, conflicts
from crm.views.agenda import HOME, here, spoken
from crm.views.appointment_slots import Offered
from crm.views.step import back_of, onto
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.forms import safe_next
from tenants.requests import Request

PANEL = "agenda-panel"  # the part beside the calendar, asked for alone
WHY = {
    "only": gettext_lazy("Era el único libre a esa hora."),
    "owner": gettext_lazy("Ya atiende a este contacto."),
    "rotation": gettext_lazy("Le tocaba en el reparto de citas."),
    "chosen": gettext_lazy("Se eligió al agendar."),
    "same": gettext_lazy("Es quien la tenía antes de moverla."),
}


def address(event: AgendaEvent) -> str:
    return f"{HOME}citas/{event.pk}/"


@audit_access("appointment.viewed", resource="pk")
@page("agenda.read")
@require_safe
def detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    return _shown(request, appointment_for(request.member, pk))


def _shown(request: Request, event: AgendaEvent, *, status: int = 200, **forms: Form) -> HttpResponse:
    """`forms` are refused ones, shown with what was typed."""
    now = timezone.now()
    is_meeting = event.kind == AgendaEvent.Kind.MEETING
    contact = event.contact_id and Contact.objects.visible_to(request.member).filter(pk=event.contact_id).exists()
    context: dict[str, Any] = {
        "event": event,
        "title": showing.title(event),
        "when": spoken(event),
        "why": WHY.get(event.why.get("code", ""), ""),
        "is_meeting": is_meeting,
        "opens_contact": bool(contact),
        "place": event.place or (event.service.place if event.service else ""),
        "has_outcome": is_meeting and event.starts_at <= now and event.status != AgendaEvent.Status.CANCELLED,
        "day_address": f"{HOME}?fecha={here(event.starts_at).date().isoformat()}&vendedor={event.seller_id}",
        "back": _back(request, event),
        "conflicts": conflicts.of(event),
        "cancel_form": CancelForm(),
        "outcome_form": OutcomeForm(initial={"outcome": event.outcome}),
        "details_form": DetailsForm.of(event),
        **forms,
    }
    context["refused"] = next(iter(forms), "")
    if not is_fragment(request):
        return render(request, "crm/agenda/event.html", context, status=status)
    panel = request.htmx.target == PANEL
    return render(request, "crm/agenda/_panel.html" if panel else "crm/agenda/_event.html", context, status=status)


def _back(request: Request, event: AgendaEvent) -> str:
    """Where its forms lead to: the page that asked for this part, or as its address says."""
    if is_fragment(request):
        return safe_next(request, request.htmx.current_url_abs_path or "", address(event))
    return back_of(request, address(event))


# --- acts -------------------------------------------------------------------------------------------------------
@audit_access("appointment.viewed", resource="pk")
@page("agenda.write")
@require_POST
def confirm(request: Request, pk: uuid.UUID) -> HttpResponse:
    event = appointment_for(request.member, pk)
    return _done(request, event, events.confirm, _("Cita confirmada."))


@audit_access("appointment.viewed", resource="pk")
@page("agenda.write")
@require_http_methods(["GET", "POST"])
def cancel(request: Request, pk: uuid.UUID) -> HttpResponse:
    event = appointment_for(request.member, pk)
    form = CancelForm(request.POST)
    if request.method == "GET":  # somebody reloaded the page of a refused form
        return HttpResponseRedirect(address(event))
    if not form.is_valid():
        return _shown(request, event, status=422, cancel_form=form)
    return _done(request, event, events.cancel, _("Cita cancelada: el horario queda libre."), **form.cleaned_data)


@audit_access("appointment.viewed", resource="pk")
@page("agenda.write")
@require_http_methods(["GET", "POST"])
def outcome(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Whether the customer came; which of both, the button says."""
    event = appointment_for(request.member, pk)
    if request.method == "GET":
        return HttpResponseRedirect(address(event))
    form = OutcomeForm(request.POST)
    if not form.is_valid():
        return _shown(request, event, status=422, outcome_form=form)
    said = form.cleaned_data
    text = _("Resultado guardado.")
    return _done(request, event, events.set_outcome, text, came=said["came"] == "yes", outcome=said["outcome"])


@audit_access("appointment.viewed", resource="pk")
@page("agenda.write")
@require_http_methods(["GET", "POST"])
def edit(request: Request, pk: uuid.UUID) -> HttpResponse:
    """What is said of it; when it is changes by moving."""
    event = appointment_for(request.member, pk)
    if request.method == "GET":
        return HttpResponseRedirect(address(event))
    form = DetailsForm(request.POST)
    if form.is_valid():
        try:
            events.update_event(event=event, by=request.actor, **form.cleaned_data)
        except AppError as error:
            onto(form, error)
        else:
            messages.success(request, _("Cambios guardados."))
            return HttpResponseRedirect(back_of(request, address(event)))
    return _shown(request, event, status=422, details_form=form)


def _done(request: Request, event: AgendaEvent, act: Any, text: str, **said: Any) -> HttpResponse:
    """Do it and say so, or say why not; either way back to where it was asked."""
    try:
        act(event=event, by=request.actor, **said)
    except AppError as error:
        messages.error(request, str(error.message))
        return HttpResponseRedirect(back_of(request, address(event)))
    if not is_fragment(request):  # the part that is drawn anew says it itself
        messages.success(request, text)
    return HttpResponseRedirect(back_of(request, address(event)))


# --- moving -----------------------------------------------------------------------------------------------------
@audit_access("appointment.viewed", resource="pk")
@page("agenda.write")
@require_http_methods(["GET", "POST"])
def move(request: Request, pk: uuid.UUID) -> HttpResponse:
    """To a free time that is offered, or to any other. Answers the script of a drag in JSON."""
    event = appointment_for(request.member, pk, more=Offered.columns())
    if request.method == "GET":
        return _where_to(request, event) if event.is_upcoming else HttpResponseRedirect(address(event))
    form = MoveForm(request.POST, sellers=Offered(event).sellers)
    offer = request.POST.get("offer", "")
    if not form.is_valid() and not offer:
        if _by_script(request):
            return JsonResponse({"text": _("No se entiende a qué hora."), "moved": False}, status=422)
        return _where_to(request, event, form=form, status=422)
    try:
        _still_there(event, None if offer else form.cleaned_data["seen"])
        moved = booking.reschedule(event=event, by=request.actor, **({"offer": offer} if offer else _place(form)))
    except AppError as error:
        if _by_script(request):
            return JsonResponse({"text": _in_words(error), "moved": False, "code": error.code}, status=error.status)
        if not offer:
            onto(form, error)
        return _where_to(request, event, form=None if offer else form, refusal=error, status=error.status)
    text = _("Cita movida: %(when)s, con %(who)s.") % {"when": spoken(moved), "who": moved.seller}
    if _by_script(request):
        return JsonResponse({"text": text, "moved": True, "seen": moved.starts_at.isoformat()})
    messages.success(request, text)
    return HttpResponseRedirect(back_of(request, address(event), besides=address(event)))


def _in_words(error: AppError) -> str:
    """Why not, and the free times near it."""
    near = appointment_slots.choices(getattr(error, "alternatives", []), whole=True)
    if not near:
        return str(error.message)
    times = "; ".join(f"{choice.clock} ({choice.who})" for choice in near)
    return f"{error.message} " + _("Libres cerca: %(times)s.") % {"times": times}


def _place(form: MoveForm) -> dict[str, Any]:
    said = form.cleaned_data
    seller = seller_for(said["seller"]) if said["seller"] else None
    return {"start": said["start"], "end": said["end"], "seller": seller}


def _still_there(event: AgendaEvent, seen: datetime | None) -> None:
    """What is dragged must be where the page showed it."""
    if seen is not None and seen != event.starts_at:
        when = {"when": spoken(event)}
        raise Conflict(_("Otra persona ya la movió: ahora es %(when)s.") % when, code="moved")


def _where_to(
    request: Request,
    event: AgendaEvent,
    *,
    form: MoveForm | None = None,
    refusal: AppError | None = None,
    status: int = 200,
) -> HttpResponse:
    asked = appointment_slots.from_day(request.GET.get("fecha", ""), here(max(event.starts_at, timezone.now())).date())
    first, last = appointment_slots.window(asked)
    found = availability.free(service=event.service, first=first, last=last, moving=event)
    context = {
        "event": event,
        "title": showing.title(event),
        "when": spoken(event),
        "form": form or MoveForm(sellers=Offered(event).sellers, initial={"start": here(event.starts_at)}),
        "refusal": "" if refusal is None or (form and form.errors) else str(refusal.message),
        "alternatives": appointment_slots.choices(getattr(refusal, "alternatives", []), whole=True),
        "days": appointment_slots.by_day(found.slots, usual=event.seller_id),
        "warning": found.warning,
        "later": f"{address(event)}mover/?fecha={(asked + timedelta(days=appointment_slots.DAYS)).isoformat()}",
        "back": back_of(request, address(event), besides=f"{address(event)}mover/"),
    }
    return render(request, "crm/agenda/move.html", context, status=status)


def _by_script(request: Request) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")
