"""The platform's own keys, from VAULT_KEYS. They wrap every other key; without a usable one nothing sealed opens."""

import base64
import binascii
from functools import lru_cache

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from config.lib.errors import AppError


class VaultUnreadable(AppError):
    """A stored secret does not open. Never answered with another value."""

    code, status = "vault_unreadable", 500


@lru_cache(maxsize=4)
def _ring(entries: tuple[str, ...]) -> dict[str, bytes]:
    ring: dict[str, bytes] = {}
    for entry in entries:
        key_id, _separator, encoded = entry.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise VaultUnreadable(_("VAULT_KEYS tiene una clave ilegible.")) from error
        if not key_id or len(key) != 32 or key_id in ring:
            raise VaultUnreadable(_("VAULT_KEYS necesita entradas «id:base64 de 32 bytes», cada id una vez."))
        ring[key_id] = key
    if not ring:
        raise VaultUnreadable(_("Falta VAULT_KEYS: la bóveda no se abre sin su clave."))
    return ring


def ring() -> dict[str, bytes]:
    """Key id → key, the current one first. Raises VaultUnreadable."""
    return _ring(tuple(settings.VAULT_KEYS))
