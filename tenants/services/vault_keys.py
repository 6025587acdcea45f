"""A company's data keys: one seals, earlier ones still open. Each is wrapped by a key of `VAULT_KEYS`."""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import IntegrityError, transaction

from tenants.keyring import Unreadable, binding, key_for, seal, unseal
from tenants.models import DataKey
from tenants.ring import ring


def unwrap(tenant_id: int, version: int, key_id: str | None, wrapped: bytes | memoryview | None) -> bytes:
    """The data key itself. Raises Unreadable."""
    if key_id is None or wrapped is None:
        raise Unreadable("no data key")
    return unseal(key_for(ring(), key_id), bytes(wrapped), _bound(tenant_id, version))


def data_key(tenant_id: int, version: int) -> bytes:
    """Of the entered company. Raises Unreadable."""
    row = DataKey.objects.filter(tenant_id=tenant_id, version=version).first()
    if row is None:
        raise Unreadable("no data key")
    return unwrap(tenant_id, version, row.key_id, row.wrapped)


def current(tenant_id: int) -> tuple[int, bytes]:
    """(version, key) that new values are sealed with, made when there is none. Raises Unreadable.

    The row stays locked until the transaction ends, so that nobody takes a key away that is just being used.
    """
    version = _newest(tenant_id)
    if version is not None:
        return version, data_key(tenant_id, version)
    return make(tenant_id)


def _newest(tenant_id: int) -> int | None:
    rows = DataKey.objects.filter(tenant_id=tenant_id).select_for_update(no_key=True)
    return rows.order_by("-version").values_list("version", flat=True).first()


def make(tenant_id: int, *, version: int = 1) -> tuple[int, bytes]:
    """A new data key; whoever else made this version first has theirs used."""
    key_id, wrapping = next(iter(ring().items()))
    key = AESGCM.generate_key(256)
    wrapped = seal(wrapping, key, _bound(tenant_id, version))
    try:
        with transaction.atomic():
            DataKey.objects.create(tenant_id=tenant_id, version=version, key_id=key_id, wrapped=wrapped)
    except IntegrityError:
        return version, data_key(tenant_id, version)
    return version, key


def rewrap(row: DataKey) -> None:
    """Wrap a data key of the entered company with the current key. Raises Unreadable when it does not open."""
    key = unwrap(row.tenant_id, row.version, row.key_id, row.wrapped)
    row.key_id, wrapping = next(iter(ring().items()))
    row.wrapped = seal(wrapping, key, _bound(row.tenant_id, row.version))
    row.save(update_fields=["key_id", "wrapped"])


def _bound(tenant_id: int, version: int) -> bytes:
    return binding("datakey", tenant_id, version)
