"""Times and people of the tests about the agenda."""

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from crm.models import AgendaEvent, Seller
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_seller
from tests.support.cast import Person

HOURS = {str(day): [["09:00", "18:00"]] for day in range(7)}


def at(tenant: Tenant, hour: int, *, days: int = 1, minute: int = 0) -> datetime:
    """That hour of a day from today by the company's clock."""
    now = timezone.now().astimezone(ZoneInfo(tenant.timezone))
    return (now + timedelta(days=days)).replace(hour=hour, minute=minute, second=0, microsecond=0)


def day_of(moment: datetime) -> str:
    return moment.date().isoformat()


def seller_of(who: Person, **over: object) -> Seller:
    found = Seller.objects.filter(user=who.user).first()
    return found or make_seller(user=who.user, name=who.name.title(), working_hours=HOURS, **over)


def again(tenant: Tenant, row: AgendaEvent) -> AgendaEvent:
    with tenant_context(tenant):
        return AgendaEvent.objects.get(pk=row.pk)


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())
