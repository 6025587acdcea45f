"""A database and a Redis number of its own for every test process, so that runs side by side never meet.

The database is cloned from a template that is migrated once for each state of the migrations. Claims are advisory locks
of a connection that lives as long as the process: whatever a killed run left is recognised by its free lock and dropped.
"""

import hashlib
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import django
import psycopg
import pytest
from celery import current_app
from django.conf import settings
from django.core.cache import caches
from django.core.management import call_command
from django.db import connections
from psycopg import sql

from config.embedded.bootstrap import Logins, bootstrap, with_database
from config.lib import redis as redis_client

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATE, CLONE = "crm_template_", "crm_test_"
REDIS_LOCKS = 704_200  # + number
FIRST_REDIS, LAST_REDIS = 2, 60
COMPANIES = 1_000_000  # how many numbers a process may give to companies; their database roles are the cluster's


@dataclass
class Services:
    """`admin` is a superuser's connection to the database `postgres`; `admin_url` names its server."""

    admin: psycopg.Connection
    admin_url: str
    database: str
    first_company: int

    def inside(self) -> psycopg.Connection:
        """A superuser's connection to the test database: sees everything, for arranging and for judging."""
        return psycopg.connect(with_database(self.admin_url, self.database), autocommit=True)


def start() -> Services:
    admin_url = os.environ.get("TEST_ADMIN_DATABASE_URL", "")
    if not admin_url:
        pytest.exit("Tests that use the database need its services: run them through bin/test.", returncode=3)
    admin = psycopg.connect(with_database(admin_url, "postgres"), autocommit=True)
    template = TEMPLATE + _state_of_migrations()
    admin.execute("select pg_advisory_lock(%s)", [_number(TEMPLATE)])
    try:
        _sweep(admin, keep=template)
        if not _exists(admin, template):
            _make_template(admin, admin_url, template)
        first_company = COMPANIES * (1 + secrets.randbelow(1_000_000))
        database = f"{CLONE}{first_company}"
        admin.execute("select pg_advisory_lock(%s)", [_number(database)])
        _create(admin, database, template)
    finally:
        admin.execute("select pg_advisory_unlock(%s)", [_number(TEMPLATE)])
    services = Services(admin, admin_url, database, first_company)
    _use_database(database)
    _use_redis(_free_redis(admin))
    with services.inside() as inside:
        inside.execute(f"alter sequence tenants_tenant_id_seq restart with {services.first_company}")
    return services


def stop(services: Services) -> None:
    close_connections()
    services.admin.execute(_sql("drop database if exists {} with (force)", services.database))
    _drop_roles(services.admin, services.first_company)
    services.admin.close()


def _drop_roles(admin: psycopg.Connection, first_company: int) -> None:
    """Of the companies of one process; roles outlive the database that used them."""
    roles = admin.execute("select rolname from pg_roles where rolname ~ '^tenant_[0-9]+$'").fetchall()
    for (role,) in roles:
        if first_company <= int(role.removeprefix("tenant_")) < first_company + COMPANIES:
            drop_role(admin, role)


def drop_role(admin: psycopg.Connection, role: str) -> None:
    admin.execute(_sql("drop role if exists {}", role))


def close_connections() -> None:
    connections.close_all()
    connections["default"].close_pool()


def _state_of_migrations() -> str:
    """Changes whenever a migration, or what lays the ground for them, does."""
    total = hashlib.sha256(repr((django.VERSION, settings.SHARED_APPS, settings.TENANT_APPS)).encode())
    sources = [*ROOT.glob("*/migrations/*.py"), *ROOT.glob("*/*/migrations/*.py")]
    sources += [
        ROOT / "tenants/rls.py",
        ROOT / "tenants/services/provisioning.py",
        ROOT / "config/embedded/bootstrap.py",
    ]
    for source in sorted(sources):
        total.update(str(source.relative_to(ROOT)).encode() + b"\0" + source.read_bytes() + b"\0")
    return total.hexdigest()[:16]


def _make_template(admin: psycopg.Connection, admin_url: str, name: str) -> None:
    """Under a working name first: a name that exists is always a finished one."""
    working = f"{name}_new"
    admin.execute(_sql("drop database if exists {} with (force)", working))
    owner, app = (urlsplit(os.environ[each]) for each in ("OWNER_DATABASE_URL", "DATABASE_URL"))
    bootstrap(
        admin_url=admin_url,
        logins=Logins(database=working, owner_password=owner.password or "", app_password=app.password or ""),
        test=True,
    )
    _use_database(working)
    call_command("migrate_all", verbosity=0)
    close_connections()
    admin.execute(_sql("alter database {} rename to {}", working, name))


def _create(admin: psycopg.Connection, name: str, template: str) -> None:
    for attempt in range(5):
        try:
            admin.execute(_sql("create database {} template {} owner crm_owner", name, template))
        except psycopg.errors.ObjectInUse:  # another run's process is looking at the template
            time.sleep(0.2 * (attempt + 1))
        else:
            return
    raise RuntimeError(f"{template} stays in use")


def _sweep(admin: psycopg.Connection, *, keep: str) -> None:
    """Drop clones whose process is gone, and templates of older migrations that nobody is connected to."""
    rows = admin.execute("select datname from pg_database where datname ~ '^crm_(test|template)_'").fetchall()
    for (name,) in rows:
        if name == keep or not admin.execute("select pg_try_advisory_lock(%s)", [_number(name)]).fetchone()[0]:
            continue
        try:
            admin.execute(_sql("drop database if exists {}", name))
            if name.startswith(CLONE) and name.removeprefix(CLONE).isdigit():
                _drop_roles(admin, int(name.removeprefix(CLONE)))
        except psycopg.errors.ObjectInUse:
            continue
        finally:
            admin.execute("select pg_advisory_unlock(%s)", [_number(name)])


def _exists(admin: psycopg.Connection, name: str) -> bool:
    return admin.execute("select 1 from pg_database where datname = %s", [name]).fetchone() is not None


def _use_database(name: str) -> None:
    close_connections()
    for alias, variable in (("default", "DATABASE_URL"), ("owner", "OWNER_DATABASE_URL")):
        connections.settings[alias]["NAME"] = name
        os.environ[variable] = with_database(os.environ[variable], name)  # for processes that a test starts


def _free_redis(admin: psycopg.Connection) -> int:
    for number in range(FIRST_REDIS, LAST_REDIS):
        if admin.execute("select pg_try_advisory_lock(%s)", [REDIS_LOCKS + number]).fetchone()[0]:
            return number
    raise RuntimeError("every Redis database is taken by another test process")


def _use_redis(number: int) -> None:
    url = with_database(settings.REDIS_URL, str(number))
    settings.REDIS_URL = settings.CELERY_BROKER_URL = url
    for name, cache in settings.CACHES.items():
        cache["LOCATION"] = url
        if hasattr(caches._connections, name):
            del caches[name]  # made for the other address by a test that needed no database
    os.environ["REDIS_URL"] = os.environ["CELERY_BROKER_URL"] = url
    current_app.conf.broker_url = url
    redis_client.client.cache_clear()
    redis_client.client().flushdb()


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big")


def _sql(text: str, *names: str) -> sql.Composed:
    return sql.SQL(text).format(*(sql.Identifier(name) for name in names))
