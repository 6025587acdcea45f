"""Secrets of the platform, and which companies may use them. Every call works in the platform's own scope.

A company with a value of its own for any name of the same set uses only its own (tenants.services.vault).
"""

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from config.lib.errors import Invalid, NotFound
from tenants.context import platform_scope
from tenants.domain.actor import Actor
from tenants.keyring import seal
from tenants.models import PlatformCredential, Tenant
from tenants.providers_check.registry import field_of
from tenants.ring import ring
from tenants.services import vault
from tenants.services.audit import record


def listed() -> list[PlatformCredential]:
    """All of them by category and name, without what they hold."""
    with platform_scope("platform credentials"):
        return list(PlatformCredential.objects.defer("sealed").order_by("category", "name"))


@sensitive_variables("value")
def put(*, category: str, name: str, value: str, by: Actor, expires_at: datetime | None = None) -> PlatformCredential:
    """Store or replace one; a new one is lent to nobody yet. Raises Invalid."""
    field = field_of(category, name)
    if field is not None and not field.lendable:
        message = _("Esta no se puede prestar: viaja a una dirección que elige cada empresa.")
        raise Invalid(message, fields={"name": message})
    if "@" in name:
        message = _("Las de la plataforma no son de un canal.")
        raise Invalid(message, fields={"name": message})
    value = vault.checked(category, name, value)
    with platform_scope("platform credential put"):
        row, _made = PlatformCredential.objects.select_for_update(no_key=True).get_or_create(
            category=category, name=name, defaults={"version": 0, "key_id": "", "sealed": b""}
        )
        row.version += 1
        row.key_id, key = next(iter(ring().items()))
        row.sealed = seal(key, value.encode(), vault.bound_lent(category, name, row.version))
        row.last_four = vault.last_four(category, name, value)
        row.expires_at = expires_at
        row.save()
        record(action="platform_credential.saved", resource=row, by=by, diff={"name": str(row), "version": row.version})
    return row


def lend(*, category: str, name: str, everyone: bool, tenant_ids: Iterable[int], by: Actor) -> PlatformCredential:
    """Say who may use it from now on: every company, or just these. Raises NotFound, Invalid (an unknown company)."""
    with platform_scope("platform credential lent"):
        row = _found(category, name)
        wanted = sorted(set(tenant_ids))
        if Tenant.objects.filter(pk__in=wanted).count() != len(wanted):
            message = _("Una de esas empresas no existe.")
            raise Invalid(message, fields={"tenant_ids": message})
        diff = {
            "name": str(row),
            "everyone": [row.everyone, everyone],
            "tenant_ids": [list(row.tenant_ids), wanted],
        }
        row.everyone, row.tenant_ids = everyone, wanted
        row.save(update_fields=["everyone", "tenant_ids", "updated_at"])
        record(action="platform_credential.lent", resource=row, by=by, diff=diff)
    return row


def remove(*, category: str, name: str, by: Actor) -> None:
    """Forget one; companies that used it go without. Raises NotFound."""
    with platform_scope("platform credential removed"):
        row = _found(category, name)
        record(action="platform_credential.removed", resource=row, by=by, diff={"name": str(row)})
        row.delete()


def _found(category: str, name: str) -> PlatformCredential:
    row = PlatformCredential.objects.select_for_update(no_key=True).filter(category=category, name=name).first()
    if row is None:
        raise NotFound(_("No hay una credencial con ese nombre."))
    return row
