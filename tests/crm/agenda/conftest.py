"""A week in acme, and what external calendars say."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest
import time_machine

from crm.agenda import availability
from crm.agenda.availability import Found, Slot
from crm.domain.slots import Span
from crm.models import Seller
from tenants.models import Tenant
from tests.factories.crm import make_seller

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)  # a Friday noon in Buenos Aires
MONDAY = datetime(2026, 11, 23, 3, tzinfo=UTC)  # its midnight there
HOURS = {str(day): [["09:00", "13:00"]] for day in range(5)}


def at(clock: str, day: int = 0) -> datetime:
    """That time in Buenos Aires on the Monday to come, or so many days later."""
    hour, minute = map(int, clock.split(":"))
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


@pytest.fixture
def friday(in_acme: Tenant) -> object:
    """It is Friday noon and stays so; acme is in Buenos Aires."""
    in_acme.timezone = "America/Argentina/Buenos_Aires"
    with time_machine.travel(NOW, tick=False):
        yield in_acme


def attends(**over: object) -> Seller:
    """From Monday to Friday, 9 to 13."""
    return make_seller(**{"working_hours": HOURS, **over})


def monday(**over: object) -> Found:
    """What is free on that Monday."""
    return availability.free(**{"first": at("00:00"), "last": at("24:00"), **over})  # type: ignore[arg-type]  # by name


def starts(found: Found | list[Slot], of: Seller | None = None) -> list[str]:
    slots = found.slots if isinstance(found, Found) else found
    return [f"{slot.start - timedelta(hours=3):%H:%M}" for slot in slots if of is None or slot.seller.pk == of.pk]


class Google:
    """What external calendars would say; asked once a question."""

    def __init__(self) -> None:
        self.busy: dict[UUID, list[Span]] = {}
        self.unknown: set[UUID] = set()
        self.asked = 0

    def look(self, sellers: list[Seller], first: datetime, last: datetime, **_more: object) -> SimpleNamespace:
        self.asked += 1
        busy = {each.pk: self.busy.get(each.pk, []) for each in sellers if each.pk not in self.unknown}
        return SimpleNamespace(busy=busy, unknown=frozenset(self.unknown & {each.pk for each in sellers}))


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Google:
    fake = Google()
    monkeypatch.setattr("crm.calendars.look.look", fake.look)
    return fake


Make = Callable[..., Seller]
