"""How Google's client library gets out: through the one guarded way, each call with its own time and a token of its own."""

import hashlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from config.lib import addresses, http
from crm.calendars import google_errors

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

#: What the consent page asks for: write events, list the calendars, see when they are busy.
SCOPES = (
    "https://www.googleapis.com/auth/calendar.events",
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
    "https://www.googleapis.com/auth/calendar.freebusy",
)
#: A service account answers for itself and has to be able to put shared calendars into its list.
ACCOUNT_SCOPES = ("https://www.googleapis.com/auth/calendar",)
MOST_TOKENS = 1000
NEVER = datetime.min.replace(tzinfo=UTC)
SPARE = timedelta(minutes=2)  # a token is renewed so much before its end
_PASSED_ON = frozenset({"content-type", "if-match", "accept"})


@dataclass(frozen=True, slots=True)
class Consent:
    """A person's permission. Nothing of it is ever shown."""

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """The file that Google hands out. Its own token address is not used: it could lead anywhere."""

    info: Mapping[str, Any] = field(repr=False)


Secrets = Consent | ServiceAccount


class _Answer(dict[str, str]):
    """What the library expects of httplib2: headers as a mapping, and the status."""

    def __init__(self, answer: http.Response) -> None:
        super().__init__(answer.headers)
        self.status = answer.status
        self.reason = ""


class Wire:
    """Speaks like httplib2.Http, to `endpoint` and nobody else, and signs each request.

    Every request shares the seconds of the one call it is made for. The library's own way of signing is not used: for
    service accounts it shows the token to a third address in the background.
    """

    def __init__(self, secrets: Secrets, *, endpoint: str, token_uri: str, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self._secrets, self._endpoint, self._token_uri = secrets, endpoint, token_uri

    def request(
        self, uri: str, method: str = "GET", body: Any = None, headers: Mapping[str, str] | None = None, **_options: Any
    ) -> tuple[_Answer, bytes]:
        """Raises ProviderError when there is no answer, or when the token endpoint refuses."""
        if not uri.startswith(self._endpoint):
            raise addresses.refused()
        key = _key(self._secrets, self._token_uri)
        answer = self._send(uri, method, body, headers, _known(key) or self._fresh(key))
        if answer.status == 401:  # it may have ended since it was kept
            answer = self._send(uri, method, body, headers, self._fresh(key))
        if answer.status in (401, 403):
            _keep(key, None)  # whatever the next one may, this one may not
        return _Answer(answer), answer.content

    def _send(self, uri: str, method: str, body: Any, headers: Mapping[str, str] | None, token: str) -> http.Response:
        kept = {name: value for name, value in (headers or {}).items() if name.lower() in _PASSED_ON}
        kept["Authorization"] = f"Bearer {token}"
        data = body.encode() if isinstance(body, str) else body
        return http.request(method, uri, headers=kept, data=data, timeout=self._left)

    def _fresh(self, key: str) -> str:
        from google.auth.exceptions import GoogleAuthError

        try:
            credentials = _credentials(self._secrets, self._token_uri)
            credentials.refresh(self._ask_token)
        except (GoogleAuthError, ValueError):
            # A file that is none, or an odd answer: whose text may be quoted in theirs.
            raise google_errors.of_token(400, b"") from None
        token, until = credentials.token, credentials.expiry
        # The library's moments are of UTC without saying so.
        _keep(key, (token, until.replace(tzinfo=UTC) - SPARE) if token and until else None)
        return str(token)

    def _ask_token(
        self, url: str, method: str = "GET", body: Any = None, headers: Any = None, **_more: Any
    ) -> "_Token":
        """What the library calls for a token. It would wait and ask again by itself after a refusal: that is ours to do."""
        answer = http.request(method, url, headers=dict(headers or {}), data=body, timeout=self._left)
        if url != self._token_uri or answer.status != 200:
            raise google_errors.of_token(answer.status, answer.content)
        return _Token(answer.status, answer.headers, answer.content)

    @property
    def _left(self) -> float:
        return max(0.001, self._ends - time.monotonic())


@dataclass(frozen=True, slots=True)
class _Token:
    """What the library expects of a transport's answer."""

    status: int
    headers: Mapping[str, str]
    data: bytes


# --- access tokens: an hour each, kept in this process only ------------------------------------------------------
_tokens: dict[str, tuple[str, datetime]] = {}
_lock = threading.Lock()


def _known(key: str) -> str | None:
    with _lock:
        token, until = _tokens.get(key, ("", NEVER))
    return token if until > timezone.now() else None


def _keep(key: str, token: tuple[str, datetime] | None) -> None:
    with _lock:
        if len(_tokens) >= MOST_TOKENS:
            _tokens.clear()
        if token is None:
            _tokens.pop(key, None)
        else:
            _tokens[key] = token


def _key(secrets: Secrets, token_uri: str) -> str:
    if isinstance(secrets, Consent):
        parts: tuple[object, ...] = (secrets.client_id, secrets.client_secret, secrets.refresh_token)
    else:
        parts = (secrets.info.get("client_email"), secrets.info.get("private_key"))
    return hashlib.sha256("\0".join(map(str, (token_uri, *parts))).encode()).hexdigest()


def load() -> None:
    """Have the library at hand before the clock of a call runs."""
    from google.auth import exceptions  # noqa: F401 - only loaded
    from google.oauth2 import credentials, service_account  # noqa: F401 - only loaded


def _credentials(secrets: Secrets, token_uri: str) -> "Credentials":
    if isinstance(secrets, Consent):
        from google.oauth2.credentials import Credentials

        return Credentials(
            None,
            refresh_token=secrets.refresh_token,
            token_uri=token_uri,
            client_id=secrets.client_id,
            client_secret=secrets.client_secret,
        )
    from google.oauth2 import service_account

    info = {**secrets.info, "token_uri": token_uri, "universe_domain": "googleapis.com"}
    return service_account.Credentials.from_service_account_info(info, scopes=list(ACCOUNT_SCOPES))


def exchange(*, token_uri: str, keys: tuple[str, str], code: str, verifier: str, redirect: str, seconds: float) -> str:
    """The refresh token behind the code of a consent page (RFC 6749 §4.1.3, with PKCE). Raises ProviderError."""
    form = {
        "grant_type": "authorization_code",
        "client_id": keys[0],
        "client_secret": keys[1],
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": redirect,
    }
    answer = http.request("POST", token_uri, data=form, timeout=seconds)
    if answer.status != 200:
        raise google_errors.of_token(answer.status, answer.content)
    found = answer.json()
    granted = str(found.get("scope", "")).split() if isinstance(found, dict) else []
    if not set(SCOPES) <= set(granted):
        raise google_errors.lacking_scopes()
    token = found.get("refresh_token")
    if not isinstance(token, str) or not token:
        raise google_errors.of_token(400, b'{"error": "invalid_grant"}')
    return token
