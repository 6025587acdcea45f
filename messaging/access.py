"""One gate a noun: fetch what the member may see, or answer as if it did not exist."""

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from config.lib.errors import NotFound
from config.lib.ids import key_of
from messaging.models import Attachment, Channel, Conversation, Message
from tenants.domain import roles
from tenants.models import Membership


def visible_conversations(member: Membership) -> QuerySet[Conversation]:
    """Setters and closers see chats assigned to them or to nobody, and those of contacts whose lead is theirs."""
    rows = Conversation.objects.all()
    if roles.sees_all(member.role):
        return rows
    mine = Q(assignee_id=member.user_id) | Q(contact__leads__owner__user_id=member.user_id)
    free = Q(assignee__isnull=True) & (Q(contact__leads__isnull=True) | Q(contact__leads__owner__isnull=True))
    return rows.filter(pk__in=Conversation.objects.filter(mine | free).values("pk"))


def conversation_for(member: Membership, pk: object, *, lock: bool = False) -> Conversation:
    if lock:
        # Alone: after a wait PostgreSQL would join the new row with the assignee and contact of before it.
        Conversation.objects.select_for_update(no_key=True).filter(pk=key_of(pk)).values("pk").first()
    rows = visible_conversations(member).select_related("contact", "channel", "assignee")
    conversation = rows.filter(pk=key_of(pk)).first()
    if conversation is None:
        raise NotFound(_("Esa conversación no existe o no está a su cargo."))
    return conversation


def message_for(member: Membership, pk: object) -> Message:
    rows = Message.objects.select_related("conversation").filter(
        pk=key_of(pk), conversation__in=visible_conversations(member)
    )
    message = rows.first()
    if message is None:
        raise NotFound(_("Ese mensaje no existe."))
    return message


def attachment_for(member: Membership, pk: object) -> Attachment:
    rows = Attachment.objects.filter(pk=key_of(pk), message__conversation__in=visible_conversations(member))
    attachment = rows.first()
    if attachment is None:
        raise NotFound(_("Ese archivo no existe."))
    return attachment


def channel_for(member: Membership, pk: object) -> Channel:
    channel = Channel.objects.filter(pk=key_of(pk)).first()
    if channel is None:
        raise NotFound(_("Ese canal no existe."))
    return channel
