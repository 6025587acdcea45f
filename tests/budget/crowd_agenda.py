"""The agenda's part of the crowd: the week around now is full of short appointments of sol's, and so is her calendar."""

from datetime import timedelta
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from crm.models import (
    AgendaEvent,
    CalendarBlock,
    CalendarConflict,
    CalendarConnection,
    Contact,
    ExternalCalendar,
    HoursException,
    Lead,
    Seller,
    Service,
)
from tests.budget.crowd_crm import BY, Many

EVERY = timedelta(minutes=10)


def around_agenda(many: Many, count: int, on: object) -> None:
    """Half of the appointments are those of the lead `on`; the first one is to come."""
    sellers = list(Seller.objects.order_by("pk")[:count])
    lead, contacts = Lead.objects.get(pk=on), list(Contact.objects.order_by("pk")[:count])
    services = many(Service, [Service(name=f"Servicio {n}", position=n) for n in range(count)])
    today = timezone.now().date()
    many(HoursException, [HoursException(seller=sellers[0], day=today + timedelta(days=40 + n)) for n in range(count)])
    soon = timezone.now().replace(second=0, microsecond=0) + timedelta(hours=1)
    events = [_event(n, sellers[0], services[n % 5], lead, contacts, soon) for n in range(count)]
    made = many(AgendaEvent, events)
    many(CalendarConflict, [CalendarConflict(event=each, kind="edited", theirs={}) for each in made])
    many(CalendarConnection, [CalendarConnection(way="service_account", account="agenda@example.test")])
    calendars = many(
        ExternalCalendar,
        [
            ExternalCalendar(
                calendar_id=f"{n}@example.test",
                name=f"Calendario {n}",
                seller=sellers[n],
                is_main=True,
                state="ok",
                synced_at=timezone.now(),
            )
            for n in range(count)
        ],
    )
    blocks = [
        CalendarBlock(
            calendar=calendars[0],
            seller=sellers[0],
            event_id=f"e{n}",
            starts_at=soon + n * EVERY,
            ends_at=soon + n * EVERY + EVERY,
        )
        for n in range(count)
    ]
    many(CalendarBlock, blocks)


def _event(n: int, seller: Seller, service: Service, lead: Lead, contacts: list[Contact], soon: Any) -> AgendaEvent:
    starts = soon + (n if n % 2 == 0 else -20 - n) * EVERY  # as many to come as are over
    ends = starts + EVERY / 2
    mine = n % 2 == 0
    return AgendaEvent(
        seller=seller,
        service=service,
        contact=lead.contact if mine else contacts[n],
        lead=lead if mine else None,
        title=f"Visita {n}",
        starts_at=starts,
        ends_at=ends,
        period=DateTimeTZRange(starts, ends),
        **BY,
    )
