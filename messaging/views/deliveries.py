"""Entregas: what did not leave in the last 30 days, why, and the way to send it again."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from config.lib import keyset
from config.lib.errors import AppError
from config.lib.fragments import go_to, is_fragment
from messaging.access import channel_for, message_for
from messaging.forms.deliveries import DeliveryFilter
from messaging.models import Channel, MessageStatus
from messaging.services import dead_letters, outbound
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request

ON_PAGE = 30
ALL = "/entregas/"


@audit_access("messages.listed")
@page("channels.read")
@never_cache
@require_safe
def listed(request: Request) -> HttpResponse:
    form = DeliveryFilter(request.GET, channels=list(Channel.objects.all()))
    asked = form.asked()
    rows = dead_letters.listed(request.member, **asked)
    context = {
        "page": keyset.page(rows, by="created_at", cursor=request.GET.get("cursor", ""), limit=ON_PAGE),
        "groups": []
        if asked["status"] == MessageStatus.UNKNOWN
        else dead_letters.groups(request.member, channel=asked["channel"]),
        "filter": form,
        "narrowed": any(asked.values()),
        "columns": [_("Cliente"), _("Mensaje"), _("Canal"), _("Por qué"), _("Cuándo"), ""],
        "caption": _("Mensajes que no salieron, el último primero"),
        "query": request.GET.urlencode(),
    }
    template = "messaging/_deliveries.html" if is_fragment(request) else "messaging/deliveries.html"
    return render(request, template, context)


@audit_access("message.viewed", resource="pk")
@page("channels.write")
@require_POST
def replay(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Send one again. What nobody confirmed asks for a person who has looked whether it arrived."""
    message = message_for(request.member, pk)
    if message.status == MessageStatus.UNKNOWN and not request.POST.get("looked"):
        request.undo = True
        messages.error(request, _("Antes de reenviar, mirar si el mensaje llegó y marcar la casilla."))
        return _back(request)
    try:
        outbound.retry_message(message=message, by=request.actor)
    except AppError as error:
        request.undo = True
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("Se vuelve a enviar."))
    return _back(request)


@page("channels.write")
@require_POST
def replay_group(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Send again what failed over a channel for one reason."""
    channel = channel_for(request.member, pk)
    code = request.POST.get("code", "").replace("\x00", "")[:40]
    queued, left = dead_letters.replay_group(member=request.member, channel=channel.pk, code=code, by=request.actor)
    said = ngettext("Se vuelve a enviar %(count)s mensaje.", "Se vuelven a enviar %(count)s mensajes.", queued)
    words = said % {"count": queued}
    if left:
        words += " " + _("Quedan %(count)s para después.") % {"count": left}
    messages.success(request, words)
    return _back(request)


def _back(request: Request) -> HttpResponse:
    """To the list as it was being looked at."""
    query = request.POST.get("query", "")[:500]
    return go_to(request, f"{ALL}?{query}" if query else ALL)
