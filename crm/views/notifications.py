"""What one person should know: the bell on every page, and the list behind it."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from config.lib import keyset
from config.lib.errors import NotFound
from config.lib.fragments import go_to, is_fragment
from crm.services import notification_words, notifications
from crm.views.timeline import Tab
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request

HOME = "/avisos/"


@page("events.read")
@require_safe
def bell(request: Request) -> HttpResponse:
    """How many are unread; asked for by every page, and again when the person is told something."""
    count = notifications.count_unread(request.member)
    most = notifications.MOST_COUNTED
    context = {"count": count, "shown": f"{most}+" if count > most else str(count)}
    return render(request, "crm/_bell.html", {**context, "head": request.GET.get("en") == "head"})


@audit_access("notifications.listed")
@page("inbox.read")
@require_safe
def notification_list(request: Request) -> HttpResponse:
    unread = request.GET.get("ver") != "todos"
    rows = notifications.unread(request.member) if unread else notifications.shown_to(request.member)
    found = keyset.page(rows.select_related("contact"), by="created_at", cursor=request.GET.get("cursor", ""))
    context = {
        "page": found,
        "lines": [(row, notification_words.sentence(row), notification_words.icon(row)) for row in found.rows],
        "unread_only": unread,
        "tabs": [Tab(_("Sin leer"), HOME, unread), Tab(_("Todos"), f"{HOME}?ver=todos", not unread)],
    }
    whole = "crm/_notifications.html" if is_fragment(request) else "crm/notifications.html"
    return render(request, whole, context)


@audit_access("notifications.listed")
@page("inbox.read")
def open_one(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Read, and off to what it is about."""
    row = notifications.shown_to(request.member).filter(pk=pk).first()
    if row is None:
        raise NotFound(_("Ese aviso ya no existe."))
    if request.method != "POST":
        return redirect(HOME)
    notifications.mark_read(member=request.member, pk=row.pk)
    return go_to(request, row.href or HOME)


@audit_access("notifications.listed")
@page("inbox.read")
@require_POST
def read_all(request: Request) -> HttpResponse:
    count = notifications.mark_read(member=request.member)
    said = ngettext("%(count)s aviso leído.", "%(count)s avisos leídos.", count)
    messages.success(request, said % {"count": count})
    return go_to(request, HOME)
