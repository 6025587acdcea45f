"""Sending one bubble: claim and mark it, commit, call the provider, record. No transaction is open over the call."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import live
from config.lib.errors import ProviderError
from messaging.domain import breaker as rules
from messaging.domain.timing import MOST_ATTEMPTS, pair_full_after_send, pair_wait, retry_wait, window_open
from messaging.models import Channel, Conversation, Message, MessageStatus, Provider
from messaging.providers import provider_class
from messaging.providers.base import Address, Delivery, Outgoing
from messaging.services import appointment_messages, breaker, channel_trouble, failover, media, pace
from messaging.services.adapters import adapter_for
from messaging.services.answers import did_not_leave
from messaging.services.conversations import locked
from messaging.services.outbound import closed_words, may_reach, wake
from messaging.services.statuses import apply, join_pending
from tenants.context import tenant_context
from tenants.live.services import emit
from tenants.models import Tenant
from tenants.services import tenant_settings

logger = logging.getLogger(__name__)
FEWER_ATTEMPTS = 3  # when another channel may carry it
STALE = timedelta(seconds=90)  # longer than any provider call may last
MOST_WOKEN = 500  # when a rest is over; the sweep finds the others


@dataclass(frozen=True)
class Claimed:
    """A bubble that is marked `sending` and must now be handed over exactly once, over `channel` to the address `to`."""

    message: Message
    conversation: Conversation
    channel: Channel
    to: Address
    gap: float
    probing: bool = False


def deliver_next(*, tenant: Tenant, conversation_id: UUID) -> bool:
    """Send the due head of the conversation. True when something was tried; the next one is queued by itself."""
    with tenant_context(tenant):
        claimed = _claim(tenant, conversation_id)
    if claimed is None:
        return False
    try:
        delivery = adapter_for(tenant, claimed.channel).send(_outgoing(tenant, claimed))
    except ProviderError as error:
        with tenant_context(tenant):
            _record_failure(claimed, error)
        return True
    with tenant_context(tenant):
        _record_sent(claimed, delivery)
    if claimed.channel.provider == Provider.WEB:
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
    road = failover.road_for(head, conversation, now)
    refusal = _refusal(head, conversation, road, now)
    if refusal is not None:
        head.status, head.error_code, head.error = refusal
        head.save(update_fields=["status", "error_code", "error"])
        _changed(head)
        wake(conversation.pk)
        return None
    if breaker.resting(road.channel, now):
        return None  # whoever ends the rest wakes what waits
    wait, told = _place(road.channel, head, now)
    if wait > 0:
        if not told:
            wake(conversation.pk, wait)
        return None
    turn = breaker.may_try(road.channel, now)
    if turn == "rest":
        return None  # somebody else is probing
    head.status, head.sending_since, head.attempts = MessageStatus.SENDING, now, head.attempts + 1
    head.sent_via = road.channel if road.channel.pk != conversation.channel_id else None
    head.save(update_fields=["status", "sending_since", "attempts", "sent_via"])
    gap = 0.0 if head.author == Message.Author.USER else tenant_settings.of(tenant).spacing_seconds
    conversation.next_send_at = now + timedelta(seconds=gap)
    if conversation.channel_source == "whatsapp":
        conversation.pair_full_at = pair_full_after_send(now=now, full_at=conversation.pair_full_at)
    conversation.save(update_fields=["next_send_at", "pair_full_at"])
    _changed(head)
    return Claimed(head, conversation, road.channel, road.to, gap, probing=turn == "probe")


def _wait(head: Message, conversation: Conversation, now: datetime) -> float:
    """Seconds until this bubble may go: spacing, a scheduled time or a back-off, and WhatsApp's pair limit."""
    spaced = conversation.next_send_at if head.author != Message.Author.USER else None
    waits = [(each - now).total_seconds() for each in (spaced, head.not_before) if each is not None]
    if conversation.channel_source == "whatsapp":
        waits.append(pair_wait(now=now, full_at=conversation.pair_full_at))
    return max([0.0, *waits])


def _place(channel: Channel, head: Message, now: datetime) -> tuple[float, bool]:
    """Seconds until the channel's own pace lets this attempt through, and whether it has been told before."""
    try:
        kind = provider_class(channel.provider, channel.channel_source)
    except LookupError:
        return 0.0, False
    if channel.provider == Provider.WEB:
        return 0.0, False  # ours: nobody counts
    return pace.wait(channel.pk, message=f"{head.pk}:{head.attempts}", per_second=kind.speed(channel.config), now=now)


def _refusal(
    head: Message, conversation: Conversation, road: failover.Road, now: datetime
) -> tuple[str, str, str] | None:
    """Checked again before every bubble: who has the chat, whether it is still wanted, the window, the channel."""
    unwanted = _unwanted(head, conversation, now)
    if unwanted is not None:
        return MessageStatus.CANCELLED, *unwanted
    by_person = head.author == Message.Author.USER
    source = conversation.channel_source
    if head.kind != "template" and not window_open(
        channel_source=source, last_inbound=road.last_inbound, now=now, by_person=by_person
    ):
        return MessageStatus.FAILED, "window_closed", closed_words(source)
    if road.channel.status == Channel.Status.DISABLED:
        return MessageStatus.FAILED, "channel_off", _("El canal está apagado. Se enciende en Canales.")
    if not road.to.external_id:
        return MessageStatus.FAILED, "no_address", _("No se sabe a qué dirección enviar.")
    return None


def _unwanted(head: Message, conversation: Conversation, now: datetime) -> tuple[str, str] | None:
    """(code, words) of why nobody wants it said any more. A person's own words leave; a template of theirs is asked too."""
    resent = head.payload.get("resent")
    excused = resent or (head.payload.get("farewell") and conversation.handoff_token)
    if head.author == Message.Author.AGENT and conversation.mode != Conversation.Mode.AI and not excused:
        return "taken_over", _("Una persona tomó el chat.")
    if head.payload.get("recalled") and not resent:
        return "recalled", head.payload["recalled"]
    if appointment_messages.outdated(head, now):
        return "appointment_changed", _("La cita se canceló, cambió de hora o ya pasó.")
    template = head.kind == "template"
    if (template or head.author != Message.Author.USER) and not head.payload.get("confirms"):
        if conversation.contact.blocked_at:
            return "blocked", _("El contacto está bloqueado.")
        if not may_reach(conversation, now, template=template):
            return "opted_out", _("El contacto pidió no recibir mensajes.")
    return None


def _outgoing(tenant: Tenant, claimed: Claimed) -> Outgoing:
    """Opens a transaction of its own for a file that is kept here; raises ProviderError when it is gone."""
    message = claimed.message
    file = media.outgoing(tenant, message)
    choices = tuple((str(key), str(title)) for key, title in message.payload.get("choices", []))
    kind = message.kind if message.kind in ("template", "reaction") else "media" if file else "text"
    return Outgoing(
        kind="interactive" if choices and kind == "text" else kind,
        to=claimed.to,
        text=message.text,
        template=message.payload.get("template"),
        media=file,
        choices=choices,
        by_person=message.author == Message.Author.USER,
        # Another number does not know the message that is quoted.
        reply_to="" if message.sent_via_id else message.reply_to,
        client_ref=str(message.pk),
    )


def _record_sent(claimed: Claimed, delivery: Delivery) -> None:
    _space(claimed)
    message = Message.objects.select_for_update(no_key=True).get(pk=claimed.message.pk)
    if message.provider_message_id is None:
        message.provider_message_id = delivery.provider_message_id or None
        message.save(update_fields=["provider_message_id"])
    apply(message, MessageStatus.SENT, at=timezone.now())
    join_pending(message)
    channel_trouble.accepted(claimed.channel)
    _next(claimed.conversation)
    _channel_answered(claimed)


def _space(claimed: Claimed) -> None:
    """The distance counts from the answer: a call that took long must not bring two bubbles together at the customer's."""
    until = claimed.conversation.next_send_at = timezone.now() + timedelta(seconds=claimed.gap)
    Conversation.objects.filter(pk=claimed.conversation.pk).update(next_send_at=until)


def _record_failure(claimed: Claimed, error: ProviderError) -> None:
    if error.kind == "unknown":
        _space(claimed)
    locked(claimed.conversation.pk)  # before the message, as everywhere
    message = Message.objects.select_for_update(no_key=True).get(pk=claimed.message.pk)
    now = timezone.now()
    if message.status == MessageStatus.SENDING:  # else a status notice was quicker than the failed answer
        _put_back_or_give_up(claimed, message, error, now)
    _next(claimed.conversation)
    _note_on_channel(claimed, error, now)


def _put_back_or_give_up(claimed: Claimed, message: Message, error: ProviderError, now: datetime) -> None:
    message.error_code, message.error = error.code[:40], error.message[:400]
    own = claimed.channel.pk == claimed.conversation.channel_id
    other = own and error.kind in ("retry", "auth") and failover.replacement(message, claimed.conversation, now)
    if error.kind == "unknown":
        message.status = MessageStatus.UNKNOWN
    elif error.kind == "retry" and message.attempts < (FEWER_ATTEMPTS if other else MOST_ATTEMPTS):
        message.status = MessageStatus.QUEUED
        message.not_before = now + timedelta(seconds=retry_wait(message.attempts, error.retry_after))
    elif other:
        message.status, message.attempts, message.sent_via = MessageStatus.QUEUED, 0, other.channel
    else:
        message.status = MessageStatus.FAILED
    message.save(update_fields=["status", "error", "error_code", "not_before", "attempts", "sent_via"])
    _changed(message)


def _note_on_channel(claimed: Claimed, error: ProviderError, now: datetime) -> None:
    """What the failure says of the channel: its credential is dead, it goes too fast, or its provider is away."""
    wait = retry_wait(claimed.message.attempts, error.retry_after)
    channel_trouble.note(claimed.channel.pk, kind=error.kind, code=error.code, words=error.message, wait=wait, now=now)
    if not rules.counts(error.kind, error.code):
        _channel_answered(claimed)
        return
    rest = breaker.failed(claimed.channel.pk, now=now, probing=claimed.probing)
    if rest:
        wake(claimed.conversation.pk, rest)


def _channel_answered(claimed: Claimed) -> None:
    """The rest is over: what waited is woken at the pace of the channel, not all at once."""
    if not breaker.answered(claimed.channel):
        return
    waiting = Message.objects.filter(
        status=MessageStatus.QUEUED, direction="out", conversation__channel=claimed.channel
    )
    ids = waiting.order_by().values_list("conversation_id", flat=True).distinct()[:MOST_WOKEN]
    kind = provider_class(claimed.channel.provider, claimed.channel.channel_source)
    step = 1.0 / kind.speed(claimed.channel.config)
    for position, conversation_id in enumerate(ids):
        wake(conversation_id, position * step)


def _next(conversation: Conversation) -> None:
    following = Message.objects.filter(conversation=conversation, direction="out", status=MessageStatus.QUEUED)
    if following.exists():
        until = conversation.next_send_at
        wake(conversation.pk, max(0.0, (until - timezone.now()).total_seconds()) if until else 0.0)


def _changed(message: Message) -> None:
    if message.status == MessageStatus.FAILED:
        did_not_leave(message)
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
    # A resting channel is left alone, unless another one may carry what waits.
    rows = rows.exclude(channel__resting_until__gt=now, channel__fallback=None)
    return list(rows.order_by().values_list("conversation_id", flat=True).distinct()[:limit])
