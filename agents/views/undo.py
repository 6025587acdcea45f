"""An act of an agent: what undoing it would do, and the button that does it."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from agents.services import undo as undoing
from config.lib.errors import Conflict, Invalid
from config.lib.fragments import go_to
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request


@audit_access("act.viewed", resource="pk", kind="toolcall")
@page("inbox.read")
@never_cache
@require_safe
def act(request: Request, pk: uuid.UUID) -> HttpResponse:
    return _shown(request, pk)


@audit_access("act.viewed", resource="pk", kind="toolcall")
@page("inbox.write")
@require_POST
def undo(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Undo it and show what became of it; where it could not be, the page says why."""
    call = undoing.call_for(request.member, pk)
    try:
        undoing.undo(call=call, member=request.member, by=request.actor)
    except (Conflict, Invalid) as error:
        return _shown(request, pk, refusal=str(error.message), status=error.status)
    messages.success(request, _("Deshecho."))
    return go_to(request, f"/agentes/hechos/{pk}/")


def _shown(request: Request, pk: uuid.UUID, *, refusal: str = "", status: int = 200) -> HttpResponse:
    call = undoing.call_for(request.member, pk)
    found = undoing.prospect(call, request.member)
    context = {
        "call": call,
        "act": found,
        "refusal": "" if call.undone_at else refusal or found.refusal,  # that it is undone, the page says itself
        "back": f"/bandeja/{call.conversation_id}/",
        "undoes": not (call.undone_at or found.refusal) and request.member.may("inbox.write"),
    }
    return render(request, "agents/undo.html", context, status=status)
