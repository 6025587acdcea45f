"""Putting every company's data key under the current key of `VAULT_KEYS`, while everything goes on working.

The order: put the new key first in `VAULT_KEYS` and restart every process; run this; remove the old key and restart.
Secrets themselves stay as they are: only the small key that seals them is wrapped anew. Repeating it changes nothing.
"""

from dataclasses import dataclass, field

from tenants.context import auth_scope, tenant_context
from tenants.domain.actor import Actor
from tenants.keyring import Unreadable
from tenants.models import DataKey, Tenant
from tenants.services import vault
from tenants.services.audit import record


@dataclass
class Rotation:
    """How many data keys were wrapped anew, how many already were, and whose do not open (company/version)."""

    current: str
    rewrapped: int = 0
    already: int = 0
    unreadable: list[str] = field(default_factory=list)


def rotate(*, by: Actor) -> Rotation:
    """Rewrap all companies' data keys, suspended companies' too, each company in a transaction of its own.

    Raises VaultUnreadable when VAULT_KEYS itself is unusable. A data key that does not open is left as it is.
    """
    done = Rotation(current=next(iter(vault.ring())))
    with auth_scope():
        companies = list(Tenant.objects.order_by("pk"))
    for tenant in companies:
        with tenant_context(tenant):
            _rotate_one(tenant, done, by)
    return done


def _rotate_one(tenant: Tenant, done: Rotation, by: Actor) -> None:
    rows = list(DataKey.objects.select_for_update(no_key=True).filter(tenant_id=tenant.pk).order_by("version"))
    old = [row for row in rows if row.key_id != done.current]
    done.already += len(rows) - len(old)
    moved = []
    for row in old:
        before = row.key_id
        try:
            vault.rewrap(row)
        except Unreadable:
            done.unreadable.append(str(row))
            continue
        moved.append({"version": row.version, "key": [before, row.key_id]})
    done.rewrapped += len(moved)
    if moved:
        record(action="vault.rotated", by=by, diff={"data_keys": moved})
