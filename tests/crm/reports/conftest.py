"""A month of a company, with every row made for the numbers that are looked for."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from crm.domain.periods import Period
from crm.models import Lead, Seller, Stage, StageChange
from crm.reports.base import Scope
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_lead, make_seller
from tests.support.cast import Person

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))


def at(day: int, hour: int = 12, *, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


@pytest.fixture
def looked_at(ana: Person, acme: Tenant) -> Callable[..., Scope]:
    """Ana's scope of November unless something else is given."""

    def make(person: Person | None = None, period: Period = NOVEMBER, **over: object) -> Scope:
        member = (person or ana).member
        assert member is not None
        return Scope(member, acme, period, **over)  # type: ignore[arg-type]  # ids

    return make


@pytest.fixture
def vera(acme: Tenant, sol: Person) -> Seller:
    with tenant_context(acme):
        return make_seller(name="Sol vende", user=sol.user)


def lead(*, stage: str = "nuevo", came: datetime | None = None, closed: datetime | None = None, **over: object) -> Lead:
    """One lead in that stage, made and closed at those moments, with its way through the stages."""
    reached = Stage.objects.get(code=stage)
    value = over.get("value")
    if value is not None:
        over["value"] = Decimal(str(value))
        over.setdefault("currency", "ARS")
    made = make_lead(stage=reached, **over)
    Lead.objects.filter(pk=made.pk).update(created_at=came or at(10), closed_at=closed)
    first = Stage.objects.get(code="nuevo")
    StageChange.objects.create(lead=made, target=first, actor_kind="system")
    if reached != first:
        StageChange.objects.create(lead=made, source=first, target=reached, actor_kind="system")
    made.refresh_from_db()
    return made
