"""Roles, database and extension that the product needs, made as a superuser; run it as often as you like.

For an own server: `ADMIN_DATABASE_URL=… OWNER_DATABASE_URL=… DATABASE_URL=… python -m config.embedded.bootstrap`,
where the first is a superuser's address and the other two are those of `crm_owner` and `crm_app`.
PostgreSQL 16 or newer with pgvector.
"""

import hashlib
import hmac
import os
import sys
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from config.embedded.state import EmbeddedError

OWNER, APP = "crm_owner", "crm_app"
# crm_member: what every tenant may do on shared tables. The other three are entered for named platform work.
GROUPS = ("crm_member", "crm_platform", "crm_auth", "crm_ingest")
ENTERED_BY_APP = ("crm_platform", "crm_auth", "crm_ingest")


@dataclass(frozen=True)
class Logins:
    """Names and passwords of what the two logins reach."""

    database: str
    owner_password: str
    app_password: str


def bootstrap(*, admin_url: str, logins: Logins, template: bool = False, test: bool = False) -> None:
    """Create or repair everything. `template` also prepares template1 (only in a cluster that is ours alone), so that
    databases made by tests have the extension; `test` lets the owner create databases."""
    with psycopg.connect(admin_url, autocommit=True) as admin:
        if admin.info.server_version < 160000:
            raise EmbeddedError("PostgreSQL 16 or newer is needed.")
        _roles(admin, logins=logins, test=test)
        _database(admin, name=logins.database)
    for name in ["template1", logins.database] if template else [logins.database]:
        with psycopg.connect(with_database(admin_url, name), autocommit=True) as inside:
            _contents(inside)


def _roles(admin: psycopg.Connection, *, logins: Logins, test: bool) -> None:
    known = {row[0] for row in admin.execute("select rolname from pg_roles where rolname like 'crm\\_%'")}
    for name in (OWNER, APP, *GROUPS):
        if name not in known:
            admin.execute(sql.SQL("create role {}").format(sql.Identifier(name)))
    rights = "login nosuperuser nobypassrls createrole " + ("createdb" if test else "nocreatedb")
    _login(admin, OWNER, rights, logins.owner_password)
    _login(admin, APP, "login nosuperuser nobypassrls nocreatedb nocreaterole noinherit", logins.app_password)
    for name in GROUPS:
        admin.execute(
            sql.SQL("alter role {} nologin nosuperuser nobypassrls nocreatedb nocreaterole").format(
                sql.Identifier(name)
            )
        )
    for name in ENTERED_BY_APP:
        admin.execute(
            sql.SQL("grant {} to {} with inherit false, set true").format(sql.Identifier(name), sql.Identifier(APP))
        )
    # The owner makes each tenant's role (and so may grant it to the app) and lets it share crm_member's rights.
    admin.execute(
        sql.SQL("grant crm_member to {} with admin true, inherit false, set false").format(sql.Identifier(OWNER))
    )


def _login(admin: psycopg.Connection, name: str, rights: str, password: str) -> None:
    admin.execute(
        sql.SQL("alter role {} {} password {}").format(sql.Identifier(name), sql.SQL(rights), sql.Literal(password))
    )


def _database(admin: psycopg.Connection, *, name: str) -> None:
    found = admin.execute("select pg_get_userbyid(datdba) from pg_database where datname = %s", [name]).fetchone()
    target, owner = sql.Identifier(name), sql.Identifier(OWNER)
    if found is None:
        admin.execute(sql.SQL("create database {} owner {} encoding 'UTF8'").format(target, owner))
    elif found[0] != OWNER:
        admin.execute(sql.SQL("alter database {} owner to {}").format(target, owner))


def _contents(inside: psycopg.Connection) -> None:
    inside.execute("create extension if not exists vector schema public")
    inside.execute("revoke create on schema public from public")
    names = sql.SQL(", ").join(sql.Identifier(name) for name in (OWNER, APP, *GROUPS))
    inside.execute(sql.SQL("grant usage on schema public to {}").format(names))


def with_database(url: str, name: str) -> str:
    """The same address, another database."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path="/" + quote(name, safe="")))


def with_login(url: str, user: str, password: str) -> str:
    """The same address, another login."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{place}"))


def is_superuser(url: str) -> bool:
    """Whether the login may do everything; its own database need not exist yet."""
    refusal: psycopg.OperationalError | None = None
    for address in (url, with_database(url, "postgres")):
        try:
            with psycopg.connect(address, connect_timeout=10) as connection:
                row = connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()
        except psycopg.OperationalError as error:
            refusal = refusal or error
            continue
        return bool(row and row[0])
    raise EmbeddedError(f"DATABASE_URL cannot be reached: {refusal}")


def adopt(url: str, *, test: bool = False) -> dict[str, str]:
    """Environment for a server the developer brought, given only a superuser's DATABASE_URL: two lesser logins.

    Their passwords follow from the given address, so every start with it agrees without storing anything.
    """
    if not is_superuser(url):
        if not os.environ.get("OWNER_DATABASE_URL"):
            raise EmbeddedError(
                "DATABASE_URL is not a superuser's and OWNER_DATABASE_URL is missing: run "
                "`python -m config.embedded.bootstrap` once (see its first lines), then set both."
            )
        return {"DATABASE_URL": url, "OWNER_DATABASE_URL": os.environ["OWNER_DATABASE_URL"]}
    parts = urlsplit(url)
    key = (unquote(parts.password or "") or url).encode()
    owner, app = (hmac.new(key, name.encode(), hashlib.sha256).hexdigest() for name in (OWNER, APP))
    database = unquote(parts.path.lstrip("/")) or "crm"
    logins = Logins(database=database, owner_password=owner, app_password=app)
    try:
        bootstrap(admin_url=with_database(url, "postgres"), logins=logins, test=test)
    except psycopg.Error as error:
        raise EmbeddedError(f"The server of DATABASE_URL could not be prepared: {error}") from error
    found = {
        "DATABASE_URL": with_login(with_database(url, database), APP, app),
        "OWNER_DATABASE_URL": with_login(with_database(url, database), OWNER, owner),
    }
    return found | ({"TEST_ADMIN_DATABASE_URL": url} if test else {})


def main() -> int:
    try:
        admin_url, owner_url, app_url = (
            os.environ[name] for name in ("ADMIN_DATABASE_URL", "OWNER_DATABASE_URL", "DATABASE_URL")
        )
    except KeyError as missing:
        print(f"{missing.args[0]} is missing. {__doc__}", file=sys.stderr)
        return 2
    owner, app = urlsplit(owner_url), urlsplit(app_url)
    if (owner.username, app.username) != (OWNER, APP):
        print(f"OWNER_DATABASE_URL must log in as {OWNER} and DATABASE_URL as {APP}.", file=sys.stderr)
        return 2
    logins = Logins(
        database=unquote(app.path.lstrip("/")) or "crm",
        owner_password=unquote(owner.password or ""),
        app_password=unquote(app.password or ""),
    )
    bootstrap(admin_url=admin_url, logins=logins)
    print(f"Ready: database {logins.database}, logins {OWNER} and {APP}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
