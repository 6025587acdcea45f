"""Mi día: one ordered list of what waits for the person who looks, each row with the act that clears it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject, Left
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.lib.fragments import is_fragment
from config.lib.ids import as_uuid
from crm.domain import due
from crm.services import day
from crm.services.steps import QUICK
from messaging.access import visible_conversations
from messaging.forms.inbox import Tab
from messaging.models import Conversation, Message
from messaging.views import home_rows
from messaging.views.home_rows import SECTIONS, Row, Section
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.domain import roles
from tenants.models import Membership, Onboarding
from tenants.requests import Request

FAILED_SHOWN_FOR = timedelta(days=7)
# A screen that nobody could work through is no list: what is less urgent waits behind "see all" until there is room.
ROWS, AT_LEAST = 100, 5
NAMES = ("name", "phone", "email")  # what a contact is called by
TEAM = "todos"  # in the address: everybody's day in place of one's own


@audit_access("day.viewed")
@page("inbox.read")
@require_safe
def mi_dia(request: Request) -> HttpResponse:
    """`?de=todos` shows everybody's; `?paso=<lead>` opens the question of what comes next for that lead."""
    asked = day.Asked.of(request.member, team=request.GET.get("de") == TEAM)
    around = due.days(asked.now, ZoneInfo(request.tenant.timezone))
    meetings, setting_up = _begins(request, asked, around.tomorrow)
    rows, cut = _rows(asked, request, around, meetings)
    sections = _sections(home_rows.gathered(rows), cut, team=asked.team)
    context = {
        "rows": [row for section in sections for row in section.rows],
        "sections": sections,
        "switch": _switch(request, asked),
        "address": f"/mi-dia/?de={TEAM}" if asked.team else "/mi-dia/",
        "quick": QUICK,
        "first_steps": setting_up and request.member.may("settings.write") and not is_fragment(request),
    }
    return render(request, "messaging/_home.html" if is_fragment(request) else "messaging/home.html", context)


def _rows(
    asked: day.Asked, request: Request, around: due.Days, meetings: list[day.Meeting]
) -> tuple[list[Row], set[str]]:
    """In the order of their urgency, and which kinds have more than are shown. Three statements."""
    by_kind: dict[str, list[Row]] = {kind: [] for kind in SECTIONS}
    chats = _chats(asked)
    found: list[Iterable[Row]] = [home_rows.chat_rows(chats, asked), home_rows.lost_rows(chats, asked)]
    if request.member.may("agenda.read"):
        found.append(home_rows.appointment_rows(meetings, asked))
    if request.member.may("tasks.read"):
        found.append(home_rows.task_rows(day.due_tasks(asked, around.tomorrow), asked))
    if request.member.may("leads.read"):
        opened = as_uuid(request.GET.get("paso", ""))
        found.append(home_rows.lead_rows(day.leads(asked), asked, opened))
    for rows in found:
        for row in rows:
            by_kind[row.kind].append(row)
    for kind in ("waiting", "hot", "lacking", "cold", "unowned"):
        by_kind[kind].sort(key=lambda row: row.since)
    by_kind["lost"].sort(key=lambda row: row.since, reverse=True)
    cut = {kind for kind, rows in by_kind.items() if len(rows) > day.MOST}
    return [row for rows in by_kind.values() for row in rows[: day.MOST]], cut


def _sections(rows: list[Row], cut: set[str], *, team: bool) -> list[Section]:
    owner, whose = ("", "&whose=all") if team else ("&owner=me", "")
    hrefs = {
        "meeting": "/agenda/?ver=equipo" if team else "/agenda/?ver=dia",
        "waiting": f"/bandeja/?ver={Tab.WAITING}",
        "approval": "/aprobaciones/",
        "late": f"/tareas/?when=late{whose}",
        "today": f"/tareas/?when=today{whose}",
        "lacking": f"/leads/?step=none{owner}",
        "cold": f"/leads/?cold=1{owner}",
        "unowned": "/leads/?owner=none&status=open",
    }
    sections, room = [], ROWS
    for kind, title in SECTIONS.items():
        own = [row for row in rows if row.kind == kind]
        if own:
            count = f"{day.MOST}+" if kind in cut else str(len(own))
            shown = own[: max(room, AT_LEAST)]
            sections.append(Section(kind, str(title), shown, count, hrefs.get(kind, "")))
            room -= len(shown)
    return sections


def _switch(request: Request, asked: day.Asked) -> list[dict[str, object]]:
    """One's own day or everybody's, for whoever sees more than their own."""
    if request.member.sees == roles.OWN:
        return []
    return [
        {"label": _("Lo mío"), "href": "/mi-dia/", "current": not asked.team, "count": None},
        {"label": _("Todo el equipo"), "href": f"/mi-dia/?de={TEAM}", "current": asked.team, "count": None},
    ]


def _begins(request: Request, asked: day.Asked, tomorrow: datetime) -> tuple[list[day.Meeting], bool]:
    """Today's appointments, and whether the company is still being set up. One statement.

    The page stands at its limit of statements, so both hang on the row of the member.
    """
    setting_up = Onboarding.objects.filter(tenant_id=request.tenant.pk, finished_at=None)
    row = Membership.objects.filter(pk=request.member.pk).values_list(
        ArraySubquery(day.appointments(asked, tomorrow)), Exists(setting_up)
    )
    meetings, first_steps = row.get()
    return [day.Meeting.of(each) for each in meetings], first_steps


def _held(asked: day.Asked) -> QuerySet[Conversation]:
    """Of what the person may see: what is assigned to them, or to nobody yet; or all of it."""
    rows = visible_conversations(asked.member)
    return rows if asked.team else rows.filter(Q(assignee=asked.member.user_id) | Q(assignee=None))


def _chats(asked: day.Asked) -> list[Conversation]:
    """Chats in which a customer waits whom the AI does not answer, or in which something did not go out. One statement.

    `lost` is the last message that failed, as JSON, or None.
    """
    held = _held(asked)
    waiting = held.filter(status=Conversation.Status.OPEN, waiting_since__isnull=False).exclude(
        mode=Conversation.Mode.AI
    )
    dead = Message.objects.filter(status__in=["failed", "unknown"], created_at__gte=asked.now - FAILED_SHOWN_FOR)
    lost = dead.filter(conversation__in=held).order_by("-created_at").values("conversation")[: day.MOST + 1]
    first = waiting.order_by("waiting_since", "id").values("pk")[: day.MOST + 1]
    last = dead.filter(conversation=OuterRef("pk")).order_by("-created_at")
    facts = JSONObject(id="id", status="status", error="error", text=Left("text", 160), at="created_at")
    rows = Conversation.objects.filter(pk__in=first.union(lost, all=True)).select_related("contact", "assignee")
    return list(
        rows.only(
            *("waiting_since", "last_message_preview", "mode", "status", "contact_id", "assignee_id"),
            *("assignee__name", "assignee__email"),
            *(f"contact__{name}" for name in NAMES),
        ).annotate(lost=Subquery(last.values(one=facts)[:1]))
    )
