"""The inbox: the list, one conversation with its side panel, and older messages."""

import uuid
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.lib.errors import AppError
from config.lib.fragments import is_fragment
from config.lib.ids import as_uuid, uuid7
from messaging.access import conversation_for, visible_conversations
from messaging.forms.inbox import ReleaseForm, ReplyForm
from messaging.forms.scheduled import LaterForm
from messaging.models import Conversation, Message
from messaging.services import outbound
from messaging.views import chat_list, side_panel, thread
from messaging.views.scheduled import coming_column, coming_of
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request


@audit_access("conversations.listed")
@page("inbox.read")
@never_cache
@require_safe
def inbox(request: Request) -> HttpResponse:
    """The list; `?contact=<id>` opens that contact's latest conversation, `?sel=<id>` asks for the column beside one."""
    contact = as_uuid(request.GET.get("contact", ""))
    if contact:
        return _of_contact(request, contact)
    selected = as_uuid(request.GET.get("sel", ""))
    if selected and is_fragment(request):
        chats = chat_list.column(request, request.member)
        return render(request, "messaging/_chat_column.html", {"chats": chats, "selected": selected})
    chats = chat_list.whole(request, request.member)
    template = "messaging/_inbox.html" if is_fragment(request) else "messaging/inbox.html"
    return render(request, template, {"chats": chats})


def _of_contact(request: Request, contact: uuid.UUID) -> HttpResponse:
    latest = (
        visible_conversations(request.member)
        .filter(contact=contact)
        .order_by("-last_message_at")
        .values_list("pk", flat=True)
        .first()
    )
    if latest:
        return redirect(f"/bandeja/{latest}/")
    return render(request, "messaging/no_chat.html", {"contact_id": contact})


@audit_access("conversation.viewed", resource="pk")
@page("inbox.read")
@never_cache
@require_safe
def conversation(request: Request, pk: uuid.UUID) -> HttpResponse:
    """A conversation. `?antes=<n>` shows what came before message n; `?desde=<n>` (live) all from message n on."""
    chat = conversation_for(request.member, pk, coming=coming_column())
    older = thread.order_number(request.GET.get("antes", ""))
    since = thread.order_number(request.GET.get("desde", ""))
    chunk = thread.newest(chat, since=since) if older is None else thread.before(chat, older)
    if is_fragment(request):
        return render_chat(request, chat, chunk=chunk)
    context = chat_context(request, chat, chunk=chunk) | {
        "chats": chat_list.column(request, request.member),
        "selected": chat.pk,
        "card": side_panel.card_of(chat, request.member),
    }
    return render(request, "messaging/conversation.html", context)


@audit_access("conversation.viewed", resource="pk")
@page("inbox.read")
@never_cache
@require_safe
def older(request: Request, pk: uuid.UUID) -> HttpResponse:
    """The messages before `?antes=<n>`, to be put above the ones on the screen."""
    chat = conversation_for(request.member, pk)
    number = thread.order_number(request.GET.get("antes", ""))
    if number is None:
        raise AppError(_("El enlace a los mensajes anteriores no es válido."))
    return render(request, "messaging/_older.html", {"chat": chat, "chunk": thread.before(chat, number)})


@audit_access("conversation.viewed", resource="pk")
@page("inbox.read")
@never_cache
@require_safe
def card(request: Request, pk: uuid.UUID) -> HttpResponse:
    """The side panel alone: a part of the page, or a page of its own on a phone."""
    chat = conversation_for(request.member, pk)
    context = {"chat": chat, "card": side_panel.card_of(chat, request.member), "run": None}
    return render(request, "messaging/_card.html" if is_fragment(request) else "messaging/card.html", context)


def render_chat(
    request: Request,
    chat: Conversation,
    *,
    chunk: thread.Chunk | None = None,
    reply: ReplyForm | None = None,
    later: LaterForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Head, thread and composer as one part, after an act or a live notice."""
    chunk = chunk or thread.newest(chat)
    context = chat_context(request, chat, chunk=chunk, reply=reply, later=later)
    return render(request, "messaging/_chat.html", context, status=status)


def chat_context(
    request: Request,
    chat: Conversation,
    *,
    chunk: thread.Chunk,
    reply: ReplyForm | None = None,
    later: LaterForm | None = None,
) -> dict[str, object]:
    now = timezone.now()
    window = thread.window_of(chat, now)
    coming = coming_of(chat, window.until)
    answered = _answered(chunk, (request.POST if reply else request.GET).get("responde", ""))
    new = {"key": uuid7(), "responde": answered.pk if answered else None}
    return {
        "chat": chat,
        "chunk": chunk,
        "holder": thread.holder_of(chat, request.member),
        "window": window,
        "closed": "" if window.open else outbound.closed_words(chat.channel_source),
        "doing": _doing(chat, now),
        "reply": reply or ReplyForm(initial=new),
        "giving_back": ReleaseForm(),
        "answered": answered,
        "later": later or LaterForm(zone=request.tenant.timezone, initial={"stop_on_reply": True}),
        "later_at": f"/bandeja/{chat.pk}/programar/",
        "coming": coming,
        "coming_failed": any(one.status == "failed" for one in coming),
        "now": now,
    }


def _answered(chunk: thread.Chunk, asked: str) -> Message | None:
    """The message on the screen that the answer is to: `?responde=<id>`, or the field of a refused answer."""
    wanted = as_uuid(asked)
    shown = (line.message for line in chunk.lines if line.message.pk == wanted)
    return next((each for each in shown if each.provider_message_id), None)


def _doing(chat: Conversation, now: datetime) -> str:
    """What the agent is about to do: "gathering" messages, "writing", or nothing."""
    if chat.mode != Conversation.Mode.AI:
        return ""
    if chat.turn_token and chat.turn_until and chat.turn_until > now:
        return "writing"
    if chat.reply_due_at and chat.reply_due_at > now:
        return "gathering"
    return ""
