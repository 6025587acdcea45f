"""Sending one bubble: claim and mark it, commit, call the provider, record. No transaction is open over the call."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import live
from config.lib.errors import ProviderError
from messaging.domain.timing import pair_full_after_send, pair_wait, retry_wait
from messaging.models import Channel, Conversation, Message, MessageStatus
from messaging.providers.base import Address, Delivery, Outgoing, OutgoingMedia
from messaging.services.adapters import adapter_for
from messaging.services.conversations import locked
from messaging.services.outbound import can_write_freely, may_reach, wake
from messaging.services.statuses import apply, join_pending
from tenants.context import tenant_context
from tenants.live.services import emit
from tenants.models import Tenant
from tenants.services import tenant_settings

logger = logging.getLogger(__name__)
MOST_ATTEMPTS = 6
STALE = timedelta(seconds=90)  # longer than any provider call may last


@dataclass(frozen=True)
class Claimed:
    """A bubble that is marked `sending` and must now be handed over exactly once."""

    message: Message
    conversation: Conversation
    channel: Channel


def deliver_next(*, tenant: Tenant, conversation_id: UUID) -> bool:
    """Send the due head of the conversation. True when something was tried; the next one is queued by itself."""
    with tenant_context(tenant):
        claimed = _claim(tenant, conversation_id)
    if claimed is None:
        return False
    try:
        delivery = adapter_for(tenant, claimed.channel).send(_outgoing(claimed))
    except ProviderError as error:
        with tenant_context(tenant):
            _record_failure(claimed, error)
        return True
    with tenant_context(tenant):
        _record_sent(claimed, delivery)
    if claimed.channel.provider == "web":
        _show_visitor(tenant, claimed)
    return True


def _claim(tenant: Tenant, conversation_id: UUID) -> Claimed | None:
    conversation = locked(conversation_id)
    if conversation is None:
        return None
    waiting = Message.objects.filter(
        conversation=conversation, direction="out", status__in=[MessageStatus.QUEUED, MessageStatus.SENDING]
    )
    head = waiting.select_for_update(no_key=True).order_by("sequence").first()
    now = timezone.now()
    if head is None or head.status == MessageStatus.SENDING:
        return None  # one at a time; a dead sender's bubble is settled by the sweep
    wait = _wait(head, conversation, now)
    if wait > 0:
        wake(conversation.pk, wait)
        return None
    refusal = _refusal(head, conversation, now)
    if refusal is not None:
        head.status, head.error_code, head.error = refusal
        head.save(update_fields=["status", "error_code", "error"])
        _changed(head)
        wake(conversation.pk)
        return None
    head.status, head.sending_since, head.attempts = MessageStatus.SENDING, now, head.attempts + 1
    head.save(update_fields=["status", "sending_since", "attempts"])
    gap = 0.0 if head.author == Message.Author.USER else tenant_settings.of(tenant).spacing_seconds
    conversation.next_send_at = now + timedelta(seconds=gap)
    if conversation.channel_source == "whatsapp":
        conversation.pair_full_at = pair_full_after_send(now=now, full_at=conversation.pair_full_at)
    conversation.save(update_fields=["next_send_at", "pair_full_at"])
    _changed(head)
    return Claimed(head, conversation, conversation.channel)


def _wait(head: Message, conversation: Conversation, now: datetime) -> float:
    """Seconds until this bubble may go: spacing, a scheduled time or a back-off, and WhatsApp's pair limit."""
    spaced = conversation.next_send_at if head.author != Message.Author.USER else None
    waits = [(each - now).total_seconds() for each in (spaced, head.not_before) if each is not None]
    if conversation.channel_source == "whatsapp":
        waits.append(pair_wait(now=now, full_at=conversation.pair_full_at))
    return max([0.0, *waits])


def _refusal(head: Message, conversation: Conversation, now: datetime) -> tuple[str, str, str] | None:
    """Checked again before every bubble: who has the chat, the window, the channel."""
    farewell = head.payload.get("farewell") and conversation.handoff_token
    if head.author == Message.Author.AGENT and conversation.mode != Conversation.Mode.AI and not farewell:
        return MessageStatus.CANCELLED, "taken_over", _("Una persona tomó el chat.")
    if head.author != Message.Author.USER and not head.payload.get("confirms"):
        if conversation.contact.blocked_at:
            return MessageStatus.CANCELLED, "blocked", _("El contacto está bloqueado.")
        if not may_reach(conversation, now, template=head.kind == "template"):
            return MessageStatus.CANCELLED, "opted_out", _("El contacto pidió no recibir mensajes.")
    if head.kind != "template" and not can_write_freely(conversation, now):
        return MessageStatus.FAILED, "window_closed", _("Pasaron 24 horas: WhatsApp solo acepta una plantilla.")
    if conversation.channel.status == Channel.Status.DISABLED:
        return MessageStatus.FAILED, "channel_off", _("El canal está apagado. Se enciende en Canales.")
    if not conversation.address:
        return MessageStatus.FAILED, "no_address", _("No se sabe a qué dirección enviar.")
    return None


def _outgoing(claimed: Claimed) -> Outgoing:
    message, conversation = claimed.message, claimed.conversation
    media = message.payload.get("media")
    return Outgoing(
        kind="template" if message.kind == "template" else "media" if media else "text",
        to=Address(conversation.address_kind, conversation.address),
        text=message.text,
        template=message.payload.get("template"),
        media=OutgoingMedia(**media) if media else None,
        reply_to=message.reply_to,
        client_ref=str(message.pk),
    )


def _record_sent(claimed: Claimed, delivery: Delivery) -> None:
    message = Message.objects.select_for_update(no_key=True).get(pk=claimed.message.pk)
    if message.provider_message_id is None:
        message.provider_message_id = delivery.provider_message_id or None
        message.save(update_fields=["provider_message_id"])
    apply(message, MessageStatus.SENT, at=timezone.now())
    join_pending(message)
    if claimed.channel.status == Channel.Status.NEEDS_RECONNECT:  # somebody has stored a working credential
        Channel.objects.filter(pk=claimed.channel.pk, status=Channel.Status.NEEDS_RECONNECT).update(
            status=Channel.Status.CONNECTED, status_detail=""
        )
        emit("CHANNEL_UPDATED", object="channel", id=claimed.channel.pk)
    _next(claimed.conversation)


def _record_failure(claimed: Claimed, error: ProviderError) -> None:
    message = Message.objects.select_for_update(no_key=True).get(pk=claimed.message.pk)
    if message.status != MessageStatus.SENDING:  # a status notice was quicker than the failed answer
        _next(claimed.conversation)
        return
    message.error_code, message.error = error.code[:40], error.message[:400]
    if error.kind == "unknown":
        message.status = MessageStatus.UNKNOWN
    elif error.kind == "retry" and message.attempts < MOST_ATTEMPTS:
        message.status = MessageStatus.QUEUED
        message.not_before = timezone.now() + timedelta(seconds=retry_wait(message.attempts, error.retry_after))
    else:
        message.status = MessageStatus.FAILED
    message.save(update_fields=["status", "error", "error_code", "not_before"])
    if error.kind == "auth":
        rows = Channel.objects.filter(pk=claimed.channel.pk).exclude(status=Channel.Status.DISABLED)
        rows.update(status=Channel.Status.NEEDS_RECONNECT, status_detail=error.message[:300])
        emit("CHANNEL_UPDATED", object="channel", id=claimed.channel.pk)
    _changed(message)
    _next(claimed.conversation)


def _next(conversation: Conversation) -> None:
    following = Message.objects.filter(conversation=conversation, direction="out", status=MessageStatus.QUEUED)
    if following.exists():
        until = conversation.next_send_at
        wake(conversation.pk, max(0.0, (until - timezone.now()).total_seconds()) if until else 0.0)


def _changed(message: Message) -> None:
    emit(
        "MESSAGE_STATUS",
        object="message",
        id=message.pk,
        conversation=str(message.conversation_id),
        status=str(message.status),
    )


def _show_visitor(tenant: Tenant, claimed: Claimed) -> None:
    topic = live.visitor_topic(tenant.pk, claimed.channel.pk, claimed.conversation.address)
    live.publish(topic, {"type": "message", "id": str(claimed.message.pk)})


def settle_stale(now: datetime) -> int:
    """Bubbles whose sender died in the middle: nobody knows whether they arrived, so they are not sent again."""
    stale = Message.objects.select_for_update(skip_locked=True, no_key=True).filter(
        status=MessageStatus.SENDING, sending_since__lt=now - STALE
    )
    count = 0
    for message in stale:
        message.status = MessageStatus.UNKNOWN
        message.error = _("El envío se cortó y no se sabe si llegó.")
        message.save(update_fields=["status", "error"])
        _changed(message)
        wake(message.conversation_id)
        count += 1
    return count


def due_ids(now: datetime, limit: int = 500) -> list[UUID]:
    """Conversations with a bubble whose wake-up may have been lost."""
    rows = Message.objects.filter(status=MessageStatus.QUEUED, direction="out").exclude(not_before__gt=now)
    rows = rows.exclude(conversation__next_send_at__gt=now)
    return list(rows.order_by().values_list("conversation_id", flat=True).distinct()[:limit])
