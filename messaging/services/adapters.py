"""The adapter of a channel, with the company's own credentials. Nothing outside reads keys for channels."""

from django.conf import settings
from django.utils.translation import gettext as _

from config.lib.errors import AppError, ProviderError
from messaging.models import Channel
from messaging.providers import provider_class
from messaging.providers.base import Endpoints, Provider, Secret
from tenants.models import Tenant
from tenants.services.vault import MissingCredential, get_tenant_credential


def adapter_for(tenant: Tenant, channel: Channel) -> Provider:
    """Raises ProviderError of kind `auth` when a credential is missing. Opens transactions of its own."""
    try:
        kind = provider_class(channel.provider, channel.channel_source)
    except LookupError as error:
        raise ProviderError(_("Este tipo de canal todavía no puede enviar."), kind="permanent") from error
    return kind.connected(config=channel.config, secret=secret_of(tenant, channel), endpoints=endpoints())


def secret_of(tenant: Tenant, channel: Channel) -> Secret:
    """Reads the channel's own secret, else the company's."""

    def secret(category: str, name: str, default: str | None = None) -> str:
        try:
            return get_tenant_credential(tenant.pk, category, name, channel.pk)
        except MissingCredential as error:
            if default is not None:
                return default
            raise ProviderError(str(error.message), kind="auth", code=error.code) from error
        except AppError as error:
            raise ProviderError(str(error.message), kind="auth", code=error.code) from error

    return secret


def same_server(tenant: Tenant, one: Channel, other: Channel) -> bool:
    """Whether two channels of a kind are at the same provider: two Chatwoots both have an inbox 7. Unknown is no."""
    where = provider_class(one.provider, one.channel_source).config.server_secret
    if where is None or one.pk == other.pk:
        return True
    try:
        return secret_of(tenant, one)(*where) == secret_of(tenant, other)(*where)
    except ProviderError:
        return False


def endpoints() -> Endpoints:
    return Endpoints(
        graph=settings.META_GRAPH_BASE_URL.rstrip("/"),
        graph_version=settings.META_GRAPH_VERSION.strip("/"),
        instagram=settings.INSTAGRAM_GRAPH_BASE_URL.rstrip("/"),
        ycloud=settings.YCLOUD_BASE_URL.rstrip("/"),
    )
