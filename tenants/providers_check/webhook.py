"""A system of the company's own that is told what happens here: a signed ping."""

import hashlib
import hmac
import json
import time

from django.utils.translation import gettext_lazy as _

from tenants.providers_check import formats
from tenants.providers_check.base import Answer, Field, Group, Kind, Secrets, accepted, call, works

PROVIDER = "webhook"


def signed(body: bytes, secret: str, at: int) -> dict[str, str]:
    """Headers with HMAC-SHA256(secret, "<unix seconds>.<body>"), so that nobody can send an old ping again."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Sovereign-Timestamp": str(at), "X-Sovereign-Signature": f"sha256={digest}"}


def ask(secrets: Secrets) -> Answer:
    at = int(time.time())
    body = json.dumps({"event": "ping", "at": at}).encode()
    headers = {"Content-Type": "application/json"} | signed(body, secrets["SECRET"], at)
    accepted(call("POST", secrets["URL"], provider=PROVIDER, data=body, headers=headers), provider=PROVIDER)
    return works()


KIND = Kind(
    "webhook",
    "Webhook",
    _("Un sistema propio que recibe avisos firmados."),
    (
        Group(
            _("Sistema propio"),
            (
                Field("URL", _("Dirección"), _("Donde se reciben los avisos."), formats.web_address, shown=True),
                Field("SECRET", _("Secreto"), _("Con él se comprueba que el aviso viene de aquí.")),
            ),
            ask,
        ),
    ),
)
