"""Tienda Nube on 127.0.0.1: a shop, its products and orders, its permission page and its notices, as strict as the real one.

`Authentication` (not Authorization) and a User-Agent with a contact are demanded; lists have a Link header and end in a 404
"Last page is 0"; a leaky bucket answers 429 with milliseconds; the token exchange tells its errors with HTTP 200.
"""

import hashlib
import hmac
import json
import re
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from tests.fakes.served import Fake, Speaker

APP_ID, SECRET, STORE, TOKEN = "4242", "app-secret-of-acme-1", "77", "token-of-store-77"
Json = dict[str, Any]
NO_MORE = {"code": 404, "message": "Not Found", "description": "Last page is 0"}
AGENT = re.compile(r".+ \(.+\)")


def variant(number: int, price: str | None = "2500.00", stock: int | None = 3, *values: str, **more: Any) -> Json:
    found: Json = {"id": number, "sku": f"SKU-{number}", "price": price, "promotional_price": None, "stock": stock}
    found |= {"stock_management": stock is not None, "values": [{"es": each} for each in values], "weight": "0.2"}
    return {**found, **more}


def product(number: int, name: str, *variants: Json, **more: Any) -> Json:
    found: Json = {"id": number, "name": {"es": name, "pt": f"{name} (pt)"}, "description": {"es": f"<p>{name}</p>"}}
    found |= {"handle": {"es": name.lower()}, "attributes": [{"es": "Talle"}], "published": True, "brand": None}
    found |= {"free_shipping": False, "canonical_url": f"https://acme.mitiendanube.com/p/{number}", "tags": ""}
    found |= {"images": [{"id": 5, "src": f"https://cdn.example/{number}.jpg", "position": 1}], "categories": []}
    return {**found, "variants": list(variants) or [variant(number * 10)], **more}


def order(number: int, **more: Any) -> Json:
    found: Json = {"id": number + 9_000_000, "number": number, "token": "secret", "status": "open", "total": "4999.00"}
    found |= {"payment_status": "paid", "shipping_status": "shipped", "currency": "ARS", "contact_name": "Ana Paz"}
    found |= {"contact_email": "ana@example.com", "contact_phone": "+54 9 11 5555-1111", "customer": {"id": 3}}
    found |= {
        "products": [{"product_id": 1, "name": "Remera", "quantity": 2}],
        "created_at": "2026-11-18T10:00:00+0000",
    }
    found |= {"shipping_tracking_number": "AR123", "shipping_tracking_url": "https://correo.example/AR123"}
    return {**found, "shipping_address": {"address": "Calle Falsa 123"}, **more}


@dataclass
class Shop:
    """One store and who may read it."""

    token: str = TOKEN
    name: str = "Acme Ropa"
    products: dict[int, Json] = field(default_factory=dict)
    orders: dict[int, Json] = field(default_factory=dict)
    hooks: list[Json] = field(default_factory=list)
    status: int = 0  # every answer of it, when not 0

    def add(self, *found: Json) -> None:
        for each in found:
            self.products[each["id"]] = each


class TiendanubeFake(Fake):
    """`base_url` and `auth_url` are what the settings name. `calls`: (method, path, query) of everything accepted."""

    def __init__(self, *, port: int = 0) -> None:
        super().__init__(_Handler, port=port)
        self.shops: dict[str, Shop] = {STORE: Shop()}
        self.codes: dict[str, str] = {}  # code → store
        self.calls: list[tuple[str, str, Json]] = []
        self.seen_headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.bucket, self.reset_ms = 40, 1500
        self.per_page_most = 200
        self.broken: list[int] = []  # statuses of the next answers
        self.slow = 0.0
        self.forbidden_hooks: set[str] = set()  # events that the app has no permission for
        self.exchange_as: Json | None = None  # instead of a token
        self.lock = threading.Lock()

    @property
    def base_url(self) -> str:
        return f"{self.url}/2025-03"

    @property
    def auth_url(self) -> str:
        return self.url

    @property
    def shop(self) -> Shop:
        return self.shops[STORE]

    def consent(self, location: str, *, store: str = STORE) -> str:
        """What the owner's browser does after a yes: the query it comes back with."""
        parts = urlsplit(location)
        assert parts.path == f"/apps/{APP_ID}/authorize", location
        code = uuid.uuid4().hex
        self.codes[code] = store
        return urlencode({"code": code, "state": parse_qs(parts.query)["state"][0]})

    def asked(self, path: str) -> list[Json]:
        """The queries of the calls to a path below the store."""
        return [query for _method, found, query in self.calls if found.endswith(f"/{path}")]


def notice(event: str, number: int | None = None, *, store: str = STORE, secret: str = SECRET, **more: Any) -> Json:
    """The body and headers of a notice, for a Django test client's `post(**notice(…))`."""
    said = {"store_id": int(store), "event": event, **({"id": number} if number is not None else {}), **more}
    raw = json.dumps(said).encode()
    return {
        "data": raw,
        "content_type": "application/json",
        "headers": {"X-Linkedstore-HMAC-SHA256": sign(raw, secret)},
    }


def sign(raw: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


class _Handler(Speaker[TiendanubeFake]):
    def do_GET(self) -> None:
        self.handle_call("GET")

    def do_POST(self) -> None:
        self.handle_call("POST")

    def do_DELETE(self) -> None:
        self.handle_call("DELETE")

    def handle_call(self, method: str) -> None:
        raw, fake = self.body(), self.fake
        parts = urlsplit(self.path)
        query: Json = dict(parse_qsl(parts.query))
        with fake.lock:
            fake.seen_headers.append({name.lower(): value for name, value in self.headers.items()})
            fake.calls.append((method, parts.path, query))
            fake.bodies.append(raw)
        if fake.slow:
            time.sleep(fake.slow)
        if not AGENT.fullmatch(self.headers.get("User-Agent", "")):
            return self.refuse(400, "User-Agent")
        if fake.broken:
            return self.refuse(fake.broken.pop(0), "broken", x_rate_limit_reset=str(fake.reset_ms))
        if method != "GET" and raw and not self.headers.get("Content-Type", "").startswith("application/json"):
            return self.refuse(415, "Content-Type")
        if (method, parts.path) == ("POST", "/apps/authorize/token"):
            return self.exchange(json.loads(raw))
        found = re.fullmatch(r"/2025-03/(\d+)/(.+)", parts.path)
        shop = fake.shops.get(found[1]) if found else None
        if shop is None or found is None:
            return self.refuse(404, "no such store")
        if self.headers.get("Authentication") != f"bearer {shop.token}":
            return self.refuse(401, "Invalid access token")
        if shop.status:
            return self.refuse(shop.status, "as scripted")
        return self.rooms(method, found[2], query, shop, raw)

    def rooms(self, method: str, path: str, query: Json, shop: Shop, raw: bytes) -> None:
        kind, _slash, number = path.partition("/")
        if path == "store":
            names = {"es": shop.name}
            return self.drip(
                200, {"name": names, "main_language": "es", "main_currency": "ARS", "email": "o@acme.test"}
            )
        if kind == "webhooks" and method == "POST":
            return self.add_hook(shop, json.loads(raw))
        if kind == "webhooks" and method == "DELETE":
            shop.hooks = [each for each in shop.hooks if str(each["id"]) != number]
            return self.drip(200, {})
        if kind == "webhooks":
            return self.listed(shop.hooks, query)
        rows = shop.products if kind == "products" else shop.orders
        if number:
            one = rows.get(int(number))
            return self.drip(200, one) if one else self.refuse(404, "Product not found")
        wanted = list(rows.values())
        if kind == "orders":
            wanted = [each for each in wanted if query.get("q", "") in json.dumps(each)]
        return self.listed(wanted, query)

    def add_hook(self, shop: Shop, body: Json) -> None:
        if any((each["event"], each["url"]) == (body["event"], body["url"]) for each in shop.hooks):
            return self.answer(422, {"url": ["already taken"]})
        if body["event"] in self.fake.forbidden_hooks:
            return self.refuse(403, "missing scope")
        shop.hooks.append({"id": len(shop.hooks) + 1, **body})
        return self.drip(201, shop.hooks[-1])

    def listed(self, rows: list[Json], query: Json) -> None:
        page, size = int(query.get("page", 1)), min(int(query.get("per_page", 30)), self.fake.per_page_most)
        part = rows[(page - 1) * size : page * size]
        if not part:
            return self.answer(404, NO_MORE)
        link = ""
        if page * size < len(rows):
            path = urlsplit(self.path).path
            following = f"<https://elsewhere.example{path}?{urlencode({**query, 'page': page + 1})}>"
            link = f'{following}; rel="next", <https://x.example/?page=99>; rel="last"'
        return self.drip(200, part, link=link, x_total_count=str(len(rows)))

    def drip(self, status: int, body: Any, **headers: str) -> None:
        """An answer that counts: with an empty bucket a 429."""
        fake = self.fake
        with fake.lock:
            fake.bucket -= 1
            left = fake.bucket
        limits = {"x_rate_limit_limit": "40", "x_rate_limit_reset": str(fake.reset_ms)}
        if left < 0:
            fake.bucket = 40
            return self.answer(429, {"code": 429}, **limits, x_rate_limit_remaining="0")
        return self.answer(status, body, **limits, **headers, x_rate_limit_remaining=str(left))

    def refuse(self, status: int, why: str, **headers: str) -> None:
        self.answer(status, {"code": status, "message": "Refused", "description": why}, **headers)

    def exchange(self, body: Json) -> None:
        fake = self.fake
        if fake.exchange_as is not None:
            return self.answer(200, fake.exchange_as)
        right = (body.get("client_id"), body.get("client_secret"), body.get("grant_type"))
        store = fake.codes.pop(str(body.get("code")), "")
        if right != (APP_ID, SECRET, "authorization_code") or not store:
            return self.answer(200, {"error": "invalid_grant", "error_description": f"bad code {body.get('code')}"})
        token = fake.shops[store].token
        return self.answer(
            200, {"access_token": token, "token_type": "bearer", "scope": "read_products", "user_id": int(store)}
        )
