"""Rows of the shared tables that belong to one company. Call inside the company; each goes in as the role that may write it."""

from datetime import timedelta

from django.utils import timezone

from tenants.context import auth_scope
from tenants.db.base import Context
from tenants.db.current import connection
from tenants.models import ApiKey, Email, OneTimeLink, PlatformAccess, Team, Tenant, User

PLATFORM = Context("public", "crm_platform")


def make_shared_rows(tenant: Tenant, person: User, words: str = "demo") -> dict[str, object]:
    """Model label → key."""
    later = timezone.now() + timedelta(hours=1)
    made: dict[str, object] = {
        "tenants.Team": Team.objects.create(tenant=tenant, name=f"{words} equipo").pk,
        "tenants.ApiKey": ApiKey.objects.create(
            tenant=tenant,
            created_by=person,
            name=words,
            prefix="abcd1234",
            key_hash=f"{tenant.pk}{words}"[:64],
            scopes=[],
        ).pk,
    }
    with auth_scope():
        link = OneTimeLink.objects.create(
            kind="invitation", tenant=tenant, email=f"invited@{tenant.slug}.test", role="closer", expires_at=later
        )
    made["tenants.OneTimeLink"] = link.pk
    made["tenants.Email"] = Email.objects.create(tenant=tenant, to=link.email, kind="invitation", link=link).pk
    previous, connection.context = connection.context, PLATFORM
    try:
        visit = PlatformAccess.objects.create(
            user=person,
            tenant=tenant,
            person=words,
            reason=f"{words} motivo",
            expires_at=later,
            ended_at=timezone.now(),
        )
    finally:
        connection.context = previous
    made["tenants.PlatformAccess"] = visit.pk
    return made
