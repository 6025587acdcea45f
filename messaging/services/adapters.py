"""The adapter of a channel, with the company's own credentials. Nothing outside reads keys for channels."""

from collections.abc import Callable
from typing import cast

from django.conf import settings
from django.utils.translation import gettext as _

from config.lib.errors import AppError, ProviderError
from messaging.models import Channel
from messaging.providers import provider_class
from messaging.providers.base import Provider
from tenants.models import Tenant
from tenants.services.vault import get_tenant_credential


def adapter_for(tenant: Tenant, channel: Channel) -> Provider:
    """Raises ProviderError of kind `auth` when a credential is missing."""
    try:
        kind = provider_class(channel.provider, channel.channel_source)
    except LookupError as error:
        raise ProviderError(_("Este tipo de canal todavía no puede enviar."), kind="permanent") from error
    if channel.provider == "web":
        return kind()
    try:
        token = get_tenant_credential(tenant.pk, "whatsapp_cloud", "ACCESS_TOKEN", channel.pk)
    except AppError as error:
        raise ProviderError(str(error.message), kind="auth", code=error.code) from error
    make = cast(Callable[..., Provider], kind)  # each adapter names its own plain values
    return make(
        base_url=settings.META_GRAPH_BASE_URL,
        version=settings.META_GRAPH_VERSION,
        phone_number_id=channel.config.get("phone_number_id", ""),
        access_token=token,
    )
