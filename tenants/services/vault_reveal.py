"""Showing a stored secret once, to a person who has just proved again who they are."""

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from config.lib.errors import AppError, Forbidden
from tenants.domain import roles
from tenants.domain.actor import Actor
from tenants.models import Credential, Membership
from tenants.services import audit, reauth, vault

PERMISSION = "credentials.write"


@sensitive_variables("password")
def reveal(*, category: str, name: str, member: Membership, password: str, address: str | None, by: Actor) -> str:
    """The value of the company's own secret; lent ones and earlier versions are never shown.

    Raises NotFound, Forbidden (a role that may not, an API key, a visit of the platform), ReauthenticationFailed,
    RateLimited, VaultUnreadable. Both outcomes are in the audit trail.
    """
    row = vault.find(category, name)
    try:
        if member.role == roles.SUPPORT or member.narrowed_to is not None or not member.may(PERMISSION):
            raise Forbidden(
                _("Solo una persona que dirige la empresa, con su contraseña, puede ver un valor guardado.")
            )
        reauth.confirm(user=member.user, password=password, address=address)
        value = vault.open_row(vault.own_rows(category, [name])[name.partition("@")[0]])
    except AppError as error:
        _refused(row, by, error.code)
        raise
    audit.record(action="credential.revealed", resource=row, by=by, diff={"name": str(row), "version": row.version})
    return value


def _refused(row: Credential, by: Actor, why: str) -> None:
    diff = {"name": str(row), "why": why}
    audit.afterwards(action="credential.revealed", resource=row, by=by, outcome="refused", diff=diff)
