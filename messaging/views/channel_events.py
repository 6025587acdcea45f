"""What a channel's provider sent: a list to look through, one body to read, and working it off again."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from config.lib.fragments import go_to, is_fragment
from messaging.access import channel_for
from messaging.models import ProviderNotice
from messaging.services import channel_events, events
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request

MOST_LINES = 3  # of one event in the list


@page("channels.read")
@never_cache
@require_safe
def event_list(request: Request, pk: uuid.UUID) -> HttpResponse:
    channel = channel_for(request.member, pk)
    which, before = request.GET.get("ver", ""), request.GET.get("antes", "")
    which = which if which in channel_events.FILTERS else ""
    last = int(before) if before.isdecimal() and len(before) <= channel_events.MOST_DIGITS else None
    found = channel_events.listed(channel, which=which, before=last)
    told = channel_events.noted(found.rows)
    names = {"": _("Todos"), channel_events.FAILED: _("Con error"), channel_events.PUZZLING: _("Sin entender")}
    context = {
        "channel": channel,
        "which": which,
        "rows": [
            {"event": row, "why": (channel_events.in_words(row.error) + told.get(row.pk, []))[:MOST_LINES]}
            for row in found.rows
        ],
        "next": found.next,
        "later": last is not None,
        "tabs": [{"label": name, "href": f"?ver={key}", "current": key == which} for key, name in names.items()],
    }
    template = "messaging/_channel_events.html" if is_fragment(request) else "messaging/channel_events.html"
    return render(request, template, context)


@audit_access("channel.event_viewed", resource="pk")
@page("channels.read")
@never_cache
@require_safe
def detail(request: Request, pk: uuid.UUID, event_id: int) -> HttpResponse:
    channel = channel_for(request.member, pk)
    event = channel_events.event_for(channel, event_id)
    context = {
        "channel": channel,
        "event": event,
        "body": channel_events.body_for(event, request.member),
        "words": channel_events.may_read_words(request.member),
        "why": channel_events.in_words(event.error),
        "notices": list(ProviderNotice.objects.filter(event_id=event.pk).order_by("position")[:20]),
    }
    return render(request, "messaging/channel_event.html", context)


@page("channels.write")
@require_POST
def replay(request: Request, pk: uuid.UUID, event_id: int) -> HttpResponse:
    channel = channel_for(request.member, pk)
    event = channel_events.event_for(channel, event_id)
    if events.replay(channel=channel, event=event, by=request.actor):
        messages.success(request, _("Se procesa de nuevo. Lo que ya estaba guardado queda como está."))
    else:
        messages.info(request, _("Ese aviso ya espera su turno."))
    return go_to(request, f"/canales/{channel.pk}/eventos/{event.pk}/")


@page("channels.write")
@require_POST
def replay_failed(request: Request, pk: uuid.UUID) -> HttpResponse:
    channel = channel_for(request.member, pk)
    count = events.replay_failed(channel=channel, by=request.actor)
    said = ngettext("%(count)s aviso se procesa de nuevo.", "%(count)s avisos se procesan de nuevo.", count)
    messages.success(request, said % {"count": count} if count else _("No hay avisos con error."))
    return go_to(request, f"/canales/{channel.pk}/eventos/")
