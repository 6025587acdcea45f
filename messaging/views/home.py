"""Mi día: one ordered list of what waits for the person who looks, each row with the act that clears it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.lib.fragments import is_fragment
from crm.models import Lead
from messaging.access import visible_conversations
from messaging.models import Conversation, Message
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.models import Membership, Onboarding
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


@audit_access("day.viewed")
@page("inbox.read")
@require_safe
def mi_dia(request: Request) -> HttpResponse:
    rows = [*_chats(request.member), *_failed(request.member), *_leads(request.member)]
    context = {"rows": rows, "first_steps": _first_steps(request)}
    return render(request, "messaging/_home.html" if is_fragment(request) else "messaging/home.html", context)


def _first_steps(request: Request) -> bool:
    """Whether the company is still being set up, for whoever may do that."""
    if not request.member.may("settings.write") or is_fragment(request):
        return False
    return Onboarding.objects.filter(tenant_id=request.tenant.pk, finished_at=None).exists()


def _mine(member: Membership) -> QuerySet[Conversation]:
    """Of what the person may see: what is assigned to them, or to nobody yet."""
    return visible_conversations(member).filter(Q(assignee=member.user_id) | Q(assignee=None))


def _chats(member: Membership) -> Iterable[Waiting]:
    """Customers whom the AI does not answer, the longest wait first."""
    chats = (
        _mine(member)
        .filter(status=Conversation.Status.OPEN, waiting_since__isnull=False)
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
            conversation__in=_mine(member),
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
