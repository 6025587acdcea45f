"""Doors of a company, made as a company makes them."""

from typing import Any

from crm.models import InboundForm
from crm.services.inbound_forms import create_form
from tenants.domain.actor import Actor

BY = Actor.system("Prueba")
ASKS = [{"name": "name", "required": True}, {"name": "phone"}, {"name": "email"}, {"name": "message"}]


def make_form(**over: Any) -> InboundForm:
    """An open public form."""
    return create_form(**{"kind": "form", "name": "Web", "fields": ASKS, "by": BY, **over})[0]


def make_webhook(**over: Any) -> tuple[InboundForm, str]:
    """An open door for another system, and its token."""
    return create_form(**{"kind": "webhook", "name": "Meta Ads", "by": BY, **over})
