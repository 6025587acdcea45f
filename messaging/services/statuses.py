"""What became of what we sent: joined by the provider's id or by our own reference, in any order, never backwards."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from config.lib.ids import as_uuid
from messaging.domain.statuses import follows
from messaging.models import Channel, ChannelIdentity, Conversation, Message, MessageStatus, PendingStatus
from messaging.providers.base import ReadUpTo, StatusUpdate
from tenants.live.services import emit

KEEP_PENDING = timedelta(days=3)
_AT = {"sent": "sent_at", "delivered": "delivered_at", "read": "read_at"}


def known_message(channel: Channel, provider_message_id: str, *, lock: bool = False) -> Message | None:
    """By the id it has at the provider: the channel's own, else one it carried as the replacement of another."""
    rows = Message.objects.filter(provider_message_id=provider_message_id)
    if lock:
        rows = rows.select_for_update(no_key=True)
    own = rows.filter(channel=channel).first()
    if own is not None:
        return own
    replaced = Channel.objects.filter(channel_source=channel.channel_source).exclude(pk=channel.pk)
    return rows.filter(channel__in=replaced.values("pk"), sent_via=channel).first()


def accept_status(*, channel: Channel, item: StatusUpdate) -> None:
    """Apply a delivery notice, or keep it until the message's id is known."""
    message = known_message(channel, item.message_id, lock=True) or _by_reference(channel, item)
    if message is None:
        _keep(channel, item)
        return
    if item.message_id in message.payload.get("earlier_ids", []):
        return
    if message.direction != Message.Direction.OUT:
        return
    if message.provider_message_id is None:
        message.provider_message_id = item.message_id
        message.save(update_fields=["provider_message_id"])
    apply(message, item.status, at=item.at, code=item.error_code, error=item.error_text)


def apply(message: Message, status: str, *, at: object, code: str = "", error: str = "") -> None:
    """Move the locked message forward; a step backwards or a repetition changes nothing."""
    if not follows(message.status, status):
        return
    message.status = status
    fields = ["status"]
    if status in _AT:
        setattr(message, _AT[status], at)
        fields.append(_AT[status])
    if status == MessageStatus.FAILED:
        message.error_code, message.error = code[:40], error[:400]
        fields += ["error_code", "error"]
    message.save(update_fields=fields)
    emit("MESSAGE_STATUS", object="message", id=message.pk, conversation=str(message.conversation_id), status=status)


def accept_read_up_to(*, channel: Channel, item: ReadUpTo) -> int:
    """Messenger names no messages but a moment: everything that had been sent by then was delivered, or read.

    What nobody confirmed stays so: the moment says nothing of a message that may never have arrived.
    """
    before = [MessageStatus.SENT, MessageStatus.DELIVERED] if item.status == "read" else [MessageStatus.SENT]
    known = Q(pk=None)
    for kind, external_id in item.sender.ids:
        known |= Q(kind=kind, external_id=external_id)
    people = ChannelIdentity.objects.filter(known, channel=channel).values("contact")
    chats = Conversation.objects.filter(channel=channel, contact__in=people)
    rows = Message.objects.select_for_update(no_key=True).filter(
        conversation__in=chats.values("pk"), direction="out", status__in=before, sending_since__lte=item.at
    )
    reached = list(rows.order_by("pk").values_list("pk", "conversation_id"))
    new: dict[str, Any] = {"status": item.status, "delivered_at": Coalesce("delivered_at", Value(item.at))}
    if item.status == "read":
        new["read_at"] = item.at
    Message.objects.filter(pk__in=[pk for pk, _conversation in reached]).update(**new)
    for pk, conversation in reached:
        emit("MESSAGE_STATUS", object="message", id=pk, conversation=str(conversation), status=item.status)
    return len(reached)


def join_pending(message: Message) -> None:
    """After the send call named the provider's id: apply the notices that came before it."""
    if not message.provider_message_id:
        return
    waiting = PendingStatus.objects.filter(
        channel_id=message.sent_via_id or message.channel_id, provider_message_id=message.provider_message_id
    ).order_by("at")
    for notice in waiting:
        apply(message, notice.status, at=notice.at, code=notice.error_code, error=notice.error)
    waiting.delete()


def join_late() -> int:
    """Notices that were being kept in the very moment in which their message got its id. The sweep calls it."""
    named = Message.objects.filter(provider_message_id=OuterRef("provider_message_id"))
    own = named.filter(channel_id=OuterRef("channel_id"))
    carried = named.filter(channel__in=Channel.objects.values("pk"), sent_via_id=OuterRef("channel_id"))
    count = 0
    for notice in PendingStatus.objects.filter(Exists(own) | Exists(carried)).select_related("channel")[:200]:
        message = known_message(notice.channel, notice.provider_message_id, lock=True)
        if message is not None:
            join_pending(message)
            count += 1
    return count


def forget_old_pending() -> int:
    return PendingStatus.objects.filter(created_at__lt=timezone.now() - KEEP_PENDING).delete()[0]


def _by_reference(channel: Channel, item: StatusUpdate) -> Message | None:
    reference: UUID | None = as_uuid(item.client_ref) if item.client_ref else None
    if reference is None:
        return None
    carried = Q(channel=channel, sent_via=None) | Q(sent_via=channel)
    return Message.objects.select_for_update(no_key=True).filter(carried, pk=reference).first()


def _keep(channel: Channel, item: StatusUpdate) -> None:
    row = PendingStatus(
        channel=channel,
        provider_message_id=item.message_id[:200],
        status=item.status[:10],
        at=item.at,
        client_ref=(item.client_ref or "")[:64],
        error_code=item.error_code[:40],
        error=item.error_text[:400],
    )
    PendingStatus.objects.bulk_create([row], ignore_conflicts=True)
