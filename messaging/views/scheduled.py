"""Messages for later: seen under the chat and in a list of all that is to come, changed and cancelled."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q
from django.db.models.functions import JSONObject
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.lib import keyset
from config.lib.errors import AppError
from config.lib.fragments import go_to, is_fragment
from messaging.forms.scheduled import ScheduledForm, initial_of
from messaging.models import Conversation, ScheduledMessage
from messaging.services import scheduled
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request

FAILED_SHOWN = timedelta(days=7)
SOONEST = keyset.Order("send_at", descending=False)


@dataclass(frozen=True)
class Coming:
    """One line under the composer."""

    pk: str
    text: str
    send_at: datetime
    status: str
    reason: str
    by: str
    stop_on_reply: bool
    late: bool
    """a text for a time when the channel will not take it any more, unless the customer writes before"""


def coming_column() -> ArraySubquery:
    """What is to come in a chat, and what lately failed, as a column of the chat: its page has no statement to spare."""
    rows = ScheduledMessage.objects.filter(conversation=OuterRef("pk"))
    since = timezone.now() - FAILED_SHOWN
    rows = rows.filter(Q(status="waiting") | Q(status="failed", done_at__gte=since)).order_by("send_at", "id")
    names = ("id", "text", "send_at", "status", "reason", "by_label", "stop_on_reply")
    return ArraySubquery(rows.values(one=JSONObject(**{name: name for name in names}, template="template__name")))


def coming_of(chat: Conversation, until: datetime | None) -> list[Coming]:
    """The lines of `coming_column`; `until` is when free text stops being allowed."""
    lines = []
    for one in getattr(chat, "coming", []):
        send_at = parse_datetime(one["send_at"]) or timezone.now()
        lines.append(
            Coming(
                pk=one["id"],
                text=one["text"],
                send_at=send_at,
                status=one["status"],
                reason=one["reason"],
                by=one["by_label"],
                stop_on_reply=one["stop_on_reply"],
                late=until is not None and send_at >= until and one["template"] is None,
            )
        )
    return lines


@audit_access("scheduled.listed")
@page("inbox.write")
@never_cache
@require_safe
def coming(request: Request) -> HttpResponse:
    """All that is to come in the chats the member sees, the soonest first; `?ver=mios` only their own."""
    mine = request.GET.get("ver") == "mios"
    rows = scheduled.visible_to(request.member).filter(status=ScheduledMessage.Status.WAITING)
    rows = rows.filter(by=request.user) if mine else rows
    rows = rows.select_related("conversation__contact", "conversation__channel")
    found = keyset.page(rows, by=SOONEST, cursor=request.GET.get("cursor", ""))
    context = {"page": found, "mine": mine}
    template = "messaging/_scheduled_list.html" if is_fragment(request) else "messaging/scheduled_list.html"
    return render(request, template, context)


@audit_access("scheduled.viewed", resource="pk")
@page("inbox.write")
@never_cache
@require_http_methods(["GET", "POST"])
def edit(request: Request, pk: uuid.UUID) -> HttpResponse:
    row = scheduled.scheduled_for(request.member, pk)
    back = f"/bandeja/{row.conversation_id}/"
    zone = request.tenant.timezone
    given = initial_of(row.send_at, zone, text=row.text, stop_on_reply=row.stop_on_reply)
    form = ScheduledForm(request.POST or None, zone=zone, fixed=row.template is not None, initial=given)
    if request.method == "POST" and form.is_valid():
        said: dict[str, Any] = {name: form.cleaned_data[name] for name in ("send_at", "stop_on_reply")}
        if row.template is None:
            said["text"] = form.cleaned_data["text"]
        try:
            scheduled.change(row=row, by=request.actor, **said)
        except AppError as error:
            form.add_error(None, str(error.message))
        else:
            messages.success(request, _("Cambios guardados."))
            return go_to(request, back)
    context = {"form": form, "row": row, "back": back}
    return render(request, "messaging/scheduled_form.html", context, status=422 if form.errors else 200)


@audit_access("scheduled.viewed", resource="pk")
@page("inbox.write")
@require_POST
def cancel(request: Request, pk: uuid.UUID) -> HttpResponse:
    row = scheduled.scheduled_for(request.member, pk)
    try:
        scheduled.cancel(row=row, by=request.actor)
    except AppError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("No se va a enviar."))
    back = request.POST.get("volver") == "lista"
    return go_to(request, "/bandeja/programados/" if back else f"/bandeja/{row.conversation_id}/")
