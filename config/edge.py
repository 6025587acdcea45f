"""What holds for every connection before anything else sees it: whose word on TLS counts, how large a head may be, and
which headers no answer goes out without."""

from collections.abc import Awaitable
from itertools import chain

from django.conf import settings

from config import env
from messaging.ingest.http import STORED_START, Header, Message, Scope, Send
from tenants.middleware.headers import PLAIN_HEADERS, transport_security
from tenants.services.client_address import is_proxy

MOST_HEAD_BYTES = int(env.number("WEB_MAX_HEAD", 32 * 1024))
MOST_HEAD_LINES = 100
FORWARDED_PROTO = b"x-forwarded-proto"
SECURE = {"http": "https", "ws": "wss"}
START, SOCKET_START = "http.response.start", "websocket.http.response.start"


def too_large(scope: Scope) -> bool:
    """Whether the request's head is larger than any browser's or provider's."""
    lines = scope["headers"]
    size = len(scope.get("raw_path") or b"") + len(scope["query_string"]) + len(b"".join(chain.from_iterable(lines)))
    return len(lines) > MOST_HEAD_LINES or size > MOST_HEAD_BYTES


def settle_scheme(scope: Scope) -> None:
    """A configured proxy says whether its client came over TLS. Nobody else's word counts; the header goes no further."""
    said = [value for name, value in scope["headers"] if name == FORWARDED_PROTO]
    if not said:
        return
    scope["headers"] = [line for line in scope["headers"] if line[0] != FORWARDED_PROTO]
    client = scope.get("client")
    if client and is_proxy(client[0]) and said[-1].rpartition(b",")[2].strip().lower() == b"https":
        scope["scheme"] = SECURE["ws" if scope["type"] == "websocket" else "http"]


def _lines(*, secure: bool) -> list[Header]:
    wanted = dict(PLAIN_HEADERS)
    if secure and (strict := transport_security()):
        wanted["Strict-Transport-Security"] = strict
    return [(name.lower().encode(), value.encode()) for name, value in wanted.items()]


class Dress:
    """Fills in the headers an answer lacks, and answers a refused websocket in words of ours."""

    def __init__(self) -> None:
        # Per scheme: what is wanted, and the door's good answer, nearly the only one it gives and always the same.
        self._of: dict[str, tuple[list[Header], Message]] = {}
        for plain, secure in SECURE.items():
            for scheme in (plain, secure):
                wanted = _lines(secure=scheme == secure)
                self._of[scheme] = wanted, {**STORED_START, "headers": _filled(STORED_START, wanted)}

    def __call__(self, scope: Scope, send: Send) -> Send:
        wanted, stored = self._of[scope.get("scheme", "http")]
        if scope["type"] == "websocket":
            return _Handshake(scope, send, wanted)

        def dressed(message: Message) -> Awaitable[None]:
            if message is STORED_START:
                return send(stored)
            return send(_dressed(message, wanted) if message["type"] == START else message)

        return dressed


class _Handshake:
    """What goes out on a websocket: the server's own refusal of one would come without headers."""

    def __init__(self, scope: Scope, send: Send, wanted: list[Header]) -> None:
        self._send, self._wanted = send, wanted
        self._settled = "websocket.http.response" not in scope.get("extensions", {})

    async def __call__(self, message: Message) -> None:
        if message["type"] == SOCKET_START:
            await self._send(_dressed(message, self._wanted))
        elif message["type"] == "websocket.close" and not self._settled:
            self._settled = True
            await self._send(
                {"type": SOCKET_START, "status": 403, "headers": [*self._wanted, (b"content-length", b"0")]}
            )
            await self._send({"type": "websocket.http.response.body", "body": b""})
        else:
            self._settled = self._settled or message["type"] == "websocket.accept"
            await self._send(message)


def _dressed(message: Message, wanted: list[Header]) -> Message:
    # In development Django's own pages about a mistake come without a policy on purpose.
    return {**message, "headers": _filled(message, wanted, lenient=settings.DEBUG)}


def _filled(message: Message, wanted: list[Header], *, lenient: bool = False) -> list[Header]:
    given: list[Header] = list(message.get("headers", ()))
    there = {name.lower() for name, _value in given}
    if lenient and message["status"] in (404, 500):
        there.add(b"content-security-policy")
    return given + [line for line in wanted if line[0] not in there]
