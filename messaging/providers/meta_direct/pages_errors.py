"""The error codes of Messenger and Instagram, judged as in `errors`.

Source: Messenger Platform error codes, November 2026; the subcodes of the closed window as people report them.
"""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from messaging.providers.meta_direct.errors import Judge, Verdict, code_of

BUSY = _("%(app)s está con demora; se vuelve a intentar.")
TOO_FAST = _("%(app)s pide ir más despacio; se vuelve a intentar.")
CLOSED = _("Pasó el tiempo en que %(app)s permite responder: hay que esperar a que la persona vuelva a escribir.")
RESTRICTED = _("%(app)s restringió la cuenta por incumplir una política; hay que revisarla en Meta.")
TOKEN = _("La conexión con %(app)s venció o fue revocada: hay que volver a conectar el canal.")
RIGHTS = _("La conexión con %(app)s no tiene el permiso necesario: hay que volver a conectar el canal.")
UNAVAILABLE = _("La persona ya no está disponible en %(app)s.")
PARAMETER = _("%(app)s rechazó los datos del mensaje.")
UNCONFIRMED = _("%(app)s no confirmó si recibió el mensaje.")
OTHER = _("%(app)s rechazó el mensaje.")

#: (code, subcode or None for any) → (kind, sentence)
CODES: dict[tuple[int, int | None], tuple[str, Promise]] = {
    (1, None): ("retry", BUSY),
    (2, None): ("retry", BUSY),
    (1200, None): ("retry", BUSY),
    (4, None): ("retry", TOO_FAST),
    (17, None): ("retry", TOO_FAST),
    (32, None): ("retry", TOO_FAST),
    (613, None): ("retry", TOO_FAST),
    (80006, None): ("retry", TOO_FAST),
    (10, 2018278): ("window", CLOSED),
    (10, 2534022): ("window", CLOSED),
    (368, None): ("window", RESTRICTED),
    (10, 1893063): ("auth", RESTRICTED),
    (0, None): ("auth", TOKEN),
    (3, None): ("auth", RIGHTS),
    (10, None): ("auth", RIGHTS),
    (190, None): ("auth", TOKEN),
    (100, None): ("permanent", PARAMETER),
    (100, 2018001): ("permanent", UNAVAILABLE),
    (230, None): ("permanent", _("La persona no permite ver su perfil de %(app)s.")),
    (551, None): ("permanent", UNAVAILABLE),
}


def judge_of(app: str) -> Judge:
    """The judge of one app, named in its sentences: Messenger or Instagram."""

    def judge(error: Any, status: int) -> Verdict:
        code = code_of(error)
        subcode = code_of({"code": error.get("error_subcode")}) if isinstance(error, dict) else None
        kind, sentence = _judged(code, subcode, status)
        return Verdict(kind, str(sentence) % {"app": app}, str(code) if code is not None else f"http_{status}")

    return judge


def _judged(code: int | None, subcode: int | None, status: int) -> tuple[str, Promise]:
    if code is not None:
        known = CODES.get((code, subcode)) or CODES.get((code, None))
        if known is not None:
            return known
        if 200 <= code <= 299:
            return "auth", RIGHTS
    elif status in (502, 504):
        # A gateway's own page: whether Meta behind it took the message is not known, so it is not sent again.
        return "unknown", UNCONFIRMED
    if status >= 500 or status in (408, 429):
        return "retry", BUSY
    return ("auth", TOKEN) if status in (401, 403) else ("permanent", OTHER)
