"""YCloud's refusals: its own codes, Meta's code inside one, and the HTTP status where neither says anything.

Source: YCloud API reference, errors and rate limits, November 2026.
"""

import re
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.lib.errors import ProviderError
from config.lib.http import Response
from messaging.providers.clean import mapping, text
from messaging.providers.meta_direct import errors as meta
from messaging.providers.meta_direct.errors import Verdict

KEY = _("YCloud no aceptó la clave: hay que volver a conectar el canal.")
BALANCE = _("La cuenta de YCloud se quedó sin saldo: cargar saldo en YCloud y volver a enviar.")
UNSUBSCRIBED = _("La persona está dada de baja en YCloud: no recibe mensajes de este número.")
BLOCKED = _("La persona está en la lista de bloqueados de YCloud.")
REJECTED = _("YCloud rechazó los datos del mensaje.")
NOT_FOUND = _("YCloud no encuentra el número o el mensaje.")
TOO_FAST = _("YCloud pide ir más despacio; se vuelve a intentar.")
BUSY = _("YCloud está con demora; se vuelve a intentar.")
UNCONFIRMED = _("YCloud no confirmó si recibió el mensaje.")

#: YCloud's code → (kind, sentence)
CODES: dict[str, tuple[str, Promise]] = {
    "BALANCE_INSUFFICIENT": ("auth", BALANCE),
    "RECIPIENT_UNSUBSCRIBED": ("permanent", UNSUBSCRIBED),
    "RECIPIENT_IN_BLOCK_LIST": ("permanent", BLOCKED),
    "UNAUTHORIZED": ("auth", KEY),
    "PARAM_INVALID": ("permanent", REJECTED),
    "NOT_FOUND": ("permanent", NOT_FOUND),
    "TOO_MANY_REQUESTS": ("retry", TOO_FAST),
}


def verdict_of(code: object, whatsapp: object = None, *, status: int = 400) -> Verdict:
    """Judge what YCloud says of a message: Meta's own code decides, then YCloud's, then `status` of HTTP."""
    named = text(code, 40).strip()
    number = meta.code_of(whatsapp)
    if number is None:
        number = meta.code_of({"code": named})
    if number is not None:
        return meta.classify(number, status=status)
    known = CODES.get(named)
    if known is not None:
        return Verdict(known[0], str(known[1]), named)
    kind, sentence = _by_status(status)
    return Verdict(kind, str(sentence), named or f"http_{status}")


def _by_status(status: int) -> tuple[str, Promise]:
    if status in (401, 403):
        return "auth", KEY
    if status == 404:
        return "permanent", NOT_FOUND
    if status == 429:
        return "retry", TOO_FAST
    if status in (408, 502, 504):
        # A gateway's own page: whether the message went through behind it is not known, so it is not sent again.
        return "unknown", UNCONFIRMED
    return ("retry", BUSY) if status >= 500 else ("permanent", REJECTED)


def raise_for(answer: Response) -> None:
    """Raise the `ProviderError` that a refused call deserves; nothing for a 2xx."""
    if 200 <= answer.status < 300:
        return
    error = _error_of(answer)
    verdict = verdict_of(error.get("code"), error.get("whatsappApiError"), status=answer.status)
    raise ProviderError(verdict.text, kind=verdict.kind, code=verdict.code, retry_after=_wait(answer, verdict))


def _wait(answer: Response, verdict: Verdict) -> float | None:
    for name in ("retry-after", "ratelimit-reset"):
        named = answer.headers.get(name, "")
        if verdict.kind == "retry" and re.fullmatch(r"[0-9]{1,6}", named):
            return float(named)
    return verdict.retry_after


def _error_of(answer: Response) -> dict[str, Any]:
    try:
        return mapping(mapping(answer.json()).get("error"))
    except ProviderError:
        return {}
