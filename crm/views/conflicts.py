"""Where our agenda and Google Calendar differ: both versions beside each other, and a person chooses."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from config.lib.errors import AppError
from config.lib.fragments import go_to, is_fragment
from crm.agenda import showing
from crm.agenda.sync import conflicts
from crm.models import AgendaEvent, CalendarConflict
from crm.views.agenda import HOME as AGENDA
from crm.views.agenda import spoken, spoken_span
from crm.views.step import back_of
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request

HOME = "/agenda/conflictos/"
MOST = 100
Kind = CalendarConflict.Kind
CANCELS = (Kind.OVERLAP, Kind.DELETED)  # taking theirs means that ours does not take place
DONE = {
    conflicts.OURS: gettext_lazy("Queda la nuestra."),
    conflicts.THEIRS: gettext_lazy("Se tomó la de Google."),
    conflicts.GONE: gettext_lazy("Anotado: ya está arreglado."),
}


@dataclass(frozen=True)
class Version:
    when: str
    title: str = ""
    place: str = ""


@dataclass(frozen=True)
class Shown:
    """One conflict as people read it. `theirs` is None when it is deleted over there."""

    row: CalendarConflict
    title: str
    ours: Version
    theirs: Version | None
    cancels: bool


@audit_access("appointments.listed")
@page("agenda.read")
@require_safe
def listed(request: Request) -> HttpResponse:
    return _list(request)


@audit_access("appointments.listed")
@page("agenda.write")
@require_POST
def resolve(request: Request, pk: uuid.UUID) -> HttpResponse:
    row = conflicts.conflict_for(request.member, pk)
    choice = request.POST.get("choice", "")
    try:
        conflicts.resolve(conflict=row, choice=choice, by=request.actor)
    except AppError as error:
        return _list(request, why=str(error.message), status=error.status)
    messages.success(request, str(DONE[choice]))
    return go_to(request, back_of(request, HOME))


def of(event: AgendaEvent) -> list[Shown]:
    """The open ones of one appointment."""
    rows = CalendarConflict.objects.filter(event=event, resolved_at=None).order_by("-at")
    return [_shown(row, event) for row in rows]


def _list(request: Request, *, why: str = "", status: int = 200) -> HttpResponse:
    rows = [_shown(row, row.event) for row in conflicts.standing(request.member)[:MOST]]
    context = {"rows": rows, "why": why, "agenda": AGENDA}
    template = "crm/agenda/_conflicts.html" if is_fragment(request) else "crm/agenda/conflicts.html"
    return render(request, template, context, status=status)


def _shown(row: CalendarConflict, event: AgendaEvent) -> Shown:
    ours = Version(spoken(event), showing.title(event), event.place)
    return Shown(row, showing.title(event), ours, _theirs(row.kind, row.theirs), row.kind in CANCELS)


def _theirs(kind: str, said: dict[str, Any]) -> Version | None:
    if kind == Kind.DELETED:
        return None
    when = "—"
    if "start" in said:
        when = spoken_span(datetime.fromisoformat(said["start"]), datetime.fromisoformat(said["end"]))
    title = _("Ocupado") if kind == Kind.OVERLAP else said.get("title", "")
    return Version(when, title, said.get("place", ""))
