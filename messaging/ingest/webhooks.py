"""`/webhooks/<provider>/<route_key>/`: raw bytes, signature, stored, 200. Nothing else happens here."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from messaging.ingest.committer import Committer, Impossible, Unavailable
from messaging.ingest.complaints import Complaints
from messaging.ingest.http import Bodies, Receive, Refused, Scope, Send, answer, stored_answer
from messaging.ingest.routes import Route, Routes, RoutesUnavailable
from messaging.ingest.spool import Event
from messaging.providers.meta_direct import signature as meta

MOST_BYTES = 1024 * 1024
RETRY = (b"retry-after", b"5")


@dataclass(frozen=True)
class Door:
    """How one provider knocks: which channels it serves, where its signature is, how it asks whether we are there."""

    provider: str
    signature_header: str
    verify: Callable[[bytes, Mapping[str, str], Iterable[str]], bool]
    secret: str
    handshake: Callable[[Mapping[str, str], Iterable[str]], str | None] | None = None
    verify_token: str = ""


DOORS: dict[str, Door] = {
    "meta": Door("meta_direct", meta.HEADER, meta.verify, "meta/APP_SECRET", meta.handshake, "meta/VERIFY_TOKEN"),
}


class Webhooks:
    """The requests of every provider in DOORS."""

    def __init__(self, routes: Routes, committer: Committer, complaints: Complaints, bodies: Bodies) -> None:
        self._routes = routes
        self._committer = committer
        self._complaints = complaints
        self._bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts = scope["path"].split("/", 4)  # "", "webhooks", provider, key, "" or what does not belong here
        if len(parts) < 4 or (len(parts) == 5 and parts[4]):
            raise Refused(404)
        door = DOORS.get(parts[2])
        if door is None:
            raise Refused(404)
        route = self._routes.known(parts[3]) or await self._looked_up(parts[3])
        if route is None or route.provider != door.provider:
            raise Refused(404)
        if scope["method"] == "POST":
            await self._store(door, route, scope, receive)
            await stored_answer(send)
        elif scope["method"] == "GET" and door.handshake is not None:
            await answer(send, 200, await self._challenge(door, route, scope))
        else:
            raise Refused(405, headers=[(b"allow", b"GET, POST" if door.handshake else b"POST")])

    async def _store(self, door: Door, route: Route, scope: Scope, receive: Receive) -> None:
        headers = dict(scope["headers"])
        raw = await self._bodies.read(scope, receive, MOST_BYTES)
        signature = {door.signature_header: headers.get(door.signature_header.encode(), b"").decode("latin-1")}
        secrets = self._routes.known_secrets(route) or await self._secrets(route)
        if not door.verify(raw, signature, (secrets.get(door.secret, ""),)):
            # The secret may have been changed a moment ago.
            secrets = await self._secrets(route, fresh=True)
            if not door.verify(raw, signature, (secrets.get(door.secret, ""),)):
                self._complaints.note(route, "no_secret" if door.secret not in secrets else "bad_signature")
                raise Refused(401)
        event = Event(route.tenant_id, door.provider, route.channel_id, hashlib.sha256(raw).hexdigest(), as_text(raw))
        await stored(self._committer, event)

    async def _looked_up(self, key: str) -> Route | None:
        try:
            return await self._routes.by_key(key)
        except RoutesUnavailable as error:
            raise Refused(503, headers=[RETRY]) from error

    async def _challenge(self, door: Door, route: Route, scope: Scope) -> bytes:
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        secrets = await self._secrets(route, fresh=True)
        tokens = [str(route.config.get("verify_token") or ""), secrets.get(door.verify_token, "")]
        challenge = door.handshake(query, tokens) if door.handshake else None
        if challenge is None:
            self._complaints.note(route, "bad_verify_token")
            raise Refused(403)
        return challenge.encode()

    async def _secrets(self, route: Route, *, fresh: bool = False) -> Mapping[str, str]:
        try:
            return await self._routes.secrets(route, fresh=fresh)
        except RoutesUnavailable as error:
            raise Refused(503, headers=[RETRY]) from error


async def stored(committer: Committer, event: Event) -> None:
    """Returns once the event is on disk; 503 when it could not be kept, 404 when its company is gone."""
    try:
        await committer.add(event)
    except Unavailable as error:
        raise Refused(503, headers=[RETRY]) from error
    except Impossible as error:
        raise Refused(404) from error


def as_text(raw: bytes) -> str:
    """The body for a text column: odd bytes stay visible as \\xNN, NUL goes, which PostgreSQL cannot hold."""
    text = raw.decode("utf-8", "backslashreplace")
    return text.replace("\x00", "") if "\x00" in text else text
