"""`/webhooks/<provider>/<route_key>/`: raw bytes, signature, stored, 200. Nothing else happens here."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl

from messaging.ingest.committer import Committer, Impossible, Unavailable
from messaging.ingest.complaints import Complaints
from messaging.ingest.http import Bodies, Receive, Refused, Scope, Send, answer, stored_answer
from messaging.ingest.routes import Route, Routes, RoutesUnavailable
from messaging.ingest.spool import Event
from messaging.providers.chatwoot import signature as chatwoot
from messaging.providers.meta_direct import signature as meta
from messaging.providers.ycloud import signature as ycloud

# Meta sends up to a thousand updates and three megabytes at once; a batch refused for its size is repeated and then lost.
MOST_BYTES = 4 * 1024 * 1024
RETRY = (b"retry-after", b"5")


@dataclass(frozen=True)
class Door:
    """How one provider knocks: which channels it serves, how it signs, how it asks whether we are there.

    `headers` are the lower-case names that `verify` needs; any of `secrets` may have signed. `unsigned`: where none of them
    is stored the address alone is the proof. `event_key`: the provider's own name of a delivery; else it is the body's digest.
    """

    provider: str
    headers: tuple[str, ...]
    verify: Callable[[bytes, Mapping[str, str], Iterable[str]], bool]
    secrets: tuple[str, ...]
    unsigned: bool = False
    event_key: Callable[[bytes, Mapping[str, str]], str] | None = None
    handshake: Callable[[Mapping[str, str], Iterable[str]], str | None] | None = None
    verify_token: str = ""

    @cached_property
    def wire(self) -> list[tuple[str, bytes]]:
        """`headers`, each with the bytes it has on the wire."""
        return [(name, name.encode()) for name in self.headers]


DOORS: dict[str, Door] = {
    "meta": Door(
        "meta_direct",
        (meta.HEADER,),
        meta.verify,
        ("meta/APP_SECRET", "instagram/APP_SECRET"),  # an app of Instagram's own sign-in signs with its own
        handshake=meta.handshake,
        verify_token="meta/VERIFY_TOKEN",  # noqa: S106 (the name it has in the vault)
    ),
    "ycloud": Door("ycloud", (ycloud.HEADER,), ycloud.verify, ("ycloud/WEBHOOK_SECRET",), event_key=ycloud.event_key),
    "chatwoot": Door(
        "chatwoot",
        chatwoot.HEADERS,
        chatwoot.verify,
        ("chatwoot/WEBHOOK_SECRET",),
        unsigned=True,  # versions before 4.11.2 do not sign
        event_key=chatwoot.event_key,
    ),
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
        given = dict(scope["headers"])
        raw = await self._bodies.read(scope, receive, MOST_BYTES)
        headers = {name: given.get(wire, b"").decode("latin-1") for name, wire in door.wire}
        kept = self._routes.known_secrets(route)
        secrets: Mapping[str, str] = kept if kept is not None else await self._secrets(route)
        if not _believed(door, raw, headers, secrets):
            # The secret may have been changed a moment ago.
            secrets = await self._secrets(route, fresh=True)
            if not _believed(door, raw, headers, secrets):
                known = any(secrets.get(name) for name in door.secrets)
                self._complaints.note(route, "bad_signature" if known else "no_secret", door.secrets[0])
                raise Refused(401)
        key = door.event_key(raw, headers) if door.event_key else ""
        event = Event(
            route.tenant_id, door.provider, route.channel_id, key or hashlib.sha256(raw).hexdigest(), as_text(raw)
        )
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


def _believed(door: Door, raw: bytes, headers: Mapping[str, str], secrets: Mapping[str, str]) -> bool:
    if door.unsigned and not any(name in secrets for name in door.secrets):  # one that does not open is there, as ""
        return True
    return door.verify(raw, headers, [secrets[name] for name in door.secrets if secrets.get(name)])


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
