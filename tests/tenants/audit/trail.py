"""Trails to look at, and hands that should not touch them."""

from typing import Any

import psycopg

from tenants.context import platform_scope, tenant_context
from tenants.db.current import connection
from tenants.domain.actor import Actor
from tenants.models import SystemEvent, Tenant
from tenants.services import audit, verifying
from tenants.services.anchor import Anchored

ANA = Actor("user", "0190a0b0-0000-7000-8000-000000000001", "Ana")


def tell(tenant: Tenant, count: int, *, action: str = "contact.updated", **diff: Any) -> None:
    """`count` events, each in a transaction of its own."""
    for number in range(count):
        with tenant_context(tenant):
            audit.record(action=action, by=ANA, resource=("contact", str(number)), diff={"n": number, **diff})


def events(tenant: Tenant) -> list[SystemEvent]:
    """The company's trail in its order; also inside an open transaction."""
    with tenant_context(tenant):
        connection.run_before_commit()
        return list(SystemEvent.objects.filter(tenant_id=tenant.pk).order_by("position"))


def actions(tenant: Tenant) -> list[tuple[str, str]]:
    return [(each.action, each.outcome) for each in events(tenant)]


def problems(tenant: Tenant, *, anchors: list[Anchored] | None = None) -> list[verifying.Problem]:
    with platform_scope("test"):
        return verifying.verify(only=[tenant.pk], anchors=anchors or []).problems


def head_of(tenant: Tenant, inside: psycopg.Connection) -> tuple[int, bytes]:
    row = inside.execute("select position, hash from tenants_audithead where chain = %s", [tenant.pk]).fetchone()
    assert row is not None
    return row[0], bytes(row[1])
