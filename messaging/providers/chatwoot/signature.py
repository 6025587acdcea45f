"""Proof that a webhook comes from the company's Chatwoot. Versions before 4.11.2 give none."""

import hmac
import re
import time
from collections.abc import Iterable, Mapping

TIMESTAMP, SIGNATURE, DELIVERY = "x-chatwoot-timestamp", "x-chatwoot-signature", "x-chatwoot-delivery"
HEADERS = (TIMESTAMP, SIGNATURE, DELIVERY)
TOLERANCE = 300  # seconds; an old request may be somebody's copy
_FORM = re.compile(r"sha256=([0-9a-f]{64})")


def verify(raw: bytes, headers: Mapping[str, str], secrets: Iterable[str]) -> bool:
    """True if one of `secrets` signed these bytes with their time, at most five minutes away from ours."""
    given = {name.lower(): value for name, value in headers.items()}
    stamp, found = given.get(TIMESTAMP, ""), _FORM.fullmatch(given.get(SIGNATURE, ""))
    if found is None or not re.fullmatch(r"[0-9]{1,12}", stamp) or abs(time.time() - int(stamp)) > TOLERANCE:
        return False
    signed = stamp.encode() + b"." + raw
    return any(
        hmac.compare_digest(hmac.digest(secret.encode(), signed, "sha256").hex(), found[1])
        for secret in secrets
        if secret
    )


def event_key(raw: bytes, headers: Mapping[str, str]) -> str:
    """Chatwoot's own name of a delivery, the same when it is repeated; "" of versions that give none."""
    given = headers.get(DELIVERY, "")
    return given if re.fullmatch(r"[0-9A-Za-z-]{8,64}", given) else ""
