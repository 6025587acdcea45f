"""Writing the audit trail. A row is added in the same transaction as the act; refusals are written on their own."""

import json
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db import models

from config.lib.texts import storable, stored
from tenants.db.current import connection
from tenants.domain.actor import Actor


@dataclass(frozen=True)
class Origin:
    """Where a request came from."""

    ip: str | None = None
    agent: str = ""


UNKNOWN = Origin()
ORIGIN: ContextVar[Origin] = ContextVar("origin", default=UNKNOWN)


def record(
    *,
    action: str,
    by: Actor,
    resource: models.Model | str | None = None,
    outcome: str = "ok",
    diff: dict[str, Any] | None = None,
    tenant_id: int | None = None,
) -> None:
    """Add one SystemEvent for the entered company (or `tenant_id`, from a platform or sign-in scope)."""
    kind, identity = _named(resource)
    origin = ORIGIN.get()
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into tenants_systemevent (tenant_id, at, actor_kind, actor_id, actor_label, action, resource_type,"
            " resource_id, outcome, diff, ip, agent) values (%s, clock_timestamp(), %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                connection.tenant_id or tenant_id,
                by.kind,
                stored(by.id)[:64],
                stored(by.label)[:160],
                action[:80],
                kind,
                stored(identity)[:64],
                outcome[:12],
                _as_json(diff or {}),
                origin.ip,
                stored(origin.agent)[:200],
            ],
        )


def _as_json(diff: dict[str, Any]) -> str:
    """A trail is written even of an act whose words no column holds."""
    text = json.dumps(diff, default=str)
    plain = json.loads(text)
    return text if storable(plain) else json.dumps(_kept(plain))


def _kept(value: Any) -> Any:
    if isinstance(value, dict):
        return {stored(name): _kept(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_kept(each) for each in value]
    return stored(value) if isinstance(value, str) else value


def log_security_event(*, action: str, by: Actor, outcome: str = "refused", **details: Any) -> None:
    """A security event: sign-ins, refusals, changed keys. Never pass a secret in `details`."""
    record(action=action, by=by, outcome=outcome, diff=details)


def _named(resource: models.Model | str | None) -> tuple[str, str]:
    if resource is None:
        return "", ""
    if isinstance(resource, str):
        return "", resource
    return resource._meta.model_name or "", str(resource.pk)
