"""What the pages of the agenda draw: the appointments that the reader may see, and that other times are taken."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, Exists, OuterRef, Q, Subquery, Value
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.ids import key_of
from crm.agenda.availability import Found
from crm.agenda.holidays import closed_days
from crm.domain import business_time
from crm.domain.slots import Plan, Span
from crm.models import (
    Absence,
    AgendaEvent,
    AgendaSettings,
    CalendarBlock,
    CalendarConflict,
    ExternalCalendar,
    HoursException,
    Seller,
)
from tenants.context import current_tenant
from tenants.domain import roles
from tenants.models import Membership
from tenants.services import tenant_settings

GOOGLE, TAKEN, AWAY = "google", "taken", "away"
UNREADABLE = (ExternalCalendar.State.FAILING, ExternalCalendar.State.GONE)


@dataclass(frozen=True)
class Entry:
    """A time of a seller that is taken. `event` only when the reader may open it; `kind` is its status, TAKEN when the
    reader may only know that it is taken, GOOGLE or AWAY."""

    seller_id: UUID
    start: datetime
    end: datetime
    words: str
    kind: str
    event: AgendaEvent | None = None

    @property
    def is_over(self) -> bool:
        return self.end <= timezone.now()


def sellers(member: Membership) -> list[Seller]:
    """Everybody with an agenda, the reader first; `unreadable` says of whom an external calendar cannot be read, and
    `differs` who has appointments that it says something else of."""
    failing = ExternalCalendar.objects.filter(seller=OuterRef("pk"), state__in=UNREADABLE)
    differing = CalendarConflict.objects.filter(event__seller=OuterRef("pk"), resolved_at=None)
    rows = Seller.objects.filter(is_active=True).annotate(unreadable=Exists(failing), differs=Exists(differing))
    return sorted(rows.order_by("name", "pk"), key=lambda seller: seller.user_id != member.user_id)


def entries(member: Membership, who: Collection[Seller], first: datetime, last: datetime) -> list[Entry]:
    """Of these sellers, whatever touches [first, last), in order of time. Two statements."""
    own = {seller.pk for seller in who if seller.user_id == member.user_id}
    touching = Q(seller__in=[seller.pk for seller in who], starts_at__lt=last, ends_at__gt=first)
    found = [_of_ours(row) for row in _ours(member).filter(touching)]
    blocks, absences = (
        rows.filter(touching).order_by().values_list("seller_id", "starts_at", "ends_at", words, Value(kind))
        for rows, words, kind in (
            (CalendarBlock.objects.all(), "title", GOOGLE),
            (Absence.objects.all(), Value("", output_field=CharField()), AWAY),
        )
    )
    found += [_elsewhere(row, own) for row in blocks.union(absences, all=True)]
    return sorted(found, key=lambda entry: (entry.start, entry.end))


def with_hours(pk: object, first: datetime, last: datetime) -> Any:
    """The seller with what `open_times` wants for those days; None for one that does not exist. One statement."""
    rows = HoursException.objects.filter(
        Q(seller=OuterRef("pk")) | Q(seller=None), day__range=(first.date(), last.date())
    )
    said = JSONObject(day="day", spans="spans", own=Q(seller__isnull=False))
    return (
        Seller.objects.filter(pk=key_of(pk), is_active=True)
        .annotate(
            days=ArraySubquery(rows.values(said=said)),
            holidays=Subquery(AgendaSettings.objects.values("holidays")[:1]),
        )
        .first()
    )


def open_times(seller: Any, first: datetime, last: datetime) -> list[Span]:
    """When the seller (of `with_hours`) attends, of the days of [first, last): what a calendar leaves unshaded."""
    tenant = current_tenant()
    place = ZoneInfo(seller.timezone or tenant.timezone)
    day, until = first.astimezone(place).date(), last.astimezone(place).date()
    general_first = sorted(seller.days, key=lambda each: bool(each["own"]))
    years = range(day.year, until.year + 1)
    plan = Plan(
        hours=seller.working_hours or tenant_settings.of(tenant).business_hours,
        exceptions={date.fromisoformat(each["day"]): each["spans"] for each in general_first},
        closed=closed_days(seller.holidays, years) if seller.holidays else (),
    )
    found = []
    while day <= until:
        spans = {str(day.weekday()): plan.spans_of(day)}
        found += [Span(opens, closes) for opens, closes in business_time.open_times(day, spans, place)]
        day += timedelta(days=1)
    return found


def _ours(member: Membership) -> Any:
    rows = AgendaEvent.objects.standing().exclude(status=AgendaEvent.Status.HELD, hold_until__lte=timezone.now())
    seen: Any = Value(True)
    if member.sees != roles.ALL:
        seen = Exists(AgendaEvent.objects.visible_to(member).filter(pk=OuterRef("pk")))
    return rows.annotate(seen=seen).select_related("contact", "service")


def _of_ours(row: Any) -> Entry:
    event = row if row.seen else None
    return Entry(
        row.seller_id,
        row.starts_at,
        row.ends_at,
        title(row) if event else _("Ocupado"),
        row.status if event else TAKEN,
        event,
    )


def _elsewhere(row: tuple[Any, ...], own: Collection[UUID]) -> Entry:
    """A block's title is its seller's own business."""
    seller, start, end, words, kind = row
    if kind == AWAY:
        return Entry(seller, start, end, _("Ausente"), kind)
    return Entry(seller, start, end, words if words and seller in own else _("Ocupado"), kind)


def title(event: AgendaEvent) -> str:
    """With whom and what for, as the reader of that appointment sees it."""
    if event.kind == AgendaEvent.Kind.BUSY:
        return event.title or _("Ocupado")
    about = event.title or (event.service.name if event.service else "")
    return " · ".join(str(part) for part in (event.contact, about) if part) or _("Cita")


def unread(who: Iterable[Any]) -> str:
    """Whose external calendar cannot be read, in words; empty when all can."""
    return Found([], [seller for seller in who if seller.unreadable]).warning
