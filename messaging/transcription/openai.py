"""Transcriptions of OpenAI and of servers that speak like it."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from config.lib import http
from config.lib.errors import ProviderError
from messaging.transcription.base import Heard

SECONDS = 60.0
MOST_TEXT = 20_000  # characters kept of one note; half an hour of speech
# The kind of a file is read from its name alone (audio/transcriptions: flac mp3 mp4 mpeg mpga m4a ogg wav webm).
NAMES = {
    "audio/ogg": "voice.ogg",
    "audio/opus": "voice.ogg",
    "audio/mpeg": "voice.mp3",
    "audio/mp4": "voice.m4a",
    "audio/wav": "voice.wav",
    "audio/webm": "voice.webm",
    "audio/flac": "voice.flac",
}
LANGUAGES = {"spanish": "es", "english": "en", "portuguese": "pt", "italian": "it", "french": "fr", "german": "de"}
OUT_OF_FUNDS = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


class OpenAITranscriber:
    """`base_url` ends before /audio, for example https://api.openai.com/v1."""

    def __init__(self, *, base_url: str, api_key: str, model: str) -> None:
        self.model = model
        self._url = f"{base_url.rstrip('/')}/audio/transcriptions"
        self._headers = {"Authorization": f"Bearer {api_key}"}

    def __repr__(self) -> str:
        return f"OpenAITranscriber({self.model})"

    def hear(self, content: bytes, *, mime: str) -> Heard:
        name = NAMES.get(mime)
        if name is None:
            raise ProviderError(_("Este formato de audio no se puede transcribir."), kind="permanent", code="format")
        # Only Whisper tells language and length; the newer ones refuse to be asked.
        form = {"model": self.model, "response_format": "verbose_json" if self.model == "whisper-1" else "json"}
        try:
            answer = http.request(
                "POST",
                self._url,
                headers=self._headers,
                data=form,
                files={"file": (name, content, mime)},
                timeout=SECONDS,
            )
            if answer.status >= 400:
                raise _refusal(answer)
            found = answer.json()
        except ProviderError as error:
            if error.kind == "unknown":
                error.kind = "retry"  # listening twice harms nobody
            raise
        if not isinstance(found, dict):
            raise ProviderError(_("La transcripción no se puede leer."), kind="retry", code="unreadable_answer")
        language = str(found.get("language") or "").lower()
        text = str(found.get("text") or "").replace("\x00", "").strip()[:MOST_TEXT]
        return Heard(text, LANGUAGES.get(language, language)[:12], _seconds(found))


def _refusal(answer: http.Response) -> ProviderError:
    code = _code(answer)
    if answer.status in (401, 402, 403) or code in OUT_OF_FUNDS:
        return ProviderError(
            _("OpenAI no acepta la clave o la cuenta no tiene saldo."), kind="auth", code=code or str(answer.status)
        )
    if answer.status in (408, 409, 429) or answer.status >= 500:
        return ProviderError(_("OpenAI no responde ahora."), kind="retry", code=code or str(answer.status))
    if answer.status == 404 or code == "model_not_found":
        return ProviderError(_("El modelo de transcripción no existe."), kind="permanent", code="model_not_found")
    return ProviderError(_("OpenAI no pudo transcribir este audio."), kind="permanent", code=code or str(answer.status))


def _code(answer: http.Response) -> str:
    try:
        body: Any = answer.json()
    except ProviderError:
        return ""
    error = body.get("error") if isinstance(body, dict) else None
    return str(error.get("code") or "")[:40] if isinstance(error, dict) else ""


def _seconds(found: dict[str, Any]) -> Decimal | None:
    usage = found.get("usage")
    told = found.get("duration") or (usage.get("seconds") if isinstance(usage, dict) else None)
    try:
        seconds = Decimal(str(told)).quantize(Decimal("0.01")) if told is not None else None
    except (InvalidOperation, ValueError):
        return None
    return seconds if seconds is not None and seconds.is_finite() and 0 <= seconds < 100_000 else None
