"""`/webchat/<channel_id>/messages`: a visitor writes (POST) and reads their own conversation (GET); `/widget/<id>.js`."""

import hashlib
import json
import re
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.db import Error as DatabaseError
from django.utils.translation import gettext as _

from messaging.ingest import origins
from messaging.ingest.committer import Committer
from messaging.ingest.http import (
    JSON,
    Bodies,
    Header,
    Receive,
    Refused,
    Scope,
    Send,
    answer,
    as_json,
    client_of,
    error,
    header,
)
from messaging.ingest.limits import Bucket, Limits, per_minute
from messaging.ingest.routes import Route, Routes, RoutesUnavailable
from messaging.ingest.spool import Event
from messaging.ingest.webhooks import RETRY, stored
from messaging.services import webchat
from tenants.context import tenant_context
from tenants.live.threads import in_thread
from tenants.services import registry

MOST_BYTES = 160 * 1024  # ten thousand emoji as JSON escapes are 120 kB
LONGEST_TEXT, LONGEST_NAME = 10_000, 120
READS_PER_WRITE = 4  # how much more often a visitor may look than write
VISITOR = re.compile(r"[A-Za-z0-9_-]{1,64}")
MESSAGE_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
PREFLIGHT: list[Header] = [
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"content-type"),
    (b"access-control-max-age", b"600"),
]
WIDGET = Path("dist") / "widget.js"
JAVASCRIPT = b"text/javascript; charset=utf-8"
# Short of the file's life on purpose: after this the ETag decides, and an update is on every site within the hour.
WIDGET_HEADERS: list[Header] = [
    (b"cache-control", b"public, max-age=3600, stale-while-revalidate=86400"),
    (b"cross-origin-resource-policy", b"cross-origin"),
]


class WebChat:
    """Requests of the widget and of integrations that speak for a visitor."""

    def __init__(self, routes: Routes, committer: Committer, limits: Limits, bodies: Bodies) -> None:
        self._routes = routes
        self._committer = committer
        self._limits = limits
        self._bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts = scope["path"].rstrip("/").split("/")  # "", "webchat", channel, "messages"
        if len(parts) != 4 or parts[3] != "messages":
            raise Refused(404)
        route = await channel_route(self._routes, parts[2])
        cors = _cors(scope, route)
        if scope["method"] == "OPTIONS":
            await answer(send, 204, headers=[*cors, *PREFLIGHT])
            return
        try:
            status, body = await self._respond(route, scope, receive)
        except Refused as refused:
            refused.headers += cors  # without them the page could not read what is wrong
            raise
        await answer(send, status, as_json(body), content_type=JSON, headers=[*cors, (b"cache-control", b"no-store")])

    async def _respond(self, route: Route, scope: Scope, receive: Receive) -> tuple[int, dict[str, Any]]:
        if scope["method"] == "POST":
            given = _parsed(await self._bodies.read(scope, receive, MOST_BYTES))
            await self._room(route, given["visitor_id"], client_of(scope), "out", 1, Bucket("", 0.02, 1000))
            now = datetime.now(UTC)
            moment = {"at": now.isoformat(), "timestamp": int(now.timestamp())}
            key = _event_key(given["visitor_id"], given["message_id"])
            raw = json.dumps({**given, "message_key": key, "channel_id": route.channel_id, **moment})
            await stored(self._committer, Event(route.tenant_id, "web", route.channel_id, key, raw))
            return 202, {"message_id": given["message_id"]}
        if scope["method"] != "GET":
            raise Refused(405, headers=[(b"allow", b"GET, POST, OPTIONS")])
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        visitor_id = _visitor(query.get("visitor_id"))
        await self._room(route, visitor_id, client_of(scope), "in", READS_PER_WRITE, Bucket("", 0.01, 2000))
        try:
            rows = await in_thread(read_history, route.tenant_id, route.channel_id, visitor_id, query.get("after", ""))
        except DatabaseError as trouble:
            raise Refused(503, headers=[RETRY]) from trouble
        return 200, {"results": rows}

    async def _room(self, route: Route, visitor_id: str, client: str, way: str, times: int, channel: Bucket) -> None:
        """Room for one more of the visitor, of their address on all chats together, and of the channel; or 429."""
        place = f"webchat:{way}:{route.tenant_id}:{route.channel_id}"
        buckets = [
            per_minute(f"{place}:{visitor_id}", settings.WEBCHAT_VISITOR_PER_MINUTE * times),
            Bucket(place, channel.spacing, channel.burst),
        ]
        if client:
            buckets.append(per_minute(f"webchat:{way}:from:{client}", settings.WEBCHAT_ADDRESS_PER_MINUTE * times))
        seconds = await self._limits.wait(*buckets)
        if seconds:
            words = _("Son muchos mensajes seguidos. Esperar %(seconds)d segundos.") % {"seconds": seconds}
            raise Refused(
                429,
                error("rate_limited", words),
                content_type=JSON,
                headers=[(b"retry-after", str(seconds).encode())],
            )


class Widget:
    """The script a site loads; one file for all channels, which finds its channel in its own address."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._read: tuple[int, bytes, bytes] | None = None  # modification time, script, ETag

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path"].removeprefix("/widget/")
        if not name.endswith(".js"):
            raise Refused(404)
        await channel_route(self._routes, name.removesuffix(".js"))
        if scope["method"] not in {"GET", "HEAD"}:
            raise Refused(405, headers=[(b"allow", b"GET, HEAD")])
        script, etag = self._script()
        headers = [*WIDGET_HEADERS, (b"etag", etag)]
        if etag in header(scope, b"if-none-match").encode("latin-1"):
            await answer(send, 304, headers=headers)
        else:
            await answer(send, 200, script, content_type=JAVASCRIPT, headers=headers)

    def _script(self) -> tuple[bytes, bytes]:
        path = next((found for root in _static_folders() if (found := root / WIDGET).is_file()), None)
        if path is None:
            raise Refused(404, _("El chat todavía no está construido: ejecutar bin/dev.").encode())
        changed = path.stat().st_mtime_ns
        if self._read is None or self._read[0] != changed:
            script = path.read_bytes()
            self._read = changed, script, b'"' + hashlib.sha256(script).hexdigest()[:32].encode() + b'"'
        return self._read[1], self._read[2]


async def channel_route(routes: Routes, channel_id: str) -> Route:
    """The active web chat of that id; 404 otherwise, 503 when that cannot be known."""
    try:
        route = await routes.by_channel(channel_id.lower()) if len(channel_id) == 36 else None
    except RoutesUnavailable as trouble:
        raise Refused(503, headers=[RETRY]) from trouble
    if route is None or route.provider != "web":
        raise Refused(404)
    return route


def read_history(tenant_id: int, channel_id: str, visitor_id: str, after: str = "") -> list[dict[str, Any]]:
    """The visitor's messages, read as the channel's company; for threads."""
    tenant = registry.by_id(tenant_id)
    if tenant is None:
        return []
    with tenant_context(tenant):
        return webchat.history(channel_id=channel_id, visitor_id=visitor_id, after=after)


def origin_allowed(route: Route, scope: Scope) -> bool:
    """The page's address against the channel's sites. Whoever sends no Origin is no page: only open channels serve it."""
    origin = header(scope, b"origin") or _same_origin(scope)
    sites = [str(site) for site in route.config.get("allowed_domains") or []]
    if not sites:
        own = origins.own_sites(settings.PUBLIC_URL, development=settings.DEMO)
        return not origin or origins.allows(own, origin)
    return origins.allows(sites, origin)


def _same_origin(scope: Scope) -> str:
    """Browsers leave Origin out when a page asks its own host, and say so in another header."""
    if header(scope, b"sec-fetch-site") != "same-origin":
        return ""
    return f"{scope.get('scheme', 'http')}://{header(scope, b'host')}"


def _cors(scope: Scope, route: Route) -> list[Header]:
    if not origin_allowed(route, scope):
        raise Refused(403, error("origin", _("Este sitio no está entre los permitidos del chat.")), content_type=JSON)
    origin = header(scope, b"origin")
    allowed = [(b"access-control-allow-origin", origin.encode("latin-1"))] if origin else []
    return [*allowed, (b"vary", b"Origin"), (b"cross-origin-resource-policy", b"cross-origin")]


def _parsed(raw: bytes) -> dict[str, str]:
    """The checked fields of a message; 422 with a sentence for each wrong one, 400 when it is no JSON object."""
    try:
        given = json.loads(raw)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise Refused(400, error("invalid", _("El mensaje no es un objeto JSON.")), content_type=JSON)
    text, name = _clean(given.get("text")), _clean(given.get("name"))
    message_id = given.get("message_id") or str(uuid.uuid4())
    wrong: dict[str, str] = {}
    if not text.strip() or len(text) > LONGEST_TEXT:
        wrong["text"] = _("El texto lleva entre 1 y 10.000 letras.")
    if not isinstance(message_id, str) or not MESSAGE_ID.fullmatch(message_id):
        wrong["message_id"] = _("Hasta 64 letras, números o «_ . : -».")
    visitor_id = _visitor(given.get("visitor_id"), wrong)
    return {"visitor_id": visitor_id, "text": text, "name": name.strip()[:LONGEST_NAME], "message_id": str(message_id)}


def _visitor(value: object, wrong: dict[str, str] | None = None) -> str:
    wrong = {} if wrong is None else wrong
    if not isinstance(value, str) or not VISITOR.fullmatch(value):
        wrong["visitor_id"] = _("Entre 1 y 64 letras sin acento, números, «_» o «-».")
    if wrong:
        raise Refused(422, error("invalid", _("Revisar los datos del mensaje."), **wrong), content_type=JSON)
    return str(value)


def _clean(value: object) -> str:
    """Text without what PostgreSQL's text cannot hold: NUL and halves of a surrogate pair."""
    return value.replace("\x00", "").encode("utf-8", "ignore").decode() if isinstance(value, str) else ""


def _event_key(visitor_id: str, message_id: str) -> str:
    """One visitor cannot take another one's message id."""
    return hashlib.sha256(f"{visitor_id}\x00{message_id}".encode()).hexdigest()


def _static_folders() -> list[Path]:
    return [*map(Path, settings.STATICFILES_DIRS), Path(settings.STATIC_ROOT)]
