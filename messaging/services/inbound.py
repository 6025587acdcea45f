"""What a provider's item does to the rows. Each function runs inside one tenant transaction and may be repeated."""

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from crm.models import Contact
from messaging.models import Channel, Conversation, Message, MessageStatus
from messaging.providers import base
from messaging.services import (
    appointment_messages,
    arrivals,
    identity,
    media,
    profiles,
    scheduled,
    suggestions,
    takeover,
    turns,
    wishes,
)
from messaging.services.conversations import add_message, cancel_queued, locked, open_conversation, preview_of
from messaging.services.statuses import known_message
from messaging.signals import message_revoked
from tenants.context import current_tenant
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
    if not contact.name:
        profiles.ask(channel=channel, sender=item.sender)
    if new := str(item.payload.get("number_change", {}).get("new") or ""):
        return _renumber(channel, contact, item, new)
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
    media.take_in(message, item.media)
    if asks:
        scheduled.customer_wrote(conversation)
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
    if asks:
        suggestions.hear(contact=contact, text=item.text)
    return message


def _renumber(channel: Channel, contact: Contact, item: base.InboundMessage, new: str) -> Message:
    """The person has another number from now on: contact, chat and history stay, replies go there, a grey line says so."""
    theirs = identity.renumber(channel=channel, contact=contact, new=new)
    conversation = open_conversation(channel=channel, contact=contact, sender=item.sender)
    if theirs:
        conversation.address_kind, conversation.address = "wa_id", new
        text = _("Cambió de número: ahora es +%(new)s. El chat sigue aquí.")
    else:
        text = _("Cambió de número: ahora es +%(new)s, que ya es de otro contacto. Tal vez sean la misma persona.")
    message = add_message(
        conversation,
        direction=Message.Direction.OUT,
        author=Message.Author.SYSTEM,
        kind="note",
        text=text % {"new": new},
        payload=item.payload,
        status=MessageStatus.RECEIVED,
        provider_message_id=item.message_id,
        provider_at=item.timestamp,
    )
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
    takeover.withdraw_relayed(conversation, _("El contacto volvió a escribir."), single=False)
    takeover.release_if_over(conversation, now)
    conversation.reply_sequence = conversation.sequence
    if conversation.mode != Conversation.Mode.AI:
        return
    turns.arm(conversation, now)


def accept_edit(*, channel: Channel, item: base.Edit) -> None:
    """The original now says something else; what it said before stays in its history."""
    message = original(channel, item.original_id)
    if item.message_id in message.payload.get("edits", []):
        return
    message.payload["edits"] = [*message.payload.get("edits", []), item.message_id]
    message.payload["edited"] = True
    message.text = item.text
    message.save(update_fields=["text", "payload"])
    _refresh(message)


def accept_revoke(*, channel: Channel, item: base.Revoke) -> None:
    """Deleted for everyone: the text and the files go, the fact stays."""
    message = original(channel, item.original_id)
    if message.payload.get("revoked"):
        return
    message.text, message.payload = "", {"revoked": True}
    message.save(update_fields=["text", "payload"])
    media.forget(tenant=current_tenant(), attachments=list(message.attachments.all()))
    message_revoked.send(sender=Message, message=message)
    _refresh(message)


def original(channel: Channel, provider_message_id: str) -> Message:
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
