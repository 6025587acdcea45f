"""When somebody is reminded of their appointment, and when a seller is asked what became of one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm.agenda import settings
from crm.models import AgendaEvent, Notification
from crm.services.notifications import notify
from tenants.context import current_tenant

ASKED_AT = time(9)  # of the company's day
OLDEST = timedelta(days=30)  # what is older is history
AT_ONCE = 200


def next_reminder(event: AgendaEvent, now: datetime) -> datetime | None:
    """The first of the company's moments before the appointment that is still to come; None: nothing more is said.

    What is past is skipped: who books for this afternoon gets no word that was due yesterday.
    """
    if event.kind != AgendaEvent.Kind.MEETING or event.contact_id is None or not event.is_upcoming:
        return None
    return _first(event, settings.current().reminder_hours, now)


@dataclass(frozen=True)
class Due:
    """An appointment whose customer is to be reminded now; `key` is of this reminder and no other."""

    event: AgendaEvent
    key: str


def claim(now: datetime) -> tuple[Due | None, bool]:
    """The next reminder whose time has come, marked as said in the present transaction, and whether to ask again.

    Rows that another worker has are left to it. One that is said too late, or of something called off, says nothing.
    """
    event = (
        AgendaEvent.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(next_reminder_at__lte=now)
        .select_related("contact", "seller", "service")
        .order_by("next_reminder_at")
        .first()
    )
    if event is None or event.next_reminder_at is None:
        return None, False
    due = Due(event, key(event, event.next_reminder_at))
    # Not through save(): the appointment itself does not change, and calendars would fetch it anew.
    AgendaEvent.objects.filter(pk=event.pk).update(next_reminder_at=next_reminder(event, now))
    said = event.kind == AgendaEvent.Kind.MEETING and event.contact_id and event.is_upcoming and event.starts_at > now
    return (due if said else None), True


def key(event: AgendaEvent, moment: datetime) -> str:
    """Names one reminder of one time of the appointment: moved, it is reminded of anew."""
    return f"reminder:{event.pk}:{event.starts_at.timestamp():.0f}:{(event.starts_at - moment).total_seconds():.0f}"


def keys(event: AgendaEvent) -> list[str]:
    """Of every reminder that this appointment may have had at its present time."""
    return [key(event, event.starts_at - timedelta(hours=hours)) for hours in settings.current().reminder_hours]


def ask_outcomes(now: datetime) -> int:
    """Once each: remind every seller of the appointments before this morning that have no outcome. Returns how many rows.

    Mi día asks; this only says so. One batch in the present transaction.
    """
    morning = _morning(now)
    rows = list(
        AgendaEvent.objects.upcoming()
        .select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(kind=AgendaEvent.Kind.MEETING, ends_at__lte=morning, ends_at__gt=morning - OLDEST)
        .filter(outcome_asked_at=None)
        .select_related("seller", "contact")
        .order_by("ends_at")[:AT_ONCE]
    )
    for event in rows:
        tell_seller(event, "outcome", href="/mi-dia/")
    AgendaEvent.objects.filter(pk__in=[row.pk for row in rows]).update(outcome_asked_at=now)
    return len(rows)


def tell_seller(event: AgendaEvent, what: str, *, href: str = "") -> None:
    """Something about an appointment that its seller should know; once, for each time that it had."""
    if event.seller.user_id is None:
        return
    notify(
        user_id=event.seller.user_id,
        kind=Notification.Kind.AGENDA,
        key=f"{what}:{event.pk}:{event.starts_at.timestamp():.0f}",
        contact=event.contact,
        href=href or f"/agenda/citas/{event.pk}/",
        facts={"what": what, "when": event.starts_at.isoformat()},
    )


def _morning(now: datetime) -> datetime:
    """The last nine o'clock of the company that is over."""
    here = now.astimezone(ZoneInfo(current_tenant().timezone))
    day = here.date() if here.time() >= ASKED_AT else here.date() - timedelta(days=1)
    return datetime.combine(day, ASKED_AT, here.tzinfo)


def plan_anew(now: datetime) -> int:
    """After the company changed how long before it reminds: every coming appointment by the new hours. Returns how many."""
    hours = settings.current().reminder_hours
    meetings = AgendaEvent.objects.upcoming().filter(kind=AgendaEvent.Kind.MEETING, contact__isnull=False)
    rows = list(meetings.filter(starts_at__gt=now))
    for event in rows:
        event.next_reminder_at = _first(event, hours, now)
    AgendaEvent.objects.bulk_update(rows, ["next_reminder_at"], batch_size=500)
    return len(rows)


def _first(event: AgendaEvent, hours: Iterable[int], now: datetime) -> datetime | None:
    moments = (event.starts_at - timedelta(hours=each) for each in hours)
    return min((moment for moment in moments if moment > now), default=None)
