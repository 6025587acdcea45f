"""Writing the audit trail. A row is added in the same transaction as the act; refusals once theirs was undone."""

import json
import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import DatabaseError, models
from django.utils import timezone

from config.lib.texts import storable, stored
from tenants.context import auth_scope, tenant_context
from tenants.db.base import Context
from tenants.db.current import connection
from tenants.domain.actor import Actor
from tenants.services import chain

logger = logging.getLogger(__name__)
security = logging.getLogger("security")  # the same events as one line each, for whoever collects logs


@dataclass(frozen=True)
class Origin:
    """Where a request came from."""

    ip: str | None = None
    agent: str = ""


UNKNOWN = Origin()
ORIGIN: ContextVar[Origin] = ContextVar("origin", default=UNKNOWN)
Resource = models.Model | tuple[str, str] | str | None  # a row, (its model's name, its id), or an id alone
Later = list[tuple[Callable[[], AbstractContextManager[Any]], dict[str, Any]]]
_LATER: ContextVar[Later | None] = ContextVar("later", default=None)
PLATFORM_CHAIN = 0
AFTER_EVERYTHING = 1_000


def record(
    *,
    action: str,
    by: Actor,
    resource: Resource = None,
    outcome: str = "ok",
    diff: dict[str, Any] | None = None,
    tenant_id: int | None = None,
) -> None:
    """Add one SystemEvent for the entered company (or `tenant_id`, from a platform or sign-in scope).

    Written as a last statement of the transaction, where the end of the company's chain is locked for a moment only; an
    act that is undone before leaves no event. For a refusal, which is undone as a whole, see `afterwards`.
    """
    kind, identity = _named(resource)
    origin = ORIGIN.get()
    owner = connection.tenant_id or tenant_id
    event: dict[str, Any] = {
        "tenant_id": owner,
        "chain": owner or PLATFORM_CHAIN,
        "at": timezone.now(),
        "actor_kind": by.kind,
        "actor_id": stored(by.id)[:64],
        "actor_label": stored(by.label)[:160],
        "action": action[:80],
        "resource_type": stored(kind)[:60],
        "resource_id": stored(identity)[:64],
        "outcome": outcome[:12],
        "diff": _as_json(diff or {}),
        "ip": origin.ip,
        "agent": stored(origin.agent)[:200],
        "salt": secrets.token_bytes(16),
    }
    # Chains in the order of their numbers, after everything else: nobody then waits in a circle.
    connection.before_commit(partial(_append, connection.context, event), order=AFTER_EVERYTHING + event["chain"])


def _append(context: Context, event: dict[str, Any]) -> None:
    previous, connection.context = connection.context, context
    try:
        with connection.cursor() as cursor:
            cursor.execute(chain.APPEND, event)
    finally:
        connection.context = previous


@contextmanager
def trail(origin: Origin) -> Iterator[None]:
    """Around a request: where it came from, and what is to be told once its transaction is over, whatever became of it."""
    origin_token, later_token = ORIGIN.set(origin), _LATER.set([])
    try:
        yield
    finally:
        told = _LATER.get() or []
        _LATER.reset(later_token)
        for scope, event in told:
            try:
                with scope():
                    record(**event)
            except DatabaseError:
                logger.exception("the audit trail lacks %s", event["action"])
        ORIGIN.reset(origin_token)


def afterwards(**event: Any) -> None:
    """Record once the present transaction has ended, also when it was undone: refusals and failures."""
    tenant = connection.tenant
    scope = partial(tenant_context, tenant) if tenant is not None else auth_scope
    later = _LATER.get()
    if later is None:
        logger.warning("a refusal outside of any request is not in the trail: %s", event.get("action"))
        return
    later.append((scope, event))


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


def log_security_event(
    *,
    action: str,
    by: Actor,
    outcome: str = "refused",
    resource: Resource = None,
    tenant_id: int | None = None,
    **details: Any,
) -> None:
    """A security event: sign-ins, refusals, changed keys. Never pass a secret, or what somebody typed, in `details`.

    What succeeded is told in its own transaction. What was refused or failed is told once that has ended, for it is
    undone as a whole; outside of a request at once. The company is the entered one, else `tenant_id`, else the platform's.
    """
    company = connection.tenant_id or tenant_id
    origin = ORIGIN.get()
    security.info(
        "%s %s company=%s by=%s:%s from=%s", action, outcome, company or "-", by.kind, by.id, origin.ip or "-"
    )
    event: dict[str, Any] = {
        "action": action,
        "by": by,
        "outcome": outcome,
        "resource": resource,
        "tenant_id": company,
        "diff": details,
    }
    if outcome != "ok" and _LATER.get() is not None:
        afterwards(**event)
    elif connection.in_atomic_block:
        record(**event)
    else:
        with auth_scope():
            record(**event)


def _named(resource: Resource) -> tuple[str, str]:
    if resource is None:
        return "", ""
    if isinstance(resource, tuple):
        return resource
    if isinstance(resource, str):
        return "", resource
    return resource._meta.model_name or "", str(resource.pk)
