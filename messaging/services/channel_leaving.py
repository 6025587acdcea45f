"""Removing a channel, and taking its address off its provider's list, so that it is not called for nothing.

By then the channel and its own secrets are gone: what the call needs waits sealed (`draft`). A lost one only means that the
provider calls an address that answers 404. Meta is left by `meta_setup.removed`.
"""

import logging
from uuid import UUID

from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import AppError, Conflict, ProviderError
from messaging.connecting import draft
from messaging.ingest import routes
from messaging.ingest.models import ChannelRoute
from messaging.models import Channel, Conversation, Provider
from messaging.providers.chatwoot.account import Account
from messaging.providers.clean import identifier
from messaging.providers.ycloud.client import YCloudWhatsApp
from messaging.services import meta_setup
from messaging.services.adapters import endpoints, secret_of
from messaging.services.channels import webhook_url
from tenants.context import current_tenant, tenant_context
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.models import Tenant
from tenants.services.audit import record

logger = logging.getLogger(__name__)

KIND = "leaving"
TASK, QUEUE = "messaging.tasks.leave_provider", "sync"
#: provider → (category, NAME) of what the call needs
SECRETS: dict[str, tuple[tuple[str, str], ...]] = {
    Provider.YCLOUD: (("ycloud", "API_KEY"),),
    Provider.CHATWOOT: (("chatwoot", "BASE_URL"), ("chatwoot", "API_TOKEN")),
}


def removable(channel: Channel) -> bool:
    """Whether it never carried a chat."""
    return not Conversation.objects.filter(channel=channel).exists()


def remove(*, channel: Channel, by: Actor) -> None:
    """A channel that never carried a chat goes for good. Raises Conflict for any other: it is switched off instead."""
    Channel.objects.select_for_update().filter(pk=channel.pk).first()  # no chat can begin in it meanwhile
    if not removable(channel):
        raise Conflict(_("Este canal tiene conversaciones: se puede apagar, no eliminar."))
    record(action="channel.removed", resource=channel, by=by, diff={"name": channel.name})
    emit("CHANNEL_UPDATED", object="channel", id=channel.pk)
    _ask_to_leave(channel, address=webhook_url(channel))
    meta_setup.removed(channel=channel, by=by)
    ChannelRoute.objects.filter(channel_id=channel.pk).delete()
    channel.delete()
    commit.after(routes.changed)


def _ask_to_leave(channel: Channel, *, address: str) -> None:
    """Call before the channel goes. Nothing for a provider that was never given the address, or without its secrets."""
    if channel.provider not in SECRETS:
        return
    secret = secret_of(current_tenant(), channel)
    said = {"provider": channel.provider, "address": address, "account": str(channel.config.get("account_id") or "")}
    try:
        said |= {name: secret(category, name) for category, name in SECRETS[channel.provider]}
        draft.keep(KIND, channel.pk, said)
    except (AppError, ProviderError) as error:
        logger.info("channel %s is removed without telling its provider: %s", channel.pk, error.code)
        return
    commit.queue(TASK, queue=QUEUE, channel_id=str(channel.pk))


def leave(*, tenant: Tenant, channel_id: UUID) -> None:
    """Tell the provider, outside of any transaction; one that does not listen finds out by itself."""
    with tenant_context(tenant):
        said = draft.read(KIND, channel_id)
    if said is None:
        return
    try:
        if said["provider"] == Provider.YCLOUD:
            _leave_ycloud(said)
        else:
            Account(said["BASE_URL"], said["API_TOKEN"]).unsubscribe(said["account"], said["address"])
    except ProviderError as error:
        logger.info("the provider was not told that channel %s is gone: %s", channel_id, error.code)
    draft.forget(KIND, channel_id, tenant_id=tenant.pk)


def _leave_ycloud(said: dict[str, str]) -> None:
    account = YCloudWhatsApp(base_url=endpoints().ycloud, phone_number="", api_key=said["API_KEY"])
    for hook in account.webhooks():
        if hook.get("url") == said["address"]:
            account.remove_webhook(identifier(hook.get("id")))
