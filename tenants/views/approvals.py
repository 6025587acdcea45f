"""The team: who waits, who is in, who is out; and what a CEO decides about each."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from config.lib.errors import AppError
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.context import auth_reading, auth_scope
from tenants.forms_people import MemberForm
from tenants.models import Membership, Team
from tenants.permission_words import ROLE_CHOICES, SCOPE_CHOICES
from tenants.requests import Request
from tenants.services import invitations, people

MOST = 200
LONGEST_SEARCH = 100


@audit_access("members.listed")
@page("members.read")
@require_safe
def team(request: Request) -> HttpResponse:
    """Those who wait come first."""
    search = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH]
    with auth_reading():
        rows = people.of_company(request.tenant, search=search, most=MOST)
    context = {
        "waiting": [row for row in rows[:MOST] if row.status == Membership.Status.PENDING],
        "members": [row for row in rows[:MOST] if row.status != Membership.Status.PENDING],
        "more": len(rows) > MOST,
        "q": search,
        "roles": ROLE_CHOICES,
    }
    return render(request, "tenants/people.html", context)


@audit_access("membership.viewed", resource="pk")
@page("members.read")
@require_safe
def member(request: Request, pk: uuid.UUID) -> HttpResponse:
    """One person of the team: what they are, and what can be changed."""
    return _member_page(request, pk)


@audit_access("membership.changed", resource="pk")
@page("members.write")
@require_POST
def change(request: Request, pk: uuid.UUID) -> HttpResponse:
    form = MemberForm(request.POST)
    if not form.is_valid():
        return _member_page(request, pk, problem=_("No se entendió qué cambiar. Probar de nuevo."), status=422)
    try:
        return _act(request, pk, form)
    except AppError as error:
        if error.status == 404:
            raise
        request.undo = True
        words = " ".join([str(error.message), *(str(each) for each in error.fields.values())])
        return _member_page(request, pk, problem=words, status=error.status)


def _act(request: Request, pk: uuid.UUID, form: MemberForm) -> HttpResponse:
    act, role = form.cleaned_data["act"], form.cleaned_data["role"]
    who: dict[str, Any] = {"tenant": request.tenant, "member_id": pk, "by": request.actor}
    if act == "link":
        return show_link(request, invitations.activation_link(**who, role=role), back="/equipo/")
    with auth_scope():
        if act == "activate":
            people.activate(**who, role=role)
            messages.success(request, _("Ya tiene acceso."))
        elif act == "reject":
            people.reject(**who)
            messages.success(request, _("El pedido quedó rechazado."))
            return redirect("/equipo/")
        elif act == "suspend":
            people.suspend(**who)
            messages.success(request, _("El acceso quedó suspendido."))
        elif act == "role":
            people.change_role(**who, role=role)
            messages.success(request, _("El rol cambió."))
        else:
            people.set_scope(**who, scope=form.cleaned_data["scope"], team_id=form.cleaned_data["team"])
            messages.success(request, _("El alcance cambió."))
    return redirect("/equipo/" if act == "activate" else f"/equipo/{pk}/")


def _member_page(request: Request, pk: uuid.UUID, *, problem: str = "", status: int = 200) -> HttpResponse:
    row = people.one(request.tenant, pk)
    context = {
        "row": row,
        "own": row.user_id == request.user.pk,
        "roles": ROLE_CHOICES,
        "scopes": SCOPE_CHOICES,
        "teams": list(Team.objects.filter(tenant_id=request.tenant.pk).order_by("name")[:MOST]),
        "problem": problem,
    }
    return render(request, "tenants/member.html", context, status=status)


@never_cache
def show_link(request: Request, url: str, *, back: str) -> HttpResponse:
    """The link, this once."""
    response = render(request, "tenants/link_once.html", {"url": url, "back": back})
    response["Referrer-Policy"] = "strict-origin"
    return response
