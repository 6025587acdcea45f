"""What of the calendars waits for somebody to do it."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from crm.agenda.sync import pushing, watching
from crm.models import CalendarConnection, ExternalCalendar

MOST = 100  # calendars told of at once; the next round finds the others


@dataclass(frozen=True)
class Due:
    calendars: tuple[UUID, ...] = ()
    appointments: bool = False
    channels: bool = False


def due() -> Due:
    """Nothing while no account is connected."""
    if not CalendarConnection.objects.exclude(state=CalendarConnection.State.REVOKED).exists():
        return Due()
    rows = ExternalCalendar.objects.filter(Q(sync_after=None) | Q(sync_after__lte=timezone.now()), seller__isnull=False)
    calendars = tuple(rows.order_by("sync_after").values_list("pk", flat=True)[:MOST])
    return Due(calendars, pushing.due().exists(), bool(watching.due()))
