"""Taking a seller's time: in one step with an offer, freely by people of the company, held for minutes, moved.

Whoever takes time holds the seller's row, so that a booking and a block of an external calendar see each other; that two
events never overlap is the database's own rule.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.errors import Conflict, Invalid, NotFound
from config.lib.ids import key_of
from crm.agenda import availability, events, hours, offers
from crm.agenda.availability import Slot
from crm.agenda.offers import Offer
from crm.agenda.rotation import owner_of
from crm.domain.slots import Span
from crm.models import Absence, AgendaEvent, CalendarBlock, Contact, Lead, Seller, Service
from crm.services import steps
from tenants.context import current_tenant
from tenants.domain.actor import Actor

Status, Kind = AgendaEvent.Status, AgendaEvent.Kind
ALONE = "agendaevent_alone"
PAST, AHEAD = timedelta(days=366), timedelta(days=2 * 366)  # how far from now people may note something


class Taken(Conflict):
    """Somebody was faster. `alternatives`: three free times near it, or what there is."""

    code = "slot_taken"

    def __init__(self, alternatives: list[Slot]) -> None:
        super().__init__(_("Ese horario ya no está libre."))
        self.alternatives = alternatives


class _Busy(Exception):
    """That time is not free."""


@dataclass(frozen=True)
class Booked:
    """`new` is False when the same offer had been booked before."""

    event: AgendaEvent
    new: bool


def book(
    *,
    offer: str,
    contact: Contact,
    by: Actor,
    source: AgendaEvent.Source,
    lead: Lead | None = None,
    title: str = "",
    note: str = "",
    why: dict[str, Any] | None = None,
    look: bool = True,
) -> Booked:
    """Book what was offered. The same offer brought again by the same contact is the same appointment.

    Without a lead it is of the contact's latest open one. `why` as crm.agenda.rotation gave it. Raises Taken; Invalid with
    `offer_invalid`, `offer_expired`, or `calendar_unknown` when the seller's external calendar cannot be read now.
    """
    said = offers.read(offer, late=True)
    if said.moving is not None or said.contact not in (None, contact.pk):
        raise Invalid(_("Ese horario se ofreció para otra cosa."), code="offer_invalid")
    service = Service.objects.filter(pk=said.service).first() if said.service else None
    wanted = Span(said.start, said.end)
    with _or_taken(wanted, service, said.seller, contact=said.contact, look=look):
        found = _with(said, contact)
        if found is not None and found.status != Status.HELD:
            return Booked(found, False)
        if found is None and said.is_late:
            raise offers.expired()
        clear(said.seller, service, wanted, look=look)
        with transaction.atomic():
            Contact.objects.select_for_update(no_key=True).filter(pk=contact.pk).values("pk").first()
            lead = lead or latest_open(contact)
            steps.hold(lead.pk if lead else None)
            seller = _seller(said.seller, service)
            event = _with(said, contact)  # by whoever held the row before
            if event is not None and event.status != Status.HELD:
                return Booked(event, False)
            event = event or AgendaEvent(seller=seller, booking_key=said.number)
            event.contact, event.service, event.source = contact, service, source
            event.status, event.hold_until = Status.SCHEDULED, None
            event.why = why or {"code": "owner" if owner_of(contact) == seller.pk else "chosen"}
            _place(event, wanted, strict=True)
            return Booked(_written(event, by, lead=lead, title=title, note=note), True)


def book_at(
    *,
    seller: Seller,
    start: datetime,
    end: datetime,
    by: Actor,
    source: AgendaEvent.Source,
    contact: Contact | None = None,
    service: Service | None = None,
    lead: Lead | None = None,
    kind: AgendaEvent.Kind = AgendaEvent.Kind.MEETING,
    title: str = "",
    note: str = "",
    place: str = "",
) -> AgendaEvent:
    """Any time that a person of the company chooses, also out of hours, never one that is taken. Raises Taken, Invalid."""
    wanted = _sound(start, end)
    contact = contact or (lead.contact if lead else None)
    with _or_taken(wanted, service, seller.pk), transaction.atomic():
        if contact is not None:
            Contact.objects.select_for_update(no_key=True).filter(pk=contact.pk).values("pk").first()
            lead = lead or (latest_open(contact) if kind == Kind.MEETING else None)
        steps.hold(lead.pk if lead else None)
        [held] = events.hold_sellers([seller.pk])
        if not held.is_active:
            raise Invalid(_("Ese vendedor no está activo."), fields={"seller": _("Inactivo.")})
        event = AgendaEvent(seller=held, contact=contact, service=service, kind=kind, source=source)
        event.why = {"code": "chosen"}
        _place(event, wanted)
        return _written(event, by, lead=lead, title=title, note=note, place=place)


def hold(*, offer: str, minutes: int, by: Actor) -> AgendaEvent:
    """Keep an offered time for a while; `book` with the same offer makes it an appointment. Raises Taken, Invalid."""
    said = offers.read(offer)
    service = Service.objects.filter(pk=said.service).first() if said.service else None
    wanted = Span(said.start, said.end)
    with _or_taken(wanted, service, said.seller), transaction.atomic():
        seller = _seller(said.seller, service)
        found = AgendaEvent.objects.filter(booking_key=said.number).first()
        if found is not None:
            return found
        event = AgendaEvent(seller=seller, service=service, contact_id=said.contact, booking_key=said.number)
        event.status, event.hold_until = Status.HELD, timezone.now() + timedelta(minutes=minutes)
        event.actor_kind, event.actor_id, event.actor_label = by.kind, by.id, by.label[:160]
        _place(event, wanted, strict=True)
        event.save(force_insert=True)
        return event


def let_go(*, pk: object, by: Actor) -> None:
    """End one's own hold before its time. Raises NotFound for anybody else's, and for what is no hold any more."""
    held = AgendaEvent.objects.filter(pk=key_of(pk), status=Status.HELD, actor_kind=by.kind, actor_id=by.id)
    if not held.delete()[0]:
        raise NotFound(_("Ese horario no está apartado."))


def let_go_expired() -> int:
    """Holds whose time is over; returns how many. They keep nobody out meanwhile: whoever wants the time removes them."""
    return AgendaEvent.objects.filter(status=Status.HELD, hold_until__lte=timezone.now()).delete()[0]


def reschedule(
    *,
    event: AgendaEvent,
    by: Actor,
    offer: str = "",
    start: datetime | None = None,
    end: datetime | None = None,
    seller: Seller | None = None,
    look: bool = True,
    looked: bool = False,
) -> AgendaEvent:
    """Move the same appointment: to an offer, or where a person wants it (`end` None = as long as it was, `seller` None =
    the same). To where it is already changes nothing. It must be confirmed again. `looked`: `ask` was called for it a
    moment ago, and rows are held by now. Raises Taken, Invalid as `book`.
    """
    said = offers.read(offer) if offer else None
    event = events.current(event.pk)
    if said is not None and (said.moving not in (None, event.pk) or said.contact not in (None, event.contact_id)):
        raise Invalid(_("Ese horario se ofreció para otra cosa."), code="offer_invalid")
    if said is not None:
        target, wanted = said.seller, Span(said.start, said.end)
    else:
        start = start or event.starts_at
        target = seller.pk if seller is not None else event.seller_id
        wanted = _sound(start, end or start + (event.ends_at - event.starts_at))
    service = event.service
    with _or_taken(wanted, service, target, moving=event, look=look and not looked):
        if said is not None and not looked:
            clear(target, service, wanted, moving=event, look=look)
        with transaction.atomic():
            event = events.locked(event.pk, sellers=[target])
            if not event.is_upcoming:
                raise Invalid(_("Esa cita ya se hizo o está cancelada: no se puede mover."), code="closed")
            if (event.seller_id, event.starts_at, event.ends_at) == (target, wanted.start, wanted.end):
                return event
            return _moved(event, target, wanted, by, strict=said is not None)


def ask(*, event: AgendaEvent, seller: UUID, start: datetime, end: datetime) -> None:
    """Whether the seller's external calendars leave that time to the appointment, before anything is held.

    Raises Taken, or Invalid `calendar_unknown`.
    """
    with _or_taken(Span(start, end), event.service, seller, moving=event):
        clear(seller, event.service, Span(start, end), moving=event)


def restore(*, event: AgendaEvent, by: Actor) -> AgendaEvent:
    """Bring back a cancelled appointment at its time; it must be confirmed again. `ask` was called for it a moment ago.

    Raises Taken when the time is not free any more, Invalid for one that is not cancelled.
    """
    event = events.current(event.pk)
    wanted = Span(event.starts_at, event.ends_at)
    with _or_taken(wanted, event.service, event.seller_id, moving=event, look=False), transaction.atomic():
        event = events.locked(event.pk)
        if event.status != Status.CANCELLED:
            raise Invalid(_("Esa cita no está cancelada."), code="closed")
        _seller(event.seller_id, event.service)
        _place(event, wanted, strict=True)
        event.status, event.cancelled_at, event.confirmed_at, event.cancel_reason = Status.SCHEDULED, None, None, ""
        fields = ("status", "period", "cancelled_at", "confirmed_at", "cancel_reason")
        events.keep(event, "restored", by, fields=fields)
        events.notify(event.seller, event, "booked", by)
        return event


def latest_open(contact: Contact) -> Lead | None:
    return Lead.objects.filter(contact=contact, closed_at=None).order_by("-created_at").first()


def clear(
    seller: UUID, service: Service | None, wanted: Span, *, moving: AgendaEvent | None = None, look: bool = True
) -> None:
    """Ask the seller's external calendars, before anything is locked. Raises Invalid `calendar_unknown`."""
    known = availability.is_clear(seller, _with_minutes(wanted, service), moving=moving, look=look)
    if known is None:
        message = _("No se puede leer el calendario del vendedor: ahora no se puede reservar con esa persona.")
        raise Invalid(message, code="calendar_unknown")
    if not known:
        raise _Busy


# --- parts ------------------------------------------------------------------------------------------------------
@contextmanager
def _or_taken(
    wanted: Span,
    service: Service | None,
    seller: UUID,
    *,
    contact: UUID | None = None,
    moving: AgendaEvent | None = None,
    look: bool = True,
) -> Iterator[None]:
    """Make of a time that is not free the refusal with what is free near it, once its locks are gone.

    Bound to a `contact` only if what was wanted was: one made in the same transaction will not be there any more.
    """
    try:
        yield
    except _Busy:
        pass
    except IntegrityError as error:
        if getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") != ALONE:
            raise
    else:
        return
    length = round((wanted.end - wanted.start).total_seconds() / 60)
    raise Taken(
        availability.near(
            service=service,
            seller=seller,
            start=wanted.start,
            contact=contact,
            moving=moving,
            length=length,
            look=look,
        )
    )


def _sound(start: datetime, end: datetime) -> Span:
    """A time that goes forward, is not too long and not absurdly far. Raises Invalid with fields."""
    now = timezone.now()
    wrong = {}
    if not now - PAST <= start <= now + AHEAD:
        wrong["start"] = _("Esa fecha queda demasiado lejos.")
    elif end <= start:
        wrong["end"] = _("Debe ser después del comienzo.")
    elif end - start > hours.LONGEST:
        wrong["end"] = _("Dura demasiado: hasta %(n)d días.") % {"n": hours.LONGEST.days}
    if wrong:
        raise Invalid(_("Revisar la cita."), fields=wrong)
    return Span(start, end)


def _with(said: Offer, contact: Contact) -> AgendaEvent | None:
    """What was made of the offer before: an appointment or a hold. One that was called off is no answer: ask again."""
    event = AgendaEvent.objects.filter(booking_key=said.number).first()
    if event is None:
        return None
    if event.contact_id not in (None, contact.pk):
        raise _Busy
    if event.status == Status.CANCELLED:
        raise offers.expired()
    return event


def _seller(pk: UUID, service: Service | None) -> Seller:
    """Held, and still attending the service."""
    held = events.hold_sellers([pk])
    if not held or not hours.attending(service).filter(pk=pk).exists():
        raise _Busy
    return held[0]


def _place(event: AgendaEvent, wanted: Span, *, strict: bool = False) -> None:
    """Put the event on the time with its free minutes, unsaved. The caller holds the seller.

    `strict`, for what was offered: only ahead, when the seller is here, and within the service's limit for a day.
    """
    window = _with_minutes(wanted, event.service)
    if strict:
        if wanted.start <= timezone.now() or _meets(Absence, event.seller_id, wanted):
            raise _Busy
        _within_limit(event, wanted.start)
    if _meets(CalendarBlock, event.seller_id, window):
        raise _Busy
    expired = AgendaEvent.objects.filter(seller=event.seller_id, status=Status.HELD, starts_at__lt=window.end)
    expired.filter(hold_until__lte=timezone.now()).exclude(pk=event.pk).delete()
    event.starts_at, event.ends_at = wanted.start, wanted.end
    event.period = DateTimeTZRange(window.start, window.end)


def _meets(model: type[Absence] | type[CalendarBlock], seller: UUID, window: Span) -> bool:
    return model.objects.filter(seller=seller, starts_at__lt=window.end, ends_at__gt=window.start).exists()


def _within_limit(event: AgendaEvent, start: datetime) -> None:
    service = event.service
    if service is None or service.daily_limit is None:
        return
    place = ZoneInfo(event.seller.timezone or current_tenant().timezone)
    midnight = start.astimezone(place).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    day = (midnight, midnight + timedelta(days=1))  # of the wall, whatever its length
    rows = AgendaEvent.objects.standing().filter(seller=event.seller_id, service=service)
    rows = rows.filter(starts_at__gte=day[0], starts_at__lt=day[1]).exclude(pk=event.pk)
    if rows.exclude(status=Status.HELD, hold_until__lte=timezone.now()).count() >= service.daily_limit:
        raise _Busy


def _with_minutes(wanted: Span, service: Service | None) -> Span:
    """With what is kept free around it."""
    before, after = (service.buffer_before, service.buffer_after) if service is not None else (0, 0)
    return Span(wanted.start - timedelta(minutes=before), wanted.end + timedelta(minutes=after))


def _written(
    event: AgendaEvent, by: Actor, *, lead: Lead | None, title: str, note: str, place: str = ""
) -> AgendaEvent:
    """Save the new appointment with its words and let everybody know."""
    service = event.service
    title, place = title or (service.name if service else ""), place or (service.place if service else "")
    events.write(event, title=title, note=note, place=place, lead=lead)
    events.refresh(event)
    event.actor_kind, event.actor_id, event.actor_label = by.kind, by.id, by.label[:160]
    event.save()
    diff = {"seller": str(event.seller_id), "start": events.moment(event.starts_at), "source": str(event.source)}
    events.told(event, "booked", by, diff=diff, new=True)
    return event


def _moved(event: AgendaEvent, target: UUID, wanted: Span, by: Actor, *, strict: bool) -> AgendaEvent:
    before = {"seller": event.seller_id, "start": events.moment(event.starts_at)}
    lost = event.seller if target != event.seller_id else None
    if target != event.seller_id:
        # An offer may come late; people choose whoever is active.
        if not hours.attending(event.service if strict else None).filter(pk=target).exists():
            raise _Busy
        event.seller, event.why = Seller.objects.get(pk=target), {"code": "chosen"}
    else:
        event.why = {"code": "same"}
    _place(event, wanted, strict=strict)
    event.moves += 1
    event.status, event.confirmed_at = Status.SCHEDULED, None
    after = {"seller": event.seller_id, "start": events.moment(event.starts_at)}
    diff = {name: [str(before[name]), str(after[name])] for name in before if before[name] != after[name]}
    fields = ("seller", "why", "starts_at", "ends_at", "period", "moves", "status", "confirmed_at")
    events.keep(event, "moved", by, fields=fields, diff=diff)
    if lost is not None:
        events.notify(lost, event, "moved", by)
    return event
