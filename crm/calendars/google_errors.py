"""What went wrong at Google, as a `ProviderError` that a person may read. Nothing of what was sent is quoted."""

import json
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.errors import ProviderError, Text

#: Google's reason → (kind, our code, retry after seconds, words). Reasons: Calendar API guide "Handle API errors".
REASONS: dict[str, tuple[str, str, float | None, Text]] = {
    "rateLimitExceeded": ("retry", "rate_limited", None, gettext_lazy("Google pidió ir más despacio.")),
    "userRateLimitExceeded": ("retry", "rate_limited", None, gettext_lazy("Google pidió ir más despacio.")),
    "quotaExceeded": ("retry", "quota", 3600, gettext_lazy("Se llegó al límite de uso de Google Calendar.")),
    "dailyLimitExceeded": ("retry", "quota", 3600, gettext_lazy("Se llegó al límite de uso de Google Calendar.")),
    "limitExceeded": ("retry", "quota", 3600, gettext_lazy("Se llegó al límite de uso de Google Calendar.")),
    "accessNotConfigured": (
        "auth",
        "api_disabled",
        None,
        gettext_lazy("Falta activar Google Calendar API en el proyecto de Google Cloud."),
    ),
    "insufficientPermissions": (
        "auth",
        "insufficient_permissions",
        None,
        gettext_lazy("El permiso dado a la cuenta no alcanza. Conectar de nuevo y marcar todas las casillas."),
    ),
    "duplicate": ("permanent", "duplicate", None, gettext_lazy("Google ya tiene un evento con ese número.")),
}
REVOKED = gettext_lazy("Google ya no acepta el permiso. Hay que conectar la cuenta de nuevo.")
NOT_SHARED = gettext_lazy("Google no encuentra el calendario o no está compartido con la cuenta.")
CHANGED = gettext_lazy("El evento cambió en Google mientras tanto.")
GONE = gettext_lazy("El evento ya no está en Google.")
LOST = gettext_lazy("Google Calendar pide leer todo de nuevo.")
READ_ONLY = gettext_lazy("La cuenta no puede cambiar ese calendario.")
AWAY = gettext_lazy("Google Calendar no responde bien ahora.")
ODD = gettext_lazy("Google Calendar respondió algo que no se entiende.")


def of_answer(status: int, content: bytes, *, retry_after: str = "", reads: bool = False) -> ProviderError:
    """The error of an answer other than 2xx. `reads`: the call changes nothing, so that it can be made again."""
    reason = reason_of(content)
    if status in (403, 409, 429) and reason in REASONS:
        kind, code, wait, words = REASONS[reason]
        return _error(words, kind, code, _seconds(retry_after) or wait)
    if status == 429:
        kind, code, wait, words = REASONS["rateLimitExceeded"]
        return _error(words, kind, code, _seconds(retry_after))
    if status >= 500:
        return _error(AWAY, "retry" if reads else "unknown", "away", _seconds(retry_after))
    plain: dict[int, tuple[Text, str, str]] = {
        401: (REVOKED, "auth", "unauthorized"),
        403: (READ_ONLY, "auth", "forbidden"),
        404: (NOT_SHARED, "permanent", "not_found"),
        409: (REASONS["duplicate"][3], "permanent", "duplicate"),
        410: (GONE, "permanent", "gone"),
        412: (CHANGED, "permanent", "changed"),
    }
    words, kind, code = plain.get(status, (ODD, "permanent", reason or str(status)))
    return _error(words, kind, code)


def of_token(status: int, content: bytes) -> ProviderError:
    """The error of the token endpoint: `error` is one word there (RFC 6749 §5.2)."""
    try:
        code = json.loads(content).get("error", "")
    except (ValueError, AttributeError, RecursionError):
        code = ""
    if status == 429 or status >= 500:
        return _error(AWAY, "retry", "away")
    if code == "invalid_client":
        words = _("Google no reconoce el id o el secreto de cliente.")
        return _error(words, "auth", "invalid_client")
    if code == "invalid_grant":
        return _error(REVOKED, "auth", "invalid_grant")
    return _error(ODD, "auth" if status in (400, 401, 403) else "retry", code if isinstance(code, str) else "")


def lacking_scopes() -> ProviderError:
    """The person left a box of the consent page empty."""
    kind, code, _wait, words = REASONS["insufficientPermissions"]
    return _error(words, kind, code)


def unreadable(*, reads: bool) -> ProviderError:
    """It answered, and nobody can tell what."""
    return _error(ODD, "retry" if reads else "unknown", "unreadable_answer")


def reason_of(content: bytes) -> str:
    """Google's word for an error; empty when the body is no error of its API."""
    try:
        error: Any = json.loads(content)["error"]
        return str(error["errors"][0]["reason"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""


def _seconds(header: str) -> float | None:
    return float(header) if header.isdecimal() and len(header) < 7 else None


def _error(words: Text, kind: str, code: str, retry_after: float | None = None) -> ProviderError:
    return ProviderError(str(words), kind=kind, code=code[:60], retry_after=retry_after)
