"""A public page that holds the web chat, to try it as a customer does."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tenants.access import open_page


@open_page
@require_safe
def chat(request: HttpRequest, channel_id: uuid.UUID) -> HttpResponse:
    """Needs no database: an unknown channel's script answers 404 and the page says so."""
    return render(request, "messaging/demo_chat.html", {"channel_id": channel_id})
