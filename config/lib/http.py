"""The one way out over HTTP: explicit timeouts, a size cap, an address guard, no token in any error."""

import contextlib
import functools
import itertools
import json as jsonlib
import logging
import math
import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import httpx2
from django.db import connection
from django.utils.translation import gettext as _

from config.lib import addresses, quiet
from config.lib.errors import ProviderError

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
MAX_BYTES = 10 * 1024 * 1024
MAX_HOPS = 5

_REPEATABLE = frozenset({"GET", "HEAD"})
# What another host may be told after a redirect: any other header may be somebody's key.
_HARMLESS_HEADERS = frozenset({"accept", "accept-language", "content-type", "user-agent"})
_CODINGS = frozenset({"", "identity", "gzip", "x-gzip"})  # one layer, and the one we asked for
_SECRETS = re.compile(
    r"(?i)(bearer\s+|basic\s+|(?:access_?token|client_secret|api_?key|x-api-key|key|token|secret|password|code)['\"]?\s*[=:]\s*['\"]?)"
    r"[^\s&'\",}]+"
)

Files = Mapping[str, tuple[str, bytes, str]]


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of any status. Header names are lower case; `url` is where it came from, without the query."""

    status: int
    headers: dict[str, str]
    content: bytes
    url: str = ""

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON; `ProviderError(kind="unknown")` if it is none, for the act itself was answered."""
        try:
            return jsonlib.loads(self.content)
        except (ValueError, RecursionError):
            message = _("El servicio externo respondió algo que no se puede leer.")
            raise ProviderError(message, kind="unknown", code="unreadable_answer") from None


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    url: httpx2.URL
    headers: httpx2.Headers
    content: bytes | None
    data: Mapping[str, Any] | None
    files: Files | None

    @property
    def lost_kind(self) -> str:
        """What a lost answer means: asking again for something changes nothing, acting again might."""
        return "retry" if self.method in _REPEATABLE else "unknown"


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    json: Any = None,
    data: Mapping[str, Any] | bytes | None = None,
    files: Files | None = None,
    params: Mapping[str, Any] | None = None,
    timeout: float = 20.0,
    max_bytes: int = MAX_BYTES,
    follow: bool = False,
) -> Response:
    """Make one request; any HTTP status is an answer, not an error.

    `timeout` in seconds, for everything together, redirects included; connecting has 5 s at most. `max_bytes` counts
    the unpacked body; the headers may have 100 kB. `files` maps a form name to (filename, content, mime). With `follow`,
    up to five redirects, each checked again and none from https to http; credentials stay with their host.

    Raises `ProviderError`: `retry` when nothing was sent (or the request only reads), `unknown` when the answer was
    lost after sending, `permanent` for an address that may not be called or a request that cannot be formed.
    Outside of a transaction the thread's database connection is given back first.
    """
    quiet.check()
    call = _call(method, url, headers=headers, json=json, data=data, files=files, params=params)
    if connection.connection is not None and not connection.in_atomic_block:
        connection.close()  # nobody needs it while this waits; the next statement takes one again
    ends = time.monotonic() + timeout
    for _hop in range(MAX_HOPS + 1):
        answer = _exchange(call, ends=ends, max_bytes=max_bytes)
        target = answer.headers.get("location") if 300 <= answer.status < 400 else None
        if not follow or not target:
            return answer
        call = _next_call(call, answer.status, target)
    raise ProviderError(_("El servicio externo redirige sin fin."), kind="permanent", code="too_many_redirects")


def origin_of(url: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port as `request` reads them, for whoever decides by them; None for what it will not read."""
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError):
        return None
    return None if parsed.userinfo else (parsed.scheme, parsed.host, parsed.port)


def redact(text: str) -> str:
    """The same words without tokens, keys and passwords."""
    return _SECRETS.sub(r"\1…", text)


def _call(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None,
    json: Any,
    data: Mapping[str, Any] | bytes | None,
    files: Files | None,
    params: Mapping[str, Any] | None,
) -> _Call:
    try:
        parsed = httpx2.URL(url)
        if params:
            parsed = parsed.copy_merge_params(dict(params))
        given = httpx2.Headers(dict(headers or {}))
    except (httpx2.InvalidURL, ValueError, TypeError):
        # The cause would quote the address or the header, and so perhaps a token.
        raise _unformed() from None
    content = data if isinstance(data, bytes) else None
    if json is not None:
        # Escaped to ASCII: half of an emoji, cut in two somewhere, must not make the request impossible.
        content = jsonlib.dumps(json).encode()
        given.setdefault("Content-Type", "application/json")
    given.setdefault("User-Agent", "SovereignCRM")
    form = None if data is None or isinstance(data, bytes) else data
    return _Call(method.upper(), parsed, given, content, form, files)


def _next_call(call: _Call, status: int, target: str) -> _Call:
    try:
        url = httpx2.URL(urljoin(str(call.url), target))
    except (httpx2.InvalidURL, ValueError):
        raise _unformed() from None
    if call.url.scheme == "https" and url.scheme != "https":
        raise addresses.refused()
    headers = call.headers.copy()
    if (url.scheme, url.host, url.port) != (call.url.scheme, call.url.host, call.url.port):
        headers = httpx2.Headers({name: value for name, value in headers.items() if name.lower() in _HARMLESS_HEADERS})
    if status in (307, 308) or call.method in _REPEATABLE:
        return _Call(call.method, url, headers, call.content, call.data, call.files)
    headers.pop("content-type", None)
    return _Call("GET", url, headers, None, None, None)


def _unformed() -> ProviderError:
    return ProviderError(_("La petición al servicio externo no es válida."), kind="permanent", code="bad_request")


def _resolve(url: httpx2.URL) -> list[str]:
    """The addresses of a URL's host, all of them allowed; the call then goes to one of these and to no other."""
    if url.scheme not in ("http", "https") or url.userinfo:
        raise addresses.refused()
    port = url.port if url.port is not None else {"http": 80, "https": 443}[url.scheme]
    return addresses.resolve(url.raw_host.decode("ascii"), port)


# --- the exchange --------------------------------------------------------------------------------------


# The client looks through all its connections whenever one comes or goes: with one for 200 waiting calls that was a fifth of the
# processor. Several share the work; they share the certificates too, which take a megabyte each.
_SHARES = 8
_turns = itertools.count()
_making = threading.Lock()


def _client() -> httpx2.Client:
    """No kept connections: a stale one would turn "nothing was sent" into "may have been sent"; and as calls go to
    addresses, a kept one could have been verified for another name. No environment proxies: they dodge the guard."""
    with _making:  # the cache alone would let 200 threads that begin together make 200
        return _share(next(_turns) % _SHARES)


@functools.cache
def _share(_number: int) -> httpx2.Client:
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
    return httpx2.Client(limits=limits, trust_env=False, follow_redirects=False, verify=_certificates())


@functools.cache
def _certificates() -> ssl.SSLContext:
    return httpx2.create_ssl_context(trust_env=False)


class _Limit:
    """Ends a call that takes too long in all: of an answer dripping in, each single wait is short.

    Holds a second handle of the connection and shuts that one, so that it can never hit somebody else's.
    """

    def __init__(self, ends: float) -> None:
        self.ends = ends
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None

    @property
    def left(self) -> float:
        """Seconds, a little more than none: 0 would mean something else to a socket."""
        return max(0.001, self.ends - time.monotonic())

    @property
    def passed(self) -> bool:
        return time.monotonic() >= self.ends

    def note(self, event: str, info: Mapping[str, Any]) -> None:
        """Told by the client what it is doing."""
        if event == "connection.connect_tcp.complete":
            connected: socket.socket = info["return_value"].get_extra_info("socket")
            with self._lock:
                self._let_go()
                self._handle = socket.socket(fileno=os.dup(connected.fileno()))
            if self.passed:
                self.shut()

    def shut(self) -> None:
        """Whoever waits for this connection stops waiting."""
        with self._lock, contextlib.suppress(OSError):
            if self._handle is not None:
                self._handle.shutdown(socket.SHUT_RDWR)

    def _let_go(self) -> None:
        if self._handle is not None:
            self._handle.close()
            self._handle = None

    def __enter__(self) -> "_Limit":
        _watch.add(self)
        return self

    def __exit__(self, *_error: object) -> None:
        _watch.drop(self)
        with self._lock:
            self._let_go()


class _Watch:
    """One thread for the limits of all calls: one each would double the threads of a worker whose calls all wait."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open: set[_Limit] = set()
        self._looks_at = math.inf  # when the thread wakes by itself
        self._thread: threading.Thread | None = None

    def add(self, limit: _Limit) -> None:
        with self._changed:
            self._open.add(limit)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="http-limits", daemon=True)
                self._thread.start()
            if limit.ends < self._looks_at:
                self._changed.notify()

    def drop(self, limit: _Limit) -> None:
        with self._changed:
            self._open.discard(limit)

    def _run(self) -> None:
        while True:
            for limit in self._due():
                limit.shut()

    def _due(self) -> list[_Limit]:
        """Wait, at most until the first limit; those that have passed, once each."""
        with self._changed:
            self._looks_at = min((limit.ends for limit in self._open), default=math.inf)
            if self._looks_at > time.monotonic():
                wait = None if self._looks_at == math.inf else self._looks_at - time.monotonic()
                self._changed.wait(None if wait is None else max(0.0, wait))
            due = [limit for limit in self._open if limit.passed]
            self._open.difference_update(due)
            return due


_watch = _Watch()


def _after_fork() -> None:
    """A child has none of the threads, and perhaps a lock that one of them held."""
    global _watch, _making
    _watch, _making = _Watch(), threading.Lock()


os.register_at_fork(after_in_child=_after_fork)


def _exchange(call: _Call, *, ends: float, max_bytes: int) -> Response:
    found = _resolve(call.url)
    for address in found:
        try:
            with _Limit(ends) as limit, _errors(call, limit), _open(call, address, limit) as answer:
                return _read(call, answer, limit=limit, max_bytes=max_bytes)
        except ProviderError as error:
            if error.code != "not_connected" or address == found[-1]:
                raise
    raise addresses.refused()


def _open(call: _Call, address: str, limit: _Limit) -> contextlib.AbstractContextManager[httpx2.Response]:
    headers = call.headers.copy()
    # The name, not the address it was pinned to, is what the server and its certificate are asked for.
    headers["Host"] = call.url.netloc.decode("ascii")
    headers["Connection"] = "close"
    headers["Accept-Encoding"] = "gzip"
    extensions: dict[str, Any] = {"trace": limit.note}
    if call.url.scheme == "https":
        extensions["sni_hostname"] = call.url.raw_host.decode("ascii")
    return _client().stream(
        call.method,
        call.url.copy_with(host=address.partition("%")[0]),
        headers=headers,
        content=call.content,
        data=call.data,
        files=call.files,
        timeout=httpx2.Timeout(limit.left, connect=min(CONNECT_SECONDS, limit.left)),
        extensions=extensions,
    )


def _read(call: _Call, answer: httpx2.Response, *, limit: _Limit, max_bytes: int) -> Response:
    too_large = ProviderError(
        _("La respuesta del servicio externo es demasiado grande."),
        kind="permanent" if call.method in _REPEATABLE else "unknown",
        code="too_large",
    )
    announced = answer.headers.get("content-length", "")
    if announced.isdecimal() and len(announced) < 20 and int(announced) > max_bytes:
        raise too_large
    if answer.headers.get("content-encoding", "").strip().lower() not in _CODINGS:
        raise httpx2.DecodingError("packed in a way that was not asked for")
    body = bytearray()
    for chunk in answer.iter_bytes():  # as they come, each of a megabyte at most however tightly it was packed
        body += chunk
        if len(body) > max_bytes:
            raise too_large
        if limit.passed:
            raise httpx2.ReadTimeout("the body took too long")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Response(answer.status_code, headers, bytes(body), str(call.url.copy_with(query=None)))


@contextlib.contextmanager
def _errors(call: _Call, limit: _Limit) -> Iterator[None]:
    """Tell what was certainly not sent from what may have been."""
    try:
        yield
        if limit.passed:  # what looks like the whole of an answer without a length may be our own cut
            raise httpx2.ReadTimeout("the answer took too long")
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
        _note(call, error)
        message = _("No se pudo conectar con el servicio externo.")
        raise ProviderError(message, kind="retry", code="not_connected") from error
    except (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol, httpx2.InvalidURL, UnicodeError):
        raise _unformed() from None
    except (httpx2.TransportError, httpx2.DecodingError, httpx2.StreamError) as error:
        _note(call, error)
        if isinstance(error, httpx2.TimeoutException) or limit.passed:
            message = _("El servicio externo no respondió a tiempo.")
            raise ProviderError(message, kind=call.lost_kind, code="timeout") from error
        message = _("Se cortó la conexión con el servicio externo.")
        raise ProviderError(message, kind=call.lost_kind, code="connection_lost") from error


def _note(call: _Call, error: Exception) -> None:
    """For the operator: which host failed and how; never a path or a query, which may hold secrets."""
    log.info("%s %s: %s %s", call.method, call.url.host, type(error).__name__, redact(str(error)))
