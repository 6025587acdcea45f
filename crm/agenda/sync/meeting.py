"""Our appointment and its copy meet: both as they are now, one decision, noted where it belongs."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Least
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import AppError, NotFound, ProviderError
from crm.agenda import events
from crm.agenda.sync import conflicts
from crm.agenda.sync.copy import GOOGLE, PUSH, sides_of, taken, version_of
from crm.calendars.base import CalendarProvider, RemoteEvent
from crm.domain.calendar_copy import Verdict, decide
from crm.models import AgendaEvent, CalendarConflict, ExternalCalendar
from tenants.context import current_tenant, tenant_context
from tenants.models import Tenant

Kind = CalendarConflict.Kind
TRIES = 4
LONGEST = timedelta(hours=12)


def meet(*, tenant: Tenant, port: CalendarProvider, event_id: UUID) -> Verdict | None:
    """Fetch the copy and settle what differs; None when there is no copy to speak of.

    What was read is used only if nobody wrote the copy meanwhile. Raises ProviderError; then nothing was changed.
    """
    for _try in range(TRIES):
        with tenant_context(tenant):
            before, zone = known(event_id), _zone(event_id)
        if before is None or not before[1]:
            return None
        remote = port.get(before[0], before[1], timezone=zone)
        if remote is None:
            port.find(before[0], event_id.hex)  # a calendar that is gone is no event that is gone: this refuses
        with tenant_context(tenant):
            try:
                event = events.locked(event_id)
            except NotFound:
                return None
            if known(event_id) != before:
                continue
            verdict = decide(sides_of(event, remote))
            return _apply(event, remote, verdict)
    raise ProviderError(_("La cita cambia todo el tiempo."), kind="retry", code="busy")


def known(event_id: UUID) -> tuple[str, str, str] | None:
    """Which copy it is and in which version we know it: (calendar, id, etag)."""
    fields = ("google_calendar_id", "google_calendar_event_id", "google_etag")
    return AgendaEvent.objects.filter(pk=event_id).values_list(*fields).first()


def _zone(event_id: UUID) -> str:
    rows = ExternalCalendar.objects.filter(
        calendar_id__in=AgendaEvent.objects.filter(pk=event_id).values("google_calendar_id")
    )
    return rows.values_list("timezone", flat=True).first() or current_tenant().timezone


def _apply(event: AgendaEvent, remote: RemoteEvent | None, verdict: Verdict) -> Verdict:
    seen = version_of(remote) if remote is not None and not remote.cancelled else ""
    row = AgendaEvent.objects.filter(pk=event.pk)
    if verdict in (Verdict.SAME, Verdict.SETTLED):
        conflicts.agreed(event.pk, seen)
        conflicts.close(event=event)
    elif verdict is Verdict.OURS:
        stale: dict[str, Any] = {"google_etag": seen} if seen else {}
        row.update(pushed_revision=Least(F("pushed_revision"), F("revision") - 1), push_after=None, **stale)
        commit.queue(PUSH, queue="sync")
    elif verdict is Verdict.THEIRS and remote is not None:
        return _take(event, remote)
    elif verdict is Verdict.CANCEL:
        events.cancel(event=event, by=GOOGLE, reason=_("Borrada en Google Calendar"))
        conflicts.agreed(event.pk, "")
        conflicts.close(event=event)
    elif verdict in (Verdict.EDITED, Verdict.DELETED):
        kind = Kind.EDITED if verdict is Verdict.EDITED else Kind.DELETED
        conflicts.open_conflict(event=event, kind=kind, theirs=conflicts.told_by(event, remote))
    return verdict


def _take(event: AgendaEvent, remote: RemoteEvent) -> Verdict:
    """Their change becomes ours within our rules; what they refuse is somebody's to decide and changes nothing."""
    sides = sides_of(event, remote)
    span = remote.span
    if span is None or remote.is_all_day or span.end - span.start > LONGEST:
        conflicts.open_conflict(event=event, kind=Kind.MOVED, theirs=conflicts.told_by(event, remote))
        return Verdict.EDITED
    try:
        conflicts.take(event=event, by=GOOGLE, **taken(event, remote, sides.theirs))
    except AppError:
        kind = Kind.MOVED if "time" in sides.theirs else Kind.EDITED
        conflicts.open_conflict(event=event, kind=kind, theirs=conflicts.told_by(event, remote))
        return Verdict.EDITED
    conflicts.close(event=event)
    if sides.ours:  # other parts changed here: they still go out
        AgendaEvent.objects.filter(pk=event.pk).update(google_etag=version_of(remote), push_after=None)
        commit.queue(PUSH, queue="sync")
        return Verdict.THEIRS
    conflicts.agreed(event.pk, version_of(remote))
    return Verdict.THEIRS
