"""A PostgreSQL of the company's own: sign in and ask for 1."""

import contextlib
import os
import socket
import threading

import psycopg
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib import addresses
from config.lib.errors import Invalid, ProviderError
from tenants.providers_check import formats
from tenants.providers_check.base import SECONDS, Answer, Away, Field, Group, Kind, Refused, Secrets, works

# A server that is full or starting also says FATAL; these words it says only in passing (PostgreSQL, backend messages).
_PASSING = ("starting up", "shutting down", "too many", "connection slots", "recovery", "timeout", "not accepting")


class Watch:
    """Shuts a socket after `seconds`, however slowly it drips. Holds a handle of its own, so that it can never hit somebody else's."""

    def __init__(self, fileno: int, seconds: float) -> None:
        self._handle = socket.socket(fileno=os.dup(fileno))
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True

    def _shut(self) -> None:
        with contextlib.suppress(OSError):
            self._handle.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> "Watch":
        self._timer.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._timer.cancel()
        self._handle.close()


def ask(secrets: Secrets) -> Answer:
    try:
        parts = formats.database_parts(secrets["DSN"])
        port = int(parts.get("port", "5432"))
        found = addresses.resolve(parts["host"], port, ports=formats.DATABASE_PORTS)
    except Invalid as error:
        raise Refused(str(error.message)) from None
    except ProviderError as error:
        raise (Refused if error.kind == "permanent" else Away)(error.message) from None
    try:
        with (
            psycopg.connect(
                host=parts["host"],
                hostaddr=found[0],
                port=port,
                user=parts["user"],
                password=parts["password"],
                dbname=parts.get("dbname", "postgres"),
                sslmode=_sslmode(parts.get("sslmode", "")),
                connect_timeout=int(SECONDS),
                # Nothing of this machine's own takes part: no files of keys, no tickets.
                sslrootcert="system" if parts.get("sslmode") == "verify-full" else None,
                sslcertmode="disable",
                gssencmode="disable",
                passfile="/dev/null",
                autocommit=True,
            ) as server,
            Watch(server.fileno(), SECONDS),
        ):
            server.execute("select 1", prepare=False)
    except psycopg.OperationalError as error:
        words = str(error)
        if "FATAL" in words and not any(each in words for each in _PASSING):
            raise Refused(_("La base no aceptó el usuario, la contraseña o su nombre.")) from None
        raise Away(_("La base no respondió.")) from None
    except (psycopg.Error, OSError):
        raise Away(_("La base no respondió.")) from None
    return works()


def _sslmode(written: str) -> str:
    """Encrypted whatever was written, but in development, where the other side is this machine."""
    if written in ("verify-ca", "verify-full", "require"):
        return written
    return "prefer" if settings.ALLOW_PRIVATE_PROVIDER_URLS else "require"


KIND = Kind(
    "supabase",
    "Supabase",
    gettext_lazy("Una base PostgreSQL de la empresa."),
    (
        Group(
            gettext_lazy("Base"),
            (
                Field(
                    "DSN",
                    gettext_lazy("Dirección de la base"),
                    gettext_lazy("Como postgresql://usuario:contraseña@servidor:5432/base."),
                    formats.database,
                ),
            ),
            ask,
        ),
    ),
)
