"""Values that a credential had before: still sealed, listed without being opened, taken back as a new version."""

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from config.lib.errors import Conflict, NotFound
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.keyring import Unreadable, unseal
from tenants.models import Credential, CredentialVersion
from tenants.ring import VaultUnreadable
from tenants.services import vault, vault_keys


def history(row: Credential) -> list[CredentialVersion]:
    """The present value's row and those before it, the latest first; never what they hold."""
    rows = CredentialVersion.objects.filter(tenant_id=current_tenant().pk, credential=row)
    return list(rows.defer("sealed").order_by("-version")[: vault.KEPT_VERSIONS + 1])


@sensitive_variables("value")
def restore(*, category: str, name: str, version: int, by: Actor) -> Credential:
    """Make a new version with the value of an old one. Raises NotFound, Conflict (it is the present one), VaultUnreadable."""
    row = vault.find(category, name)
    if version == row.version:
        raise Conflict(_("Esa versión es la que se usa ahora."))
    old = vault.with_keys(CredentialVersion.objects.filter(tenant_id=row.tenant_id, credential=row, version=version))
    found = old.first()
    if found is None:
        raise NotFound(_("Esa versión ya no se guarda."))
    value = open_version(found, category, name)
    return vault.put_credential(category=category, name=name, value=value, by=by, restored=version)


def open_version(found: CredentialVersion, category: str, name: str) -> str:
    """The value of a row that knows its data key (`vault.with_keys`). Raises VaultUnreadable."""
    bound = vault.bound_version(found.tenant_id, category, name, found.version)
    try:
        key = vault_keys.unwrap(found.tenant_id, found.data_key_version, found.key_id, found.wrapped)  # type: ignore[attr-defined]  # with_keys
        return unseal(key, bytes(found.sealed), bound).decode()
    except Unreadable as error:
        raise VaultUnreadable(_("Esa versión no se puede leer.")) from error
