"""Meta's error codes: what to do, and what to tell a person. Decided on the code, never on titles.

Source: Meta's WhatsApp error reference and Graph error handling, November 2026; pages: see `pages_errors`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.lib.errors import ProviderError
from config.lib.http import Response

DAY = 86_400.0

BUSY = _("WhatsApp está con demora; se vuelve a intentar.")
TOO_FAST = _("WhatsApp pide ir más despacio; se vuelve a intentar.")
CLOSED = _("Pasaron más de 24 horas desde el último mensaje de la persona: solo se puede enviar una plantilla.")
RESTRICTED = _("WhatsApp restringió a la cuenta por incumplir una política; hay que revisarla en Meta.")
TOKEN = _("La conexión con WhatsApp venció o fue revocada: hay que volver a conectar el canal.")
RIGHTS = _("La conexión con WhatsApp no tiene el permiso necesario: hay que volver a conectar el canal.")
PARAMETER = _("WhatsApp rechazó los datos del mensaje.")
MEDIA = _("WhatsApp no pudo usar el archivo.")
NOT_ALLOWED = _("Con esta persona no se puede usar este tipo de mensaje.")
TEMPLATE_TEXT = _("La plantilla no coincide con la aprobada: revisar sus variables.")
UNCONFIRMED = _("WhatsApp no confirmó si recibió el mensaje.")
OTHER = _("WhatsApp rechazó el mensaje.")

#: code → (kind, sentence)
CODES: dict[int, tuple[str, Promise]] = {
    # transient
    1: ("retry", BUSY),
    2: ("retry", BUSY),
    4: ("retry", TOO_FAST),
    17: ("retry", TOO_FAST),
    613: ("retry", TOO_FAST),
    80007: ("retry", TOO_FAST),
    130429: ("retry", TOO_FAST),
    131056: ("retry", _("Demasiados mensajes seguidos a la misma persona; se vuelve a intentar.")),
    131016: ("retry", BUSY),
    131000: ("retry", BUSY),
    131057: ("retry", _("La cuenta de WhatsApp está en mantenimiento; se vuelve a intentar.")),
    133016: ("retry", TOO_FAST),
    # window and policy
    131047: ("window", CLOSED),
    131049: ("window", _("WhatsApp limita los mensajes promocionales a esta persona; esperar al menos 24 horas.")),
    131050: ("window", _("La persona pidió no recibir mensajes promocionales.")),
    130472: ("window", _("WhatsApp no entrega este mensaje promocional a esta persona.")),
    131048: ("window", _("WhatsApp limitó los envíos de este número por reportes de spam.")),
    368: ("window", RESTRICTED),
    131031: ("window", RESTRICTED),
    130497: ("window", _("WhatsApp no permite a esta cuenta escribir a ese país.")),
    131064: ("window", RESTRICTED),
    # credential
    0: ("auth", TOKEN),
    3: ("auth", RIGHTS),
    10: ("auth", RIGHTS),
    190: ("auth", TOKEN),
    131005: ("auth", RIGHTS),
    131045: ("auth", _("El número no está registrado correctamente en WhatsApp: hay que volver a conectar el canal.")),
    131042: ("auth", _("Hay un problema con el medio de pago de la cuenta de WhatsApp en Meta.")),
    # never works
    100: ("permanent", PARAMETER),
    131008: ("permanent", PARAMETER),
    131009: ("permanent", PARAMETER),
    131021: ("permanent", _("No se puede enviar un mensaje al propio número.")),
    131026: ("permanent", _("WhatsApp no pudo entregar el mensaje a esta persona.")),
    131030: ("permanent", _("El número no está en la lista de prueba de la cuenta de WhatsApp.")),
    131051: ("permanent", _("WhatsApp no admite este tipo de mensaje.")),
    131052: ("permanent", _("No se pudo descargar el archivo que envió la persona.")),
    131053: ("permanent", MEDIA),
    131037: ("permanent", _("El nombre visible del número todavía no fue aprobado en WhatsApp.")),
    131062: ("permanent", NOT_ALLOWED),
    131063: ("permanent", NOT_ALLOWED),
    132000: ("permanent", TEMPLATE_TEXT),
    132001: ("permanent", _("La plantilla no existe en ese idioma o todavía no fue aprobada.")),
    132005: ("permanent", _("El texto de la plantilla queda demasiado largo.")),
    132007: ("permanent", _("La plantilla no cumple las políticas de WhatsApp.")),
    132008: ("permanent", TEMPLATE_TEXT),
    132012: ("permanent", TEMPLATE_TEXT),
    132015: ("permanent", _("La plantilla está en pausa por su baja calidad.")),
    132016: ("permanent", _("La plantilla fue deshabilitada por su baja calidad.")),
    132068: ("permanent", _("El formulario de la plantilla está bloqueado.")),
    132069: ("permanent", _("El formulario de la plantilla está limitado.")),
    135000: ("permanent", OTHER),
    137000: ("permanent", OTHER),
}

#: code → seconds to wait at least. For 131056 Meta asks for 4^n seconds; this is the first step, see `pair_wait`.
WAITS: dict[int, float] = {131056: 4.0, 131049: DAY}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`kind` as in `ProviderError`; `text` for a person; `retry_after` in seconds where it is known."""

    kind: str
    text: str
    code: str
    retry_after: float | None = None


def pair_wait(attempt: int) -> float:
    """Seconds to wait after the `attempt`-th (from 1) refusal with 131056; at most an hour."""
    return float(min(4 ** max(1, min(attempt, 6)), 3600))


def classify(code: int | None, *, status: int = 400) -> Verdict:
    """Judge an error code; `status` of HTTP decides only where the code says nothing."""
    known = CODES.get(code) if code is not None else None
    if known is not None:
        kind, text = known
    elif code is not None and 200 <= code <= 299:
        kind, text = "auth", RIGHTS
    elif status in (502, 504) and code is None:
        # A gateway's own page: whether Meta behind it took the message is not known, so it is not sent again.
        kind, text = "unknown", UNCONFIRMED
    elif status >= 500 or status in (408, 429):
        kind, text = "retry", BUSY
    elif status in (401, 403):
        kind, text = "auth", TOKEN
    else:
        kind, text = "permanent", OTHER
    wait = WAITS.get(code) if code is not None else None
    return Verdict(kind, str(text), str(code) if code is not None else f"http_{status}", wait)


def code_of(error: object) -> int | None:
    """The number in a Meta error object; None if there is none."""
    given = error.get("code") if isinstance(error, dict) else None
    if isinstance(given, bool):
        return None
    if isinstance(given, int):
        return given if abs(given) < 10**9 else None
    return int(given) if isinstance(given, str) and re.fullmatch(r"[0-9]{1,9}", given) else None


Judge = Callable[[Any, int], Verdict]


def _whatsapp(error: Any, status: int) -> Verdict:
    return classify(code_of(error), status=status)


def raise_for(answer: Response, judge: Judge = _whatsapp) -> None:
    """Raise the `ProviderError` that a refused call deserves; nothing for a 2xx. `judge` reads error object and status."""
    if 200 <= answer.status < 300:
        return
    verdict = judge(_error_of(answer), answer.status)
    named = answer.headers.get("retry-after", "")
    wait = float(named) if re.fullmatch(r"[0-9]{1,6}", named) else verdict.retry_after
    raise ProviderError(verdict.text, kind=verdict.kind, code=verdict.code, retry_after=wait)


def _error_of(answer: Response) -> Any:
    try:
        body = answer.json()
    except ProviderError:
        return None
    return body.get("error") if isinstance(body, dict) else None
