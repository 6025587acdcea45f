"""A seller with an agenda here and a calendar at the local Google."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from config.lib import commit
from crm.agenda import booking, connection, events
from crm.agenda.sync import pushing, reading
from crm.calendars.google import GoogleCalendar
from crm.calendars.google_wire import Consent
from crm.models import AgendaEvent, CalendarBlock, CalendarConflict, ExternalCalendar, Seller
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.factories.agenda import make_calendar, make_calendar_connection
from tests.factories.crm import make_contact, make_seller
from tests.fakes.google_calendar import GoogleFake
from tests.fakes.google_tokens import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from tests.support.tasks import Queue

ANA = Actor("user", "1", "Ana")


@dataclass
class Both:
    """Our side and theirs. Hours are whole ones from tomorrow's midnight UTC on."""

    tenant: Tenant
    google: GoogleFake
    calendar_id: str
    seller: Seller
    base: datetime

    def at(self, hour: float) -> datetime:
        return self.base + timedelta(hours=hour)

    def book(self, hour: float, *, title: str = "Visita", **over: Any) -> AgendaEvent:
        with tenant_context(self.tenant):
            given = {"contact": make_contact(name="Juan Paz"), "seller": self.seller, **over}
            return booking.book_at(
                start=self.at(hour), end=self.at(hour + 1), by=ANA, source=AgendaEvent.Source.PAGE, title=title, **given
            )

    def move(self, event: AgendaEvent, hour: float) -> None:
        with tenant_context(self.tenant):
            booking.reschedule(event=event, by=ANA, start=self.at(hour), end=self.at(hour + 1), look=False)

    def name(self, event: AgendaEvent, title: str) -> None:
        with tenant_context(self.tenant):
            events.update_event(event=event, by=ANA, title=title)

    def cancel(self, event: AgendaEvent) -> None:
        with tenant_context(self.tenant):
            events.cancel(event=event, by=ANA)

    def push(self) -> None:
        """Now, whatever the pauses after failures."""
        with tenant_context(self.tenant):
            AgendaEvent.objects.update(push_after=None)
        pushing.push_due(tenant=self.tenant)

    def read(self) -> None:
        with tenant_context(self.tenant):
            ExternalCalendar.objects.update(sync_after=None)
        reading.read_due(tenant=self.tenant)

    def sync(self) -> None:
        self.push()
        self.read()
        self.push()

    def row(self, event: AgendaEvent) -> AgendaEvent:
        with tenant_context(self.tenant):
            return AgendaEvent.objects.get(pk=event.pk)

    def calendar(self) -> ExternalCalendar:
        with tenant_context(self.tenant):
            return ExternalCalendar.objects.get(calendar_id=self.calendar_id)

    def blocks(self) -> list[tuple[datetime, datetime, str]]:
        with tenant_context(self.tenant):
            rows = CalendarBlock.objects.order_by("starts_at")
            return [(row.starts_at, row.ends_at, row.title) for row in rows]

    def conflicts(self) -> list[CalendarConflict]:
        with tenant_context(self.tenant):
            return list(CalendarConflict.objects.filter(resolved_at=None).select_related("event").order_by("at"))

    def theirs(self) -> list[dict[str, Any]]:
        return self.google.events(self.calendar_id)

    def copy(self, event: AgendaEvent) -> dict[str, Any]:
        return self.google.event(self.calendar_id, self.row(event).google_calendar_event_id)

    def hours(self, copy: dict[str, Any]) -> tuple[float, float]:
        """From when to when an event of theirs is, in our hours."""
        moments = (datetime.fromisoformat(copy[edge]["dateTime"]) for edge in ("start", "end"))
        start, end = ((moment - self.base) / timedelta(hours=1) for moment in moments)
        return start, end

    def edit(self, event: AgendaEvent, **fields: Any) -> None:
        """As the seller does in Google."""
        self.google.edit(self.calendar_id, self.row(event).google_calendar_event_id, **fields)

    def drag(self, event: AgendaEvent, hour: float) -> None:
        self.edit(event, start=self.at(hour), end=self.at(hour + 1))

    def remove(self, event: AgendaEvent) -> None:
        self.google.remove(self.calendar_id, self.row(event).google_calendar_event_id)


def adapter() -> GoogleCalendar:
    secrets = Consent(CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN)
    return GoogleCalendar(
        endpoint=settings.GOOGLE_CALENDAR_ENDPOINT, token_uri=settings.GOOGLE_TOKEN_URI, secrets=secrets, seconds=5
    )


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GoogleFake]:
    with GoogleFake() as fake:
        monkeypatch.setattr(settings, "GOOGLE_CALENDAR_ENDPOINT", fake.endpoint)
        monkeypatch.setattr(settings, "GOOGLE_TOKEN_URI", fake.token_uri)
        monkeypatch.setattr(connection, "client", adapter)
        yield fake


def make_both(tenant: Tenant, server: GoogleFake, *, calendar_id: str = "sol@example.test") -> Both:
    with tenant_context(tenant):
        make_calendar_connection()
        seller = make_seller()
        make_calendar(seller=seller, calendar_id=calendar_id, state="new", synced_at=None, timezone="UTC")
    server.add_calendar(calendar_id, "Sol")
    base = timezone.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return Both(tenant, server, calendar_id, seller, base)


@pytest.fixture
def both(acme: Tenant, server: GoogleFake, queued: Queue) -> Both:
    assert commit.send == queued.note
    return make_both(acme, server)
