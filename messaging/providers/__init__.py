"""Which adapter serves which channel. A new channel is one line here and one folder beside this file."""

from importlib import import_module

from messaging.providers.base import Provider

#: (provider, channel_source) → dotted path of the adapter class
PROVIDERS: dict[tuple[str, str], str] = {
    ("meta_direct", "whatsapp"): "messaging.providers.meta_direct.client.MetaWhatsApp",
    ("meta_direct", "facebook"): "messaging.providers.meta_direct.messenger.MetaMessenger",
    ("meta_direct", "instagram"): "messaging.providers.meta_direct.instagram.MetaInstagram",
    ("chatwoot", "whatsapp"): "messaging.providers.chatwoot.client.ChatwootWhatsApp",
    ("chatwoot", "instagram"): "messaging.providers.chatwoot.client.ChatwootInstagram",
    ("chatwoot", "facebook"): "messaging.providers.chatwoot.client.ChatwootFacebook",
    ("chatwoot", "web"): "messaging.providers.chatwoot.client.ChatwootWeb",
    ("ycloud", "whatsapp"): "messaging.providers.ycloud.client.YCloudWhatsApp",
    ("web", "web"): "messaging.providers.web.client.WebChat",
}


def provider_class(provider: str, channel_source: str) -> type[Provider]:
    """The adapter class of a kind of channel; `LookupError` if there is none."""
    path = PROVIDERS.get((provider, channel_source))
    if path is None:
        raise LookupError(f"no adapter for {provider}/{channel_source}")
    module, _, name = path.rpartition(".")
    adapter: type[Provider] = getattr(import_module(module), name)
    return adapter
