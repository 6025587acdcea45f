"""What holds for every connection before anything else sees it: whose word on TLS counts, how large a head may be, and
which headers no answer goes out without."""

from django.conf import settings

from config import env
from messaging.ingest.http import Header, Message, Scope, Send
from tenants.middleware.headers import PLAIN_HEADERS, transport_security
from tenants.services.client_address import is_proxy

MOST_HEAD_BYTES = int(env.number("WEB_MAX_HEAD", 32 * 1024))
MOST_HEAD_LINES = 100
FORWARDED_PROTO = b"x-forwarded-proto"
SECURE = {"http": "https", "ws": "wss"}
STARTS = ("http.response.start", "websocket.http.response.start")


def too_large(scope: Scope) -> bool:
    """Whether the request's head is larger than any browser's or provider's."""
    lines = scope["headers"]
    size = len(scope.get("raw_path") or b"") + len(scope["query_string"]) + sum(len(k) + len(v) for k, v in lines)
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
        self._open, self._secure = _lines(secure=False), _lines(secure=True)

    def __call__(self, scope: Scope, send: Send) -> Send:
        wanted = self._secure if scope.get("scheme") in SECURE.values() else self._open
        # In development Django's own pages about a mistake come without a policy on purpose.
        lenient = settings.DEBUG
        accepted = scope["type"] != "websocket" or "websocket.http.response" not in scope.get("extensions", {})

        async def dressed(message: Message) -> None:
            nonlocal accepted
            kind = message["type"]
            if kind in STARTS:
                await send({**message, "headers": _filled(message, wanted, lenient)})
                return
            if kind == "websocket.close" and not accepted:
                # The server's own refusal of a handshake would come without them.
                accepted = True
                await send({"type": STARTS[1], "status": 403, "headers": [*wanted, (b"content-length", b"0")]})
                await send({"type": "websocket.http.response.body", "body": b""})
                return
            accepted = accepted or kind == "websocket.accept"
            await send(message)

        return dressed


def _filled(message: Message, wanted: list[Header], lenient: bool) -> list[Header]:
    given: list[Header] = list(message.get("headers", ()))
    there = {name.lower() for name, _value in given}
    if lenient and message["status"] in (404, 500):
        there.add(b"content-security-policy")
    return given + [line for line in wanted if line[0] not in there]
