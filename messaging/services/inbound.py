"""What a provider's item does to the rows. Each function runs inside one tenant transaction and may be repeated."""

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import commit
from crm.models import Contact
from messaging.models import Attachment, Channel, Conversation, Message, MessageStatus
from messaging.providers import base
from messaging.services import appointment_messages, arrivals, identity, takeover, turns, wishes
from messaging.services.answers import answered
from messaging.services.conversations import add_message, cancel_queued, locked, open_conversation, preview_of
from messaging.services.media import forget
from messaging.services.statuses import apply, known_message
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.live.services import emit

UNSPOKEN = ("reaction", "system")  # kinds that open no window and ask for nobody


class NotYet(Exception):
    """The item speaks of a message that has not arrived; the event is tried again later."""


def accept_message(*, channel: Channel, item: base.InboundMessage) -> Message | None:
    """Store a customer's message once and arm the agent's turn. None when it was already stored."""
    if known_message(channel, item.message_id) is not None:
        return None
    contact = identity.locate(channel=channel, sender=item.sender)
    if known_message(channel, item.message_id) is not None:  # stored while we waited for the identity's lock
        return None
    asks = item.kind not in UNSPOKEN and not item.group_id and contact.blocked_at is None
    wish = wishes.wish_of(kind=item.kind, text=item.text, contact=contact) if asks else ""
    if wish:  # contacts are locked before conversations everywhere
        Contact.objects.select_for_update(no_key=True).filter(pk=contact.pk).first()
    elif asks:
        arrivals.arrive(channel=channel, contact=contact, item=item)
    answer = appointment_messages.hear(contact=contact, item=item) if asks and not wish else None
    conversation = open_conversation(channel=channel, contact=contact, sender=item.sender)
    now = timezone.now()
    message = add_message(
        conversation,
        direction=Message.Direction.IN,
        author=Message.Author.CONTACT,
        author_name=contact.name,
        kind=item.kind,
        text=item.text,
        payload=_payload(item),
        status=MessageStatus.RECEIVED,
        provider_message_id=item.message_id,
        reply_to=item.reply_to,
        provider_at=item.timestamp,
    )
    _attach(message, item.media)
    if wish:
        wishes.grant(conversation, contact, message, wish, at=min(item.timestamp, now))
    elif answer:
        conversation.last_inbound_at = max(filter(None, (conversation.last_inbound_at, min(item.timestamp, now))))
        appointment_messages.say(conversation, message, answer)
    elif asks:
        _answerable(conversation, contact, item, now)
    if contact.blocked_at is None:
        conversation.unread_count += 1
    conversation.save()
    return message


def _answerable(conversation: Conversation, contact: Contact, item: base.InboundMessage, now: datetime) -> None:
    """A real customer message: opens the window, cancels what is stale, arms the turn."""
    conversation.last_inbound_at = max(filter(None, (conversation.last_inbound_at, min(item.timestamp, now))))
    conversation.waiting_since = conversation.waiting_since or now
    if not item.starts_turn:
        return
    # "A person will answer you" stays true whatever the customer adds.
    cancel_queued(conversation, _("El contacto volvió a escribir."), author=Message.Author.AGENT, spare_farewell=True)
    takeover.release_if_over(conversation, now)
    conversation.reply_sequence = conversation.sequence
    if conversation.mode != Conversation.Mode.AI:
        return
    turns.arm(conversation, now)


def accept_echo(*, channel: Channel, item: base.Echo) -> Message | None:
    """A person answered from the phone or another tool: store it and keep the agent silent."""
    if known_message(channel, item.message_id) is not None:
        return None  # our own message coming back
    contact = identity.locate(channel=channel, sender=item.recipient)
    conversation = open_conversation(channel=channel, contact=contact, sender=item.recipient)
    if known_message(channel, item.message_id) is not None or _is_ours(conversation, item):
        return None
    message = add_message(
        conversation,
        direction=Message.Direction.OUT,
        author=Message.Author.USER,
        author_name=_("Desde el teléfono"),
        kind=item.kind,
        text=item.text,
        payload={**item.payload, "echo": True},
        status=MessageStatus.SENT,
        provider_message_id=item.message_id,
        reply_to=item.reply_to,
        provider_at=item.timestamp,
    )
    _attach(message, item.media)
    answered(conversation, at=min(item.timestamp, timezone.now()))
    conversation.save()
    if not item.group_id:
        takeover.take_over(
            conversation=conversation, by=Actor("user", "", _("Desde el teléfono")), cause=takeover.Cause.ECHO
        )
    return message


def _is_ours(conversation: Conversation, item: base.Echo) -> bool:
    """Whether the echo is a message of ours whose id we do not know yet; NotYet while it is being sent."""
    alike = Message.objects.filter(
        conversation=conversation, direction=Message.Direction.OUT, text=item.text, provider_message_id=None
    )
    if alike.filter(status=MessageStatus.SENDING).exists():
        raise NotYet(item.message_id)
    lost = alike.filter(status=MessageStatus.UNKNOWN).select_for_update(no_key=True).order_by("sequence").first()
    if lost is None:
        return False
    lost.provider_message_id = item.message_id
    lost.save(update_fields=["provider_message_id"])
    apply(lost, MessageStatus.SENT, at=item.timestamp)
    return True


def accept_edit(*, channel: Channel, item: base.Edit) -> None:
    """The original now says something else; what it said before stays in its history."""
    message = _original(channel, item.original_id)
    if item.message_id in message.payload.get("edits", []):
        return
    message.payload["edits"] = [*message.payload.get("edits", []), item.message_id]
    message.payload["edited"] = True
    message.text = item.text
    message.save(update_fields=["text", "payload"])
    _refresh(message)


def accept_revoke(*, channel: Channel, item: base.Revoke) -> None:
    """Deleted for everyone: the text and the files go, the fact stays."""
    message = _original(channel, item.original_id)
    if message.payload.get("revoked"):
        return
    message.text, message.payload = "", {"revoked": True}
    message.save(update_fields=["text", "payload"])
    forget(tenant=current_tenant(), attachments=list(message.attachments.all()))
    _refresh(message)


def _original(channel: Channel, provider_message_id: str) -> Message:
    """The message that changes, locked after its conversation as everywhere."""
    found = known_message(channel, provider_message_id)
    if found is None or locked(found.conversation_id) is None:
        raise NotYet(provider_message_id)
    return Message.objects.select_for_update(no_key=True).get(pk=found.pk)


def _refresh(message: Message) -> None:
    newest = Conversation.objects.filter(pk=message.conversation_id, sequence=message.sequence)
    newest.update(last_message_preview=preview_of(message))
    emit_message(message)


def emit_message(message: Message) -> None:
    emit("NEW_MESSAGE", object="message", id=message.pk, conversation=str(message.conversation_id), changed=True)


def _payload(item: base.InboundMessage) -> dict[str, object]:
    payload = dict(item.payload)
    if item.referral:
        payload["referral"] = item.referral
    if item.group_id:
        payload["group_id"] = item.group_id
    return payload


def _attach(message: Message, media: tuple[base.MediaRef, ...]) -> None:
    for ref in media:
        row = Attachment.objects.create(
            message=message,
            kind=message.kind,
            mime=ref.mime[:120],
            filename=ref.filename[:240],
            provider_media_id=ref.provider_media_id[:300],
            next_attempt_at=timezone.now(),
        )
        commit.queue("messaging.tasks.fetch_media", queue="sync", attachment_id=str(row.pk))
