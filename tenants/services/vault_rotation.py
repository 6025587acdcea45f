"""Putting everything sealed under the current key of `VAULT_KEYS`, while everything goes on working.

The order: put the new key first in `VAULT_KEYS` and restart every process; run this; remove the old key and restart.
Companies' secrets stay as they are: only the small key that seals them is wrapped anew. With new data keys they are
sealed anew too, some at a time. Killed anywhere it may simply be run again: what is done stays done, the rest follows.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tenants.context import auth_scope, platform_scope, tenant_context
from tenants.domain.actor import Actor
from tenants.keyring import Unreadable, seal
from tenants.models import Credential, CredentialVersion, DataKey, PlatformCredential, Tenant
from tenants.ring import VaultUnreadable, ring
from tenants.services import sealed_columns, vault, vault_keys, vault_versions
from tenants.services.audit import record

AT_ONCE = 200  # rows sealed anew in one transaction


@dataclass
class Rotation:
    """What was done, what already was, and what does not open and was left alone (`company/version`, `table/row`)."""

    current: str
    rewrapped: int = 0
    already: int = 0
    lent: int = 0  # credentials of the platform
    columns: int = 0  # sealed columns of other tables
    new_keys: int = 0
    resealed: int = 0
    unreadable: list[str] = field(default_factory=list)


def rotate(*, by: Actor, new_data_keys: bool = False) -> Rotation:
    """All companies, suspended ones too, then what the platform itself seals.

    Where an earlier run with new data keys was cut off, it is brought to its end first, and that is all: run it again
    for yet another key. Raises VaultUnreadable when VAULT_KEYS itself is unusable.
    """
    done = Rotation(current=next(iter(ring())))
    with auth_scope():
        companies = list(Tenant.objects.order_by("pk"))
    for tenant in companies:
        with tenant_context(tenant):
            _rewrap(tenant, done, by)
        _reseal(tenant, done, by, new=new_data_keys)
    _rotate_lent(done, by)
    found = sealed_columns.rotate(companies)
    done.columns, done.unreadable = found.moved, done.unreadable + found.unreadable
    return done


def _rewrap(tenant: Tenant, done: Rotation, by: Actor) -> None:
    rows = list(DataKey.objects.select_for_update(no_key=True).filter(tenant_id=tenant.pk).order_by("version"))
    old = [row for row in rows if row.key_id != done.current]
    done.already += len(rows) - len(old)
    moved = []
    for row in old:
        before = row.key_id
        try:
            vault_keys.rewrap(row)
        except Unreadable:
            done.unreadable.append(str(row))
            continue
        moved.append({"version": row.version, "key": [before, row.key_id]})
    done.rewrapped += len(moved)
    if moved:
        record(action="vault.rotated", by=by, diff={"data_keys": moved})


# --- new data keys -------------------------------------------------------------------------------------------
def _reseal(tenant: Tenant, done: Rotation, by: Actor, *, new: bool) -> None:
    with tenant_context(tenant):
        newest = _newest(tenant)
    if newest is None:
        return
    moved = _reseal_all(tenant, newest, done)  # what an earlier run, or somebody in a hurry, left behind
    if new and not moved:
        with tenant_context(tenant):
            newest, _key = vault_keys.make(tenant.pk, version=newest + 1)
            record(action="vault.data_key_made", by=by, diff={"version": newest})
        done.new_keys += 1
        moved = _reseal_all(tenant, newest, done)
    done.resealed += moved
    with tenant_context(tenant):
        _forget_keys(tenant, newest)


def _newest(tenant: Tenant) -> int | None:
    return DataKey.objects.filter(tenant_id=tenant.pk).order_by("-version").values_list("version", flat=True).first()


def _reseal_all(tenant: Tenant, newest: int, done: Rotation) -> int:
    """How many rows of both tables were sealed with an older key and now are with this one."""
    return sum(_reseal_table(model, tenant, newest, done) for model in (Credential, CredentialVersion))


def _reseal_table(model: Any, tenant: Tenant, newest: int, done: Rotation) -> int:
    """In small transactions, so that nobody who replaces a secret waits for long."""
    after, total = None, 0
    while True:
        with tenant_context(tenant):
            rows = model.objects.filter(tenant_id=tenant.pk, data_key_version__lt=newest)
            rows = rows.select_for_update(no_key=True, of=("self",)).order_by("pk")
            if model is CredentialVersion:
                rows = rows.select_related("credential")
            batch = list(vault.with_keys(rows if after is None else rows.filter(pk__gt=after))[:AT_ONCE])
            if not batch:
                return total
            after = batch[-1].pk
            try:
                key = vault_keys.data_key(tenant.pk, newest)
            except Unreadable:  # named while its wrapping was to change
                return total
            moved = [row for row in batch if _resealed(row, newest, key, done)]
            model.objects.bulk_update(moved, ["sealed", "data_key_version"])
        total += len(moved)


def _resealed(row: Credential | CredentialVersion, newest: int, key: bytes, done: Rotation) -> bool:
    try:
        if isinstance(row, Credential):
            value = vault.open_row(row)
            bound = vault.bound(row.tenant_id, row.category, row.name, row.version)
        else:
            owner = row.credential
            value = vault_versions.open_version(row, owner.category, owner.name)
            bound = vault.bound_version(row.tenant_id, owner.category, owner.name, row.version)
    except VaultUnreadable:
        name = f"{row.tenant_id}/{row}"
        if name not in done.unreadable:
            done.unreadable.append(name)
        return False
    row.sealed, row.data_key_version = seal(key, value.encode(), bound), newest
    return True


def _forget_keys(tenant: Tenant, newest: int) -> None:
    """The key before the newest is kept for whoever was just sealing with it; those before go once nothing needs them."""
    old = DataKey.objects.select_for_update().filter(tenant_id=tenant.pk, version__lt=newest - 1)
    for row in old:
        needed = (
            each.objects.filter(tenant_id=tenant.pk, data_key_version=row.version).exists()
            for each in (Credential, CredentialVersion)
        )
        if not any(needed):
            row.delete()


# --- the platform's own --------------------------------------------------------------------------------------
def _rotate_lent(done: Rotation, by: Actor) -> None:
    with platform_scope("rotation"):
        rows = PlatformCredential.objects.select_for_update(no_key=True).exclude(key_id=done.current)
        moved = list(_sealed_anew(rows.order_by("pk"), done))
        if moved:
            PlatformCredential.objects.bulk_update(moved, ["sealed", "key_id"])
            record(action="vault.rotated", by=by, diff={"platform_credentials": [str(row) for row in moved]})
    done.lent = len(moved)


def _sealed_anew(rows: Iterable[PlatformCredential], done: Rotation) -> Iterable[PlatformCredential]:
    for row in rows:
        try:
            value = vault.open_lent(row)
        except VaultUnreadable:
            done.unreadable.append(f"platform/{row}")
            continue
        row.key_id, key = next(iter(ring().items()))
        row.sealed = seal(key, value.encode(), vault.bound_lent(row.category, row.name, row.version))
        yield row
