"""What a value must look like, so that a slip of the paste shows at once. No refusal quotes the value."""

import ipaddress
import json
import re
from email.utils import parseaddr
from urllib.parse import urlsplit

import psycopg
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from psycopg.conninfo import conninfo_to_dict

from config.lib import addresses
from config.lib.errors import Invalid
from tenants.services.smtp import PORTS

DATABASE_PORTS = frozenset({5432, 6543})  # PostgreSQL and the pooler in front of it
DSN_KEYS = frozenset({"host", "port", "user", "password", "dbname", "sslmode"})
_HOST = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9\-_]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9\-_]*[A-Za-z0-9])?)*\.?"
)


def wrong(message: str) -> Invalid:
    return Invalid(message, fields={"value": message})


def one_line(value: str) -> str:
    """Without the blanks that came along with the paste."""
    value = value.strip()
    if not value or not value.isprintable():
        raise wrong(_("Va en una sola línea, sin caracteres raros."))
    return value


def password(value: str) -> str:
    """Kept as it was typed, blanks too."""
    if not value.isprintable():
        raise wrong(_("Va en una sola línea, sin caracteres raros."))
    return value


def number(value: str) -> str:
    value = value.strip()
    if not value.isascii() or not value.isdigit() or len(value) > 32:
        raise wrong(_("Son solo números."))
    return value


def web_address(value: str) -> str:
    """Without the slash at its end. The name is looked up at each call; what is plainly closed is refused here."""
    value = one_line(value).rstrip("/")
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise wrong(_("No es una dirección web.")) from None
    plain = parts.scheme == "http" and settings.ALLOW_PRIVATE_PROVIDER_URLS
    if (parts.scheme != "https" and not plain) or not parts.hostname:
        raise wrong(_("Es una dirección web que empieza con https://"))
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise wrong(_("Va sin usuario, sin contraseña y sin signos de pregunta."))
    _open_host(parts.hostname)
    if port is not None and not settings.ALLOW_PRIVATE_PROVIDER_URLS and not addresses.is_open_port(port):
        raise wrong(_("Ese puerto no está permitido."))
    return value


def host(value: str) -> str:
    value = one_line(value)
    _open_host(value)
    return value


def _open_host(name: str) -> None:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        if not _HOST.fullmatch(name):
            raise wrong(_("No es el nombre de un servidor.")) from None
        return
    if not settings.ALLOW_PRIVATE_PROVIDER_URLS and not addresses.is_public(name):
        raise wrong(_("Esa dirección no está permitida."))


def mail_port(value: str) -> str:
    return _port(value, PORTS)


def _port(value: str, allowed: frozenset[int]) -> str:
    value = number(value)
    any_port = settings.ALLOW_PRIVATE_PROVIDER_URLS and 0 < int(value) < 65_536
    if not any_port and int(value) not in allowed:
        raise wrong(_("El puerto es uno de estos: %(ports)s.") % {"ports": ", ".join(map(str, sorted(allowed)))})
    return value


def mail_sender(value: str) -> str:
    """`ventas@empresa.com` or `Empresa <ventas@empresa.com>`."""
    value = one_line(value)
    try:
        validate_email(parseaddr(value)[1])
    except ValidationError:
        raise wrong(_("Es un correo, como ventas@empresa.com.")) from None
    return value


def service_account(value: str) -> str:
    """The whole file that Google hands out."""
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        raise wrong(_("No es el archivo JSON que entrega Google.")) from None
    wanted = ("client_email", "private_key", "token_uri")
    if not isinstance(found, dict) or not all(isinstance(found.get(name), str) and found[name] for name in wanted):
        raise wrong(_("Al archivo le falta la cuenta, la clave o la dirección: pegar el JSON completo."))
    web_address(found["token_uri"])
    try:
        load_pem_private_key(found["private_key"].encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise wrong(_("La clave privada del archivo no se puede leer.")) from None
    return value.strip()


def database(value: str) -> str:
    """A PostgreSQL address with one host and a password. Nothing in it may point at files or settings of this machine."""
    value = one_line(value)
    found = database_parts(value)
    _open_host(found["host"])
    _port(found.get("port", "5432"), DATABASE_PORTS)
    return value


def database_parts(value: str) -> dict[str, str]:
    """host, port, user, password, dbname, sslmode. Raises Invalid."""
    try:
        found = {name: str(each) for name, each in conninfo_to_dict(value).items() if each not in (None, "")}
    except psycopg.Error:  # whose text would quote it
        raise wrong(_("No es la dirección de una base PostgreSQL.")) from None
    if set(found) - DSN_KEYS:
        raise wrong(_("Lleva solo servidor, puerto, usuario, contraseña, base y sslmode."))
    name = found.get("host", "")
    if not name or "/" in name or "," in name or not found.get("user") or not found.get("password"):
        raise wrong(
            _("Lleva un servidor, un usuario y una contraseña: postgresql://usuario:contraseña@servidor:5432/base")
        )
    return found
