"""A seller's agenda for their telephone: the page with its private address, and what the address answers."""

import hashlib

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from config.lib.errors import NotFound
from config.lib.fragments import go_to
from crm.agenda import feed, ics, manage_links
from crm.models import Seller
from tenants.access import open_page, page
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.requests import Request
from tenants.services import registry


@page("agenda.read")
@never_cache
@require_safe
def show(request: Request) -> HttpResponse:
    """The address of one's own feed; somebody without an agenda is told so."""
    seller = _own(request)
    address = manage_links.feed_address(seller) if seller else ""
    return render(request, "crm/agenda_feed.html", {"seller": seller, "address": address})


@page("agenda.write")
@require_POST
def renew(request: Request) -> HttpResponse:
    seller = _own(request)
    if seller is None:
        raise NotFound(_("No tiene una agenda propia."))
    feed.renew(seller=seller, by=request.actor)
    messages.success(request, _("La dirección es otra: la anterior ya no muestra nada."))
    return go_to(request, "/agenda/feed/")


def _own(request: Request) -> Seller | None:
    assert request.member is not None
    return Seller.objects.filter(user=request.member.user_id, is_active=True).first()


@open_page
@require_safe
def calendar(request: Request, token: str) -> HttpResponseBase:
    """The file itself. A program that has it already is told so without the content."""
    found = _opened(token)
    if found is None:
        raise NotFound(_("Esta dirección no existe o se renovó."))
    etag = f'"{hashlib.sha256(found.content).hexdigest()[:32]}"'
    changed = int(found.changed.timestamp())
    answer = HttpResponse(found.content, content_type=ics.MIME)
    answer["ETag"], answer["Last-Modified"] = etag, http_date(changed)
    answer["Cache-Control"] = "private, no-cache"
    answer["Content-Disposition"] = 'inline; filename="agenda.ics"'
    return get_conditional_response(request, etag=etag, last_modified=changed, response=answer) or answer


def _opened(token: str) -> feed.Feed | None:
    named = manage_links.feed_parts(token)
    tenant = registry.by_id(named[0]) if named else None
    if named is None or tenant is None or tenant.status != Tenant.Status.ACTIVE:
        return None
    with translation.override(tenant.locale), tenant_context(tenant):
        return feed.opened(named[1], named[2])
