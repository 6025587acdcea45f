"""One reader of a calendar at a time, and a wake-up that comes while somebody reads is not lost.

`sync_after` is the lease in the row; the marks in Redis only tell a lease from a next time. Without them a calendar is read
a little later, never by two.
"""

from datetime import timedelta
from uuid import UUID

from django.core.cache import cache
from django.db.models import F, Q
from django.utils import timezone

from config.lib import commit
from crm.agenda.sync.copy import READ
from crm.models import ExternalCalendar
from tenants.context import current_tenant

LEASE = timedelta(minutes=5)


def claim(calendar_id: UUID | None = None) -> ExternalCalendar | None:
    """The calendar that waits longest, or the named one if it is due; its seller is there."""
    now = timezone.now()
    due = ExternalCalendar.objects.filter(Q(sync_after=None) | Q(sync_after__lte=now), seller__isnull=False)
    if calendar_id is not None:
        due = due.filter(pk=calendar_id)
    rows = due.select_for_update(no_key=True, skip_locked=True).order_by(F("sync_after").asc(nulls_first=True), "pk")
    calendar = rows.first()
    if calendar is None:
        return None
    calendar.sync_after = now + LEASE
    calendar.save(update_fields=["sync_after"])
    cache.set(_reading(calendar.pk), 1, LEASE.total_seconds())
    cache.delete(_again(calendar.pk))
    return calendar


def release(calendar_id: UUID) -> None:
    """After the reading was noted: whoever knocked meanwhile is heard."""
    cache.delete(_reading(calendar_id))
    if cache.get(_again(calendar_id)):
        _at_once(calendar_id)


def wake(calendar_id: UUID) -> None:
    """Something changed over there: read now, or once more after whoever reads."""
    cache.set(_again(calendar_id), 1, 2 * LEASE.total_seconds())
    if not cache.get(_reading(calendar_id)):
        _at_once(calendar_id)


def _at_once(calendar_id: UUID) -> None:
    ExternalCalendar.objects.filter(pk=calendar_id).update(sync_after=timezone.now())
    commit.queue(READ, queue="sync", calendar_id=str(calendar_id))


def _reading(calendar_id: UUID) -> str:
    return f"calendar:reading:{current_tenant().pk}:{calendar_id}"


def _again(calendar_id: UUID) -> str:
    return f"calendar:again:{current_tenant().pk}:{calendar_id}"
