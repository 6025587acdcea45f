"""What a visitor of a web chat may see of their own conversation, and what their widget tells us about it."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from config.lib.ids import as_uuid
from messaging.models import ChannelIdentity, Message, MessageStatus, Provider
from messaging.providers.base import Sender
from messaging.services.conversations import chat_of
from messaging.services.statuses import apply

PAGE = 100
# Bubbles still waiting for their moment are not said yet; withdrawn and failed ones never were.
SAID = (MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ)
SHOWN_AUTHORS = (Message.Author.AGENT, Message.Author.USER)
KIND = "visitor"


def history(*, channel_id: UUID | str, visitor_id: str, after: str = "", limit: int = PAGE) -> list[dict[str, Any]]:
    """The visitor's own messages in order, in and out; `after` is the `id` of the last one already shown.

    Without `after` the newest `limit`. Call inside the company.
    """
    rows = _visible(channel_id, visitor_id)
    seen = rows.filter(pk=as_uuid(after)).first() if as_uuid(after) else None
    if seen is not None:
        # A bubble may be said after a later message came in, so its moment counts besides its number.
        said_since = Q(sequence__gt=seen.sequence) | Q(direction=Message.Direction.OUT, sent_at__gt=_moment(seen))
        return [as_payload(row) for row in rows.filter(said_since).order_by("sequence")[:limit]]
    return [as_payload(row) for row in reversed(rows.order_by("-sequence")[:limit])]


def _visible(channel_id: UUID | str, visitor_id: str) -> Any:
    identity = ChannelIdentity.objects.filter(
        channel_id=channel_id, channel__provider=Provider.WEB, kind=KIND, external_id=visitor_id
    ).first()
    if identity is None:
        return Message.objects.none()
    chat = chat_of(
        channel_id=identity.channel_id, contact_id=identity.contact_id, sender=Sender(ids=((KIND, visitor_id),))
    )
    said = Q(direction=Message.Direction.IN) | Q(
        direction=Message.Direction.OUT, author__in=SHOWN_AUTHORS, status__in=SAID
    )
    return Message.objects.filter(said, conversation=chat) if chat is not None else Message.objects.none()


def _moment(message: Message) -> Any:
    return message.sent_at or message.created_at


def as_payload(message: Message) -> dict[str, Any]:
    """`message_id` is the one the widget gave its own message, so that it finds it again."""
    # In older rows the provider's id is the widget's.
    own_id = message.payload.get("widget_id") or message.provider_message_id
    return {
        "id": str(message.pk),
        "message_id": own_id if message.direction == Message.Direction.IN else None,
        "direction": message.direction,
        "author": message.author,
        "author_name": message.author_name if message.direction == Message.Direction.OUT else "",
        "kind": message.kind,
        "text": message.text,
        "status": message.status,
        "sequence": message.sequence,
        "created_at": message.created_at.isoformat(),
    }


def mark_delivered(*, channel_id: UUID | str, visitor_id: str, ids: Iterable[str]) -> None:
    """The widget got these messages of ours. Call inside the company."""
    _advance(_visible(channel_id, visitor_id).filter(pk__in=list(ids)), MessageStatus.DELIVERED)


def mark_seen(*, channel_id: UUID | str, visitor_id: str, upto: str) -> None:
    """The visitor has seen everything of ours up to the message `upto`. Call inside the company."""
    rows = _visible(channel_id, visitor_id)
    last = rows.filter(pk=as_uuid(upto)).first() if as_uuid(upto) else None
    if last is not None:
        _advance(rows.filter(sequence__lte=last.sequence), MessageStatus.READ)


def _advance(rows: Any, status: MessageStatus) -> None:
    unread = rows.filter(direction=Message.Direction.OUT).exclude(status__in=[status, MessageStatus.READ])
    for message in Message.objects.select_for_update(no_key=True).filter(
        pk__in=list(unread.values_list("pk", flat=True))
    ):
        apply(message, status, at=timezone.now())
