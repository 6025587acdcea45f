"""Erasing a person also from external calendars: their appointments stay as empty rows until the copies are gone."""

from typing import Any

from django.db.models import F, Q
from django.utils import timezone

from config.lib import commit
from crm.agenda.sync.copy import PUSH
from crm.models import AgendaEvent, CalendarConflict

EMPTY: dict[str, Any] = {
    "contact": None,
    "lead": None,
    "why": {},
    "booking_key": None,
    "next_reminder_at": None,
    **dict.fromkeys(("title", "note", "place", "outcome", "cancel_reason", "push_error"), ""),
}


def take_away(contact_id: str) -> None:
    """Call off every copied appointment of this person and take the person out of it; the copies are deleted soon."""
    rows = AgendaEvent.objects.filter(Q(contact_id=contact_id) | Q(lead__contact_id=contact_id))
    copied = list(rows.exclude(google_calendar_event_id="").values_list("pk", flat=True))
    if not copied:
        return
    CalendarConflict.objects.filter(event__in=copied).delete()
    AgendaEvent.objects.filter(pk__in=copied).update(
        **EMPTY, status=AgendaEvent.Status.CANCELLED, revision=F("revision") + 1, push_after=timezone.now()
    )
    commit.queue(PUSH, queue="sync")
