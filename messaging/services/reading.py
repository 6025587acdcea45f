"""Showing the customer that they were read, and that an answer is being written. A courtesy: it never stands in the way."""

import logging
from uuid import UUID

from django.utils import timezone

from config.lib.errors import ProviderError
from messaging.models import Channel, Conversation, Message, Provider
from messaging.providers.base import Address
from messaging.services import breaker
from messaging.services.adapters import adapter_for
from tenants.context import tenant_context
from tenants.models import Tenant

logger = logging.getLogger(__name__)


def tell(*, tenant: Tenant, conversation_id: UUID, typing: bool = False) -> bool:
    """Mark the customer's last message read, with "typing…" when an answer begins. False: nothing was told."""
    with tenant_context(tenant):
        conversation = Conversation.objects.select_related("channel").filter(pk=conversation_id).first()
        last = _last_heard(conversation) if conversation else None
    if conversation is None or last is None or not _worth_it(conversation.channel):
        return False
    who = Address(conversation.address_kind, conversation.address)
    try:
        adapter_for(tenant, conversation.channel).mark_read(last, typing=typing, to=who)
    except ProviderError as error:
        logger.info("reading not shown (%s %s)", error.kind, error.code)
        return False
    return True


def _last_heard(conversation: Conversation) -> str | None:
    rows = Message.objects.filter(conversation=conversation, direction=Message.Direction.IN)
    return rows.exclude(kind="reaction").order_by("-sequence").values_list("provider_message_id", flat=True).first()


def _worth_it(channel: Channel) -> bool:
    """A web chat hears by itself; a channel in trouble is not asked for courtesies."""
    return (
        channel.provider != Provider.WEB
        and channel.status == Channel.Status.CONNECTED
        and not breaker.resting(channel, timezone.now())
    )
