"""When each seller attends a service, and what of their time is taken: gathered in a fixed number of statements."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import DateTimeField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import JSONObject
from django.utils import timezone

from crm.agenda.holidays import closed_days
from crm.domain.slots import Plan, Span
from crm.models import (
    Absence,
    AgendaEvent,
    AgendaSettings,
    CalendarBlock,
    ExternalCalendar,
    HoursException,
    Seller,
    Service,
)
from tenants.context import current_tenant
from tenants.domain.weekly_hours import Hours
from tenants.models import Membership
from tenants.services import tenant_settings

FRESH = timedelta(minutes=30)  # how long a reading of an external calendar speaks for it
LONGEST = timedelta(days=14)  # of one event, so that looking back has an end
DAY = timedelta(days=1)
EVENT, BLOCK, ABSENCE = "event", "block", "absence"
_cast: ContextVar[frozenset[UUID] | None] = ContextVar("cast", default=None)


@contextmanager
def only(sellers: Iterable[UUID]) -> Iterator[None]:
    """Inside, for this thread, nobody but these attends: a rehearsal plays with its own people and holds no real row."""
    before = _cast.set(frozenset(sellers))
    try:
        yield
    finally:
        _cast.reset(before)


def is_rehearsed() -> bool:
    """Whether this thread stands inside `only`."""
    return _cast.get() is not None


@dataclass
class Agenda:
    """What is known of one seller's time. `booked`: appointments of the service by day where the seller is."""

    seller: Seller
    zone: str
    busy: list[Span] = field(default_factory=list)
    away: list[tuple[Span, UUID | None]] = field(default_factory=list)  # with who covers
    booked: Counter[date] = field(default_factory=Counter)
    days: Mapping[date, list[list[str]]] = field(default_factory=dict)

    @property
    def calendars(self) -> list[str]:
        """The ids of their external calendars."""
        return list(self.seller.calendar_ids)  # type: ignore[attr-defined]  # annotated by `_sellers`

    @property
    def is_stale(self) -> bool:
        """Whether what was read of the external calendars no longer speaks for them."""
        return bool(self.seller.is_stale)  # type: ignore[attr-defined]  # annotated by `_sellers`


@dataclass(frozen=True)
class Gathered:
    """Agendas by seller; `covers` are of those who were not asked for, but stand in for one who was."""

    agendas: dict[UUID, Agenda]
    asked: frozenset[UUID]
    settings: AgendaSettings
    closed: Collection[date]
    usual: Hours  # of the company

    def plan(self, agenda: Agenda, service: Service | None, length: int | None = None) -> Plan:
        """`length` in minutes, when it is not the service's."""
        said = service or Service()  # an hour, on the hour
        return Plan(
            hours=agenda.seller.working_hours or self.usual,
            exceptions=agenda.days,
            closed=self.closed,
            zone=agenda.zone,
            length=length or said.duration_minutes,
            step=said.step_minutes,
            before=said.buffer_before,
            after=said.buffer_after,
            notice=said.notice_minutes,
            horizon=said.horizon_days,
            daily_limit=said.daily_limit,
        )


def gather(
    *,
    service: Service | None,
    sellers: Iterable[Seller | UUID] | None,
    first: datetime,
    last: datetime,
    moving: AgendaEvent | None = None,
) -> Gathered:
    """Two statements, however many sellers and events. Sellers that do not attend the service are left out."""
    asked = None if sellers is None else {each.pk if isinstance(each, Seller) else each for each in sellers}
    window = Span(first - DAY, last + DAY)  # whole days where the seller is, and the free minutes around
    company = current_tenant().timezone
    agendas = {}
    now = AgendaSettings()
    for seller in _sellers(service, asked, window):
        now = AgendaSettings(**(seller.rules or {}))
        days = {date.fromisoformat(each["day"]): each["spans"] for each in sorted(seller.days, key=_general_first)}
        agendas[seller.pk] = Agenda(seller, seller.timezone or company, days=days)
    limited = service is not None and service.daily_limit is not None
    taken = _taken(list(agendas), window, moving, limited=limited) if agendas else ()
    for pk, begins, ends, kind, ref, at in taken:
        agenda, span = agendas[pk], Span(begins, ends)
        agenda.busy.append(span)
        if kind == ABSENCE:
            agenda.away.append((span, ref))
        elif at is not None and service is not None and ref == service.pk:
            agenda.booked[at.astimezone(ZoneInfo(agenda.zone)).date()] += 1
    years = range(window.start.year, window.end.year + 1)
    closed = frozenset(closed_days(now.holidays, years)) if now.holidays else frozenset()
    usual = tenant_settings.of(current_tenant()).business_hours
    return Gathered(agendas, frozenset(agendas if asked is None else asked), now, closed, usual)


def is_old(state: str, synced_at: datetime | None) -> bool:
    """Whether what was read of an external calendar no longer speaks for it."""
    return state != ExternalCalendar.State.OK or synced_at is None or synced_at < timezone.now() - FRESH


def attending(service: Service | UUID | None) -> QuerySet[Seller]:
    """Active sellers, members who no longer are left out, that attend the service; None = anything."""
    here = Membership.objects.active().filter(tenant_id=current_tenant().pk, user_id=OuterRef("user_id"))
    rows = Seller.objects.filter(Q(user=None) | Exists(here), is_active=True)
    if (cast := _cast.get()) is not None:
        rows = rows.filter(pk__in=cast)
    if service is None:
        return rows
    listed = Seller.services.through.objects.filter(seller=OuterRef("pk"))
    return rows.filter(~Exists(listed) | Exists(listed.filter(service=service)))


def _sellers(service: Service | None, asked: Collection[UUID] | None, window: Span) -> QuerySet[Any]:
    rows = attending(service)
    if asked is not None:
        away = Absence.objects.filter(seller__in=asked, starts_at__lt=window.end, ends_at__gt=window.start)
        rows = rows.filter(Q(pk__in=asked) | Q(pk__in=away.exclude(cover=None).values("cover")))
    calendars = ExternalCalendar.objects.filter(seller=OuterRef("pk"))
    old = ~Q(state=ExternalCalendar.State.OK) | Q(synced_at=None) | Q(synced_at__lt=timezone.now() - FRESH)
    days = HoursException.objects.filter(
        Q(seller=OuterRef("pk")) | Q(seller=None), day__range=(window.start.date(), window.end.date())
    )
    said = JSONObject(seller="seller_id", day="day", spans="spans")
    rules = AgendaSettings.objects.filter(pk=1).values(
        said=JSONObject(holidays="holidays", offer_minutes="offer_minutes")
    )
    return rows.annotate(
        calendar_ids=ArraySubquery(calendars.order_by("calendar_id").values("calendar_id")),
        rules=Subquery(rules),
        is_stale=Exists(calendars.filter(old)),
        days=ArraySubquery(days.values(said=said)),
    ).order_by("name", "pk")


def _general_first(day: Mapping[str, Any]) -> bool:
    """The day of everybody before the seller's own, which then replaces it."""
    return day["seller"] is not None


def _taken(ids: list[UUID], window: Span, moving: AgendaEvent | None, *, limited: bool) -> QuerySet[Any, Any]:
    """(seller, from, until, kind, service or who covers, start) of whatever takes time. An expired hold takes none.

    The start is of appointments only, and only when somebody counts them.
    """
    never = Value(None, output_field=DateTimeField())
    events = (
        AgendaEvent.objects.standing()
        .exclude(status=AgendaEvent.Status.HELD, hold_until__lte=timezone.now())
        .filter(
            seller__in=ids,
            starts_at__range=(window.start - LONGEST, window.end),
            ends_at__gt=window.start,
        )
        .order_by()
        .values_list(
            "seller_id",
            "period__startswith",
            "period__endswith",
            Value(EVENT),
            "service_id",
            F("starts_at") if limited else never,
        )
    )
    if moving is not None:
        events = events.exclude(pk=moving.pk)
    blocks, absences = (
        rows.filter(seller__in=ids, starts_at__lt=window.end, ends_at__gt=window.start).order_by()
        for rows in (CalendarBlock.objects.all(), Absence.objects.all())
    )
    return events.union(
        blocks.values_list("seller_id", "starts_at", "ends_at", Value(BLOCK), F("seller_id"), never),
        absences.values_list("seller_id", "starts_at", "ends_at", Value(ABSENCE), "cover_id", never),
        all=True,
    )
