"""The vault: a company's own secrets, sealed with its own data key. Fails closed: no key or a changed byte is an error."""

import base64
import binascii
import re
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from config.lib.errors import AppError, Invalid, NotFound
from tenants.context import current_tenant, tenant_context
from tenants.db.current import connection
from tenants.domain.actor import Actor
from tenants.keyring import Unreadable, binding, key_for, seal, unseal
from tenants.locks import hold
from tenants.models import Category, Credential, DataKey
from tenants.services import registry
from tenants.services.audit import record

NAME = re.compile(r"[A-Z0-9_]{1,40}")
CHANNEL = re.compile(r"[A-Za-z0-9-]{0,36}")  # the id of the channel that a secret is for, or nothing


class MissingCredential(AppError):
    """The company has not stored this secret."""

    code, status = "missing_credential", 409


class VaultUnreadable(AppError):
    """A stored secret does not open. Never answered with another value."""

    code, status = "vault_unreadable", 500


@lru_cache(maxsize=4)
def _ring(entries: tuple[str, ...]) -> dict[str, bytes]:
    ring: dict[str, bytes] = {}
    for entry in entries:
        key_id, _separator, encoded = entry.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise VaultUnreadable(_("VAULT_KEYS tiene una clave ilegible.")) from error
        if not key_id or len(key) != 32 or key_id in ring:
            raise VaultUnreadable(_("VAULT_KEYS necesita entradas «id:base64 de 32 bytes», cada id una vez."))
        ring[key_id] = key
    if not ring:
        raise VaultUnreadable(_("Falta VAULT_KEYS: la bóveda no se abre sin su clave."))
    return ring


def ring() -> dict[str, bytes]:
    """Key id → key, the current one first."""
    return _ring(tuple(settings.VAULT_KEYS))


def get_tenant_credential(tenant_id: int, category: str, name: str, channel_id: object = None) -> str:
    """The secret `category/name` of a company; a channel's own set (`NAME@channel_id`) wins.

    Raises MissingCredential when none is stored and VaultUnreadable when it does not open.
    """
    if connection.tenant_id == tenant_id and connection.in_atomic_block:
        return _read(category, name, channel_id)
    tenant = registry.by_id(tenant_id)
    if tenant is None:
        raise MissingCredential(_("La empresa no existe."))
    with tenant_context(tenant):
        return _read(category, name, channel_id)


def _read(category: str, name: str, channel_id: object) -> str:
    names = [f"{name}@{channel_id}", name] if channel_id else [name]
    tenant_id = current_tenant().pk
    rows = {row.name: row for row in Credential.objects.filter(tenant_id=tenant_id, category=category, name__in=names)}
    row = next((rows[each] for each in names if each in rows), None)
    if row is None:
        raise MissingCredential(
            _("Falta la credencial %(name)s. Se carga en Ajustes, Credenciales.") % {"name": f"{category}/{name}"},
            fields={"credential": f"{category}/{name}"},
        )
    return _open(row)


def _open(row: Credential) -> str:
    tenant_id = current_tenant().pk
    try:
        key = _data_key(tenant_id, row.data_key_version)
        return unseal(key, bytes(row.sealed), _bound(tenant_id, row.category, row.name, row.version)).decode()
    except Unreadable as error:
        raise VaultUnreadable(
            _("La credencial %(name)s no se puede leer. Hay que cargarla de nuevo.") % {"name": str(row)}
        ) from error


def _bound(tenant_id: int, category: str, name: str, version: int) -> bytes:
    return binding("credential", tenant_id, category, name, version)


def _data_key(tenant_id: int, version: int) -> bytes:
    row = DataKey.objects.filter(tenant_id=tenant_id, version=version).first()
    if row is None:
        raise Unreadable("no data key")
    return unseal(key_for(ring(), row.key_id), bytes(row.wrapped), binding("datakey", tenant_id, version))


def _current_data_key(tenant_id: int) -> tuple[int, bytes]:
    row = DataKey.objects.filter(tenant_id=tenant_id).order_by("-version").first()
    if row is not None:
        return row.version, _data_key(tenant_id, row.version)
    key_id, wrapping = next(iter(ring().items()))
    key = AESGCM.generate_key(256)
    wrapped = seal(wrapping, key, binding("datakey", tenant_id, 1))
    try:
        with transaction.atomic():
            DataKey.objects.create(tenant_id=tenant_id, version=1, key_id=key_id, wrapped=wrapped)
    except IntegrityError:  # two first secrets at once: the other one's key stands
        return 1, _data_key(tenant_id, 1)
    return 1, key


def rewrap(row: DataKey) -> None:
    """Wrap a data key of the entered company with the current key. Raises Unreadable when it does not open."""
    key = unseal(key_for(ring(), row.key_id), bytes(row.wrapped), binding("datakey", row.tenant_id, row.version))
    row.key_id, wrapping = next(iter(ring().items()))
    row.wrapped = seal(wrapping, key, binding("datakey", row.tenant_id, row.version))
    row.save(update_fields=["key_id", "wrapped"])


def put_credential(*, category: str, name: str, value: str, by: Actor) -> Credential:
    """Store or replace a secret of the entered company."""
    base_name, _at, channel = name.partition("@")
    if category not in Category.values:
        raise Invalid(_("Esa categoría no existe."), fields={"category": _("Categoría desconocida.")})
    if not NAME.fullmatch(base_name) or not CHANNEL.fullmatch(channel):
        raise Invalid(_("El nombre lleva mayúsculas, números y guion bajo."), fields={"name": _("Nombre inválido.")})
    if not value or len(value) > 20_000:
        raise Invalid(
            _("El valor no puede estar vacío ni pasar de 20.000 letras."), fields={"value": _("Valor inválido.")}
        )
    try:
        plain = value.encode()
    except UnicodeEncodeError:  # whose text would quote the secret
        message = _("El valor tiene letras inválidas.")
        raise Invalid(message, fields={"value": message}) from None
    tenant_id = current_tenant().pk
    hold("credential", category, name)  # two first values at once: the later one is the second version
    key_version, key = _current_data_key(tenant_id)
    row = (
        Credential.objects.select_for_update(no_key=True)
        .filter(tenant_id=tenant_id, category=category, name=name)
        .first()
    )
    row = row or Credential(tenant_id=tenant_id, category=category, name=name, version=0)
    row.version += 1
    row.data_key_version = key_version
    row.sealed = seal(key, plain, _bound(tenant_id, category, name, row.version))
    row.last_four = value[-4:] if len(value) >= 12 else ""
    row.save()
    record(action="credential.saved", resource=row, by=by, diff={"name": str(row), "version": row.version})
    return row


def remove_credential(*, category: str, name: str, by: Actor) -> None:
    row = Credential.objects.filter(tenant_id=current_tenant().pk, category=category, name=name).first()
    if row is None:
        raise NotFound(_("No hay una credencial con ese nombre."))
    record(action="credential.removed", resource=row, by=by, diff={"name": str(row)})
    row.delete()
