"""Help for who writes in the inbox: asked for from the composer, shown beside it, kept as a note where it is a summary."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agents.services import copilot
from config.lib.errors import AppError
from config.lib.fragments import go_to, is_fragment
from config.lib.ids import uuid7
from messaging.access import conversation_for
from messaging.models import Conversation
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request


@audit_access("conversation.viewed", resource="pk")
@page("inbox.write")
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Ask for a draft, a better text or a summary; what was written stays where it is."""
    chat = conversation_for(request.member, pk)
    if request.method != "POST":
        return go_to(request, f"/bandeja/{pk}/")
    kind, text = request.POST.get("ayuda", ""), request.POST.get("text", "")
    try:
        run = copilot.begin(conversation=chat, kind=kind, text=text, by=request.actor, user_id=request.user.pk)
    except AppError as error:
        # A part of a page is only put in its place with 422.
        status = 422 if is_fragment(request) else error.status
        return _shown(request, chat, {"problem": str(error.message), "written": text}, status)
    if not is_fragment(request):
        return go_to(request, f"/bandeja/{pk}/ayuda/{run.pk}/")
    return _found(request, chat, run.pk)


@audit_access("conversation.viewed", resource="pk")
@page("inbox.write")
@never_cache
@require_safe
def state(request: Request, pk: uuid.UUID, run: uuid.UUID) -> HttpResponse:
    """A help, asked for again while it is on the way."""
    return _found(request, conversation_for(request.member, pk), run)


@audit_access("conversation.viewed", resource="pk")
@page("inbox.write")
@require_POST
def keep(request: Request, pk: uuid.UUID, run: uuid.UUID) -> HttpResponse:
    """A summary as an internal note of the chat."""
    chat = conversation_for(request.member, pk, lock=True)
    found = copilot.find(conversation=chat, run_id=run, user_id=request.user.pk)
    try:
        copilot.keep_note(conversation=chat, found=found, by=request.actor)
    except AppError as error:
        messages.error(request, str(error.message))
        return go_to(request, f"/bandeja/{pk}/")
    if is_fragment(request):
        return _found(request, chat, run)
    messages.success(request, _("El resumen quedó como nota interna: el contacto no la ve."))
    return go_to(request, f"/bandeja/{pk}/")


def _found(request: Request, chat: Conversation, run: uuid.UUID) -> HttpResponse:
    found = copilot.find(conversation=chat, run_id=run, user_id=request.user.pk)
    return _shown(request, chat, {"help": found, "written": found.text})


def _shown(request: Request, chat: Conversation, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """The part beside the composer, or a page of its own from which the text can be sent without scripts."""
    if is_fragment(request):
        return render(request, "agents/_copilot.html", {"chat": chat, **context}, status=status)
    return render(
        request,
        "agents/copilot.html",
        {"chat": chat, "key": uuid7(), "back": f"/bandeja/{chat.pk}/", **context},
        status=status,
    )
