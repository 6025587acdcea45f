"""Which times are free, each as an offer. What an external calendar does not say for sure is never offered."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.translation import ngettext

from crm.agenda import hours, offers
from crm.agenda.hours import Gathered
from crm.calendars import look as calendars
from crm.domain.slots import Span, free_slots
from crm.models import AgendaEvent, Contact, ExternalCalendar, Seller, Service

NEAR = timedelta(days=1)
FARTHEST = timedelta(days=367)  # past every horizon
Time = tuple[Seller, Span]


@dataclass(frozen=True)
class Slot:
    """A free time of a seller, in UTC, and the signed offer of it."""

    seller: Seller
    start: datetime
    end: datetime
    offer: str


@dataclass(frozen=True)
class Found:
    """`unknown`: sellers whose external calendar could not be read; nothing of theirs is in `slots`."""

    slots: list[Slot]
    unknown: list[Seller]

    @property
    def warning(self) -> str:
        """Of the unknown ones, in words; empty when there are none."""
        if not self.unknown:
            return ""
        names = ", ".join(seller.name for seller in self.unknown)
        return ngettext(
            "No se puede leer el calendario de %(names)s: no se ofrecen sus horarios.",
            "No se pueden leer los calendarios de %(names)s: no se ofrecen sus horarios.",
            len(self.unknown),
        ) % {"names": names}


def free(
    *,
    service: Service | None = None,
    sellers: Iterable[Seller | UUID] | None = None,
    first: datetime,
    last: datetime,
    contact: Contact | None = None,
    moving: AgendaEvent | None = None,
    look: bool = True,
    most: int = 200,
) -> Found:
    """The slots that start in [first, last), the earliest first, at most `most`; several sellers at one time give one each.

    `sellers` None = all that attend the service. Without a service an hour, or as long as what is `moving`, which does not
    stand in its own way and whose seller comes first. With `look` external calendars are asked now, which takes up to two
    seconds when there are some; else what was read of them lately counts.
    """
    service = service or (moving.service if moving else None)
    last = min(last, timezone.now() + FARTHEST)
    gathered = hours.gather(service=service, sellers=sellers, first=first, last=last, moving=moving)
    unknown = _look(gathered, first, last, moving, look=look)
    times = sorted(_times(gathered, service, first, last, moving, unknown), key=lambda each: _order(each, moving))
    return Found(_offered(times[:most], gathered, service, contact, moving), _sellers(gathered, unknown))


def near(
    *,
    service: Service | None,
    seller: Seller | UUID,
    start: datetime,
    contact: Contact | UUID | None = None,
    moving: AgendaEvent | None = None,
    length: int | None = None,
    look: bool = True,
    count: int = 3,
) -> list[Slot]:
    """Free times instead of `start`: those of a day around it with the same seller first, then others', then later ones."""
    wanted = seller.pk if isinstance(seller, Seller) else seller
    found: list[Slot] = []
    for before, after in ((1, 1), (2, 14), (2, 60)):
        first, last = start - timedelta(days=before), start + timedelta(days=after)
        first = max(first, timezone.now())
        if first >= last:
            continue
        gathered = hours.gather(service=service, sellers=None, first=first, last=last, moving=moving)
        unknown = _look(gathered, first, last, moving, look=look)
        times = list(_times(gathered, service, first, last, moving, unknown, length))
        times.sort(key=lambda each: _distance(each, wanted, start))
        found = _offered(times[:count], gathered, service, contact, moving)
        if len(found) == count:
            break
    return found


def is_clear(seller: UUID, window: Span, *, moving: AgendaEvent | None = None, look: bool = True) -> bool | None:
    """Whether the seller's external calendars leave that time free; None when nobody knows. True without calendars."""
    calendars = ExternalCalendar.objects.filter(seller=seller)
    known = list(calendars.values_list("state", "synced_at"))
    if not known:
        return True
    if not look:
        return None if any(hours.is_old(*each) for each in known) else True
    seen = _seen([Seller.objects.get(pk=seller)], window, moving, fresh=True)
    if seller in seen.unknown or seller not in seen.busy:
        return None
    return not any(span.overlaps(window) for span in seen.busy[seller])


# --- parts ------------------------------------------------------------------------------------------------------
def _look(
    gathered: Gathered, first: datetime, last: datetime, moving: AgendaEvent | None, *, look: bool
) -> frozenset[UUID]:
    """Add what external calendars say now to the busy times; returns the sellers of whom nothing sure is known."""
    asked = [agenda.seller for agenda in gathered.agendas.values() if agenda.calendars]
    if not asked:
        return frozenset()
    if not look:
        return frozenset(seller.pk for seller in asked if gathered.agendas[seller.pk].is_stale)
    owners = {each: seller.pk for seller in asked for each in gathered.agendas[seller.pk].calendars}
    seen = calendars.look(asked, first - hours.DAY, last + hours.DAY, without=moving, owners=owners)
    for pk, spans in seen.busy.items():
        gathered.agendas[pk].busy.extend(spans)
    return frozenset(seller.pk for seller in asked if seller.pk in seen.unknown or seller.pk not in seen.busy)


def _times(
    gathered: Gathered,
    service: Service | None,
    first: datetime,
    last: datetime,
    moving: AgendaEvent | None,
    unknown: frozenset[UUID],
    length: int | None = None,
) -> Iterator[Time]:
    now = timezone.now()
    if moving is not None:
        length = round((moving.ends_at - moving.starts_at).total_seconds() / 60)
    for pk, agenda in gathered.agendas.items():
        if pk in unknown:
            continue
        plan = gathered.plan(agenda, service, length)
        slots = free_slots(plan, agenda.busy, now=now, first=first, last=last, booked=agenda.booked)
        if pk not in gathered.asked:
            away = _covered(gathered, pk)
            slots = [slot for slot in slots if any(each.start <= slot.start and slot.end <= each.end for each in away)]
        yield from ((agenda.seller, slot) for slot in slots)


def _seen(sellers: list[Seller], window: Span, moving: AgendaEvent | None, *, fresh: bool = False) -> calendars.Looked:
    return calendars.look(sellers, window.start, window.end, without=moving, fresh=fresh)


def _order(time: Time, moving: AgendaEvent | None) -> tuple[datetime, bool, str, UUID]:
    seller, span = time
    return span.start, moving is not None and seller.pk != moving.seller_id, seller.name, seller.pk


def _distance(time: Time, wanted: UUID, start: datetime) -> tuple[bool, bool, timedelta, str, UUID]:
    seller, span = time
    far = abs(span.start - start)
    return far > NEAR, seller.pk != wanted, far, seller.name, seller.pk


def _offered(
    times: Sequence[Time],
    gathered: Gathered,
    service: Service | None,
    contact: Contact | UUID | None,
    moving: AgendaEvent | None,
) -> list[Slot]:
    minutes = gathered.settings.offer_minutes
    return [
        Slot(
            seller,
            span.start,
            span.end,
            offers.make(
                seller=seller,
                service=service,
                start=span.start,
                end=span.end,
                contact=contact,
                moving=moving,
                minutes=minutes,
            ),
        )
        for seller, span in times
    ]


def _sellers(gathered: Gathered, pks: Iterable[UUID]) -> list[Seller]:
    return sorted((gathered.agendas[pk].seller for pk in pks), key=lambda seller: (seller.name, seller.pk))


def _covered(gathered: Gathered, pk: UUID) -> list[Span]:
    """When this seller stands in for one of those who were asked for."""
    agendas = (gathered.agendas[each] for each in gathered.asked & gathered.agendas.keys())
    return [span for agenda in agendas for span, cover in agenda.away if cover == pk]
