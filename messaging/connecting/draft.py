"""What somebody is connecting and has not finished: sealed, in Redis, for half an hour. A lost one is typed again."""

import json
from typing import Any
from uuid import UUID

import redis
from django.utils.translation import gettext as _

from config.lib.errors import AppError
from config.lib.redis import client
from tenants.context import current_tenant
from tenants.keyring import Unreadable, binding, key_for, seal, unseal
from tenants.ring import ring

KEPT_SECONDS = 1800


def read(kind: str, person: UUID) -> dict[str, Any] | None:
    """What the person began in the entered company."""
    try:
        kept = client().get(_key(kind, current_tenant().pk, person))
    except redis.RedisError:
        return None
    key_id, _dot, sealed = str(kept or "").partition(".")
    try:
        opened = unseal(key_for(ring(), key_id), bytes.fromhex(sealed), _bound(kind, person))
    except (Unreadable, ValueError):
        return None
    found: dict[str, Any] = json.loads(opened)
    return found


def keep(kind: str, person: UUID, state: dict[str, Any]) -> None:
    """Raises AppError while Redis is away."""
    key_id, key = next(iter(ring().items()))
    sealed = seal(key, json.dumps(state).encode(), _bound(kind, person)).hex()
    try:
        client().set(_key(kind, current_tenant().pk, person), f"{key_id}.{sealed}", ex=KEPT_SECONDS)
    except redis.RedisError as error:
        raise AppError(_("No se puede conectar ahora. Probar en unos minutos."), status=503) from error


def forget(kind: str, person: UUID, *, tenant_id: int) -> None:
    try:
        client().delete(_key(kind, tenant_id, person))
    except redis.RedisError:
        return  # it expires by itself


def _key(kind: str, tenant_id: int, person: UUID) -> str:
    return f"{kind}:connecting:{tenant_id}:{person}"


def _bound(kind: str, person: UUID) -> bytes:
    return binding(f"{kind}-connecting", current_tenant().pk, person)
