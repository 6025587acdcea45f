"""What an external calendar says becomes busy times here, and what was done to our copies there is done here.

First the whole list, then what changed since. A list that breaks off takes nothing away, and its token is noted only when
everything in it has been.
"""

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from config.lib.errors import ProviderError
from config.lib.texts import stored
from crm.agenda import connection, events
from crm.agenda.sync import conflicts, lease, meeting
from crm.agenda.sync.copy import is_echo, theirs_of
from crm.calendars.base import CalendarProvider, RemoteEvent, SyncLost
from crm.domain import calendar_copy as rules
from crm.domain.slots import Span
from crm.models import AgendaEvent, CalendarBlock, CalendarConflict, ExternalCalendar
from tenants.context import tenant_context
from tenants.models import Tenant

logger = logging.getLogger(__name__)

State, Status = ExternalCalendar.State, AgendaEvent.Status
BACK, AHEAD = timedelta(days=1), timedelta(days=400)  # busy times that are kept, around now
POLLED, PUSHED = timedelta(minutes=2), timedelta(minutes=10)  # between two readings, without and with push messages
SLOWEST, FIRST_PAUSE = timedelta(minutes=15), timedelta(seconds=15)
GONE_PAUSE = timedelta(hours=1)
HICCUPS = 2  # failures in a row that do not make a calendar unreadable yet
WEEK = 7
MARGIN = timedelta(minutes=1)  # of the lease, for what is under way


class Moved(Exception):
    """The calendar was given to somebody else, or taken off, while it was read."""


@dataclass
class Reading:
    """One reading of one calendar. `whole`: the full list, so that what is not in it is gone."""

    tenant: Tenant
    calendar: ExternalCalendar
    port: CalendarProvider
    whole: bool
    until: datetime
    seen: set[str] = field(default_factory=set)
    ours: set[UUID] = field(default_factory=set)  # appointments whose copies may have changed
    twins: set[str] = field(default_factory=set)


def read_due(*, tenant: Tenant, calendar_id: UUID | None = None) -> int:
    """Read what is due, one calendar after the other; returns how many were."""
    count = 0
    while True:
        with tenant_context(tenant):
            calendar = lease.claim(calendar_id)
        if calendar is None:
            return count
        read(tenant=tenant, calendar=calendar)
        count += 1
        if calendar_id is not None:
            return count


def read(*, tenant: Tenant, calendar: ExternalCalendar) -> None:
    """Read a claimed calendar and note how it went; a provider's failure is noted, not raised."""
    try:
        with tenant_context(tenant):
            port = connection.client()
        token = "" if _whole_due(calendar) else calendar.sync_token
        try:
            _read(tenant, calendar, port, token)
        except SyncLost:
            _read(tenant, calendar, port, "")
    except ProviderError as error:
        with tenant_context(tenant):
            _failed(calendar, error)
    except Moved:
        logger.info("calendar %s changed hands while it was read", calendar.pk)
    with tenant_context(tenant):
        lease.release(calendar.pk)


def _read(tenant: Tenant, calendar: ExternalCalendar, port: CalendarProvider, token: str) -> None:
    reading = Reading(tenant, calendar, port, whole=not token, until=timezone.now() + lease.LEASE - MARGIN)
    page = ""
    while True:
        found = port.changes(calendar.calendar_id, token, page=page)
        with tenant_context(tenant):
            _page(reading, found.events)
        page = found.page
        if not page:
            break
    with tenant_context(tenant):
        reading.ours |= _missing(reading) if reading.whole else set()
    for event_id in sorted(reading.ours):
        _in_time(reading)
        meeting.meet(tenant=tenant, port=port, event_id=event_id)
    for copy in sorted(reading.twins):
        port.delete(calendar.calendar_id, copy)
    with tenant_context(tenant):
        _finish(reading, before=calendar.sync_token, after=found.sync_token)


def _page(reading: Reading, found: Sequence[RemoteEvent]) -> None:
    """Busy times of one page are stored; our own copies in it are only noted."""
    _in_time(reading)
    calendar = _held(reading)
    known = _known(found)
    now = timezone.now()
    busy, free = [], []
    for remote in found:
        reading.seen.add(remote.event_id)
        event = known.get(rules.event_hex_of(remote.event_id, remote.crm_id)) or known.get(remote.event_id)
        if event is not None and _is_ours(reading, event, remote):
            free.append(remote.event_id)
        elif _takes_time(remote, now):
            busy.append(remote)
        else:
            free.append(remote.event_id)
    CalendarBlock.objects.filter(calendar=calendar, event_id__in=free).delete()
    place_blocks(calendar=calendar, found=busy)


def _takes_time(remote: RemoteEvent, now: datetime) -> bool:
    span = remote.span
    if span is None or remote.cancelled or not remote.busy:
        return False
    return span.end > now - BACK and span.start < now + AHEAD


def _known(found: Sequence[RemoteEvent]) -> dict[str, AgendaEvent]:
    """Appointments of ours by their key, and by the id of their copy: a deleted copy may bring its id only."""
    keys = {hex_: UUID(hex_) for each in found if (hex_ := rules.event_hex_of(each.event_id, each.crm_id))}
    rows = AgendaEvent.objects.filter(
        Q(pk__in=keys.values()) | Q(google_calendar_event_id__in=[e.event_id for e in found])
    )
    known = {}
    for event in rows.select_related("contact", "service"):
        known[event.pk.hex] = event
        if event.google_calendar_event_id:
            known[event.google_calendar_event_id] = event
    return known


def _is_ours(reading: Reading, event: AgendaEvent, remote: RemoteEvent) -> bool:
    """Whether it is a copy, and no busy time of its own; what has to be settled about it is noted."""
    here = event.google_calendar_id == reading.calendar.calendar_id
    cancelled, dirty = event.status == Status.CANCELLED, event.revision > event.pushed_revision
    if here and remote.event_id == event.google_calendar_event_id:
        if event.seller_id != reading.calendar.seller_id:
            return True  # on its way to somebody else's calendar
        if cancelled and not dirty and not remote.cancelled:
            return False  # brought back over there: a busy time
        if not is_echo(event, remote) and not (cancelled and remote.cancelled and not dirty):
            reading.ours.add(event.pk)
        return True
    if cancelled or remote.cancelled or remote.span != Span(event.starts_at, event.ends_at):
        return remote.cancelled
    if (
        here
        and event.google_etag
        and remote.crm_id
        and not rules.touched(theirs_of(remote), rules.written_in(remote.crm_id)[1])
    ):
        reading.twins.add(remote.event_id)  # an insert that was taken twice
    return True


def place_blocks(*, calendar: ExternalCalendar, found: Sequence[RemoteEvent]) -> list[CalendarConflict]:
    """Store busy times under the seller's row, as bookings do. Where an appointment of ours stands both stay, nobody else
    is offered that time, and a conflict asks a person. Returns the conflicts."""
    if not found:
        return []
    assert calendar.seller_id is not None
    events.hold_sellers([calendar.seller_id])
    spans = {each.event_id: (each, each.span) for each in found}  # the last word of each
    old = {row.event_id: row for row in CalendarBlock.objects.filter(calendar=calendar, event_id__in=list(spans))}
    rows, moved = [], []
    for remote, span in spans.values():
        if span is None:
            continue
        row = old.get(remote.event_id) or CalendarBlock(calendar=calendar, event_id=remote.event_id)
        when = (row.seller_id, row.starts_at, row.ends_at) if remote.event_id in old else None
        row.seller_id = calendar.seller_id
        row.etag, row.title, row.is_all_day = remote.etag[:100], _title(remote), remote.is_all_day
        row.starts_at, row.ends_at = span.start, span.end
        rows.append(row)
        if when != (row.seller_id, row.starts_at, row.ends_at):
            moved.append(row)
    CalendarBlock.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["calendar", "event_id"],
        update_fields=["seller", "etag", "title", "is_all_day", "starts_at", "ends_at"],
    )
    return _overlaps(calendar.seller_id, moved)


def _title(remote: RemoteEvent) -> str:
    """Without one where a copy of ours outlived its appointment: it names somebody who may have been erased."""
    return "" if rules.event_hex_of(remote.event_id, remote.crm_id) else stored(remote.title)[:200]


def _overlaps(seller_id: UUID, blocks: Sequence[CalendarBlock]) -> list[CalendarConflict]:
    if not blocks:
        return []
    first, last = min(row.starts_at for row in blocks), max(row.ends_at for row in blocks)
    rows = AgendaEvent.objects.upcoming().filter(seller=seller_id, starts_at__lt=last, ends_at__gt=first)
    made = []
    for event in rows.filter(ends_at__gt=timezone.now()).select_related("seller", "contact", "service"):
        for block in blocks:
            if block.starts_at < event.ends_at and block.ends_at > event.starts_at:
                made.append(_overlap(event, block))
                break
    return made


def _overlap(event: AgendaEvent, block: CalendarBlock) -> CalendarConflict:
    """Without the block's title: that is the seller's own business."""
    when = {"start": block.starts_at.isoformat(), "end": block.ends_at.isoformat()}
    theirs = {"id": block.event_id, "all_day": block.is_all_day, **when}
    return conflicts.open_conflict(event=event, kind=CalendarConflict.Kind.OVERLAP, theirs=theirs)


def _missing(reading: Reading) -> set[UUID]:
    """Coming appointments whose copy the whole list does not have."""
    calendar = reading.calendar
    rows = AgendaEvent.objects.upcoming().filter(google_calendar_id=calendar.calendar_id, seller=calendar.seller_id)
    rows = rows.exclude(google_etag="").filter(ends_at__gt=timezone.now())
    return {pk for pk, copy in rows.values_list("pk", "google_calendar_event_id") if copy not in reading.seen}


def _finish(reading: Reading, *, before: str, after: str) -> None:
    calendar = _held(reading)
    if calendar.sync_token != before:
        raise Moved  # somebody else has read on
    if reading.whole:
        calendar.blocks.exclude(event_id__in=reading.seen).delete()
    now = timezone.now()
    calendar.sync_token, calendar.synced_at = after, now
    calendar.state, calendar.error, calendar.fails = State.OK, "", 0
    pushes = calendar.channel_until is not None and calendar.channel_until > now
    calendar.sync_after = now + _about(PUSHED if pushes else POLLED)
    fields = ["sync_token", "synced_at", "state", "error", "fails", "sync_after"]
    calendar.save(update_fields=fields)
    assert calendar.seller_id is not None
    conflicts.settle_overlaps(calendar.seller_id)
    connection.worked()


def _held(reading: Reading) -> ExternalCalendar:
    """Seller, then calendar, until the transaction ends; still of the same seller."""
    seller_id = reading.calendar.seller_id
    assert seller_id is not None
    events.hold_sellers([seller_id])
    calendar = ExternalCalendar.objects.select_for_update(no_key=True).filter(pk=reading.calendar.pk).first()
    if calendar is None or calendar.seller_id != seller_id:
        raise Moved
    return calendar


def _in_time(reading: Reading) -> None:
    """What was read long ago must not be written over what somebody else has read since."""
    if timezone.now() > reading.until:
        raise ProviderError("reading took too long", kind="retry", code="slow")


def _whole_due(calendar: ExternalCalendar) -> bool:
    """Once a week, each calendar on its day: what lay too far ahead has come nearer, and what was missed is mended."""
    if calendar.synced_at is None or not calendar.sync_token:
        return True
    offset = calendar.pk.int % WEEK
    return (calendar.synced_at.toordinal() + offset) // WEEK != (timezone.now().toordinal() + offset) // WEEK


def _failed(calendar: ExternalCalendar, error: ProviderError) -> None:
    row = ExternalCalendar.objects.select_for_update(no_key=True).filter(pk=calendar.pk).first()
    if row is None:
        return
    row.fails = min(row.fails + 1, 1000)
    if error.code == "not_found":
        row.state, pause = State.GONE, GONE_PAUSE
    else:
        lasting = error.kind != "retry" or row.fails > HICCUPS or row.state == State.NEW
        row.state = State.FAILING if lasting else row.state
        pause = min(SLOWEST, FIRST_PAUSE * 2 ** min(row.fails, 10))
    if error.retry_after is not None:
        pause = max(pause, timedelta(seconds=error.retry_after))
    row.error, row.sync_after = str(error.message)[:300], timezone.now() + _about(pause)
    row.save(update_fields=["fails", "state", "error", "sync_after"])
    connection.failed(error)


def _about(pause: timedelta) -> timedelta:
    """So that calendars do not all come at once."""
    return pause * random.uniform(0.8, 1.0)  # noqa: S311 - spreads load, guards nothing
