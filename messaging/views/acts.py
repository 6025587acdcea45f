"""What a person does in a conversation. Each act is a plain form: gate → form → use case → the chat again."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from config.lib.errors import AppError, NotFound
from config.lib.fragments import go_to, is_fragment
from config.lib.ids import uuid7
from messaging.access import conversation_for
from messaging.forms.inbox import AssigneeForm, ReplyForm, TemplateForm
from messaging.models import Conversation, Message
from messaging.services import conversations, outbound, takeover, template_values
from messaging.views import thread
from messaging.views.inbox import render_chat
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.models import Membership, User
from tenants.requests import Request


@audit_access("conversation.viewed", resource="pk")
@page("inbox.write")
@require_http_methods(["GET", "POST"])
def send(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Answer as the person: the chat is theirs from then on."""
    chat = conversation_for(request.member, pk, lock=request.method == "POST")
    if request.method == "GET":  # a refused form stays at this address
        return go_to(request, f"/bandeja/{pk}/")
    form = ReplyForm(request.POST)
    if form.is_valid():
        try:
            outbound.send_as_person(
                conversation=chat,
                text=form.cleaned_data["text"],
                by=request.actor,
                user=request.user,
                idempotency_key=_key(form),
            )
        except AppError as error:
            form.add_error("text", str(error.message))
        else:
            conversations.mark_read(conversation=chat, by=request.actor)
            return _back(request, chat)
    return _refused(request, chat, reply=form)


@audit_access("conversation.viewed", resource="pk")
@page("inbox.write")
@require_http_methods(["GET", "POST"])
def send_template(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Once the reply window is closed: an approved template, by name, language and its data."""
    chat = conversation_for(request.member, pk, lock=request.method == "POST")
    if request.method == "GET":  # a refused form stays at this address
        return go_to(request, f"/bandeja/{pk}/")
    form = TemplateForm(request.POST)
    if form.is_valid():
        try:
            _queue_template(request, chat, form)
        except AppError as error:
            form.add_error(None, str(error.message))
        else:
            return _back(request, chat)
    return _refused(request, chat, template=form)


def _queue_template(request: Request, chat: Conversation, form: TemplateForm) -> None:
    key = f"person:{_key(form)}"
    before = chat.sequence
    template = form.template(template_values.filled(form.values(), conversation=chat, member=request.member))

    def queue() -> list[Message]:
        return [outbound.queue_template(chat, template, by=request.actor, user=request.user, key=key)]

    outbound.safely_once(chat, key, queue)
    if chat.sequence != before:
        takeover.take_over(conversation=chat, by=request.actor, user=request.user, cause=takeover.Cause.REPLY)


def _key(form: ReplyForm | TemplateForm) -> str:
    return str(form.cleaned_data.get("key") or uuid7())


@audit_access("conversation.viewed", resource="pk")
@page("inbox.write")
@require_POST
def take(request: Request, pk: uuid.UUID) -> HttpResponse:
    chat = conversation_for(request.member, pk, lock=True)
    takeover.take_over(conversation=chat, by=request.actor, user=request.user)
    return _back(request, chat)


@audit_access("conversation.viewed", resource="pk")
@page("inbox.write")
@require_POST
def release(request: Request, pk: uuid.UUID) -> HttpResponse:
    chat = conversation_for(request.member, pk, lock=True)
    takeover.release(conversation=chat, by=request.actor)
    return _back(request, chat)


@audit_access("conversation.viewed", resource="pk")
@page("inbox.write")
@require_POST
def mark_read(request: Request, pk: uuid.UUID) -> HttpResponse:
    conversations.mark_read(conversation=conversation_for(request.member, pk), by=request.actor)
    return _back(request, None, pk=pk) if not is_fragment(request) else HttpResponse(status=204)


@audit_access("conversation.viewed", resource="pk")
@page("inbox.write")
@require_POST
def close(request: Request, pk: uuid.UUID) -> HttpResponse:
    return _set_status(request, pk, Conversation.Status.CLOSED)


@audit_access("conversation.viewed", resource="pk")
@page("inbox.write")
@require_POST
def reopen(request: Request, pk: uuid.UUID) -> HttpResponse:
    return _set_status(request, pk, Conversation.Status.OPEN)


def _set_status(request: Request, pk: uuid.UUID, status: str) -> HttpResponse:
    chat = conversation_for(request.member, pk, lock=True)
    conversations.set_status(conversation=chat, status=status, by=request.actor)
    return _back(request, chat)


@audit_access("conversation.viewed", resource="pk")
@page("inbox.write")
@require_http_methods(["GET", "POST"])
def assign(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Choose who attends, from the active members."""
    chat = conversation_for(request.member, pk, lock=request.method == "POST")
    if request.method == "POST":
        form = AssigneeForm(request.POST)
        if not form.is_valid():
            raise NotFound(_("Esa persona no existe."))
        conversations.assign(conversation=chat, user=_member_user(form.cleaned_data["assignee"]), by=request.actor)
        messages.success(request, _("Conversación asignada."))
        return _back(request, chat)
    people = Membership.objects.active().filter(tenant=request.tenant).select_related("user").order_by("user__name")
    context = {"chat": chat, "people": people, "back": f"/bandeja/{pk}/"}
    return render(request, "messaging/assign.html", context)


def _member_user(pk: uuid.UUID | None) -> User | None:
    if pk is None:
        return None
    user = User.objects.filter(pk=pk, memberships__in=Membership.objects.active()).first()
    if user is None:
        raise NotFound(_("Esa persona no es miembro activo de la empresa."))
    return user


@audit_access("conversation.viewed", resource="pk")
@page("inbox.write")
@require_POST
def retry(request: Request, pk: uuid.UUID, message_id: uuid.UUID) -> HttpResponse:
    """Send a failed message again."""
    chat = conversation_for(request.member, pk, lock=True)
    message = Message.objects.filter(pk=message_id, conversation=chat).first()
    if message is None:
        raise NotFound(_("Ese mensaje no existe."))
    try:
        outbound.retry_message(message=message, by=request.actor)
    except AppError as error:
        messages.error(request, str(error.message))
    return _back(request, chat)


def _back(request: Request, chat: Conversation | None, *, pk: uuid.UUID | None = None) -> HttpResponse:
    """After an act: the refreshed part where a script asked, else the page."""
    if chat is None or not is_fragment(request):
        return go_to(request, f"/bandeja/{chat.pk if chat else pk}/")
    fresh = conversation_for(request.member, chat.pk)
    return render_chat(request, fresh, chunk=_same_chunk(request, fresh))


def _refused(
    request: Request, chat: Conversation, *, reply: ReplyForm | None = None, template: TemplateForm | None = None
) -> HttpResponse:
    if is_fragment(request):
        chunk = _same_chunk(request, chat)
        return render_chat(request, chat, chunk=chunk, reply=reply, template=template, status=422)
    context = {
        "chat": chat,
        "reply": reply,
        "template": template,
        "now": timezone.now(),
        "back": f"/bandeja/{chat.pk}/",
    }
    return render(request, "messaging/refused.html", context, status=422)


def _same_chunk(request: Request, chat: Conversation) -> thread.Chunk:
    """What the page had on the screen, so that nothing jumps."""
    return thread.newest(chat, since=thread.order_number(request.POST.get("desde", "")))
