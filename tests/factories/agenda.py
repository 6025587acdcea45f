"""Services, appointments and what external calendars say."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from crm.models import (
    AgendaEvent,
    AgendaSettings,
    CalendarBlock,
    CalendarConflict,
    CalendarConnection,
    ExternalCalendar,
    HoursException,
    Seller,
    Service,
)
from tests.factories.crm import make_contact, make_seller

_numbers = count(1)


def next_hour() -> datetime:
    """A whole hour that no other event of these factories has."""
    return timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=2, hours=next(_numbers))


def make_service(**over: Any) -> Service:
    return Service.objects.create(**{"name": f"Servicio {next(_numbers)}", **over})


def make_attended(**over: Any) -> Any:
    """A service that a seller attends."""
    given = {
        "seller": over.pop("seller", None) or make_seller(),
        "service": over.pop("service", None) or make_service(),
    }
    return Seller.services.through.objects.create(**given)


def make_hours_exception(**over: Any) -> HoursException:
    day = timezone.now().date() + timedelta(days=next(_numbers))
    return HoursException.objects.create(**{"day": day, **over})


def make_agenda_settings(**over: Any) -> AgendaSettings:
    return AgendaSettings.objects.update_or_create(id=1, defaults=over)[0]


def make_event(**over: Any) -> AgendaEvent:
    """An appointment of an hour with somebody, in a seller's agenda of its own unless given."""
    contact = over.pop("contact") if "contact" in over else make_contact()
    seller = over.pop("seller", None) or make_seller()
    starts = over.pop("starts_at", None) or next_hour()
    ends = over.pop("ends_at", None) or starts + timedelta(hours=1)
    given = {"seller": seller, "contact": contact, "title": "Visita", "starts_at": starts, "ends_at": ends}
    return AgendaEvent.objects.create(
        **{**given, "period": DateTimeTZRange(starts, ends), "actor_kind": "system", **over}
    )


def make_calendar_connection(**over: Any) -> CalendarConnection:
    return CalendarConnection.objects.update_or_create(id=1, defaults={"way": "service_account", **over})[0]


def make_calendar(**over: Any) -> ExternalCalendar:
    """Joined to a seller of its own by hand, and read a moment ago, unless given."""
    seller = over.pop("seller") if "seller" in over else make_seller()
    given = {"calendar_id": f"calendario-{next(_numbers)}@example.test", "name": str(seller), "seller": seller}
    joined = {"matched": "hand", "is_main": True, "state": "ok", "synced_at": timezone.now()} if seller else {}
    return ExternalCalendar.objects.create(**{**given, **joined, **over})


def make_block(**over: Any) -> CalendarBlock:
    calendar = over.pop("calendar", None) or make_calendar()
    starts = over.pop("starts_at", None) or next_hour()
    given = {"seller": calendar.seller, "event_id": f"evento{next(_numbers)}", "starts_at": starts}
    return CalendarBlock.objects.create(
        **{**given, "calendar": calendar, "ends_at": starts + timedelta(hours=1), "title": "Dentista", **over}
    )


def make_conflict(**over: Any) -> CalendarConflict:
    event = over.pop("event", None) or make_event()
    return CalendarConflict.objects.create(**{"event": event, "kind": "edited", "theirs": {}, **over})
