"""Leads that a rule could give to nobody, until somebody comes on: the oldest first."""

from datetime import datetime, timedelta
from uuid import UUID

from crm.services import assignment
from tenants.context import tenant_context
from tenants.models import Tenant

LOOKED_BACK = timedelta(days=30)


def give_out(*, tenant: Tenant, now: datetime) -> int:
    """Try each waiting lead in a transaction of its own; how many found an owner."""
    with tenant_context(tenant):
        ids = assignment.waiting(now - LOOKED_BACK)
    refused: set[UUID] = set()
    given = 0
    for lead_id in ids:
        with tenant_context(tenant):
            given += assignment.assign_one_waiting(lead_id, refused=refused)
    return given
