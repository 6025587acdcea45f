"""Appointments as calendars of other programs read them (RFC 5545). Times go out as UTC: no zone can be misread."""

from collections.abc import Iterable
from datetime import UTC, datetime

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from crm.agenda.manage_links import address_of
from crm.models import AgendaEvent
from tenants.context import current_tenant

MIME = "text/calendar; charset=utf-8"
Status = AgendaEvent.Status


def attachment(event: AgendaEvent) -> bytes:
    """One appointment for its customer; opened again after a change it replaces what they had."""
    file = _calendar(current_tenant().name)
    words = " · ".join(filter(None, (subject(event), current_tenant().name)))
    file.add_component(_event(event, words, url=address_of(event)))
    return bytes(file.to_ical())


def feed(name: str, events: Iterable[AgendaEvent]) -> bytes:
    """A seller's own agenda, for their telephone."""
    file = _calendar(f"{name} · {current_tenant().name}")
    for event in events:
        words = " · ".join(filter(None, (str(event.contact) if event.contact else "", subject(event))))
        file.add_component(_event(event, words, url=f"{settings.PUBLIC_URL}/agenda/citas/{event.pk}/"))
    return bytes(file.to_ical())


def subject(event: AgendaEvent) -> str:
    """What the appointment is for: its own title, else its service."""
    return event.title or (event.service.name if event.service else "") or _("Cita")


def _calendar(name: str) -> Calendar:
    file = Calendar()
    file.add("prodid", "-//Sovereign CRM//Agenda//")
    file.add("version", "2.0")
    file.add("method", "PUBLISH")
    file.add("x-wr-calname", name)
    return file


def _event(event: AgendaEvent, words: str, *, url: str) -> Event:
    called_off = event.status == Status.CANCELLED
    entry = Event()
    entry.add("uid", f"{event.pk}@sovereign-crm")
    entry.add("sequence", event.moves + (1 if called_off else 0))
    entry.add("dtstamp", _utc(event.updated_at))
    entry.add("last-modified", _utc(event.updated_at))
    entry.add("created", _utc(event.created_at))
    entry.add("dtstart", _utc(event.starts_at))
    entry.add("dtend", _utc(event.ends_at))
    entry.add("summary", words)
    entry.add("status", "CANCELLED" if called_off else "TENTATIVE" if event.status == Status.HELD else "CONFIRMED")
    if event.place:
        entry.add("location", event.place)
    entry.add("url", url)
    return entry


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
