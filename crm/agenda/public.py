"""A stranger at the booking page: who they are to the company, and the appointment they take, move or call off.

Nothing here tells somebody known from somebody new: the answers are the same.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from crm.agenda import availability, booking, events, offers, rotation
from crm.agenda.availability import Found, Slot
from crm.domain.attribution import Attribution
from crm.models import AgendaEvent, Consent, Contact, Service, Touch
from crm.services import blocking, consents, contacts
from crm.services.finding import find_known, hold_number
from crm.services.leads import ensure_open_lead
from crm.services.touches import note_touch
from tenants.context import current_tenant
from tenants.domain.actor import Actor

MOST = 5000  # offers of one week, of all sellers together


@dataclass(frozen=True)
class Visitor:
    """`phone` in E.164; `consent`: the words they agreed to, "" when they did not."""

    name: str
    phone: str
    email: str = ""
    consent: str = ""
    attribution: Attribution = field(default_factory=Attribution)


def services() -> list[Service]:
    """What the page offers, in the company's order."""
    return list(Service.objects.filter(is_active=True, is_public=True))


def service_of(pk: UUID) -> Service | None:
    return Service.objects.filter(pk=pk, is_active=True, is_public=True).first()


def times(found: Found) -> list[Slot]:
    """One slot for each time: who attends is decided when somebody takes it. The first is the nearest to who had it."""
    firsts: dict[datetime, Slot] = {}
    for slot in found.slots:
        firsts.setdefault(slot.start, slot)
    return list(firsts.values())


def book(*, offer: str, visitor: Visitor) -> AgendaEvent:
    """Take an offered time. The same offer again is the same appointment.

    Raises Taken with alternatives, Invalid (`offer_invalid`, `offer_expired`, `calendar_unknown`), Conflict `blocked`.
    What goes wrong leaves nobody behind.
    """
    with translation.override(current_tenant().locale), transaction.atomic():
        blocking.refuse_blocked(visitor.phone, visitor.email)
        contact = _person(visitor)
        by = Actor("contact", str(contact.pk), str(contact))
        said = offers.read(offer, late=True)
        before = contact.appointments.filter(why__offer=said.number).first()
        if before is not None and before.is_upcoming:
            return before
        _arrive(contact, visitor, by)
        fair, why = _whose_turn(said, contact)
        given: dict[str, Any] = {"contact": contact, "by": by, "source": AgendaEvent.Source.PUBLIC}
        try:
            if fair is not None:
                return booking.book(offer=fair, why=why, **given).event
        except booking.Taken:
            pass  # the one that was shown may be free all the same
        try:
            return booking.book(offer=offer, **given).event
        except booking.Taken as error:
            raise booking.Taken([_to_anybody(slot, said.service) for slot in error.alternatives]) from error


def may_change(event: AgendaEvent) -> bool:
    """Whether the customer may still move or cancel it here: until the service's notice before it."""
    notice = timedelta(minutes=event.service.notice_minutes if event.service else 0)
    return event.is_upcoming and event.starts_at - notice > timezone.now()


def move(*, event: AgendaEvent, offer: str) -> AgendaEvent:
    """Raises what `book` raises."""
    return booking.reschedule(event=event, offer=offer, by=_customer(event))


def cancel(*, event: AgendaEvent) -> AgendaEvent:
    with translation.override(current_tenant().locale):
        return events.cancel(event=event, by=_customer(event), reason=_("La canceló en la página de reservas"))


def week(*, service: Service | None, first: datetime, last: datetime, moving: AgendaEvent | None = None) -> Found:
    """The free times that start in [first, last)."""
    return availability.free(service=service, first=first, last=last, moving=moving, most=MOST)


def next_day(*, service: Service | None, after: datetime, moving: AgendaEvent | None = None) -> datetime | None:
    """The next free time from `after` on as far as is known without asking anybody; None when there is none."""
    days = service.horizon_days if service else 60
    last = timezone.now() + timedelta(days=days + 1)
    if after >= last:
        return None
    found = availability.free(service=service, first=after, last=last, moving=moving, look=False, most=1)
    return found.slots[0].start if found.slots else None


# --- parts ------------------------------------------------------------------------------------------------------


def _to_anybody(slot: Slot, service: UUID | None) -> Slot:
    """The person it was found for is not kept when their booking comes to nothing."""
    return replace(slot, offer=offers.make(seller=slot.seller, service=service, start=slot.start, end=slot.end))


def _customer(event: AgendaEvent) -> Actor:
    return Actor("contact", str(event.contact_id), str(event.contact or ""))


def _person(visitor: Visitor) -> Contact:
    """Whose number this is, given what they lacked and nothing else; or somebody new."""
    by = Actor.system(_("Página de reservas"))
    hold_number(visitor.phone)
    known = find_known(visitor.phone)
    if known is None:
        return contacts.create_contact(by=by, name=visitor.name, phone=visitor.phone, email=visitor.email)
    if known.blocked_at is not None:
        raise blocking.refusal()
    told = {"name": visitor.name, "email": visitor.email}
    missing: dict[str, Any] = {name: value for name, value in told.items() if value and not getattr(known, name)}
    return contacts.update_contact(contact=known, by=by, **missing) if missing else known


def _arrive(contact: Contact, visitor: Visitor, by: Actor) -> None:
    came = {"source": _("Página de reservas"), **visitor.attribution.as_dict()}
    source = came.pop("source")
    lead, new = ensure_open_lead(contact=contact, source=source, by=by, touch=Touch.Kind.FORM, attribution=came)
    if not new:
        note_touch(contact=contact, lead=lead, kind=Touch.Kind.FORM, source=source, **came)
    if visitor.consent:
        said = _("Página de reservas: %(text)s") % {"text": visitor.consent}
        consents.record_consent(
            contact=contact, purpose=Consent.Purpose.REMINDERS, granted=True, by=by, source=said[:200]
        )


def _whose_turn(said: offers.Offer, contact: Contact) -> tuple[str | None, dict[str, Any]]:
    """The offer of whoever should attend at that time, as far as is known without asking; None for the one shown."""
    service = Service.objects.filter(pk=said.service).first() if said.service else None
    if said.is_late or said.moving is not None:
        return None, {}
    found = availability.free(
        service=service, first=said.start, last=said.start + timedelta(minutes=1), contact=contact, look=False
    )
    slots = [slot for slot in found.slots if slot.start == said.start]
    if not slots:
        return None, {}
    slot, why = rotation.choose(slots, contact=contact)
    return slot.offer, {**why, "offer": said.number}
