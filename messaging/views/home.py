"""Mi día: one ordered list of what waits for the person who looks, each row with the act that clears it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.lib.fragments import is_fragment
from crm.models import Lead
from messaging.models import Conversation, Message
from tenants.access import page
from tenants.models import Membership
from tenants.requests import Request

MOST_OF_A_KIND = 50
FAILED_SHOWN_FOR = timedelta(days=7)
NAMES = ("name", "phone", "email")  # what a contact is called by


@dataclass(frozen=True)
class Waiting:
    """One row: who waits, why, since when, and where to act."""

    who: str
    why: str
    since: datetime
    href: str
    action: str
    icon: str
    mark: str = ""


@page("inbox.read")
@require_safe
def mi_dia(request: Request) -> HttpResponse:
    rows = [*_chats(request.member), *_failed(request.member), *_leads(request.member)]
    context = {"rows": rows}
    return render(request, "messaging/_home.html" if is_fragment(request) else "messaging/home.html", context)


def _mine(member: Membership, prefix: str = "") -> Q:
    """What is assigned to the person, or to nobody yet."""
    return Q(**{f"{prefix}assignee": member.user_id}) | Q(**{f"{prefix}assignee": None})


def _chats(member: Membership) -> Iterable[Waiting]:
    """Customers whom the AI does not answer, the longest wait first."""
    chats = (
        Conversation.objects.filter(_mine(member), status=Conversation.Status.OPEN, waiting_since__isnull=False)
        .exclude(mode=Conversation.Mode.AI)
        .select_related("contact")
        .only("waiting_since", "last_message_preview", *(f"contact__{name}" for name in NAMES))
        .order_by("waiting_since")[:MOST_OF_A_KIND]
    )
    for chat in chats:
        yield Waiting(
            who=str(chat.contact),
            why=chat.last_message_preview,
            since=chat.waiting_since,  # type: ignore[arg-type]  # filtered above
            href=f"/bandeja/{chat.pk}/",
            action=_("Responder"),
            icon="message-square",
            mark=_("Espera respuesta"),
        )


def _failed(member: Membership) -> Iterable[Waiting]:
    messages = (
        Message.objects.filter(
            _mine(member, "conversation__"),
            status__in=["failed", "unknown"],
            created_at__gte=timezone.now() - FAILED_SHOWN_FOR,
        )
        .select_related("conversation__contact")
        .only("status", "error", "text", "created_at", *(f"conversation__contact__{name}" for name in NAMES))
        .order_by("-created_at")[:MOST_OF_A_KIND]
    )
    for message in messages:
        failed = message.status == "failed"
        yield Waiting(
            who=str(message.conversation.contact),
            why=message.error or message.text[:160],
            since=message.created_at,
            href=f"/bandeja/{message.conversation_id}/#m-{message.pk}",
            action=_("Revisar"),
            icon="circle-alert",
            mark=_("No se envió") if failed else _("Sin confirmar"),
        )


def _leads(member: Membership) -> Iterable[Waiting]:
    leads = (
        Lead.objects.visible_to(member)
        .open()
        .filter(owner=None)
        .select_related("contact", "stage")
        .order_by("created_at")[:MOST_OF_A_KIND]
    )
    for lead in leads:
        yield Waiting(
            who=str(lead.contact),
            why=" · ".join(filter(None, [lead.stage.name, lead.source, lead.needs[:120]])),
            since=lead.created_at,
            href=f"/leads/{lead.pk}/",
            action=_("Asignar"),
            icon="filter",
            mark=_("Lead sin vendedor"),
        )
