"""Meta's Graph API as the four kinds that live on it ask it: who a token belongs to, and until when it lasts."""

import hashlib
import hmac
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from config.lib import http
from config.lib.errors import ProviderError
from tenants.providers_check.base import Away, Refused, Secrets, accepted, call, moment, object_of

PROVIDER = "Meta"
APP_ID, APP_SECRET = "meta/APP_ID", "meta/APP_SECRET"
# Transient by Meta's own table of errors; everything else of theirs means the values (providers: Graph API error codes).
_LATER = frozenset({1, 2, 4, 17, 32, 341, 368, 613, 80007})


def address(path: str, *, base_url: str = "") -> str:
    return f"{(base_url or settings.META_GRAPH_BASE_URL).rstrip('/')}/{settings.META_GRAPH_VERSION.strip('/')}/{path}"


def ask(path: str, token: str, *, base_url: str = "", **params: str) -> dict[str, Any]:
    """A GET with the token in its header. Raises Refused or Away."""
    answer = call(
        "GET",
        address(path, base_url=base_url),
        provider=PROVIDER,
        headers={"Authorization": f"Bearer {token}"},
        params=params,
    )
    if answer.status >= 400 and _code(answer) in _LATER:
        words = _("%(provider)s no pudo responder ahora (%(status)s). Probar más tarde.")
        raise Away(words % {"provider": PROVIDER, "status": answer.status})
    return object_of(accepted(answer, provider=PROVIDER), provider=PROVIDER)


def _code(answer: http.Response) -> object:
    """Meta decides by a number in the body: a throttled call is often a 400."""
    try:
        error = answer.json()
    except ProviderError:
        return None
    error = error.get("error") if isinstance(error, dict) else None
    return error.get("code") if isinstance(error, dict) else None


def app_token(secrets: Secrets) -> str:
    """Empty when the app of Meta is not stored."""
    app, secret = secrets.get(APP_ID), secrets.get(APP_SECRET)
    return f"{app}|{secret}" if app and secret else ""


def proof(secrets: Secrets, token: str) -> dict[str, str]:
    """`appsecret_proof`, which an app may be set to demand."""
    secret = secrets.get(APP_SECRET)
    return {"appsecret_proof": hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()} if secret else {}


def inspect(token: str, *, by: str) -> tuple[dict[str, Any], datetime | None]:
    """What Meta knows about a token, asked with the app's; until when it lasts. Raises Refused when it is dead."""
    found = ask("debug_token", by, input_token=token).get("data")
    if not isinstance(found, dict):
        raise Refused(_("En esa dirección responde otra cosa, no %(provider)s.") % {"provider": PROVIDER})
    if found.get("is_valid") is not True:
        raise Refused(_("%(provider)s dice que el token ya no vale. Hay que crear otro.") % {"provider": PROVIDER})
    return found, moment(found.get("expires_at"))
