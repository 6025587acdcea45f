"""Tienda Nube over HTTP: plain values in, what it answered out. Keeps no row, repeats nothing; credentials are passed in.

Every failure is a ProviderError: `auth` = somebody of the company has to do something (`code` unauthorized, unpaid,
forbidden), `retry` = later (with `retry_after` when the store named it), `permanent` with code not_found or refused.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from config.lib import http
from config.lib.errors import ProviderError
from crm.store.shapes import whole

JSON = dict[str, Any]
SECONDS, MAX_BYTES = 20.0, 10 * 1024 * 1024
PER_PAGE = 50  # descriptions may be long: of the largest pages allowed (200) some would be too large
ORDERS_A_PAGE, ORDER_PAGES = 200, 5  # of what a number finds, while a chat waits
SPARE_CALLS = 10  # of the bucket, left to whoever asks while a chat waits
PRODUCT_FIELDS = (
    "id,name,description,attributes,published,free_shipping,canonical_url,brand,tags,images,categories,variants"
)
ORDER_FIELDS = (
    "id,number,status,payment_status,shipping_status,total,currency,contact_email,contact_phone,products,"
    "shipping_tracking_number,shipping_tracking_url,created_at"
)
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens one store. Never shown."""

    store_id: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """`following`: number of the next page, 0 after the last. `total` of all pages, None when it was not told.

    `pause`: seconds to wait before asking more, so that the bucket is not emptied.
    """

    rows: list[JSON]
    following: int
    total: int | None
    pause: float


class Tiendanube:
    """One store. `seconds` for each call, everything together."""

    def __init__(self, keys: Keys, *, seconds: float = SECONDS) -> None:
        self._keys, self._seconds = keys, seconds
        self._base = f"{settings.TIENDANUBE_BASE_URL.rstrip('/')}/{quote(keys.store_id, safe='')}"

    def shop(self) -> JSON:
        """Its name, languages and currency."""
        return _object(self._ask("GET", "store"))

    def products(self, page: int) -> Page:
        """A page of all products, the oldest first: what is added meanwhile moves nothing."""
        given = {"sort_by": "created-at-ascending", "fields": PRODUCT_FIELDS, "per_page": PER_PAGE, "page": page}
        answer = self._ask("GET", "products", params=given, empty=True)
        if answer is None:
            return Page([], 0, None, 0.0)
        total = whole(answer.headers.get("x-total-count", ""))
        return Page(_rows(answer), _following(answer, page), total, _pause(answer))

    def product(self, number: int) -> JSON:
        return _object(self._ask("GET", f"products/{number}", params={"fields": PRODUCT_FIELDS}))

    def orders(self, number: int) -> list[JSON]:
        """The orders of exactly that number. The store also finds it in longer numbers, names and phones: the pages are
        read until it comes, up to ORDER_PAGES.
        """
        page, begun = 1, monotonic()
        for turn in range(ORDER_PAGES):
            if turn and monotonic() - begun > self._seconds:  # somebody waits for the answer in a chat
                raise ProviderError(_("La tienda tarda demasiado en contestar."), kind="retry", code="away")
            given = {"q": str(number), "status": "any", "fields": ORDER_FIELDS, "per_page": ORDERS_A_PAGE, "page": page}
            answer = self._ask("GET", "orders", params=given, empty=True)
            found = [each for each in _rows(answer) if whole(each.get("number")) == number] if answer else []
            page = _following(answer, page) if answer else 0
            if found or not page:
                return found
        return []

    def products_of_order(self, order: int) -> list[int]:
        """Which products an order is about; nothing of the person is asked for."""
        found = _object(self._ask("GET", f"orders/{order}", params={"fields": "id,products"})).get("products")
        lines = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
        return list(dict.fromkeys(pk for each in lines if (pk := whole(each.get("product_id"))) is not None))

    # --- notices ---
    def hooks(self) -> list[JSON]:
        answer = self._ask("GET", "webhooks", params={"per_page": 200, "page": 1}, empty=True)
        return _rows(answer) if answer else []

    def add_hook(self, event: str, url: str) -> None:
        self._ask("POST", "webhooks", json={"event": event, "url": url})

    def remove_hook(self, number: int) -> None:
        """One that is not there is fine."""
        try:
            self._ask("DELETE", f"webhooks/{number}")
        except ProviderError as error:
            if error.code != "not_found":
                raise

    def _ask(
        self, method: str, path: str, *, params: Mapping[str, Any] | None = None, json: Any = None, empty: bool = False
    ) -> http.Response | None:
        """The answer; None for a 404 where that means that there is nothing (`empty`)."""
        headers = {"Authentication": f"bearer {self._keys.token}", "User-Agent": user_agent()}
        address = f"{self._base}/{path}"
        answer = http.request(
            method, address, headers=headers, params=params, json=json, timeout=self._seconds, max_bytes=MAX_BYTES
        )
        if empty and _is_empty(answer):
            return None
        if 200 <= answer.status < 300:
            return answer
        raise _failure(answer)


def exchange(*, app_id: str, secret: str, code: str, seconds: float) -> Keys:
    """The token behind the code of the store's own page. Raises ProviderError: also where an error came as a 200."""
    body = {"client_id": app_id, "client_secret": secret, "grant_type": "authorization_code", "code": code}
    url = f"{settings.TIENDANUBE_AUTH_BASE_URL.rstrip('/')}/apps/authorize/token"
    answer = http.request("POST", url, json=body, headers={"User-Agent": user_agent()}, timeout=seconds)
    if answer.status == 429 or answer.status >= 500:
        raise _failure(answer)
    try:
        found = answer.json()
    except ProviderError:
        found = None
    found = found if isinstance(found, dict) and 200 <= answer.status < 300 else {}
    token, store = found.get("access_token"), str(found.get("user_id") or "")
    if (
        not isinstance(token, str)
        or not token.isascii()
        or not token.isprintable()
        or not token
        or whole(store) is None
    ):
        raise ProviderError(
            _("Tienda Nube no aceptó el permiso. Revisar el id y el secreto de la app, y conectar de nuevo."),
            kind="auth",
            code="exchange_refused",
        )
    return Keys(store, token)


def user_agent() -> str:
    """A call without a contact in it is refused."""
    return f"SovereignCRM ({settings.PUBLIC_URL})"


def _failure(answer: http.Response) -> ProviderError:
    """In our words: the store's own may quote what was sent."""
    status = answer.status
    if status == 429:
        words = _("La tienda pide esperar: se le preguntó demasiado seguido.")
        return ProviderError(words, kind="retry", code="rate_limited", retry_after=_reset(answer) or 1.0)
    if status >= 500 or status == 408:
        words = _("Tienda Nube no pudo responder ahora (%(status)s).") % {"status": status}
        return ProviderError(words, kind="retry", code="away")
    needed = {
        401: ("unauthorized", _("Tienda Nube ya no acepta el permiso. Conectar la tienda de nuevo.")),
        402: ("unpaid", _("La tienda o la app tienen un pago pendiente en Tienda Nube. Se reactiva al pagarlo allá.")),
        403: ("forbidden", _("A la app le falta un permiso en Tienda Nube: leer productos y leer pedidos.")),
    }
    if status in needed:
        code, words = needed[status]
        return ProviderError(words, kind="auth", code=code)
    if status == 404:
        return ProviderError(_("La tienda no tiene eso."), kind="permanent", code="not_found")
    words = _("Tienda Nube no entendió el pedido (%(status)s).") % {"status": status}
    return ProviderError(words, kind="permanent", code="refused")


def _is_empty(answer: http.Response) -> bool:
    """Past the last page, and where nothing was found, the store answers 404; any other 404 is a wrong address."""
    if answer.status != 404:
        return False
    try:
        found = answer.json()
    except ProviderError:
        return False
    return isinstance(found, dict) and str(found.get("description", "")).lower().startswith("last page")


def _following(answer: http.Response, page: int) -> int:
    """The page that the Link header names. Only its number is used: the address might lead a token elsewhere."""
    found = _NEXT.search(answer.headers.get("link", ""))
    named = parse_qs(urlsplit(found[1]).query).get("page", [""])[-1] if found else ""
    number = whole(named)
    return number if number is not None and number > page else 0


def _pause(answer: http.Response) -> float:
    left = whole(answer.headers.get("x-rate-limit-remaining", ""))
    return _reset(answer) if left is not None and left <= SPARE_CALLS else 0.0


def _reset(answer: http.Response) -> float:
    """Seconds until the bucket is empty again; the header counts milliseconds."""
    return min(60.0, (whole(answer.headers.get("x-rate-limit-reset", "")) or 0) / 1000)


def _rows(answer: http.Response) -> list[JSON]:
    """Raises ProviderError: what is no list must not pass for an empty one."""
    found = answer.json()
    if not isinstance(found, list):
        raise _unreadable()
    return [each for each in found if isinstance(each, dict)]


def _object(answer: http.Response | None) -> JSON:
    found = answer.json() if answer else None
    if not isinstance(found, dict):
        raise _unreadable()
    return found


def _unreadable() -> ProviderError:
    return ProviderError(_("Tienda Nube respondió algo que no se puede leer."), kind="retry", code="unreadable")


def languages(*wanted: str) -> Sequence[str]:
    """In which order to look for a text: those given, then the ones of these shops."""
    return list(dict.fromkeys(each for each in (*wanted, "es", "pt", "en") if each))
