"""WhatsApp Cloud API, Messenger and Instagram, straight from Meta."""

from messaging.providers.meta_direct.parsing import parse

__all__ = ["parse"]
