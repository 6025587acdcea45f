"""What a person of the team will say later. When its time comes everything is asked again: window, block, wish, channel.

The message, the row's state and the takeover are one transaction on the locked conversation, so that it leaves exactly once
whatever dies meanwhile. Locks: conversation, then its scheduled rows.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import AppError, Conflict, Invalid, NotFound
from config.lib.ids import key_of
from crm.models import Notification
from crm.services import notifications
from messaging.access import visible_conversations
from messaging.models import Channel, Conversation, Message, ScheduledMessage
from messaging.services import outbound, takeover, templates
from messaging.services.answers import answered
from messaging.services.conversations import locked
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.models import Membership, Tenant, User
from tenants.services.audit import record

Status = ScheduledMessage.Status
LATEST = timedelta(days=365)
MOST_WAITING = 20  # of one chat
AT_ONCE = 200
SOON = 600.0  # seconds: nearer ones are also woken by the clock, not only by the sweep


# --- reading --------------------------------------------------------------------------------------------------------


def visible_to(member: Membership) -> QuerySet[ScheduledMessage]:
    """Those of the chats that the member sees."""
    return ScheduledMessage.objects.filter(conversation__in=visible_conversations(member))


def scheduled_for(member: Membership, pk: object) -> ScheduledMessage:
    rows = visible_to(member).select_related("conversation__contact", "conversation__channel")
    row = rows.filter(pk=key_of(pk)).first()
    if row is None:
        raise NotFound(_("Ese mensaje programado no existe."))
    return row


# --- writing --------------------------------------------------------------------------------------------------------


def schedule(
    *,
    conversation: Conversation,
    send_at: datetime,
    by: Actor,
    user: User | None,
    text: str = "",
    template: dict[str, Any] | None = None,
    stop_on_reply: bool = True,
) -> ScheduledMessage:
    """Say `text`, or `template` (with its data filled in, `text` being what the customer will read), at `send_at`.

    Raises Invalid with fields for an empty text or a time that is over or more than a year away.
    """
    text = _text(text)
    _check_time(send_at)
    if ScheduledMessage.objects.filter(conversation=conversation, status=Status.WAITING).count() >= MOST_WAITING:
        raise Conflict(_("Este chat ya tiene %(n)d mensajes programados.") % {"n": MOST_WAITING}, code="too_many")
    row = ScheduledMessage.objects.create(
        conversation=conversation,
        text=text,
        template=template,
        send_at=send_at,
        stop_on_reply=stop_on_reply,
        by=user,
        by_label=by.label[:160],
    )
    record(action="scheduled.created", resource=row, by=by, diff={"conversation": str(conversation.pk)})
    _changed(row)
    _wake(row)
    return row


def change(
    *,
    row: ScheduledMessage,
    by: Actor,
    text: str | None = None,
    send_at: datetime | None = None,
    stop_on_reply: bool | None = None,
) -> ScheduledMessage:
    """Other words, another time. Raises Conflict once it has left or was cancelled."""
    _hold(row)
    if text is not None:
        if row.template is not None and _text(text) != row.text:
            raise Conflict(_("El texto de una plantilla no se cambia: cancelarla y programar otra."))
        row.text = _text(text)
    if send_at is not None:
        _check_time(send_at)
        row.send_at = send_at
    row.stop_on_reply = row.stop_on_reply if stop_on_reply is None else stop_on_reply
    row.save(update_fields=["text", "send_at", "stop_on_reply"])
    record(action="scheduled.updated", resource=row, by=by)
    _changed(row)
    _wake(row)
    return row


def cancel(*, row: ScheduledMessage, by: Actor) -> ScheduledMessage:
    """Raises Conflict once it has left or was cancelled."""
    _hold(row)
    _end(row, Status.CANCELLED, _("Lo canceló %(name)s.") % {"name": by.label})
    record(action="scheduled.cancelled", resource=row, by=by)
    return row


def customer_wrote(conversation: Conversation) -> None:
    """On the locked conversation: what was to be said only if the customer stayed silent is not said."""
    rows = ScheduledMessage.objects.select_for_update(no_key=True).filter(
        conversation=conversation, status=Status.WAITING, stop_on_reply=True
    )
    for row in rows:
        _end(row, Status.CANCELLED, _("El contacto escribió antes."))


def _text(text: str) -> str:
    cleaned = text.replace("\x00", "").strip()
    if not cleaned or len(cleaned) > outbound.LONGEST:
        message = _("El mensaje está vacío.") if not cleaned else _("El mensaje pasa de 20.000 letras.")
        raise Invalid(message, fields={"text": message})
    return cleaned


def _check_time(send_at: datetime) -> None:
    now = timezone.now()
    if not now < send_at <= now + LATEST:
        message = _("Elegir una hora que todavía no pasó, dentro de un año.")
        raise Invalid(message, fields={"send_at": message})


def _hold(row: ScheduledMessage) -> None:
    if locked(row.conversation_id) is None:
        raise NotFound(_("Ese mensaje programado no existe."))
    held = ScheduledMessage.objects.select_for_update(no_key=True)
    row.refresh_from_db(fields=["status", "text", "send_at", "stop_on_reply", "template"], from_queryset=held)
    if row.status != Status.WAITING:
        raise Conflict(_("Ese mensaje ya se envió o se canceló."))


def _end(row: ScheduledMessage, status: str, reason: str = "") -> None:
    row.status, row.reason, row.done_at = status, reason[:300], timezone.now()
    row.save(update_fields=["status", "reason", "done_at", "message"])
    _changed(row)


def _changed(row: ScheduledMessage) -> None:
    emit("CONVERSATION_UPDATED", object="conversation", id=row.conversation_id)


def _wake(row: ScheduledMessage) -> None:
    wait = (row.send_at - timezone.now()).total_seconds()
    if wait <= SOON:
        chat = str(row.conversation_id)
        commit.queue("messaging.tasks.send_scheduled", queue="outbound", countdown=max(0.0, wait), conversation_id=chat)


# --- its time has come ----------------------------------------------------------------------------------------------


def due_ids(now: datetime) -> list[UUID]:
    """Conversations with something to say now, whose wake-up may have been lost."""
    rows = ScheduledMessage.objects.filter(status=Status.WAITING, send_at__lte=now)
    return list(rows.order_by().values_list("conversation", flat=True).distinct()[:AT_ONCE])


def send_due(*, tenant: Tenant, conversation_id: UUID) -> int:
    """Say what is due in one conversation, each in a transaction of its own; returns how many rows were settled."""
    for count in range(MOST_WAITING):
        with translation.override(tenant.locale), tenant_context(tenant):
            row = _claim(conversation_id)
            if row is None:
                return count
            _settle(row)
    return MOST_WAITING


def _claim(conversation_id: UUID) -> ScheduledMessage | None:
    """The first due row, locked after its conversation; None where nothing is due or somebody else holds the chat."""
    rows = Conversation.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
    if not rows.filter(pk=conversation_id).values("pk").first():
        return None
    waiting = ScheduledMessage.objects.filter(status=Status.WAITING, send_at__lte=timezone.now())
    held = waiting.select_for_update(no_key=True, of=("self",)).filter(conversation=conversation_id)
    return held.select_related("by").order_by("send_at", "id").first()


def _settle(row: ScheduledMessage) -> None:
    chat = locked(row.conversation_id)
    if chat is None:
        return
    refusal = _why_not(row, chat)
    if not refusal:
        try:
            row.message = _queue(row, chat)[0]
        except AppError as error:
            refusal = str(error.message)
    if refusal:
        _end(row, Status.FAILED, refusal)
        _tell_author(row, chat)
        return
    _end(row, Status.SENT)


def _why_not(row: ScheduledMessage, chat: Conversation) -> str:
    """Why it cannot be said now, in words; "" when it can."""
    if row.by_id is None or not Membership.objects.active().filter(user=row.by_id).exists():
        return _("Quien lo escribió ya no es parte de la empresa.")
    if chat.contact.blocked_at is not None:
        return _("El contacto está bloqueado.")
    if not outbound.may_reach(chat, template=row.template is not None):
        return _("El contacto pidió no recibir mensajes.")
    if chat.channel.status == Channel.Status.DISABLED:
        return _("El canal está apagado.")
    if not chat.address:
        return _("No se sabe a qué dirección enviar.")
    if row.template is not None:
        return templates.unusable(chat.channel_id, row.template)
    if not outbound.can_write_freely(chat, by_person=True):
        return outbound.closed_words(chat.channel_source)
    return ""


def _queue(row: ScheduledMessage, chat: Conversation) -> list[Message]:
    """As the person who wrote it. Whoever has the chat keeps it; only an agent gives way."""
    by, key = Actor("user", str(row.by_id), row.by_label), f"scheduled:{row.pk}"
    holder = chat.mode
    if row.template is not None:
        made = {name: row.template.get(name) for name in ("name", "language", "components")}

        def queue() -> list[Message]:
            return [outbound.queue_template(chat, made, by=by, user=row.by, key=key, text=row.text)]
    else:

        def queue() -> list[Message]:
            said: dict[str, Any] = {"author": Message.Author.USER, "author_name": row.by_label, "author_user": row.by}
            return outbound.queue_text(chat, row.text, cause=_("Programado"), key=key, whole=True, **said)

    rows = outbound.safely_once(chat, key, queue)
    answered(chat, at=timezone.now(), user=row.by, message=rows[0])
    chat.save()
    if holder == Conversation.Mode.AI:
        takeover.take_over(conversation=chat, by=by, user=row.by, cause=takeover.Cause.REPLY)
    record(
        action="message.sent", resource=rows[0], by=by, diff={"conversation": str(chat.pk), "scheduled": str(row.pk)}
    )
    return rows


def _tell_author(row: ScheduledMessage, chat: Conversation) -> None:
    if row.by_id is None:
        return
    offer = templates.channels().filter(pk=chat.channel_id).exists()
    title = _("no salió el mensaje programado. %(why)s") % {"why": row.reason}
    notifications.notify(
        user_id=row.by_id,
        kind=Notification.Kind.REMINDER,
        key=f"scheduled:{row.pk}",
        contact=chat.contact,
        href=f"/bandeja/{chat.pk}/plantilla/" if offer and row.template is None else f"/bandeja/{chat.pk}/",
        facts={"title": f"{chat.contact}: {title}"},
        urgent=True,
    )
