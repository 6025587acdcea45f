"""Who writes from Messenger or Instagram: their webhooks name nobody, so the name is asked for afterwards."""

import logging
from typing import Protocol, runtime_checkable
from uuid import UUID

from config.lib import commit
from config.lib.errors import ProviderError
from messaging.models import Channel, ChannelIdentity, Conversation
from messaging.providers.base import Sender
from messaging.services import identity
from messaging.services.adapters import adapter_for
from tenants.context import tenant_context
from tenants.live.services import emit
from tenants.models import Tenant

logger = logging.getLogger(__name__)
KINDS = ("psid", "igsid")


@runtime_checkable
class TellsProfiles(Protocol):
    def profile(self, external_id: str) -> Sender: ...


def ask(*, channel: Channel, sender: Sender) -> None:
    """Have the name fetched after the commit. A lost or failed wish is repeated by the person's next message."""
    named = next((external for kind, external in sender.ids if kind in KINDS), "")
    if named and not sender.name and channel.provider == "meta_direct":
        commit.queue("messaging.tasks.fetch_profile", queue="sync", channel_id=str(channel.pk), external_id=named)


def fill(*, tenant: Tenant, channel_id: UUID, external_id: str) -> bool:
    """Fetch and keep name and user name where none is known. Repeatable; False: nothing was told."""
    with tenant_context(tenant):
        channel = Channel.objects.filter(pk=channel_id).exclude(status=Channel.Status.DISABLED).first()
        row = _nameless(channel, external_id)
    if channel is None or row is None:
        return False
    try:
        adapter = adapter_for(tenant, channel)
        if not isinstance(adapter, TellsProfiles):
            return False
        found = adapter.profile(external_id)
    except ProviderError as error:
        logger.info("profile not told (%s %s)", error.kind, error.code)
        return False
    name = found.name or (f"@{found.username}" if found.username else "")
    if not name:
        return False
    with tenant_context(tenant):
        if _nameless(channel, external_id) is None:  # erased or named while we asked
            return False
        person = Sender(((row.kind, external_id),), name=name, username=found.username)
        contact = identity.locate(channel=channel, sender=person)
        for chat in Conversation.objects.filter(contact=contact, channel=channel).values_list("pk", flat=True):
            emit("CONVERSATION_UPDATED", object="conversation", id=chat)
    return True


def _nameless(channel: Channel | None, external_id: str) -> ChannelIdentity | None:
    rows = ChannelIdentity.objects.filter(channel=channel, external_id=external_id, kind__in=KINDS)
    return rows.filter(contact__name="").first()
