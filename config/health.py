"""`/healthz`: the process answers. `/readyz`: everything it needs answers too, each part named. Neither needs a company."""

import time
from functools import lru_cache

import redis
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from config.lib.redis import client
from tenants.access import open_page
from tenants.context import auth_scope
from tenants.tasks import HEARTBEAT_KEY

OLDEST_HEARTBEAT_SECONDS = 60
STARTING_SECONDS = 60
_began = time.monotonic()


@open_page
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


@open_page
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    checks = {**_rows(), **_queue()}
    ready = all(state == "ok" for state in checks.values())
    response = JsonResponse({"status": "ok" if ready else "not ready", **checks}, status=200 if ready else 503)
    response._has_been_logged = True  # type: ignore[attr-defined]  # "not ready" is an answer and no error of ours
    return response


def _rows() -> dict[str, str]:
    try:
        with auth_scope(), connection.cursor() as cursor:
            cursor.execute("select app, name from django_migrations")
            missing = _expected() - set(cursor.fetchall())
    except DatabaseError:
        return {"database": "no answer", "migrations": "unknown"}
    return {"database": "ok", "migrations": f"{len(missing)} missing" if missing else "ok"}


@lru_cache(maxsize=1)
def _expected() -> frozenset[tuple[str, str]]:
    """Every migration the code brings, each once: one that replaces others counts for them."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    replaced = {each for migration in loader.disk_migrations.values() for each in migration.replaces}
    return frozenset(set(loader.disk_migrations) - replaced)


def _queue() -> dict[str, str]:
    try:
        beat = client().get(HEARTBEAT_KEY)
    except redis.RedisError:
        return {"redis": "no answer", "worker": "unknown"}
    if beat and time.time() - float(beat) < OLDEST_HEARTBEAT_SECONDS:
        return {"redis": "ok", "worker": "ok"}
    starting = time.monotonic() - _began < STARTING_SECONDS
    return {"redis": "ok", "worker": "starting" if starting else "no sign of life"}
