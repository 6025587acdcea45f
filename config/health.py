"""`/healthz`: the process answers. `/readyz`: everything it needs answers too, each part named. Neither needs a company."""

import time
from typing import Any

import redis
from django.db import Error as DatabaseError
from django.db import ProgrammingError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from config.lib import heartbeat
from config.lib.redis import client
from tenants.access import open_page
from tenants.context import auth_scope
from tenants.services import anchor, provisioning
from tenants.tasks import HEARTBEAT_KEY

OLDEST_HEARTBEAT_SECONDS = 60
STARTING_SECONDS = 60
FEW_COMPANIES, FEW_SHARE = 5, 0.1  # so many, or this share, may be behind while the process takes requests
STANDING = """
select count(*) filter (where schema_version <> %s), count(*),
  array(select app || '.' || name from django_migrations)
from tenants_tenant
"""
_began = time.monotonic()


@open_page
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


@open_page
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    rows, serves = _rows()
    checks = {**rows, **_queue()}
    ready = serves and all(state == "ok" for name, state in checks.items() if name != "migrations")
    response = JsonResponse(
        {"status": "ok" if ready else "not ready", **checks, "audit_anchor": anchor.state()},
        status=200 if ready else 503,
    )
    response._has_been_logged = True  # type: ignore[attr-defined]  # "not ready" is an answer and no error of ours
    return response


def _rows() -> tuple[dict[str, str], bool]:
    """Database and migrations in words, and whether the process may serve with them."""
    try:
        with auth_scope(), connection.cursor() as cursor:
            cursor.execute(STANDING, [provisioning.fingerprint()])
            behind, companies, applied = cursor.fetchone()
    except ProgrammingError:  # the shared tables themselves are of an older release
        return {"database": "ok", "migrations": "missing"}, False
    except DatabaseError:
        return {"database": "no answer", "migrations": "unknown"}, False
    missing = {f"{app}.{name}" for app, name in provisioning.expected_public()} - set(applied)
    if missing:
        return {"database": "ok", "migrations": f"{len(missing)} missing"}, False
    return {"database": "ok", "migrations": f"behind {behind}" if behind else "ok"}, _few(behind, companies)


def _few(behind: int, companies: int) -> bool:
    """A company that waits for its migration answers for itself; a release that was never migrated does not serve."""
    return behind <= max(FEW_COMPANIES, companies * FEW_SHARE)


def _queue() -> dict[str, str]:
    """Redis, the workers of most queues and the one of queue `agents`, in words."""
    try:
        beats = client().mget([HEARTBEAT_KEY, heartbeat.AGENTS])
    except redis.RedisError:
        return {"redis": "no answer", "worker": "unknown", "agents_worker": "unknown"}
    return {"redis": "ok", "worker": _life(beats[0]), "agents_worker": _life(beats[1])}


def _life(beat: Any) -> str:
    if beat and time.time() - float(beat) < OLDEST_HEARTBEAT_SECONDS:
        return "ok"
    return "starting" if time.monotonic() - _began < STARTING_SECONDS else "no sign of life"
