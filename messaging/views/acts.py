"""What a person does in a conversation. Each act is a plain form: gate → form → use case → the chat again."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from config.lib.errors import AppError, Conflict, Invalid, NotFound
from config.lib.fragments import go_to, is_fragment
from config.lib.ids import uuid7
from messaging.access import conversation_for
from messaging.forms.inbox import AssigneeForm, FileForm, ReleaseForm, ReplyForm, TakeForm, TemplateForm
from messaging.forms.scheduled import LaterForm
from messaging.models import Conversation, Message, MessageStatus
from messaging.services import conversations, media, outbound, scheduled, takeover, template_values, templates
from messaging.views import template_picker, thread
from messaging.views.inbox import render_chat
from messaging.views.scheduled import coming_column
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
                reply_to=_answered_id(chat, form),
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
def send_file(request: Request, pk: uuid.UUID) -> HttpResponse:
    """A photo, a document or an audio, with or without words."""
    chat = conversation_for(request.member, pk, lock=request.method == "POST")
    if request.method == "GET":  # a refused form stays at this address
        return go_to(request, f"/bandeja/{pk}/")
    form = FileForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            media.send_file(
                conversation=chat,
                file=form.cleaned_data["file"],
                caption=form.words,
                by=request.actor,
                user=request.user,
                idempotency_key=str(form.cleaned_data["key"] or ""),
                reply_to=_answered_id(chat, form),
            )
        except AppError as error:
            form.add_error("file", str(error.message))
        else:
            return _back(request, chat)
    # The composer shows what is wrong where it shows everything, over the words that stay.
    same = {name: form.data.get(name) for name in ("key", "responde")}
    reply = ReplyForm({"text": form.data.get("caption") or form.data.get("text") or "", **same})
    reply.errors.pop("text", None)
    reply.add_error("text", [str(each) for wrong in form.errors.values() for each in wrong])
    return _refused(request, chat, reply=reply)


@audit_access("conversation.viewed", resource="pk")
@page("inbox.write")
@never_cache
@require_http_methods(["GET", "POST"])
def send_template(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Choose an approved template of the chat's channel, see it with this contact's data, send it.

    Where the provider tells us of no templates, one is named by hand: its name, language and data.
    """
    appointment = template_values.appointment_column(request.member, contact="contact")
    chat = conversation_for(request.member, pk, lock=request.method == "POST", appointment=appointment)
    by_hand = "template" not in request.POST
    if request.method == "GET":
        whatsapp = chat.channel_source == "whatsapp"
        return template_picker.show(request, chat) if whatsapp else go_to(request, f"/bandeja/{pk}/")
    if not by_hand:
        return template_picker.send(request, chat)
    form = TemplateForm(request.POST)
    if form.is_valid():
        try:
            _queue_by_hand(request, chat, form)
        except AppError as error:
            form.add_error(None, str(error.message))
        else:
            return go_to(request, f"/bandeja/{pk}/")
    return template_picker.show(request, chat, by_hand=form)


def _queue_by_hand(request: Request, chat: Conversation, form: TemplateForm) -> None:
    made = form.template(template_values.filled(form.values(), conversation=chat, member=request.member))
    key = f"person:{_key(form)}"
    refusal = templates.unusable(chat.channel_id, made)
    if refusal:
        raise Conflict(refusal)
    templates.send_made(conversation=chat, template=made, text="", by=request.actor, user=request.user, key=key)


@audit_access("conversation.viewed", resource="pk")
@page("inbox.write")
@require_http_methods(["GET", "POST"])
def schedule(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Say what stands in the composer later."""
    chat = conversation_for(request.member, pk, lock=request.method == "POST")
    if request.method == "GET":  # a refused form stays at this address
        return go_to(request, f"/bandeja/{pk}/")
    reply = ReplyForm(request.POST)
    later = LaterForm(request.POST, zone=request.tenant.timezone)
    if all([reply.is_valid(), later.is_valid()]):
        try:
            scheduled.schedule(
                conversation=chat,
                text=reply.cleaned_data["text"],
                send_at=later.cleaned_data["send_at"],
                stop_on_reply=later.cleaned_data["stop_on_reply"],
                by=request.actor,
                user=request.user,
            )
        except AppError as error:
            reply.add_error("text", str(error.message))
        else:
            return _back(request, chat)
    return _refused(request, chat, reply=reply, later=later)


def _answered_id(chat: Conversation, form: ReplyForm | FileForm) -> str:
    """How the provider calls the message that is answered; "" for none of this chat."""
    answered = form.cleaned_data.get("responde")
    rows = Message.objects.filter(pk=answered, conversation=chat) if answered else Message.objects.none()
    return rows.values_list("provider_message_id", flat=True).first() or ""


def _key(form: ReplyForm | TemplateForm) -> str:
    return str(form.cleaned_data.get("key") or uuid7())


@audit_access("conversation.viewed", resource="pk")
@page("inbox.write")
@require_POST
def take(request: Request, pk: uuid.UUID) -> HttpResponse:
    chat = conversation_for(request.member, pk, lock=True)
    form = TakeForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("Elegir por cuántas horas."))
    takeover.take_over(conversation=chat, by=request.actor, user=request.user, hours=form.cleaned_data["hours"])
    return _back(request, chat)


@audit_access("conversation.viewed", resource="pk")
@page("inbox.write")
@require_POST
def release(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Back to the agent, with what was agreed if somebody wrote it."""
    chat = conversation_for(request.member, pk, lock=True)
    form = ReleaseForm(request.POST)
    try:
        takeover.release(conversation=chat, by=request.actor, brief=form.words)
    except AppError as error:
        messages.error(request, str(error.message))
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
    """Send a failed message again. What nobody confirmed asks for a person who has looked whether it arrived."""
    chat = conversation_for(request.member, pk, lock=True)
    message = Message.objects.filter(pk=message_id, conversation=chat).first()
    if message is None:
        raise NotFound(_("Ese mensaje no existe."))
    if message.status == MessageStatus.UNKNOWN and not request.POST.get("looked"):
        messages.error(request, _("Antes de reenviar, mirar si el mensaje llegó y marcar la casilla."))
        return _back(request, chat)
    try:
        outbound.retry_message(message=message, by=request.actor)
    except AppError as error:
        messages.error(request, str(error.message))
    return _back(request, chat)


def _back(request: Request, chat: Conversation | None, *, pk: uuid.UUID | None = None) -> HttpResponse:
    """After an act: the refreshed part where a script asked, else the page."""
    if chat is None or not is_fragment(request):
        return go_to(request, f"/bandeja/{chat.pk if chat else pk}/")
    fresh = conversation_for(request.member, chat.pk, coming=coming_column())
    return render_chat(request, fresh, chunk=_same_chunk(request, fresh))


def _refused(request: Request, chat: Conversation, *, reply: ReplyForm, later: LaterForm | None = None) -> HttpResponse:
    if is_fragment(request):
        fresh = conversation_for(request.member, chat.pk, coming=coming_column())
        chunk = _same_chunk(request, fresh)
        return render_chat(request, fresh, chunk=chunk, reply=reply, later=later, status=422)
    back = f"/bandeja/{chat.pk}/"
    context = {"chat": chat, "reply": reply, "later": later, "back": back, "later_at": f"{back}programar/"}
    return render(request, "messaging/refused.html", context, status=422)


def _same_chunk(request: Request, chat: Conversation) -> thread.Chunk:
    """What the page had on the screen, so that nothing jumps."""
    return thread.newest(chat, since=thread.order_number(request.POST.get("desde", "")))
