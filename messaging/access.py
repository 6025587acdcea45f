"""One gate a noun: fetch what the member may see, or answer as if it did not exist."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from config.lib.errors import NotFound
from config.lib.ids import as_uuid, key_of
from crm.models import Lead
from messaging.models import Attachment, Channel, Conversation, Message
from tenants import circle
from tenants.domain import holding, roles
from tenants.models import Membership

TALKING = timedelta(hours=24)


def visible_conversations(member: Membership) -> QuerySet[Conversation]:
    """Chats assigned within the member's circle, of contacts whose lead is there, and those that nobody has.

    The same rule as tenants.domain.holding.chat; a lookup for each row by index, so that the first page stays quick.
    """
    rows = Conversation.objects.all()
    if member.sees == roles.ALL:
        return rows
    ours = circle.of(member)
    leads = Lead.objects.filter(contact=OuterRef("contact"))
    held = Q(assignee_id__in=ours) | Q(Exists(leads.filter(owner__user_id__in=ours)))
    free = Q(assignee__isnull=True) & (~Q(Exists(leads)) | Q(Exists(leads.filter(owner__isnull=True))))
    return rows.filter(held | free)


def conversation_for(member: Membership, pk: object, *, lock: bool = False, **columns: Any) -> Conversation:
    """`columns`: annotations that come with it, where a page has no statement to spare."""
    if lock:
        # Alone: after a wait PostgreSQL would join the new row with the assignee and contact of before it.
        Conversation.objects.select_for_update(no_key=True).filter(pk=key_of(pk)).values("pk").first()
    rows = visible_conversations(member).select_related("contact", "channel", "assignee")
    conversation = rows.filter(pk=key_of(pk)).annotate(**columns).first()
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
    attachment = rows.select_related("message").first()
    if attachment is None:
        raise NotFound(_("Ese archivo no existe."))
    return attachment


def channel_for(member: Membership, pk: object) -> Channel:
    channel = Channel.objects.filter(pk=key_of(pk)).first()
    if channel is None:
        raise NotFound(_("Ese canal no existe."))
    return channel


def chat_ties(member: Membership) -> tuple[QuerySet[Conversation], QuerySet[Conversation]]:
    """What ties a contact to whoever attends: the chats this member may see, and all of them (settings.CONTACT_TIES)."""
    return visible_conversations(member), Conversation.objects.all()


def talking_agents(now: datetime) -> QuerySet[Conversation]:
    """Chats of a lead's contact (OuterRef) in which an agent and the person spoke within a day (settings.LEAD_ATTENDED)."""
    return Conversation.objects.filter(
        contact=OuterRef("contact"),
        mode=Conversation.Mode.AI,
        status=Conversation.Status.OPEN,
        last_message_at__gte=now - TALKING,
    )


def chat_holders(ids: Collection[str]) -> dict[str, holding.Held]:
    """Who has each of these conversations, for live events (settings.LIVE_HOLDERS). One that is gone is missing."""
    keys = [key for each in ids if (key := as_uuid(each))]
    chats = list(Conversation.objects.filter(pk__in=keys).values_list("pk", "contact_id", "assignee_id"))
    owners: dict[object, list[tuple[object, object]]] = defaultdict(list)
    contacts = {contact for _pk, contact, _assignee in chats}
    rows = Lead.objects.filter(contact__in=contacts).values_list("contact_id", "owner_id", "owner__user_id")
    for contact, owner, user in rows:
        owners[contact].append((owner, user))
    return {
        str(pk): holding.chat(
            assignee,
            [user for _owner, user in owners[contact]],
            any_lead=bool(owners[contact]),
            free_lead=any(owner is None for owner, _user in owners[contact]),
        )
        for pk, contact, assignee in chats
    }
