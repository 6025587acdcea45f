"""Invitations: who was invited, how far each is, and the link for those whom no e-mail reaches."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib import keyset
from config.lib.errors import AppError
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.forms_people import InvitationActForm, InviteForm, onto
from tenants.requests import Request
from tenants.services import invitations
from tenants.views.approvals import show_link

HERE = "/equipo/invitaciones/"


@audit_access("invitations.listed")
@page("members.read")
@require_safe
def invitation_list(request: Request) -> HttpResponse:
    cursor = request.GET.get("cursor", "")
    found = keyset.page(invitations.of_company(request.tenant), by="created_at", cursor=cursor)
    rows = [(row, invitations.standing(row)) for row in found.rows]
    return render(request, "tenants/invitations.html", {"rows": rows, "page": found})


@audit_access("invitations.listed")
@page("members.write")
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: Request) -> HttpResponse:
    form = InviteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            row = invitations.invite(tenant=request.tenant, by=request.actor, **form.cleaned_data)
        except AppError as error:
            request.undo = True
            onto(form, error)
        else:
            messages.success(request, _("La invitación a %(email)s está lista.") % {"email": row.email})
            return redirect(HERE)
    return render(request, "tenants/invite.html", {"form": form}, status=422 if form.errors else 200)


@audit_access("invitation.changed", resource="pk")
@page("members.write")
@require_POST
def change(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Send again, take back, or show the link."""
    form = InvitationActForm(request.POST)
    if not form.is_valid():
        raise AppError(_("No se entendió qué cambiar. Probar de nuevo."), status=422)
    which: dict[str, Any] = {"tenant": request.tenant, "pk": pk, "by": request.actor}
    if form.cleaned_data["act"] == "link":
        return show_link(request, invitations.copy_link(**which), back=HERE)
    if form.cleaned_data["act"] == "resend":
        invitations.resend(**which)
        messages.success(request, _("La invitación va de nuevo, con un enlace nuevo."))
    else:
        invitations.revoke(**which)
        messages.success(request, _("La invitación quedó anulada."))
    return redirect(HERE)
