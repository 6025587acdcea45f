"""What did not leave: found, explained and sent again, one by one or all that failed over a channel for one reason."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from messaging.access import visible_conversations
from messaging.models import Message, MessageStatus
from messaging.services.outbound import retry_message
from tenants.domain.actor import Actor
from tenants.models import Membership

SHOWN = timedelta(days=30)
AT_ONCE = 100  # of a group, for one press of the button
MOST_GROUPS = 5
MOST_COUNTED = 1000
STATES = (MessageStatus.FAILED, MessageStatus.UNKNOWN)


@dataclass(frozen=True)
class Group:
    """Messages that failed over one channel for one reason."""

    channel_id: UUID
    channel: str
    code: str
    why: str
    many: int


def left_behind(*, channel: UUID | None = None, status: str = "") -> QuerySet[Message]:
    """Messages of the last 30 days that failed or that nobody confirmed. Whoever shows them asks what may be seen."""
    rows = Message.objects.filter(
        status__in=[status] if status in STATES else STATES,
        direction=Message.Direction.OUT,
        created_at__gte=timezone.now() - SHOWN,
    )
    return rows.filter(channel=channel) if channel else rows


def listed(member: Membership, *, channel: UUID | None = None, status: str = "") -> QuerySet[Message]:
    """With `seen`: whether the member may see whose message it is."""
    seen = visible_conversations(member).filter(pk=OuterRef("conversation"))
    rows = left_behind(channel=channel, status=status).annotate(seen=Exists(seen))
    return rows.select_related("conversation__contact", "channel", "sent_via")


def visible(member: Membership, *, status: str = "") -> QuerySet[Message]:
    return left_behind(status=status).filter(conversation__in=visible_conversations(member))


def groups(member: Membership, *, channel: UUID | None = None) -> list[Group]:
    """The most frequent reasons of what failed lately, where one press spares several; of what the member may send again."""
    rows = left_behind(channel=channel, status=MessageStatus.FAILED).order_by("-created_at", "-id")
    rows = rows.filter(conversation__in=visible_conversations(member))
    found = list(rows.values_list("channel_id", "channel__name", "error_code", "error")[:MOST_COUNTED])
    many = Counter((pk, name, code) for pk, name, code, _why in found)
    why = {(pk, name, code): words for pk, name, code, words in reversed(found)}  # the latest words
    common = sorted(many, key=lambda each: (-many[each], each[1], each[2]))
    return [Group(*each, why[each], many[each]) for each in common[:MOST_GROUPS] if many[each] > 1]


def counts() -> dict[UUID, int]:
    """How many did not leave over each channel that has any, among the latest thousand."""
    rows = left_behind().order_by("-created_at", "-id")
    return dict(Counter(rows.values_list("channel_id", flat=True)[:MOST_COUNTED]))


def replay_group(*, member: Membership, channel: UUID, code: str, by: Actor) -> tuple[int, int]:
    """Queue again what failed over the channel with that code and the member may see: (queued, still left)."""
    rows = visible(member, status=MessageStatus.FAILED).filter(channel=channel, error_code=code)
    # Chat by chat: two people who press at once take the same locks in the same order.
    chosen = sorted(rows.order_by("pk")[:AT_ONCE], key=lambda each: (each.conversation_id, each.pk))
    for message in chosen:
        retry_message(message=message, by=by)
    return len(chosen), rows.count()
