"""Which turns a list shows, the same for the page, the API and the numbers that open it."""

from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import BooleanField, Func, QuerySet, Value

from agents.access import visible_runs
from agents.models import AgentRun, LedgerEntry
from crm.domain.periods import Period
from tenants.models import Membership, Tenant

# What a playground writes on every run is no warning.
_WARNS = '$[*] ? (!(@ starts with "by:") && @ != "playground")'


def listed(
    member: Membership,
    tenant: Tenant,
    *,
    conversation: UUID | str | None = None,
    agent: UUID | str | None = None,
    status: str = "",
    purpose: str = "",
    first: date | None = None,
    last: date | None = None,
    flagged: bool = False,
) -> QuerySet[AgentRun]:
    """Runs that the member may see. Days are the company's own, both included."""
    given = {"conversation_id": conversation, "agent_id": agent, "status": status, "purpose": purpose}
    rows = visible_runs(member).filter(**{name: value for name, value in given.items() if value})
    zone = ZoneInfo(tenant.timezone)
    if first is not None:
        rows = rows.filter(created_at__gte=Period(first, first).bounds(zone)[0])
    if last is not None:
        rows = rows.filter(created_at__lt=Period(last, last).bounds(zone)[1])
    return rows.filter(_flagged()) if flagged else rows


def booked(run: AgentRun) -> LedgerEntry | None:
    """What the run cost, as it was booked then. One statement."""
    return LedgerEntry.objects.filter(kind=LedgerEntry.Kind.MODEL, source=str(run.pk)).first()


def _flagged() -> Any:
    return Func(
        "flags",
        Value(_WARNS),
        function="jsonb_path_exists",
        template="%(function)s(%(expressions)s::jsonpath)",
        output_field=BooleanField(),
    )
