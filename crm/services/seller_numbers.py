"""What each seller did between two times: only what they themselves did, and None where there is nothing to tell.

Every number has a function of its own that gives rows (seller, its name, a detail, a value); all together are one statement.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import (
    CharField,
    Count,
    DecimalField,
    F,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Cast

from crm.domain.shares import rate
from crm.models import Assignment, Lead, Response, Seller, StageKind, Task
from crm.reports.base import Percentile
from crm.services import business_hours
from tenants import circle
from tenants.domain import roles
from tenants.models import Membership

DECIMAL = DecimalField(max_digits=24, decimal_places=6)
Rows = QuerySet[Any, tuple[UUID, str, str, Decimal | None]]


@dataclass
class Numbers:
    """Of one seller. Counts are 0 when nothing happened; what needs something to be said of is None then."""

    received: int = 0
    open_now: int = 0
    won: int = 0
    lost: int = 0
    won_value: list[tuple[str, Decimal]] = field(default_factory=list)
    tasks_on_time: int = 0
    tasks_late: int = 0
    attended: int = 0  # conversations in which they answered somebody who waited
    first_answers: int = 0
    first_on_time: int = 0
    half: float | None = None  # of the waits for a first answer, in working seconds
    ninety: float | None = None

    @property
    def win_rate(self) -> float | None:
        """Per cent of what they closed."""
        return rate(self.won, self.won + self.lost)

    @property
    def on_time_rate(self) -> float | None:
        """Per cent of first answers within the company's target."""
        return rate(self.first_on_time, self.first_answers)


@dataclass(frozen=True)
class Asked:
    """Whose numbers, and of which time; `target` in working seconds."""

    sellers: tuple[UUID, ...]
    start: datetime
    end: datetime
    target: float

    def within(self, column: str) -> Q:
        return Q(**{f"{column}__gte": self.start, f"{column}__lt": self.end})


def visible_sellers(member: Membership) -> QuerySet[Seller]:
    """Those whose work the member may see: all of them, or their circle's."""
    return Seller.objects.all() if member.sees == roles.ALL else Seller.objects.filter(user_id__in=circle.of(member))


def numbers(sellers: Iterable[Seller], *, start: datetime, end: datetime) -> dict[UUID, Numbers]:
    """The numbers of each; in one statement."""
    target = business_hours.first_response_minutes() * 60
    asked = Asked(tuple(seller.pk for seller in sellers), start, end, target)
    found = {pk: Numbers() for pk in asked.sellers}
    if not found:
        return found
    first, *others = (count(asked) for count in COUNTED)
    for seller, name, detail, value in first.union(*others, all=True):
        if name == "won_value":
            found[seller].won_value.append((detail, round(value or Decimal(0), 2)))
        elif value is not None:
            setattr(found[seller], name, float(value) if name in ("half", "ninety") else int(value))
    for each in found.values():
        each.won_value.sort()
    return found


def received(asked: Asked) -> Rows:
    """Leads that they were given in the time, each once, however it was given."""
    rows = Assignment.objects.filter(asked.within("at"), seller__in=asked.sellers)
    return _rows(rows, "seller_id", "received", Count("lead", distinct=True))


def open_now(asked: Asked) -> Rows:
    rows = Lead.objects.filter(owner__in=asked.sellers, closed_at__isnull=True)
    return _rows(rows, "owner_id", "open_now", Count("pk"))


def won(asked: Asked) -> Rows:
    return _rows(_closed(asked, StageKind.WON), "owner_id", "won", Count("pk"))


def lost(asked: Asked) -> Rows:
    return _rows(_closed(asked, StageKind.LOST), "owner_id", "lost", Count("pk"))


def won_value(asked: Asked) -> Rows:
    """By currency; amounts of different money are never added up."""
    rows = _closed(asked, StageKind.WON).filter(value__isnull=False)
    return _rows(rows, "owner_id", "won_value", Sum("value"), detail="currency")


def tasks_on_time(asked: Asked) -> Rows:
    return _rows(_tasks(asked).filter(done_at__lte=F("due_at")), "seller_id", "tasks_on_time", Count("pk"))


def tasks_late(asked: Asked) -> Rows:
    return _rows(_tasks(asked).filter(done_at__gt=F("due_at")), "seller_id", "tasks_late", Count("pk"))


def attended(asked: Asked) -> Rows:
    return _rows(_answers(asked), "seller_id", "attended", Count("conversation_id", distinct=True))


def first_answers(asked: Asked) -> Rows:
    return _rows(_first(asked), "seller_id", "first_answers", Count("pk"))


def first_on_time(asked: Asked) -> Rows:
    """Counted from the customer's message, in working time: a night is nobody's delay."""
    rows = _first(asked).filter(business_seconds__lte=asked.target)
    return _rows(rows, "seller_id", "first_on_time", Count("pk"))


def half(asked: Asked) -> Rows:
    return _rows(_first(asked), "seller_id", "half", Percentile("business_seconds", fraction=0.5))


def ninety(asked: Asked) -> Rows:
    return _rows(_first(asked), "seller_id", "ninety", Percentile("business_seconds", fraction=0.9))


COUNTED: tuple[Callable[[Asked], Rows], ...] = (
    received,
    open_now,
    won,
    lost,
    won_value,
    tasks_on_time,
    tasks_late,
    attended,
    first_answers,
    first_on_time,
    half,
    ninety,
)


def _closed(asked: Asked, kind: StageKind) -> QuerySet[Lead]:
    return Lead.objects.filter(asked.within("closed_at"), owner__in=asked.sellers, stage__kind=kind)


def _answers(asked: Asked) -> QuerySet[Response]:
    """Of persons only: what the AI answers is nobody's."""
    return Response.objects.filter(asked.within("answered_at"), seller__in=asked.sellers, by_ai=False)


def _first(asked: Asked) -> QuerySet[Response]:
    return _answers(asked).filter(is_first=True)


def _tasks(asked: Asked) -> QuerySet[Task]:
    """Done by the seller: what a colleague did for them is not theirs."""
    whose = Seller.objects.filter(pk__in=asked.sellers, user=OuterRef("assignee")).values("pk")
    rows = Task.objects.filter(asked.within("done_at"), done_by=F("assignee__name"))
    return rows.annotate(seller_id=Subquery(whose)).filter(seller_id__isnull=False)


def _rows(rows: QuerySet[Model], owner: str, name: str, value: Any, *, detail: str = "") -> Any:
    """(seller, name, detail, value) for each seller who has any."""
    label: Any = Cast(detail, CharField()) if detail else Value("", output_field=CharField())
    named = rows.order_by().annotate(whose=F(owner), counted=Value(name, output_field=CharField()), about=label)
    return (
        named.values("whose", "counted", "about")
        .annotate(total=Cast(value, DECIMAL))
        .values_list("whose", "counted", "about", "total")
    )
