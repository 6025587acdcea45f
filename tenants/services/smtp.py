"""One e-mail to one mail server: the address guarded and pinned, TLS on, no wait without an end, no secret in any error."""

import contextlib
import logging
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_noop

from config.lib import addresses
from config.lib.errors import ProviderError

logger = logging.getLogger(__name__)

PORTS = frozenset({25, 465, 587, 2525})
IMPLICIT, STARTTLS, OFFERED = "implicit", "starttls", "offered"
ANSWER_SECONDS, WHOLE_SECONDS = 15.0, 60.0  # for one answer; for the whole conversation

# What stands in `Email.error`; pages translate it when they show it.
NOT_CONNECTED = gettext_noop("El servidor de correo no respondió.")
NOT_ALLOWED = gettext_noop("La dirección del servidor de correo no está permitida.")
NO_TLS = gettext_noop("El servidor de correo no ofrece una conexión cifrada.")
BAD_CERTIFICATE = gettext_noop("El certificado del servidor de correo no es válido.")
NO_LOGIN = gettext_noop("El servidor de correo no aceptó el usuario o la contraseña.")
BAD_SENDER = gettext_noop("El servidor de correo no acepta la dirección del remitente.")
BAD_RECIPIENT = gettext_noop("El servidor de correo rechazó la dirección de destino.")
BAD_MESSAGE = gettext_noop("El servidor de correo rechazó el mensaje.")
BUSY = gettext_noop("El servidor de correo pidió esperar.")


class NotSent(Exception):
    """`reason` is one of the sentences above, in Spanish; `later` when trying again may help."""

    def __init__(self, reason: str, *, later: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.later = reason, later


@dataclass(frozen=True)
class Server:
    """Where mail goes out. `security`: TLS from the first byte, STARTTLS or nothing, or STARTTLS where it is offered.

    `guarded` for a company's own server, whose name anybody of that company may write; the platform's may be inside.
    """

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    security: str = STARTTLS
    guarded: bool = True


def usual_security(port: int) -> str:
    """RFC 8314: 465 speaks TLS at once, 587 after STARTTLS; others as they offer it."""
    return {465: IMPLICIT, 587: STARTTLS}.get(port, OFFERED)


def platform_server(url: str) -> Server | None:
    """The server of EMAIL_URL, `smtp(s)://user:password@host:port?from=crm@example.com`; None without one."""
    if not url:
        return None
    parts = urlsplit(url)
    try:
        port = parts.port or (465 if parts.scheme == "smtps" else 587)
    except ValueError:
        port = 0
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or not port:
        raise ImproperlyConfigured("EMAIL_URL must be of the form smtp://user:password@host:port")
    user = unquote(parts.username or "")
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    sender = parse_qs(parts.query).get("from", [user if "@" in user else f"crm@{host}"])[0]
    security = IMPLICIT if parts.scheme == "smtps" else usual_security(port)
    return Server(parts.hostname, port, sender, user, unquote(parts.password or ""), security, guarded=False)


def deliver(server: Server, message: EmailMessage, *, to: str) -> None:
    """Hand the message over for `to`. Raises NotSent; no other error gets out, for theirs quote what was sent."""
    with conversation(server) as smtp:
        smtp.send_message(message, from_addr=message["From"].addresses[0].addr_spec, to_addrs=[to])


@contextlib.contextmanager
def conversation(server: Server) -> Iterator[smtplib.SMTP]:
    """A connection that is encrypted and signed in; every failure of it becomes NotSent."""
    with _told(server), _connected(server) as smtp:
        smtp.ehlo()
        if server.security == STARTTLS or (server.security == OFFERED and smtp.has_extn("starttls")):
            if not smtp.has_extn("starttls"):
                raise NotSent(NO_TLS)
            smtp.starttls(context=tls())
            smtp.ehlo()
        elif server.security == OFFERED and server.user and not settings.ALLOW_PRIVATE_PROVIDER_URLS:
            raise NotSent(NO_TLS)  # a password is never said aloud
        if server.user:
            smtp.login(server.user, server.password)
        yield smtp


def tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class _Pinned(smtplib.SMTP):
    """Connects to an address that was judged, while name and certificate stay those of the server that was asked for."""

    def __init__(self, server: Server, address: str) -> None:
        self._address, self._implicit = address, server.security == IMPLICIT
        super().__init__(server.host, server.port, timeout=ANSWER_SECONDS, local_hostname=_own_name())

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # smtplib's own place for it
        connected = socket.create_connection((self._address, port), timeout)
        return tls().wrap_socket(connected, server_hostname=host) if self._implicit else connected


@contextlib.contextmanager
def _connected(server: Server) -> Iterator[smtplib.SMTP]:
    smtp = _first_that_answers(server)
    # A server may answer one letter at a time: whatever it does, the conversation has an end.
    watch = threading.Timer(WHOLE_SECONDS, _cut, [smtp])
    watch.daemon = True
    watch.start()
    try:
        yield smtp
        with contextlib.suppress(smtplib.SMTPException, OSError):
            smtp.quit()  # the message is with them already
    finally:
        watch.cancel()
        smtp.close()


def _first_that_answers(server: Server) -> smtplib.SMTP:
    last: OSError | smtplib.SMTPException = OSError()
    for address in _addresses(server):
        try:
            return _Pinned(server, address)
        except ssl.SSLCertVerificationError:
            raise
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            last = error
    raise last


def _addresses(server: Server) -> list[str]:
    if server.guarded:
        return addresses.resolve(server.host, server.port, ports=PORTS)
    found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))[: addresses.MOST_ADDRESSES]


def _own_name() -> str:
    return urlsplit(settings.PUBLIC_URL).hostname or "localhost"


def _cut(smtp: smtplib.SMTP) -> None:
    with contextlib.suppress(OSError):
        if smtp.sock is not None:
            smtp.sock.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def _told(server: Server) -> Iterator[None]:
    """A mail server's own words may repeat the message: only their kind and number go on."""
    try:
        yield
    except NotSent as refusal:
        _note(server, refusal.reason, 0)
        raise
    except (smtplib.SMTPException, OSError, ProviderError, UnicodeError, ValueError) as error:
        _note(server, type(error).__name__, _code(error))
        raise _refusal(error) from None


def _note(server: Server, what: str, code: int) -> None:
    logger.info("mail server %s:%s: %s %s", server.host, server.port, what, code or "")


def _code(error: Exception) -> int:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next((code for code, _words in error.recipients.values()), 0)
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else 0


def _refusal(error: Exception) -> NotSent:
    code = _code(error)
    if isinstance(error, ProviderError):
        return NotSent(NOT_CONNECTED, later=True) if error.kind == "retry" else NotSent(NOT_ALLOWED)
    if isinstance(error, ssl.SSLError):
        return NotSent(BAD_CERTIFICATE if isinstance(error, ssl.SSLCertVerificationError) else NO_TLS)
    if 400 <= code < 500:
        return NotSent(BUSY, later=True)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return NotSent(NO_LOGIN)
    if isinstance(error, smtplib.SMTPSenderRefused):
        return NotSent(BAD_SENDER)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return NotSent(BAD_RECIPIENT)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return NotSent(NO_LOGIN if "AUTH" in str(error) else BAD_MESSAGE)
    if isinstance(error, smtplib.SMTPResponseException):
        return NotSent(BAD_MESSAGE if code >= 500 else NOT_CONNECTED, later=code < 500)
    if isinstance(error, UnicodeError | ValueError):
        return NotSent(BAD_MESSAGE)
    return NotSent(NOT_CONNECTED, later=True)
