"""Typed readers for environment values; an odd value stops the start and names the variable."""

import base64
import binascii
import ipaddress
import math
import os
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def number(name: str, default: float, *, minimum: float = 0) -> float:
    raw = text(name)
    if not raw:
        return default
    try:
        value = float(raw)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a number, not {raw!r}") from error
    if not math.isfinite(value) or value < minimum:
        raise ImproperlyConfigured(f"{name} must be at least {minimum}")
    return value


def flag(name: str, default: bool = False) -> bool:
    raw = text(name).lower()
    if not raw:
        return default
    if raw in {"1", "true", "yes", "on"}:
        return True
    if raw in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {raw!r}")


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def some(name: str, default: str) -> list[str]:
    """A comma-separated list of at least one word."""
    found = words(name, default)
    if not found:
        raise ImproperlyConfigured(f"{name} must name at least one")
    return found


def networks(name: str) -> list[str]:
    """A list of addresses or networks, such as 10.0.0.0/8."""
    found = words(name)
    for each in found:
        try:
            ipaddress.ip_network(each, strict=False)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must be addresses or networks, not {each!r}") from error
    return found


def keys(name: str) -> list[str]:
    """A list of `id:base64 of 32 bytes`, each id once. Never quotes a key."""
    entries = words(name)
    ids = [entry.partition(":")[0] for entry in entries]
    for entry in entries:
        try:
            usable = len(base64.b64decode(entry.partition(":")[2], validate=True)) == 32
        except binascii.Error:
            usable = False
        if not usable:
            raise ImproperlyConfigured(f"{name} needs entries of the form id:base64 of 32 bytes")
    if not all(ids) or len(set(ids)) != len(ids):
        raise ImproperlyConfigured(f"{name} needs a name of its own before each key")
    return entries


def database(name: str, fallback: str = "") -> dict[str, object]:
    """A `postgresql://user:password@host:port/name` address as Django's connection fields."""
    raw = _address(name, fallback)
    if not raw:
        return {"NAME": "crm", "USER": "", "PASSWORD": "", "HOST": "127.0.0.1", "PORT": "5432"}
    parts = urlsplit(raw)
    try:
        port = parts.port or 5432
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} has an unusable port") from error
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} must be a postgresql:// address")
    return {
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or "127.0.0.1"),
        "PORT": str(port),
    }


def database_options(name: str, fallback: str = "") -> dict[str, str]:
    """What follows the question mark of a database's address, such as sslmode=require."""
    return dict(parse_qsl(urlsplit(_address(name, fallback)).query))


def _address(name: str, fallback: str) -> str:
    return text(name) or (text(fallback) if fallback else "")


def load_file(path: str) -> None:
    """Set variables of a `NAME=value` file that are not set yet; a missing file is fine."""
    if not os.path.exists(path):
        return
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            key, separator, value = line.strip().partition("=")
            if separator and not key.startswith("#"):
                os.environ.setdefault(key, value)
