"""What a key of an integration looks like: `sk_<8 letters to tell it by>_<43 letters that are the secret>`."""

import hashlib
import re
import secrets

SHAPE = re.compile(r"sk_[A-Za-z0-9]{8}_[A-Za-z0-9_-]{43}")
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def new_key() -> tuple[str, str]:
    """(what may be shown of it, the whole key with 256 bits of chance)."""
    prefix = "sk_" + "".join(secrets.choice(_LETTERS) for _each in range(8))
    return prefix, f"{prefix}_{secrets.token_urlsafe(32)}"


def is_key(token: str) -> bool:
    return SHAPE.fullmatch(token) is not None


def digest(key: str) -> str:
    """All that is kept of a key; no slow hash is needed for 256 bits of chance."""
    return hashlib.sha256(key.encode()).hexdigest()
