"""What the chats tell in the story of a contact: each conversation by day, and who took it (settings.TIMELINE)."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields.array import IndexTransform  # type: ignore[attr-defined]  # missing in the stubs
from django.db.models import CharField, Count, F, Max, OuterRef, Value
from django.db.models.functions import Cast, Concat, JSONObject, Left, TruncDate
from django.utils.translation import ngettext

from crm.domain.timeline import About, Entry, Group, Row, Source, Who
from crm.services.timeline import COLUMNS
from crm.services.timeline_sources import act, audited
from messaging.access import visible_conversations
from messaging.models import Message
from tenants.models import Membership

ACTS = ("conversation.handed_off", "conversation.taken_over", "conversation.released", "conversation.closed")
PREVIEW = 160  # letters of the last message
BY = {"contact": Who.CONTACT, "agent": Who.AI, "user": Who.PERSON}


def entries(about: About) -> Iterable[Source]:
    """Only conversations that the reader may open."""
    chats = visible_conversations(about.member).filter(contact=about.contact_id).order_by().values("pk")
    days = (
        Message.objects.filter(conversation__in=chats)
        .annotate(day=TruncDate("created_at", tzinfo=ZoneInfo(about.zone)))
        .values("conversation", "day")
        .annotate(
            line_at=Max("created_at"),
            line_kind=Value("chat", output_field=CharField()),
            line_key=Concat(Cast("conversation", CharField()), Value("."), Cast("day", CharField())),
            line_actor_kind=Value("", output_field=CharField()),
            line_actor=Value("", output_field=CharField()),
            line_data=JSONObject(
                chat="conversation",
                count=Count("pk"),
                channel=Max("channel__name"),
                last=_latest(Left("text", PREVIEW)),
                author=_latest("author"),
                name=_latest("author_name"),
            ),
        )
        .values_list(*COLUMNS)
    )
    yield Source("chat", Group.CHATS, days, _day)
    acts = audited(about, "conversation", chats, ACTS, kind="chat-act")
    yield Source("chat-act", Group.CHATS, acts, _act)


def _latest(column: Any) -> IndexTransform:
    """Of the last message of the day."""
    return IndexTransform(1, CharField(), ArrayAgg(column, order_by="-sequence"))


def _day(row: Row) -> Entry:
    count = row.data["count"]
    words = ngettext("%(count)s mensaje por %(channel)s", "%(count)s mensajes por %(channel)s", count)
    return Entry(
        row.at,
        f"chat-{row.key}",
        Group.CHATS,
        icon="message-square",
        text=words % {"count": count, "channel": row.data["channel"]},
        who=BY.get(row.data["author"], Who.SYSTEM),
        name=row.data["name"],
        detail=row.data["last"],
        href=f"/bandeja/{row.data['chat']}/",
    )


def _act(row: Row) -> Entry:
    return act(row, Group.CHATS)


def channels(member: Membership) -> ArraySubquery:
    """The conversations of a contact whom the outer query names, for their page (settings.CONTACT_CHANNELS)."""
    chats = (
        visible_conversations(member)
        .filter(contact=OuterRef("pk"))
        .order_by(F("last_message_at").desc(nulls_last=True))
    )
    return ArraySubquery(
        chats.values(
            one=JSONObject(
                id="id",
                name="channel__name",
                source="channel_source",
                address="address",
                at="last_message_at",
                inbound="last_inbound_at",
                waits="waiting_since",
            )
        )[:20]
    )
