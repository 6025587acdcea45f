"""Proof that a webhook comes from YCloud, and the name it gave to the event."""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterable, Mapping

HEADER = "ycloud-signature"
MOST_SECONDS = 300  # between YCloud's clock and ours, either way
KEY_LENGTH = 64
_FORM = re.compile(r"t=([0-9]{9,11}), ?s=([0-9a-f]{64})")


def verify(raw: bytes, headers: Mapping[str, str], secrets: Iterable[str]) -> bool:
    """True if one of the endpoint's secrets signed "time.body" in the last five minutes; whole secrets, with `whsec_`."""
    given = headers.get(HEADER) or next((value for name, value in headers.items() if name.lower() == HEADER), "")
    found = _FORM.fullmatch(given)
    if found is None or abs(time.time() - int(found[1])) > MOST_SECONDS:
        return False
    return any(_signed(raw, secret, found) for secret in secrets if secret)


def _signed(raw: bytes, secret: str, found: re.Match[str]) -> bool:
    digest = hmac.digest(secret.encode(), found[1].encode() + b"." + raw, "sha256").hex()
    return hmac.compare_digest(digest, found[2])


def event_key(raw: bytes, headers: Mapping[str, str]) -> str:
    """YCloud's id of the event, the same in every retry; "" for several at once or none, which go by their bytes."""
    try:
        event = json.loads(raw)
    except (ValueError, RecursionError):
        return ""
    named = event.get("id") if isinstance(event, dict) else None
    if not isinstance(named, str) or not named.strip():
        return ""
    return (
        named
        if len(named) <= KEY_LENGTH and named.isascii()
        else hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()
    )
