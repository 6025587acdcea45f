"""Proof that a webhook comes from Meta, and that a call comes from whoever owns the app."""

import hmac
import re
from collections.abc import Iterable, Mapping

HEADER = "x-hub-signature-256"
_FORM = re.compile(r"sha256=([0-9a-f]{64})")


def verify(raw: bytes, headers: Mapping[str, str], secrets: Iterable[str]) -> bool:
    """True if one of the app secrets signed exactly these bytes; several while a secret is being rotated."""
    given = headers.get(HEADER) or next((value for name, value in headers.items() if name.lower() == HEADER), "")
    found = _FORM.fullmatch(given)
    if found is None:
        return False
    for secret in secrets:
        if secret and hmac.compare_digest(hmac.digest(secret.encode(), raw, "sha256").hex(), found[1]):
            return True
    return False


def proof(app_secret: str, token: str) -> dict[str, str]:
    """`appsecret_proof` for the query of a call, which an app may be set to demand; nothing while its secret is not known."""
    return {"appsecret_proof": hmac.digest(app_secret.encode(), token.encode(), "sha256").hex()} if app_secret else {}


def handshake(query: Mapping[str, str], verify_tokens: Iterable[str]) -> str | None:
    """The challenge to answer, as it came, when Meta asks whether the address is ours; None is a 403."""
    token = query.get("hub.verify_token", "")
    known = any(hmac.compare_digest(token.encode(errors="replace"), one.encode()) for one in verify_tokens if one)
    challenge = query.get("hub.challenge", "")
    if query.get("hub.mode") != "subscribe" or not known or not re.fullmatch(r"[0-9A-Za-z_.\-]{1,200}", challenge):
        return None
    return challenge
