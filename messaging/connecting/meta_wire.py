"""What signing in at Meta and looking after its channels asks of Meta (providers §3, §2.1). No row, no vault in here.

Every failure is a `ProviderError` whose words are ours: Meta's own may quote a token.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.lib import http
from config.lib.errors import ProviderError
from messaging.providers.clean import identifier, items, mapping, text
from messaging.providers.meta_direct import errors, signature

SECONDS = 10.0
MOST_PAGES = 20  # of a list, each of a hundred
NUMBER_FIELDS = "id,display_phone_number,verified_name,quality_rating,code_verification_status,status,platform_type"
PAGE_FIELDS = "id,name,access_token,tasks,instagram_business_account{id,username}"

AGAIN = _("Meta ya no acepta ese permiso. Conectar de nuevo.")
LATER = _("Meta no puede responder ahora. Probar de nuevo en unos minutos.")
NO = _("Meta no lo permitió. Revisar que la cuenta administre lo que se quiere conectar.")
OTHER = _("Meta rechazó el pedido.")
#: What registering a number may answer besides. Source: Meta's WhatsApp error reference.
SPECIAL: dict[int, Promise] = {
    133005: _("El PIN no es el de ese número. Es el de su verificación en dos pasos."),
    133006: _("Hay que verificar el número otra vez en Meta antes de conectarlo."),
    133008: _("Se probaron demasiados PIN: Meta pide esperar antes de seguir."),
    133009: _("Se probaron demasiados PIN: Meta pide esperar antes de seguir."),
    133016: _("Meta permite registrar un número diez veces en tres días: esperar antes de seguir."),
}


@dataclass(frozen=True, slots=True)
class App:
    """The app at Meta in whose name everything is asked."""

    app_id: str
    secret: str = field(repr=False)

    @property
    def token(self) -> str:
        return f"{self.app_id}|{self.secret}"

    def proof(self, token: str) -> dict[str, str]:
        return signature.proof(self.secret, token)


@dataclass(frozen=True, slots=True)
class Token:
    """`expires_at` None: never, or Meta did not say."""

    value: str = field(repr=False)
    expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inspected:
    """What Meta knows about a token. `targets`: scope → ids it was given for; a scope without ids is given for all."""

    is_valid: bool
    expires_at: datetime | None
    scopes: tuple[str, ...]
    targets: Mapping[str, tuple[str, ...]]


# --- tokens ----------------------------------------------------------------------------------------------------
def exchange(app: App, *, code: str, redirect: str, seconds: float, instagram: bool = False) -> Token:
    """The token behind the code that a dialog sent back. A code works once, and lives 30 seconds at the shortest."""
    given = {"client_id": app.app_id, "client_secret": app.secret, "redirect_uri": redirect, "code": code}
    try:
        if instagram:
            url = f"{settings.INSTAGRAM_OAUTH_BASE_URL.rstrip('/')}/oauth/access_token"
            return _token(_call("POST", url, data={**given, "grant_type": "authorization_code"}, seconds=seconds))
        return _token(_call("GET", _graph("oauth", "access_token"), params=given, seconds=seconds))
    except ProviderError as error:
        if error.kind == "permanent":  # used, too old, or of another address
            raise ProviderError(str(AGAIN), kind="auth", code=error.code) from error
        raise


def long_lived(app: App, token: str, *, instagram: bool = False) -> Token:
    """The same permission for sixty days. An expired token cannot be exchanged."""
    if instagram:
        given = {"grant_type": "ig_exchange_token", "client_secret": app.secret, "access_token": token}
        return _token(_call("GET", f"{_instagram_root()}/access_token", params=given))
    given = {
        "grant_type": "fb_exchange_token",
        "client_id": app.app_id,
        "client_secret": app.secret,
        "fb_exchange_token": token,
    }
    return _token(_call("GET", _graph("oauth", "access_token"), params=given))


def refreshed(token: str) -> Token:
    """Sixty new days for an Instagram token that is a day old at least and has not ended."""
    given = {"grant_type": "ig_refresh_token", "access_token": token}
    return _token(_call("GET", f"{_instagram_root()}/refresh_access_token", params=given))


def inspect(app: App, token: str) -> Inspected:
    given = {"input_token": token}
    found = mapping(_call("GET", _graph("debug_token"), token=app.token, params=given).get("data"))
    targets = {}
    for each in map(mapping, items(found.get("granular_scopes"))):
        targets[str(each.get("scope"))] = tuple(filter(None, map(identifier, items(each.get("target_ids")))))
    scopes = tuple(str(each) for each in items(found.get("scopes")))
    return Inspected(found.get("is_valid") is True, _moment(found.get("expires_at")), scopes, targets)


def _token(answer: Mapping[str, Any]) -> Token:
    """Instagram's may be wrapped in a list."""
    found = mapping(next(iter(items(answer.get("data"))), None)) or answer
    value = found.get("access_token")
    if not isinstance(value, str) or not value:
        raise ProviderError(str(AGAIN), kind="auth", code="no_token")
    lasts = found.get("expires_in")
    known = isinstance(lasts, int) and not isinstance(lasts, bool) and 0 < lasts < 10**9
    granted = found.get("permissions") or ()
    scopes = granted.split(",") if isinstance(granted, str) else [str(each) for each in items(granted)]
    return Token(value, timezone.now() + timedelta(seconds=int(str(lasts))) if known else None, tuple(scopes))


def _moment(seconds: object) -> datetime | None:
    """0 is never."""
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 < seconds < 32_503_680_000:
        return None
    return datetime.fromtimestamp(seconds, UTC)


# --- what an account has ---------------------------------------------------------------------------------------
class Account:
    """Calls in the name of one token; `instagram`: one of Instagram's own sign-in, which has another host and no proof."""

    def __init__(self, token: str, *, app: App | None = None, instagram: bool = False, seconds: float = 60.0) -> None:
        """`seconds` for everything asked through this object together."""
        self._token, self._instagram = token, instagram
        self._proof = app.proof(token) if app and not instagram else {}
        self._ends = time.monotonic() + seconds

    def __repr__(self) -> str:
        return f"Account(instagram={self._instagram})"

    def pages(self) -> list[dict[str, Any]]:
        """The Facebook pages, each with its own token and its Instagram account."""
        return self._list("me/accounts", fields=PAGE_FIELDS)

    def whatsapp_accounts(self) -> list[str]:
        """Ids of WhatsApp accounts, where the token does not name them itself: those of each business."""
        found: list[str] = []
        for business in self._list("me/businesses", fields="id"):
            for edge in ("owned_whatsapp_business_accounts", "client_whatsapp_business_accounts"):
                found += [
                    identifier(each.get("id")) for each in self._list(f"{business.get('id')}/{edge}", fields="id")
                ]
        return list(dict.fromkeys(filter(None, found)))

    def numbers(self, waba_id: str) -> list[dict[str, Any]]:
        """The numbers of a WhatsApp account; whether one is used on a phone too is asked where Meta tells it."""
        path = f"{waba_id}/phone_numbers"
        try:
            return self._list(path, fields=f"{NUMBER_FIELDS},is_on_biz_app")
        except ProviderError as error:
            if error.code != "100":
                raise
            return self._list(path, fields=NUMBER_FIELDS)

    def me(self) -> dict[str, Any]:
        """The Instagram account of an Instagram token; its `user_id` is what webhooks call it."""
        return self._get("me", fields="id,user_id,username,name,account_type")

    # --- webhooks ---
    def subscriptions(self, node: str) -> list[dict[str, Any]]:
        """The apps that get the events of a page, an Instagram or a WhatsApp account."""
        return self._list(f"{node}/subscribed_apps")

    def subscribe(self, node: str, **given: str) -> None:
        """Have our app get them. `given` as Meta wants it: fields of a page, another address for a WhatsApp account."""
        self._post(f"{node}/subscribed_apps", given)

    def unsubscribe(self, node: str) -> None:
        self._call("DELETE", f"{node}/subscribed_apps", params=self._proof)

    def register(self, phone_number_id: str, pin: str) -> None:
        """Have the Cloud API serve the number; Meta allows ten attempts in 72 hours."""
        self._post(f"{phone_number_id}/register", {"messaging_product": "whatsapp", "pin": pin})

    def sync(self, phone_number_id: str, what: str) -> None:
        """Have the contacts (`smb_app_state_sync`) or the old chats (`history`) of a phone sent to our address."""
        self._post(f"{phone_number_id}/smb_app_data", {"messaging_product": "whatsapp", "sync_type": what})

    def hooks(self, app_id: str) -> list[dict[str, Any]]:
        """Where an app has its events sent, for each object; asked with the app's own token."""
        return self._list(f"{app_id}/subscriptions")

    def set_hook(self, app_id: str, *, kind: str, address: str, verify_token: str, fields: str) -> None:
        given = {"object": kind, "callback_url": address, "verify_token": verify_token, "fields": fields}
        self._post(f"{app_id}/subscriptions", given)

    def drop_hook(self, app_id: str, kind: str) -> None:
        self._call("DELETE", f"{app_id}/subscriptions", params={"object": kind})

    # --- the wire ---
    def _get(self, path: str, **params: str) -> dict[str, Any]:
        return self._call("GET", path, params={**params, **self._proof})

    def _post(self, path: str, body: Mapping[str, str]) -> None:
        answer = self._call("POST", path, data={**body, **self._proof})
        if answer.get("success") is False:
            raise ProviderError(str(OTHER), kind="permanent", code="not_done")

    def _list(self, path: str, **params: str) -> list[dict[str, Any]]:
        """Every page of a list. `next` is not followed: it is an address with the token in it."""
        found: list[dict[str, Any]] = []
        after: dict[str, str] = {}
        for _page in range(MOST_PAGES):
            answer = self._get(path, limit="100", **params, **after)
            found += [each for each in items(answer.get("data")) if isinstance(each, dict)]
            paging = mapping(answer.get("paging"))
            cursor = text(mapping(paging.get("cursors")).get("after"), 1000)
            if not paging.get("next") or not cursor or after.get("after") == cursor:
                break
            after = {"after": cursor}
        return found

    def _call(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        left = min(SECONDS, self._ends - time.monotonic())
        if left <= 0:
            raise ProviderError(str(LATER), kind="retry", code="timeout")
        parts = [settings.META_GRAPH_VERSION.strip("/"), *(quote(each, safe="") for each in path.split("/"))]
        root = _instagram_root() if self._instagram else settings.META_GRAPH_BASE_URL.rstrip("/")
        return _call(method, "/".join((root, *parts)), token=self._token, seconds=left, **more)


def _graph(*parts: str) -> str:
    return "/".join((settings.META_GRAPH_BASE_URL.rstrip("/"), settings.META_GRAPH_VERSION.strip("/"), *parts))


def _instagram_root() -> str:
    return settings.INSTAGRAM_GRAPH_BASE_URL.rstrip("/")


def _call(method: str, url: str, *, token: str = "", seconds: float = SECONDS, **more: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = http.request(method, url, headers=headers, timeout=seconds, **more)
    if 200 <= answer.status < 300:
        return mapping(answer.json())
    raise _refusal(answer)


def _refusal(answer: http.Response) -> ProviderError:
    """The kind is the one of a refused message; the words are for whoever connects."""
    try:
        body = mapping(answer.json())
    except ProviderError:
        body = {}
    # Instagram's is plain: {"code": 400, …}. 0 is a code too, that of a dead token.
    code = next((each for each in map(errors.code_of, (body.get("error"), body)) if each is not None), None)
    verdict = errors.classify(code, status=answer.status)
    said = {"auth": NO if code in (10, 3) or 200 <= (code or 0) <= 299 else AGAIN, "retry": LATER, "unknown": LATER}
    words = SPECIAL.get(code or 0) or said.get(verdict.kind, OTHER)
    kind = "permanent" if code in SPECIAL else verdict.kind
    return ProviderError(str(words), kind=kind, code=verdict.code, retry_after=verdict.retry_after)
