"""The list of conversations: who waits for a person first, the longest wait on top; then the rest, newest first."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict

from config.lib import keyset
from crm.models import Contact
from messaging.access import visible_conversations
from messaging.forms.inbox import TABS, InboxFilter, Tab
from messaging.models import Conversation, Message, MessageStatus
from tenants.models import Membership
from tenants.requests import Request

MOST_WAITING = 50
ONLY_WAITING = 200
IN_COLUMN = 50
WAITING = Q(waiting_since__isnull=False) & ~Q(mode=Conversation.Mode.AI)


@dataclass(frozen=True)
class Link:
    """One of the tabs above the list."""

    label: str
    href: str
    current: bool
    count: None = None


@dataclass(frozen=True)
class Frame:
    """What is asked for, and the links that ask for something else."""

    form: InboxFilter
    chosen: dict[str, str]
    tabs: list[Link]
    query: str

    @property
    def ver(self) -> str:
        return self.chosen.get("ver", "")


@dataclass(frozen=True)
class ChatList:
    """`waiting` are owed an answer by a person; `page` carries the cursors; `cut` says that more are waiting."""

    frame: Frame
    waiting: list[Conversation]
    rest: list[Conversation]
    page: keyset.Page[Conversation] | None = None
    cut: bool = False

    @property
    def form(self) -> InboxFilter:
        return self.frame.form

    @property
    def tabs(self) -> list[Link]:
        return self.frame.tabs

    @property
    def query(self) -> str:
        return self.frame.query

    @property
    def empty(self) -> bool:
        return not self.waiting and not self.rest

    @property
    def filtered(self) -> bool:
        return bool(self.frame.chosen)


def whole(request: Request, member: Membership) -> ChatList:
    """The list as its own page, cursor by cursor. Two statements."""
    frame = _frame(request)
    rows = _narrowed(member, frame).select_related("contact", "assignee").annotate(**_marks())
    cursor = request.GET.get("cursor", "")
    if frame.ver == Tab.WAITING:
        waiting = list(_longest_first(rows)[: ONLY_WAITING + 1])
        return ChatList(frame, waiting[:ONLY_WAITING], [], cut=len(waiting) > ONLY_WAITING)
    page = keyset.page(rows.exclude(WAITING), by="last_message_at", cursor=cursor)
    waiting = [] if cursor else list(_longest_first(rows)[: MOST_WAITING + 1])
    return ChatList(frame, waiting[:MOST_WAITING], page.rows, page, cut=len(waiting) > MOST_WAITING)


def column(request: Request, member: Membership) -> ChatList:
    """The beginning of the list beside an open conversation. One statement."""
    frame = _frame(request)
    rows = _narrowed(member, frame)
    first = _longest_first(rows).values("pk")[:IN_COLUMN]
    then = rows.exclude(WAITING).filter(last_message_at__isnull=False).order_by("-last_message_at", "-id")
    wanted = first if frame.ver == Tab.WAITING else first.union(then.values("pk")[:IN_COLUMN], all=True)
    rows = Conversation.objects.filter(pk__in=wanted).select_related("contact", "assignee")
    found = list(rows.annotate(**_marks()))
    waiting = [row for row in found if row.waiting_since and row.mode != Conversation.Mode.AI]
    waiting.sort(key=lambda row: (row.waiting_since, row.pk))
    rest = [row for row in found if row not in waiting]
    rest.sort(key=lambda row: (row.last_message_at, row.pk), reverse=True)
    return ChatList(frame, waiting, rest)


def _marks() -> dict[str, Any]:
    """`lost`: whether the last message of the chat did not leave."""
    last = Message.objects.filter(conversation=OuterRef("pk"), sequence=OuterRef("sequence"))
    return {"lost": Exists(last.filter(status=MessageStatus.FAILED))}


def _longest_first(rows: QuerySet[Conversation]) -> QuerySet[Conversation]:
    return rows.filter(WAITING).order_by("waiting_since", "id")


def _narrowed(member: Membership, frame: Frame) -> QuerySet[Conversation]:
    rows = visible_conversations(member)
    ver, chosen = frame.ver, frame.chosen
    rows = rows.filter(status="closed") if ver == Tab.CLOSED else rows.exclude(status="closed")
    if ver == Tab.MINE:
        rows = rows.filter(assignee=member.user_id)
    elif ver == Tab.FREE:
        rows = rows.filter(assignee=None).exclude(mode=Conversation.Mode.AI)
    elif ver == Tab.AI:
        rows = rows.filter(mode=Conversation.Mode.AI)
    if "canal" in chosen:
        rows = rows.filter(channel_source=chosen["canal"])
    if "q" in chosen:
        rows = rows.filter(contact__in=Contact.objects.search(chosen["q"]).values("pk"))
    return rows


def _frame(request: Request) -> Frame:
    form = InboxFilter(request.GET)
    form.is_valid()  # an unknown filter value is simply not applied
    chosen = {name: value for name, value in form.cleaned_data.items() if value}
    query = QueryDict(mutable=True)
    query.update(chosen)
    tabs = [Link(str(label), _address(query, ver), chosen.get("ver", "") == ver) for ver, label in TABS]
    return Frame(form, chosen, tabs, query.urlencode())


def _address(query: QueryDict, ver: str) -> str:
    own = query.copy()
    own.pop("ver", None)
    if ver:
        own["ver"] = ver
    return f"/bandeja/?{own.urlencode()}" if own else "/bandeja/"
