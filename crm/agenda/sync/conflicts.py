"""What our agenda and Google say differently: written down once, told to the seller once, decided by a person."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import Conflict, Invalid, NotFound
from config.lib.ids import key_of
from crm.agenda import booking, events
from crm.agenda.sync.copy import GOOGLE, PUSH, taken, version_of
from crm.calendars.base import RemoteEvent
from crm.domain.calendar_copy import copy_id
from crm.models import AgendaEvent, CalendarBlock, CalendarConflict, Notification
from crm.services import notifications
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.models import Membership
from tenants.services.audit import record

Kind = CalendarConflict.Kind
OURS, THEIRS, GONE = "ours", "theirs", "gone"
CHOICES = (OURS, THEIRS, GONE)
COPY = (Kind.EDITED, Kind.MOVED, Kind.DELETED)  # about our own copy; it is not written again before they are decided


def told_by(event: AgendaEvent, remote: RemoteEvent | None) -> dict[str, Any]:
    """Their side as a conflict keeps it; empty when it is gone."""
    if remote is None or remote.cancelled:
        return {}
    title = taken(event, remote, frozenset({"title"}))["title"]
    span = remote.span
    when = {"start": span.start.isoformat(), "end": span.end.isoformat()} if span else {}
    all_day = {"all_day": True} if remote.is_all_day else {}
    return {
        "id": remote.event_id,
        "version": version_of(remote),
        "title": title,
        "place": remote.place[:200],
        **when,
        **all_day,
    }


def open_conflict(*, event: AgendaEvent, kind: Kind, theirs: dict[str, Any]) -> CalendarConflict:
    """One open row of each kind: found again, it says what they say now."""
    row = CalendarConflict.objects.filter(event=event, kind=kind, resolved_at=None).first()
    if row is not None:
        if row.theirs != theirs:
            row.theirs = theirs
            row.save(update_fields=["theirs"])
        return row
    row = CalendarConflict.objects.create(event=event, kind=kind, theirs=theirs)
    record(action="appointment.conflict", resource=event, by=GOOGLE, diff={"kind": str(kind)})
    emit("APPOINTMENT_UPDATED", object="appointment", id=event.pk)
    if event.seller.user_id:
        notifications.notify(
            user_id=event.seller.user_id,
            kind=Notification.Kind.AGENDA,
            key=f"conflict:{row.pk}",
            contact=event.contact,
            href="/agenda/conflictos/",
            facts={"what": "conflict", "when": event.starts_at.isoformat()},
        )
    return row


def close(*, event: AgendaEvent, kinds: Iterable[Kind] = COPY, by: Actor = GOOGLE) -> None:
    """They agree again without anybody's word."""
    gone = {"resolved_at": timezone.now(), "resolution": GONE, "resolved_by": by.label[:160]}
    if CalendarConflict.objects.filter(event=event, kind__in=list(kinds), resolved_at=None).update(**gone):
        emit("APPOINTMENT_UPDATED", object="appointment", id=event.pk)


def settle_overlaps(seller_id: UUID) -> None:
    """Overlaps that are over: either side was moved or called off."""
    meeting = CalendarBlock.objects.filter(
        seller=OuterRef("event__seller"),
        starts_at__lt=OuterRef("event__ends_at"),
        ends_at__gt=OuterRef("event__starts_at"),
    )
    rows = CalendarConflict.objects.filter(kind=Kind.OVERLAP, resolved_at=None, event__seller=seller_id)
    still = Exists(meeting)
    for row in rows.annotate(still=still).select_related("event", "event__seller", "event__contact"):
        if not row.still or not row.event.is_upcoming:
            close(event=row.event, kinds=[Kind.OVERLAP])


def standing(member: Membership) -> Any:
    """The open ones of appointments that the member may see, the newest first."""
    rows = CalendarConflict.objects.filter(resolved_at=None)
    rows = rows.filter(event__in=AgendaEvent.objects.visible_to(member))
    return rows.select_related("event", "event__seller", "event__contact", "event__service").order_by("-at", "-id")


def conflict_for(member: Membership, pk: object) -> CalendarConflict:
    """Also a decided one. Raises NotFound."""
    rows = CalendarConflict.objects.filter(pk=key_of(pk), event__in=AgendaEvent.objects.visible_to(member))
    row: CalendarConflict | None = rows.select_related("event").first()
    if row is None:
        raise NotFound(_("Ese conflicto no existe o no está a su vista."))
    return row


def resolve(*, conflict: CalendarConflict, choice: str, by: Actor) -> CalendarConflict:
    """`ours` keeps our side and writes it over theirs, `theirs` the other way round, `gone` was put right by hand.

    Raises Conflict when it was decided before or their time is taken, Invalid for another choice.
    """
    if choice not in CHOICES:
        raise Invalid(_("Elegir una de las dos versiones."))
    event = events.locked(conflict.event_id)
    row = CalendarConflict.objects.select_for_update(no_key=True).get(pk=conflict.pk)
    if row.resolved_at is not None:
        raise Conflict(_("Ya estaba resuelto."))
    if choice == THEIRS:
        _take(event, row, by)
    elif row.kind != Kind.OVERLAP:
        _keep(event, row, overwrite=choice == OURS)
    row.resolved_at, row.resolution, row.resolved_by = timezone.now(), choice, by.label[:160]
    row.save(update_fields=["resolved_at", "resolution", "resolved_by"])
    record(action="appointment.conflict_resolved", resource=event, by=by, diff={"kind": row.kind, "choice": choice})
    emit("APPOINTMENT_UPDATED", object="appointment", id=event.pk)
    return row


def _keep(event: AgendaEvent, row: CalendarConflict, *, overwrite: bool) -> None:
    """Ours goes out again: over theirs as it was when somebody decided, and into the place of a deleted copy."""
    fields: dict[str, Any] = {"revision": F("revision") + 1, "push_after": None}
    if row.kind == Kind.DELETED:
        again = copy_id(event.pk.hex, event.google_calendar_event_id)
        fields |= {"google_calendar_event_id": again, "google_etag": ""}
    elif overwrite and row.theirs.get("version"):
        fields["google_etag"] = row.theirs["version"]
    AgendaEvent.objects.filter(pk=event.pk).update(**fields)
    commit.queue(PUSH, queue="sync")


def _take(event: AgendaEvent, row: CalendarConflict, by: Actor) -> None:
    if row.kind in (Kind.DELETED, Kind.OVERLAP):
        if event.is_upcoming:
            events.cancel(event=event, by=by, reason=_("Google Calendar"))
        return
    theirs = row.theirs
    if "start" not in theirs:
        raise Conflict(_("Allí ya no tiene un horario que se pueda tomar."))
    take(
        event=event,
        by=by,
        start=datetime.fromisoformat(theirs["start"]),
        end=datetime.fromisoformat(theirs["end"]),
        title=theirs["title"],
        place=theirs["place"],
    )
    agreed(event.pk, theirs["version"])


def take(
    *,
    event: AgendaEvent,
    by: Actor,
    start: datetime | None = None,
    end: datetime | None = None,
    title: str | None = None,
    place: str | None = None,
) -> None:
    """Make the given parts of theirs ours; all of it or nothing. Raises AppError where our rules refuse."""
    with transaction.atomic():
        if start is not None and end is not None and (start, end) != (event.starts_at, event.ends_at):
            event = booking.reschedule(event=event, by=by, start=start, end=end, look=False)
        given = {"title": title, "place": place}
        fields = {name: value for name, value in given.items() if value is not None and value != getattr(event, name)}
        if fields:
            events.update_event(event=event, by=by, **fields)


def agreed(pk: UUID, version: str) -> None:
    """Both sides say the same as of this version of the copy: there is nothing to write."""
    AgendaEvent.objects.filter(pk=pk).update(
        google_etag=version, pushed_revision=F("revision"), push_after=None, push_attempts=0, push_error=""
    )
