"""What became of what we sent: joined by the provider's id or by our own reference, in any order, never backwards."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from config.lib.ids import as_uuid
from messaging.domain.charges import charge_of, kept
from messaging.domain.statuses import follows
from messaging.domain.timing import MOST_ATTEMPTS, retry_wait
from messaging.models import Channel, ChannelIdentity, Conversation, Message, MessageStatus, PendingStatus, Provider
from messaging.providers.base import ReadUpTo, StatusUpdate
from messaging.services import channel_trouble
from messaging.services.answers import did_not_leave
from messaging.services.conversations import locked
from messaging.services.outbound import forget_try, wake
from messaging.signals import message_charged
from tenants.live.services import emit

KEEP_PENDING = timedelta(days=3)
FRESH = timedelta(hours=1)  # what failed longer ago is not said out of the blue
LEFT = (
    MessageStatus.SENDING,
    MessageStatus.UNKNOWN,
    MessageStatus.SENT,
    MessageStatus.DELIVERED,
    MessageStatus.READ,
)
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
    """Apply a delivery notice, or keep it until the message's id is known.

    A passing trouble that comes late puts the message back into the queue, as it does when the send call is refused.
    """
    if item.status == MessageStatus.FAILED:
        _hold_chat(channel, item.message_id, item.client_ref)
    message = known_message(channel, item.message_id, lock=True) or _by_reference(channel, item.client_ref, lock=True)
    if message is None:
        _keep(channel, item)
        return
    if item.message_id in message.payload.get("earlier_ids", []):
        return
    if message.direction != Message.Direction.OUT or _of_another_try(message, item):
        return
    if message.provider_message_id is None:
        message.provider_message_id = item.message_id
        message.save(update_fields=["provider_message_id"])
    _charged(message, item.status, item.payload, item.at)  # also when it comes late: a fee is a fee
    if not follows(message.status, item.status):
        return
    now = timezone.now()
    if item.error_kind == "retry" and _may_go_again(channel, message, now):
        _put_back(message, item, now)
    else:
        apply(message, item.status, at=item.at, code=item.error_code, error=item.error_text)
    if item.status == MessageStatus.FAILED:
        _note_on_channel(channel, message, item, now)


def _of_another_try(message: Message, item: StatusUpdate) -> bool:
    """All tries share our reference: what is said of one that is over says nothing of the present one."""
    if message.provider_message_id is not None:
        return message.provider_message_id != item.message_id
    waits = message.status == MessageStatus.QUEUED and message.attempts > 0
    if not (waits and item.status == MessageStatus.FAILED and item.error_kind == "retry"):
        return False
    forget_try(message, item.message_id)  # the refusal of the call has put it back already
    message.save(update_fields=["payload", "provider_message_id"])
    return True


def _hold_chat(channel: Channel, message_id: str, client_ref: str | None = None) -> None:
    """Before the message, as everywhere: no later bubble may leave while it is decided whether this one goes again.

    Also because whoever it was to answer waits again.
    """
    found = known_message(channel, message_id) or _by_reference(channel, client_ref)
    if found is not None:
        locked(found.conversation_id)


def _may_go_again(channel: Channel, message: Message, now: datetime) -> bool:
    """Whether the message that was not delivered still belongs where it stands; else it has failed and a person decides.

    Not while its call is open, for the answer would be taken for the next try's. Nor over Chatwoot, whose own thread keeps
    the first try and tells it again. Nor when a later bubble has left, or the customer asks something else by now.
    """
    if channel.provider == Provider.CHATWOOT or message.status not in (MessageStatus.SENT, MessageStatus.UNKNOWN):
        return False
    tried = message.sending_since
    if tried is None or now - tried > FRESH or not 0 < message.attempts < MOST_ATTEMPTS:
        return False  # without a try it was written on the phone
    chat = message.conversation
    if message.author == Message.Author.AGENT and chat.reply_sequence > message.sequence:
        return False
    later = Message.objects.filter(conversation=chat, sequence__gt=message.sequence, direction=Message.Direction.OUT)
    return not later.filter(status__in=LEFT).exists()


def _put_back(message: Message, item: StatusUpdate, now: datetime) -> None:
    wait = retry_wait(message.attempts)
    forget_try(message, message.provider_message_id, item.message_id)
    message.status, message.not_before = MessageStatus.QUEUED, now + timedelta(seconds=wait)
    message.error_code, message.error = item.error_code[:40], item.error_text[:400]
    message.save(update_fields=["status", "not_before", "error_code", "error", "payload", "provider_message_id"])
    _changed(message)
    wake(message.conversation_id, wait)


def _note_on_channel(channel: Channel, message: Message, item: StatusUpdate, now: datetime) -> None:
    """What the failure says of the channel, unless somebody has looked at it since."""
    if channel.checked_at is None or item.at >= channel.checked_at:
        kind, code, words = item.error_kind, item.error_code, item.error_text
        wait = retry_wait(message.attempts)
        channel_trouble.note(channel.pk, kind=kind, code=code, words=words, wait=wait, now=now, late=True)


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
    _changed(message)
    if status == MessageStatus.FAILED:
        did_not_leave(message)


def _changed(message: Message) -> None:
    chat = str(message.conversation_id)
    emit("MESSAGE_STATUS", object="message", id=message.pk, conversation=chat, status=str(message.status))


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
        _charged(message, notice.status, notice.pricing, notice.at)
        apply(message, notice.status, at=notice.at, code=notice.error_code, error=notice.error)
    waiting.delete()


def join_late() -> int:
    """Notices that were being kept in the very moment in which their message got its id. The sweep calls it."""
    named = Message.objects.filter(provider_message_id=OuterRef("provider_message_id"))
    own = named.filter(channel_id=OuterRef("channel_id"))
    carried = named.filter(channel__in=Channel.objects.values("pk"), sent_via_id=OuterRef("channel_id"))
    count = 0
    for notice in PendingStatus.objects.filter(Exists(own) | Exists(carried)).select_related("channel")[:200]:
        if notice.status == MessageStatus.FAILED:
            _hold_chat(notice.channel, notice.provider_message_id)
        message = known_message(notice.channel, notice.provider_message_id, lock=True)
        if message is not None:
            join_pending(message)
            count += 1
    return count


def _charged(message: Message, status: str, told: dict[str, Any], at: datetime) -> None:
    charge = charge_of(status, told)
    if charge is not None:
        message_charged.send(sender=Message, message=message, charge=charge, at=min(at, timezone.now()))


def forget_old_pending() -> int:
    return PendingStatus.objects.filter(created_at__lt=timezone.now() - KEEP_PENDING).delete()[0]


def _by_reference(channel: Channel, client_ref: str | None, *, lock: bool = False) -> Message | None:
    reference: UUID | None = as_uuid(client_ref) if client_ref else None
    if reference is None:
        return None
    carried = Q(channel=channel, sent_via=None) | Q(sent_via=channel)
    rows = Message.objects.select_for_update(no_key=True) if lock else Message.objects.all()
    return rows.filter(carried, pk=reference).first()


def _keep(channel: Channel, item: StatusUpdate) -> None:
    row = PendingStatus(
        channel=channel,
        provider_message_id=item.message_id[:200],
        status=item.status[:10],
        at=item.at,
        client_ref=(item.client_ref or "")[:64],
        error_code=item.error_code[:40],
        error=item.error_text[:400],
        pricing=kept(item.payload),
    )
    PendingStatus.objects.bulk_create([row], ignore_conflicts=True)
