"""What Chatwoot's refusals mean. It has no error codes: the HTTP status and few fixed words decide.

Source: Chatwoot 4.15.1, `access_token_auth_helper`, `request_exception_handler`, `rack_attack`.
"""

import re
from typing import Any

from django.utils.translation import gettext_lazy as _

from config.lib.errors import ProviderError
from config.lib.http import Response, redact
from messaging.providers.clean import items, mapping, text
from messaging.providers.meta_direct import errors as meta

TOKEN = _("Chatwoot no acepta el token: copiar uno vigente del perfil en Chatwoot y conectar de nuevo.")
BOT = _("El token del bot no alcanza para esto: guardar también el de una persona en chatwoot/API_TOKEN.")
RIGHTS = _("La persona del token no tiene permiso en esa cuenta de Chatwoot.")
GONE = _("Eso ya no existe en Chatwoot: la conversación, la bandeja o la cuenta fue eliminada.")
REFUSED = _("Chatwoot no lo aceptó: %(why)s.")
TOO_FAST = _("Chatwoot pide ir más despacio; se vuelve a intentar.")
BUSY = _("Chatwoot está con demora; se vuelve a intentar.")
UNCONFIRMED = _("Chatwoot falló sin decir si guardó el mensaje.")
MOVED = _("La dirección de Chatwoot lleva a otra: usar la nueva, tal vez con https.")
NOT_CHATWOOT = _("En esa dirección no responde un Chatwoot.")
NOT_DELIVERED = _("Chatwoot no pudo entregar el mensaje.")


def raise_for(answer: Response) -> None:
    """Raise the `ProviderError` that a refused call deserves; nothing for a 2xx."""
    if 200 <= answer.status < 300:
        return
    why = _why(answer)
    kind, words = _judge(answer.status, why)
    named = answer.headers.get("retry-after", "")
    wait = float(named) if re.fullmatch(r"[0-9]{1,6}", named) else None
    raise ProviderError(words, kind=kind, code=f"http_{answer.status}", retry_after=wait)


def _judge(status: int, why: str) -> tuple[str, str]:
    if 300 <= status < 400:
        return "permanent", str(MOVED)
    if status in (401, 403):
        words = BOT if "bots" in why else TOKEN if status == 401 else RIGHTS
        return "auth", str(words)
    if status == 404:
        return "permanent", str(GONE)
    if status == 429:
        return "retry", str(TOO_FAST)
    if status in (408, 503):
        return "retry", str(BUSY)
    if status >= 500:
        # What runs after a message is saved may fail and answer so; the conversation is looked at later.
        return "unknown", str(UNCONFIRMED)
    return "permanent", str(REFUSED) % {"why": why or status}


def _why(answer: Response) -> str:
    """Chatwoot's own words: {"error": …} or, of a value it refuses, {"message": …, "attributes": […]}."""
    try:
        body = mapping(answer.json())
    except ProviderError:
        return ""
    errors = body.get("errors")
    given: Any = body.get("error") or body.get("message") or next(iter(items(errors)), errors)
    return redact(text(given, 200))


def delivery_failure(external: str) -> tuple[str, str, str]:
    """(code, kind, words) of a message's `external_error`, which of Meta's channels begins with Meta's code."""
    found = re.match(r"\s*\(?#?([0-9]{1,9})\b", external)
    if found is not None and int(found[1]) in meta.CODES:
        verdict = meta.classify(int(found[1]))
        return verdict.code, verdict.kind, verdict.text
    return "", "permanent", redact(external) or str(NOT_DELIVERED)
