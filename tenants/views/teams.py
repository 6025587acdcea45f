"""Teams of the company, and the platform's visits to it."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib.errors import AppError
from config.lib.fragments import go_to
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.forms_office import TeamForm
from tenants.requests import Request
from tenants.services import teams, visits

MOST_VISITS = 50


@audit_access("members.listed")
@page("members.read")
@require_safe
def team_list(request: Request) -> HttpResponse:
    return _list(request, TeamForm())


def _list(request: Request, form: TeamForm, *, status: int = 200) -> HttpResponse:
    return render(request, "tenants/teams.html", {"teams": teams.teams(), "form": form}, status=status)


@audit_access("members.listed")
@page("members.write")
@require_POST
def create(request: Request) -> HttpResponse:
    form = TeamForm(request.POST)
    if form.is_valid():
        try:
            teams.create_team(name=form.cleaned_data["name"], by=request.actor)
        except AppError as error:
            form.add_error("name", str(error.message))
        else:
            messages.success(request, _("Equipo creado."))
            return go_to(request, "/equipo/equipos/")
    return _list(request, form, status=422)


@audit_access("team.viewed", resource="pk")
@page("members.write")
@require_http_methods(["GET", "POST"])
def edit(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Rename, or leave the name as it is."""
    team = teams.team_for(pk)
    form = TeamForm(request.POST if request.method == "POST" else None, initial={"name": team.name})
    if request.method == "POST" and form.is_valid():
        try:
            teams.rename_team(team=team, name=form.cleaned_data["name"], by=request.actor)
        except AppError as error:
            form.add_error("name", str(error.message))
        else:
            messages.success(request, _("Cambios guardados."))
            return go_to(request, "/equipo/equipos/")
    return render(request, "tenants/team.html", {"team": team, "form": form}, status=422 if form.errors else 200)


@audit_access("team.viewed", resource="pk")
@page("members.write")
@require_POST
def remove(request: Request, pk: uuid.UUID) -> HttpResponse:
    left = teams.remove_team(team=teams.team_for(pk), by=request.actor)
    messages.success(request, _("Equipo eliminado. Personas sin equipo ahora: %(count)d.") % {"count": left})
    return go_to(request, "/equipo/equipos/")


@audit_access("visits.listed")
@page("members.read")
@require_safe
def visit_list(request: Request) -> HttpResponse:
    """Who of the platform looked into the company, when and why; the open ones can be ended here."""
    rows = list(visits.of_company(request.tenant)[:MOST_VISITS])
    return render(request, "tenants/visits.html", {"visits": rows, "now": timezone.now()})


@audit_access("visit.viewed", resource="pk", kind="platformaccess")
@page("members.write")
@require_POST
def end_visit(request: Request, pk: uuid.UUID) -> HttpResponse:
    visits.end(visit=visits.visit_for(request.tenant, pk), by=request.actor)
    messages.success(request, _("Visita terminada."))
    return go_to(request, "/visitas/")
