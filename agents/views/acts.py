"""What an agent proposed and a person decides: shown inside the chat and on a page of its own."""

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from agents.models import Confirmation, PendingAct
from agents.services import pending
from agents.services.argument_words import in_words
from agents.services.tools import label_of
from config.lib.fragments import go_to, is_fragment
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request


@audit_access("act.viewed", resource="pk", kind="pendingact")
@page("inbox.read")
@never_cache
@require_safe
def act(request: Request, pk: uuid.UUID) -> HttpResponse:
    found = pending.act_for(request.member, pk)
    waits = found.state == PendingAct.State.WAITING and found.expires_at > timezone.now()
    context = {
        "act": found,
        "label": label_of(found.tool),
        "arguments": in_words(found.arguments),
        "for_team": found.level == Confirmation.PERSON,
        "waits": waits,
        "decides": waits and found.level == Confirmation.PERSON and request.member.may("inbox.write"),
    }
    return render(request, "agents/_tool_act.html" if is_fragment(request) else "agents/tool_act.html", context)


@audit_access("act.viewed", resource="pk", kind="pendingact")
@page("inbox.write")
@require_POST
def approve(request: Request, pk: uuid.UUID) -> HttpResponse:
    """The worker makes it; the chat tells how it went."""
    found = pending.approve(act=pending.act_for(request.member, pk), by=request.actor)
    return go_to(request, f"/bandeja/{found.conversation_id}/")


@audit_access("act.viewed", resource="pk", kind="pendingact")
@page("inbox.write")
@require_POST
def refuse(request: Request, pk: uuid.UUID) -> HttpResponse:
    found = pending.refuse(act=pending.act_for(request.member, pk), by=request.actor)
    return go_to(request, f"/bandeja/{found.conversation_id}/")
