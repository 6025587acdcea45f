"""Our appointments go out to the seller's main calendar: told apart by ids of ours, never over what somebody wrote there.

The row says what is owed (`revision` over `pushed_revision`); which copy is meant stands in it before anything is sent, so
that whoever comes after a crash finds what was sent.
"""

import logging
import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from config.lib.errors import ProviderError
from crm.agenda import connection
from crm.agenda.sync import conflicts, meeting
from crm.agenda.sync.copy import draft_of, version_of
from crm.calendars.base import ACCESS_LOST, CalendarProvider, EventDraft, RemoteEvent
from crm.domain import calendar_copy as rules
from crm.domain.calendar_copy import Verdict, copy_id
from crm.models import AgendaEvent, CalendarConflict, ExternalCalendar
from tenants.context import current_tenant, tenant_context
from tenants.models import Tenant

logger = logging.getLogger(__name__)

Status = AgendaEvent.Status
LEASE = timedelta(minutes=3)
PAST = timedelta(days=1)  # what is over for longer is not copied any more
STEPS = 8  # of one appointment: gone from the old calendar, made in the new, met, written
FIRST_PAUSE, SLOWEST, REFUSED_PAUSE = timedelta(seconds=5), timedelta(minutes=15), timedelta(hours=1)
SETTLED = ("duplicate", "changed", "not_found", "gone")  # codes that a look at the copy settles


@dataclass(frozen=True)
class Job:
    """What is owed for one appointment. `target` is the calendar that should hold it, empty for none."""

    pk: UUID
    revision: int
    cancelled: bool
    calendar: str
    copy: str
    etag: str
    target: str
    draft: EventDraft
    tried: bool  # an earlier try may have come through

    @property
    def leaves(self) -> bool:
        """A copy stands where none should be."""
        return bool(self.copy) and (self.cancelled or self.calendar != self.target)


def push_due(*, tenant: Tenant, most: int = 200) -> int:
    """Send what is owed, one appointment after the other; returns how many were tried."""
    count = 0
    port = None
    while count < most:
        with tenant_context(tenant):
            pk = _claim()
            if pk is None:
                return count
            try:
                port = port or connection.client()
            except ProviderError as error:
                _failed(pk, error)
                return count
        count += 1
        if not push(tenant=tenant, port=port, event_id=pk):
            return count
    return count


def push(*, tenant: Tenant, port: CalendarProvider, event_id: UUID) -> bool:
    """Send a claimed appointment until both sides agree; False when the whole account does not work."""
    try:
        for _step in range(STEPS):
            with tenant_context(tenant):
                job = _job(event_id)
            if job is None or not _step_of(tenant, port, job):
                break
    except ProviderError as error:
        with tenant_context(tenant):
            _failed(event_id, error)
        return error.code not in ACCESS_LOST
    with tenant_context(tenant):
        AgendaEvent.objects.filter(pk=event_id, revision__lte=F("pushed_revision")).update(push_after=None)
    return True


def due() -> Any:
    """What is owed and may be tried now. An open conflict about the copy waits for its decision."""
    now = timezone.now()
    main = ExternalCalendar.objects.filter(seller=OuterRef("seller"), is_main=True, can_write=True)
    disputed = CalendarConflict.objects.filter(event=OuterRef("pk"), resolved_at=None, kind__in=conflicts.COPY)
    rows = AgendaEvent.objects.filter(revision__gt=F("pushed_revision")).exclude(status=Status.HELD)
    rows = rows.filter(Q(push_after=None) | Q(push_after__lte=now))
    rows = rows.filter(~Q(google_calendar_event_id="") | (Q(ends_at__gt=now - PAST) & ~Q(status=Status.CANCELLED)))
    rows = rows.filter(~Q(google_calendar_event_id="") | Exists(main))
    return rows.filter(Q(status=Status.CANCELLED) | ~Exists(disputed))


def _claim() -> UUID | None:
    event = due().select_for_update(no_key=True, skip_locked=True, of=("self",)).order_by("push_after", "pk").first()
    if event is None:
        return None
    rows = AgendaEvent.objects.filter(pk=event.pk)
    rows.update(push_after=timezone.now() + LEASE, push_attempts=F("push_attempts") + 1)
    found: UUID = event.pk
    return found


def _job(pk: UUID) -> Job | None:
    """What is owed now. The copy's id is in the row before anything is sent under it."""
    event = AgendaEvent.objects.select_related("contact", "service").filter(pk=pk).first()
    if event is None or event.revision <= event.pushed_revision:
        return None
    cancelled = event.status == Status.CANCELLED
    if cancelled:
        conflicts.close(event=event)
    elif CalendarConflict.objects.filter(event=event, resolved_at=None, kind__in=conflicts.COPY).exists():
        return None
    main = ExternalCalendar.objects.filter(seller=event.seller_id, is_main=True, can_write=True).first()
    target = main.calendar_id if main is not None and not cancelled else ""
    tried = bool(event.google_calendar_event_id)
    if target and not event.google_calendar_event_id:
        event.google_calendar_id, event.google_calendar_event_id = target, copy_id(pk.hex)
        AgendaEvent.objects.filter(pk=pk).update(
            google_calendar_id=target, google_calendar_event_id=event.google_calendar_event_id
        )
    if not event.google_calendar_event_id:
        return None
    zone = (main.timezone if main is not None else "") or current_tenant().timezone
    return Job(
        pk=pk,
        revision=event.revision,
        cancelled=cancelled,
        calendar=event.google_calendar_id,
        copy=event.google_calendar_event_id,
        etag=rules.etag_in(event.google_etag),
        target=target,
        draft=draft_of(event, zone, new=not event.google_etag),
        tried=tried,
    )


def _step_of(tenant: Tenant, port: CalendarProvider, job: Job) -> bool:
    """One call and its note; whether there may be more to do."""
    if job.leaves:
        _remove(port, job)
        with tenant_context(tenant):
            _removed(job)
        return not job.cancelled
    if not job.etag:
        return _make(tenant, port, job)
    try:
        written = port.patch(job.calendar, job.copy, job.draft, etag=job.etag)
    except ProviderError as error:
        if error.code not in SETTLED:
            raise
        return _settle(tenant, port, job)
    if written.cancelled:
        return _settle(tenant, port, job)
    with tenant_context(tenant):
        _noted(job, written)
    return True


def _make(tenant: Tenant, port: CalendarProvider, job: Job) -> bool:
    """A new copy; after an earlier try it is looked for first."""
    if job.tried and port.get(job.calendar, job.copy) is not None:
        return _settle(tenant, port, job)
    try:
        written = port.insert(job.calendar, job.draft, job.copy)
    except ProviderError as error:
        if error.code != "duplicate":
            raise
        return _settle(tenant, port, job)
    if written.event_id != job.copy:  # Google took the same id twice and made another event of it
        port.delete(job.calendar, written.event_id)
        return _settle(tenant, port, job)
    with tenant_context(tenant):
        _noted(job, written)
    return True


def _settle(tenant: Tenant, port: CalendarProvider, job: Job) -> bool:
    """Somebody was there before us: see what stands there, and go on if it is still ours to write."""
    remote = port.get(job.calendar, job.copy)
    if not job.etag and (remote is None or remote.cancelled):
        with tenant_context(tenant):
            _renamed(job)
        return True
    return meeting.meet(tenant=tenant, port=port, event_id=job.pk) in (Verdict.OURS, Verdict.THEIRS, Verdict.SAME)


def _remove(port: CalendarProvider, job: Job) -> None:
    try:
        port.delete(job.calendar, job.copy)
    except ProviderError as error:
        # A calendar that was taken from us keeps its copy; nobody of ours can reach it any more.
        if error.code != "forbidden" or job.calendar == job.target:
            raise
        logger.warning("a copy stays in a calendar that may not be written any more: appointment %s", job.pk)


# --- what is noted; only by whoever still speaks of the same copy ----------------------------------------------------
def _rows(job: Job) -> Any:
    return AgendaEvent.objects.filter(pk=job.pk, google_calendar_id=job.calendar, google_calendar_event_id=job.copy)


def _noted(job: Job, written: RemoteEvent) -> None:
    _rows(job).update(google_etag=version_of(written), pushed_revision=job.revision, push_attempts=0, push_error="")


def _removed(job: Job) -> None:
    if job.cancelled:
        _rows(job).update(google_etag="", pushed_revision=job.revision, push_attempts=0, push_error="")
    elif job.target:
        again = copy_id(job.pk.hex, job.copy)
        _rows(job).update(
            google_calendar_id=job.target, google_calendar_event_id=again, google_etag="", push_attempts=0
        )
    else:  # nowhere to go: what is owed waits for a calendar
        _rows(job).update(google_calendar_id="", google_calendar_event_id="", google_etag="", push_after=None)


def _renamed(job: Job) -> None:
    """The id of a deleted copy stays used."""
    again = copy_id(job.pk.hex, job.copy)
    _rows(job).update(google_calendar_event_id=again, google_etag="", push_attempts=0)


def _failed(pk: UUID, error: ProviderError) -> None:
    tries = AgendaEvent.objects.filter(pk=pk).values_list("push_attempts", flat=True).first() or 0
    pause = min(SLOWEST, FIRST_PAUSE * 2 ** min(tries, 10))
    if error.kind in ("auth", "permanent"):
        pause = REFUSED_PAUSE if error.code in ("forbidden", "not_found") else SLOWEST
    if error.retry_after is not None:
        pause = max(pause, timedelta(seconds=error.retry_after))
    spread = random.uniform(0.8, 1.0)  # noqa: S311 - spreads load, guards nothing
    AgendaEvent.objects.filter(pk=pk).update(
        push_after=timezone.now() + pause * spread, push_error=str(error.message)[:300]
    )
    if error.code in ACCESS_LOST:
        connection.failed(error)
