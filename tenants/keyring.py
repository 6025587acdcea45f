"""Sealing of secrets: AES-256-GCM with a random nonce. Keys come in as bytes; no settings, no database."""

import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12  # bytes, the size GCM is specified for (NIST SP 800-38D §8.2)


class Unreadable(Exception):
    """The value does not open: wrong key, other owner, or changed bytes."""


def seal(key: bytes, plain: bytes, bound_to: bytes) -> bytes:
    """Encrypt; the result opens only with the same `bound_to`."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def unseal(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], bound_to)
    except (InvalidTag, ValueError) as error:
        raise Unreadable from error


def binding(*parts: object) -> bytes:
    """What a ciphertext is tied to. Lengths are written down, so `a|b` and `ab|` never meet."""
    return b"".join(f"{len(str(part))}:{part};".encode() for part in parts)


def key_for(ring: Mapping[str, bytes], key_id: str) -> bytes:
    try:
        return ring[key_id]
    except KeyError as error:
        raise Unreadable(f"no key {key_id}") from error
