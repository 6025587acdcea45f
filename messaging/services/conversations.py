"""The conversation's row: opened, numbered, assigned, closed. Writers hold its lock.

Locks are `no_key` throughout: the foreign keys of new messages are checked at COMMIT, when the live counter is already
held, and a plain FOR UPDATE on the row they point at makes the two wait for each other.
"""

from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import Invalid
from crm.models import Contact
from messaging.models import Channel, Conversation, Message, MessageStatus
from messaging.providers.base import Sender
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.models import Membership, User
from tenants.services.audit import record

PREVIEW = 160
# Begins `mode_reason` when somebody answered elsewhere: whoever is assigned did not take the chat. Their name follows.
ELSEWHERE = "echo:"


def locked(pk: UUID) -> Conversation | None:
    """The conversation with channel and contact, held until the transaction ends, all as they are now."""
    # Alone: after a wait PostgreSQL would join the new row with contact and channel as they were before it.
    Conversation.objects.select_for_update(no_key=True).filter(pk=pk).values("pk").first()
    return Conversation.objects.select_related("channel", "contact").filter(pk=pk).first()


def open_conversation(*, channel: Channel, contact: Contact, sender: Sender) -> Conversation:
    """The contact's conversation on this channel, locked, open, and answering to the address last used.

    Somebody united from two contacts may have several: the one of the sender's address goes on.
    """
    rows = Conversation.objects.select_for_update(of=("self",), no_key=True).filter(channel=channel, contact=contact)
    conversation = min(rows.order_by("-created_at"), key=partial(_distance, sender), default=None)
    if conversation is None:
        try:
            with transaction.atomic():
                conversation = Conversation.objects.create(
                    channel=channel, contact=contact, channel_source=channel.channel_source, provider=channel.provider
                )
        except IntegrityError:
            conversation = rows.get(merged_from=None)
    if sender.ids:
        conversation.address_kind, conversation.address = sender.ids[0]
    if conversation.address_kind == "chatwoot":  # how the company's other systems name this chat
        conversation.external_chatwoot_id = conversation.address
        conversation.external_account_id = str(channel.config.get("account_id", ""))
    conversation.status = Conversation.Status.OPEN
    return conversation


def chat_of(*, channel_id: UUID, contact_id: UUID, sender: Sender) -> Conversation | None:
    """The contact's conversation in which this sender writes; another browser of the same person may have its own."""
    rows = Conversation.objects.filter(channel_id=channel_id, contact_id=contact_id)
    return min(rows.order_by("-created_at"), key=partial(_distance, sender), default=None)


def _distance(sender: Sender, conversation: Conversation) -> int:
    """First the one that answers to the sender, then the contact's own, then what came by uniting."""
    if (conversation.address_kind, conversation.address) in sender.ids:
        return 0
    return 1 if conversation.merged_from is None else 2


def add_message(conversation: Conversation, **fields: Any) -> Message:
    """Append a message to the locked conversation; the caller saves the conversation."""
    conversation.sequence += 1
    message = Message(
        conversation=conversation, channel_id=conversation.channel_id, sequence=conversation.sequence, **fields
    )
    message.save(force_insert=True)
    conversation.last_message_preview = preview_of(message)
    conversation.last_message_author = message.author
    conversation.last_message_at = message.created_at
    emit("NEW_MESSAGE", object="message", id=message.pk, conversation=str(conversation.pk))
    emit("CONVERSATION_UPDATED", object="conversation", id=conversation.pk)
    return message


def preview_of(message: Message) -> str:
    """One line for the list of conversations."""
    return " ".join(message.text.split())[:PREVIEW]


def cancel_queued(conversation: Conversation, cause: str, *, author: str = "", spare_farewell: bool = False) -> int:
    """Withdraw bubbles that have not left. One that is just being sent is beyond recall."""
    rows = Message.objects.filter(conversation=conversation, status=MessageStatus.QUEUED)
    if author:
        rows = rows.filter(author=author)
    if spare_farewell:
        rows = rows.exclude(payload__has_key="farewell")
    ids = list(rows.values_list("id", flat=True))
    Message.objects.filter(id__in=ids).update(status=MessageStatus.CANCELLED, cause=cause[:200])
    for message_id in ids:
        emit("MESSAGE_STATUS", object="message", id=message_id, conversation=str(conversation.pk))
    return len(ids)


def mark_read(*, conversation: Conversation, by: Actor) -> None:
    if conversation.unread_count:
        Conversation.objects.filter(pk=conversation.pk).update(unread_count=0)
        commit.queue("messaging.tasks.tell_read", queue="outbound", conversation_id=str(conversation.pk))
        emit("CONVERSATION_UPDATED", object="conversation", id=conversation.pk)


def assign(*, conversation: Conversation, user: User | None, by: Actor) -> None:
    """Name who attends. Only active members of the company."""
    if user is not None and not Membership.objects.active().filter(user=user).exists():
        raise Invalid(_("Esa persona no es miembro activo de la empresa."), fields={"assignee": _("No es miembro.")})
    conversation.assignee = user
    if user is not None and conversation.mode_reason.startswith(ELSEWHERE):  # named by a person, they have it now
        conversation.mode_reason = ""
    conversation.save(update_fields=["assignee", "mode_reason"])
    record(action="conversation.assigned", resource=conversation, by=by, diff={"assignee": user.pk if user else None})
    emit("CONVERSATION_UPDATED", object="conversation", id=conversation.pk, moved=True)


def set_status(*, conversation: Conversation, status: str, by: Actor) -> None:
    """Open, snooze or close. Closing stops a turn that has not begun."""
    conversation.status = status
    if status == Conversation.Status.CLOSED:
        conversation.reply_due_at = conversation.reply_first_at = None
        conversation.waiting_since = None
    conversation.save(update_fields=["status", "reply_due_at", "reply_first_at", "waiting_since"])
    record(action=f"conversation.{status}", resource=conversation, by=by)
    emit("CONVERSATION_UPDATED", object="conversation", id=conversation.pk)


def note(conversation: Conversation, text: str, *, cause: str = "", **fields: Any) -> Message:
    """A grey line in the thread that never leaves for the customer."""
    return add_message(
        conversation,
        direction=Message.Direction.OUT,
        author=Message.Author.SYSTEM,
        kind="note",
        text=text,
        cause=cause[:200],
        status=MessageStatus.RECEIVED,
        **fields,
    )
