"""The vault: a company's own secrets, sealed with its own data key. Fails closed: no key or a changed byte is an error.

A secret is found in this order: the company's own for the channel (`NAME@channel`), its own (`NAME`), one of the platform
that is lent to it. Names that work together (tenants.providers_check) come wholly from one of both: a key of the platform
never goes to an address that a company wrote. Nothing opened is kept anywhere: reading costs one statement.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from config.lib.errors import AppError, Invalid, NotFound
from tenants.context import current_tenant, tenant_context
from tenants.db.current import connection
from tenants.domain.actor import Actor
from tenants.keyring import Unreadable, binding, key_for, seal, unseal
from tenants.locks import hold
from tenants.models import Credential, CredentialVersion, DataKey, Health, PlatformCredential
from tenants.providers_check.registry import field_of, group_of, kind_of
from tenants.ring import VaultUnreadable, ring
from tenants.services import registry, vault_keys
from tenants.services.audit import record

CHANNEL = re.compile(r"[A-Za-z0-9-]{0,36}")  # the id of the channel that a secret is for, or nothing
LONGEST = 20_000  # characters
KEPT_VERSIONS = 10  # earlier values, besides the present one
SHORTEST_WITH_END = 12  # characters: of a shorter one the last four would give too much away


class MissingCredential(AppError):
    """The company has not stored this secret, and none is lent to it."""

    code, status = "missing_credential", 409


# --- reading -----------------------------------------------------------------------------------------------
def get_tenant_credential(tenant_id: int, category: str, name: str, channel_id: object = None) -> str:
    """The secret `category/name` of a company; a channel's own (`NAME@channel_id`) wins, a lent one comes last.

    Raises MissingCredential when there is none and VaultUnreadable when it does not open. Two calls may see two states:
    whoever sends one value to the address that another names takes both from `get_tenant_set`.
    """
    return _inside(tenant_id, category, name, channel_id, only=name)[name]


def get_tenant_set(tenant_id: int, category: str, name: str, channel_id: object = None) -> dict[str, str]:
    """NAME → value of everything stored that works together with `name`, read at one moment from one owner.

    Raises MissingCredential when `name` itself is not there and VaultUnreadable when one does not open.
    """
    return _inside(tenant_id, category, name, channel_id)


def _inside(tenant_id: int, category: str, name: str, channel_id: object, *, only: str = "") -> dict[str, str]:
    if connection.tenant_id == tenant_id and connection.in_atomic_block:
        return _read(category, name, channel_id, only)
    tenant = registry.by_id(tenant_id)
    if tenant is None:
        raise MissingCredential(_("La empresa no existe."))
    with tenant_context(tenant):
        return _read(category, name, channel_id, only)


def _read(category: str, name: str, channel_id: object, only: str) -> dict[str, str]:
    group = group_of(category, name)
    names = group.names if group else (name,)
    own = own_rows(category, names, channel_id)
    if name in own:
        return {each: open_row(row) for each, row in own.items() if only in ("", each)}
    if not own:
        lent = {row.name: row for row in lent_rows(category, names)}
        if name in lent:
            return {each: open_lent(row) for each, row in lent.items() if only in ("", each)}
    raise MissingCredential(
        _("Falta la credencial %(name)s. Se carga en Ajustes, Credenciales.") % {"name": f"{category}/{name}"},
        fields={"credential": f"{category}/{name}"},
    )


def own_rows(category: str, names: Iterable[str], channel_id: object = None) -> dict[str, Credential]:
    """NAME → the entered company's row with its wrapped data key, in one statement: no rotation can come between."""
    wanted = list(names)
    if channel_id:
        wanted += [f"{each}@{channel_id}" for each in wanted]
    rows = with_keys(Credential.objects.filter(tenant_id=current_tenant().pk, category=category, name__in=wanted))
    # A channel's own sorts after the general one and takes its place.
    return {row.name.partition("@")[0]: row for row in sorted(rows, key=lambda row: len(row.name))}


def with_keys(rows: QuerySet) -> QuerySet:
    """Rows of the entered company that know their data key: `key_id` and `wrapped`."""
    keys = DataKey.objects.filter(tenant_id=current_tenant().pk, version=OuterRef("data_key_version"))
    return rows.annotate(key_id=Subquery(keys.values("key_id")[:1]), wrapped=Subquery(keys.values("wrapped")[:1]))


def lent_rows(category: str | None = None, names: Iterable[str] = ()) -> list[PlatformCredential]:
    """The platform's rows that the entered company may use; row security says the same."""
    rows = PlatformCredential.objects.filter(Q(everyone=True) | Q(tenant_ids__contains=[current_tenant().pk]))
    if category is not None:
        rows = rows.filter(category=category, name__in=list(names))
    return [
        row
        for row in rows.order_by("category", "name")
        if (field := field_of(row.category, row.name)) is not None and field.lendable
    ]


def open_row(row: Credential) -> str:
    """The value of a row of `own_rows`. Raises VaultUnreadable."""
    tenant_id = current_tenant().pk
    try:
        key = vault_keys.unwrap(tenant_id, row.data_key_version, row.key_id, row.wrapped)  # type: ignore[attr-defined]  # with_keys
        return unseal(key, bytes(row.sealed), bound(tenant_id, row.category, row.name, row.version)).decode()
    except Unreadable as error:
        raise _unreadable(str(row)) from error


def open_lent(row: PlatformCredential) -> str:
    """The value of a row of the platform's. Raises VaultUnreadable."""
    try:
        key = key_for(ring(), row.key_id)
        return unseal(key, bytes(row.sealed), bound_lent(row.category, row.name, row.version)).decode()
    except Unreadable as error:
        raise _unreadable(str(row)) from error


def _unreadable(name: str) -> VaultUnreadable:
    return VaultUnreadable(_("La credencial %(name)s no se puede leer. Hay que cargarla de nuevo.") % {"name": name})


# --- what a ciphertext is tied to ----------------------------------------------------------------------------
def bound(tenant_id: int, category: str, name: str, version: int) -> bytes:
    return binding("credential", tenant_id, category, name, version)


def bound_version(tenant_id: int, category: str, name: str, version: int) -> bytes:
    """Of a row of the history: carried back into the present with its number, it still does not open."""
    return binding("credential-version", tenant_id, category, name, version)


def bound_lent(category: str, name: str, version: int) -> bytes:
    return binding("platform-credential", category, name, version)


# --- writing -------------------------------------------------------------------------------------------------
@sensitive_variables("value")
def checked(category: str, name: str, value: str) -> str:
    """The value as it is kept. Raises Invalid, which never quotes it."""
    kind = kind_of(category)
    if kind is None:
        raise Invalid(_("Esa categoría no existe."), fields={"category": _("Categoría desconocida.")})
    base_name, _at, channel = name.partition("@")
    field = kind.field_of(base_name)
    if field is None or not CHANNEL.fullmatch(channel):
        names = _("Los nombres de %(kind)s son %(names)s.") % {"kind": kind.label, "names": ", ".join(kind.names)}
        raise Invalid(
            _("Ese nombre no existe, y nadie lo leería. %(names)s") % {"names": names}, fields={"name": names}
        )
    if not value or len(value) > LONGEST:
        raise Invalid(
            _("El valor no puede estar vacío ni pasar de 20.000 letras."), fields={"value": _("Valor inválido.")}
        )
    try:
        value.encode()
    except UnicodeEncodeError:  # whose text would quote the secret
        message = _("El valor tiene letras inválidas.")
        raise Invalid(message, fields={"value": message}) from None
    return field.clean(value)


def last_four(category: str, name: str, value: str) -> str:
    """What lists show of a value: enough to tell two apart, nothing of short ones and of files."""
    field = field_of(category, name.partition("@")[0])
    return "" if field is None or field.long or len(value) < SHORTEST_WITH_END else value[-4:]


@sensitive_variables("value", "plain", "key")
def put_credential(
    *, category: str, name: str, value: str, by: Actor, expires_at: datetime | None = None, restored: int | None = None
) -> Credential:
    """Store or replace a secret of the entered company; the value before it stays in the history.

    `restored`: the version that is being taken back. Raises Invalid.
    """
    value = checked(category, name, value)
    tenant_id, plain = current_tenant().pk, value.encode()
    hold("credential", category, name)  # two first values at once: the later one is the second version
    key_version, key = _current_key(tenant_id)
    row = (
        Credential.objects.select_for_update(no_key=True)
        .filter(tenant_id=tenant_id, category=category, name=name)
        .first()
    )
    row = row or Credential(tenant_id=tenant_id, category=category, name=name, version=0)
    row.version += 1
    row.data_key_version = key_version
    row.sealed = seal(key, plain, bound(tenant_id, category, name, row.version))
    row.last_four = last_four(category, name, value)
    row.expires_at = expires_at
    row.health, row.health_detail, row.checked_at = Health.UNKNOWN, "", None
    row.save()
    _remember(row, seal(key, plain, bound_version(tenant_id, category, name, row.version)), by)
    diff: dict[str, object] = {"name": str(row), "version": row.version}
    if restored is not None:
        diff["restored"] = restored
    action = "credential.saved" if restored is None else "credential.restored"
    record(action=action, resource=row, by=by, diff=diff)
    return row


def _current_key(tenant_id: int) -> tuple[int, bytes]:
    try:
        return vault_keys.current(tenant_id)
    except Unreadable as error:
        raise VaultUnreadable(_("La clave de datos de la empresa no se puede leer. Avisar a la plataforma.")) from error


def _remember(row: Credential, sealed: bytes, by: Actor) -> None:
    CredentialVersion.objects.create(
        credential=row,
        tenant_id=row.tenant_id,
        version=row.version,
        data_key_version=row.data_key_version,
        sealed=sealed,
        last_four=row.last_four,
        written_by=by.label[:160],
        written_at=timezone.now(),
    )
    oldest = row.version - KEPT_VERSIONS
    if oldest > 1:
        CredentialVersion.objects.filter(tenant_id=row.tenant_id, credential=row, version__lt=oldest).delete()


def find(category: str, name: str) -> Credential:
    """The entered company's row. Raises NotFound."""
    row = Credential.objects.filter(tenant_id=current_tenant().pk, category=category, name=name).first()
    if row is None:
        raise NotFound(_("No hay una credencial con ese nombre."))
    return row


def remove_credential(*, category: str, name: str, by: Actor) -> None:
    """Forget a secret and every value it had."""
    row = find(category, name)
    record(action="credential.removed", resource=row, by=by, diff={"name": str(row)})
    row.delete()


def set_expiry(*, category: str, name: str, expires_at: datetime | None, by: Actor) -> Credential:
    """Write down by hand until when a secret lasts; None: nobody knows, or for ever."""
    row = find(category, name)
    if row.expires_at != expires_at:
        diff = {"name": str(row), "expires_at": [row.expires_at, expires_at]}
        row.expires_at = expires_at
        row.save(update_fields=["expires_at"])
        record(action="credential.expiry_set", resource=row, by=by, diff=diff)
    return row
