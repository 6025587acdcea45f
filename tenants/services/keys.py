"""Keys with which integrations act for the person who made them. Call inside the company."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import Conflict, Invalid, NotFound
from tenants.context import current_tenant
from tenants.domain import api_keys, roles
from tenants.domain.actor import Actor
from tenants.live import access_topics
from tenants.models import ApiKey, Membership
from tenants.services.audit import record

MOST = 100  # usable ones of a company


def offered(member: Membership) -> list[str]:
    """The scopes that this person may give a key: their own rights but those for people only."""
    return roles.scopes_of(roles.permissions(member.role) - roles.PEOPLE_ONLY)


def listed() -> QuerySet[ApiKey]:
    """Every key of the company, also the revoked ones."""
    return ApiKey.objects.filter(tenant_id=current_tenant().pk).select_related("created_by")


def create(
    *, name: str, scopes: Sequence[str], member: Membership, by: Actor, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """The row and the key itself, which nobody can read again. Raises Invalid or Conflict."""
    tenant_id, now = current_tenant().pk, timezone.now()
    wrong = {}
    if not name.strip() or len(name) > 80:
        wrong["name"] = _("Hace falta un nombre de hasta 80 letras.")
    refused = sorted(set(scopes) - set(offered(member)))
    if not scopes:
        wrong["scopes"] = _("Hace falta al menos un permiso.")
    elif refused:
        wrong["scopes"] = _("No se puede dar: %(scopes)s.") % {"scopes": ", ".join(refused)[:200]}
    if expires_at is not None and expires_at <= now:
        wrong["expires_at"] = _("La fecha ya pasó.")
    if wrong:
        raise Invalid(_("La clave no se creó."), fields=wrong)
    if listed().filter(revoked_at=None).count() >= MOST:
        raise Conflict(_("La empresa tiene demasiadas claves. Anular las que no se usan."), code="too_many_keys")
    prefix, key = api_keys.new_key()
    row = ApiKey.objects.create(
        tenant_id=tenant_id,
        created_by_id=member.user_id,
        name=name.strip(),
        prefix=prefix,
        key_hash=api_keys.digest(key),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    diff = {"name": row.name, "scopes": row.scopes, "expires_at": expires_at}
    record(action="api_key.created", resource=row, by=by, diff=diff)
    return row, key


def revoke(*, pk: UUID, by: Actor) -> ApiKey:
    """The key is worth nothing from the commit on, also on open websockets. Raises NotFound; twice is once."""
    row = ApiKey.objects.select_for_update(no_key=True).filter(tenant_id=current_tenant().pk, pk=pk).first()
    if row is None:
        raise NotFound(_("Esa clave no existe."))
    if row.revoked_at is None:
        row.revoked_at = timezone.now()
        row.save(update_fields=["revoked_at"])
        record(action="api_key.revoked", resource=row, by=by, diff={"name": row.name})
        commit.after(partial(access_topics.changed, row.tenant_id))
    return row
