"""The one way out over HTTP: explicit timeouts, a size cap, an address guard, no token in any error."""

import contextlib
import functools
import ipaddress
import json as jsonlib
import logging
import re
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import httpx2
from django.conf import settings
from django.utils.translation import gettext as _

from config.lib.errors import ProviderError

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
MAX_BYTES = 10 * 1024 * 1024
MAX_HOPS = 5
MAX_ADDRESSES = 3

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_HOST = re.compile(r"[A-Za-z0-9._\-]{1,253}|[0-9A-Fa-f:.]{2,45}")
_REPEATABLE = frozenset({"GET", "HEAD"})
_PRIVATE_HEADERS = ("authorization", "cookie", "x-api-key", "api_access_token", "authentication")
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

    `timeout` in seconds, for each wait and for the whole body; connecting has 5 s at most. `files` maps a form name to
    (filename, content, mime). With `follow`, up to five redirects, each checked again; credentials stay with their host.

    Raises `ProviderError`: `retry` when nothing was sent (or the request only reads), `unknown` when the answer was
    lost after sending, `permanent` for an address that may not be called or a request that cannot be formed.
    """
    call = _call(method, url, headers=headers, json=json, data=data, files=files, params=params)
    for _hop in range(MAX_HOPS + 1):
        answer = _exchange(call, timeout=timeout, max_bytes=max_bytes)
        target = answer.headers.get("location") if 300 <= answer.status < 400 else None
        if not follow or not target:
            return answer
        call = _next_call(call, answer.status, target)
    raise ProviderError(_("El servicio externo redirige sin fin."), kind="permanent", code="too_many_redirects")


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
    headers = call.headers.copy()
    if (url.scheme, url.host, url.port) != (call.url.scheme, call.url.host, call.url.port):
        for name in _PRIVATE_HEADERS:
            headers.pop(name, None)
    if status in (307, 308) or call.method in _REPEATABLE:
        return _Call(call.method, url, headers, call.content, call.data, call.files)
    headers.pop("content-type", None)
    return _Call("GET", url, headers, None, None, None)


def _unformed() -> ProviderError:
    return ProviderError(_("La petición al servicio externo no es válida."), kind="permanent", code="bad_request")


def _refused() -> ProviderError:
    message = _("La dirección del servicio externo no está permitida.")
    return ProviderError(message, kind="permanent", code="address_refused")


# --- where it may go -----------------------------------------------------------------------------------


def is_public(address: str) -> bool:
    """True for an address out on the internet; also sees through IPv4 wrapped in IPv6."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    closed = ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_reserved
    return ip.is_global and not closed and not ip.is_unspecified


def _resolve(url: httpx2.URL) -> list[str]:
    """The addresses of a URL's host, all of them allowed; the call then goes to one of these and to no other."""
    host, port = url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80)
    well_formed = _HOST.fullmatch(host) and port < 65_536
    if url.scheme not in ("http", "https") or not well_formed or url.userinfo:
        raise _refused()
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        message = _("No se encontró el servidor del servicio externo.")
        raise ProviderError(message, kind="retry", code="unknown_host") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not settings.ALLOW_PRIVATE_PROVIDER_URLS and not all(is_public(one) for one in addresses):
        raise _refused()
    return addresses[:MAX_ADDRESSES]


# --- the exchange --------------------------------------------------------------------------------------


@functools.cache
def _client() -> httpx2.Client:
    """No kept connections: a stale one would turn "nothing was sent" into "may have been sent"; and as calls go to
    addresses, a kept one could have been verified for another name. No environment proxies: they dodge the guard."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
    return httpx2.Client(limits=limits, trust_env=False, follow_redirects=False)


def _exchange(call: _Call, *, timeout: float, max_bytes: int) -> Response:
    addresses = _resolve(call.url)
    for address in addresses:
        try:
            with _errors(call), _open(call, address, timeout) as answer:
                return _read(call, answer, timeout=timeout, max_bytes=max_bytes)
        except ProviderError as error:
            if error.code != "not_connected" or address == addresses[-1]:
                raise
    raise _refused()


def _open(call: _Call, address: str, timeout: float) -> contextlib.AbstractContextManager[httpx2.Response]:
    headers = call.headers.copy()
    # The name, not the address it was pinned to, is what the server and its certificate are asked for.
    headers["Host"] = call.url.netloc.decode("ascii")
    headers["Connection"] = "close"
    headers["Accept-Encoding"] = "gzip"
    name = call.url.raw_host.decode("ascii")
    return _client().stream(
        call.method,
        call.url.copy_with(host=address.partition("%")[0]),
        headers=headers,
        content=call.content,
        data=call.data,
        files=call.files,
        timeout=httpx2.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout)),
        extensions={"sni_hostname": name} if call.url.scheme == "https" else {},
    )


def _read(call: _Call, answer: httpx2.Response, *, timeout: float, max_bytes: int) -> Response:
    too_large = ProviderError(
        _("La respuesta del servicio externo es demasiado grande."),
        kind="permanent" if call.method in _REPEATABLE else "unknown",
        code="too_large",
    )
    announced = answer.headers.get("content-length", "")
    if announced.isdecimal() and len(announced) < 20 and int(announced) > max_bytes:
        raise too_large
    deadline = time.monotonic() + timeout
    body = bytearray()
    for chunk in answer.iter_bytes(65536):
        body += chunk
        if len(body) > max_bytes:
            raise too_large
        if time.monotonic() > deadline:
            raise httpx2.ReadTimeout("the body took too long")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Response(answer.status_code, headers, bytes(body), str(call.url.copy_with(query=None)))


@contextlib.contextmanager
def _errors(call: _Call) -> Iterator[None]:
    """Tell what was certainly not sent from what may have been."""
    try:
        yield
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
        _note(call, error)
        message = _("No se pudo conectar con el servicio externo.")
        raise ProviderError(message, kind="retry", code="not_connected") from error
    except (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol, httpx2.InvalidURL, UnicodeError):
        raise _unformed() from None
    except httpx2.TimeoutException as error:
        _note(call, error)
        message = _("El servicio externo no respondió a tiempo.")
        raise ProviderError(message, kind=call.lost_kind, code="timeout") from error
    except (httpx2.TransportError, httpx2.DecodingError, httpx2.StreamError) as error:
        _note(call, error)
        message = _("Se cortó la conexión con el servicio externo.")
        raise ProviderError(message, kind=call.lost_kind, code="connection_lost") from error


def _note(call: _Call, error: Exception) -> None:
    """For the operator: which host failed and how; never a path or a query, which may hold secrets."""
    log.info("%s %s: %s %s", call.method, call.url.host, type(error).__name__, redact(str(error)))
