"""What every report is made of: what is looked at, columns, cells that open their rows, and bars."""

from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Aggregate, CharField, FloatField, QuerySet, Value
from django.db.models.functions import Cast

from crm.domain.periods import Period
from crm.domain.shares import lengths
from crm.models import Lead, Pipeline, Seller
from tenants.models import Membership, Tenant

COUNT, MONEY, PERCENT, SECONDS, TEXT = "count", "money", "percent", "seconds", "text"


@dataclass(frozen=True)
class Scope:
    """Who looks, at which days, and whether at one pipeline or seller only."""

    member: Membership
    tenant: Tenant
    period: Period
    pipeline: UUID | None = None
    seller: UUID | None = None

    @property
    def zone(self) -> tzinfo:
        return ZoneInfo(self.tenant.timezone)

    def bounds(self, period: Period | None = None) -> tuple[datetime, datetime]:
        return (period or self.period).bounds(self.zone)

    def leads(self) -> QuerySet[Lead]:
        """What the member may see of the chosen pipeline and seller."""
        rows = Lead.objects.visible_to(self.member)
        if self.pipeline is not None:
            rows = rows.filter(stage__pipeline=self.pipeline)
        return rows.filter(owner=self.seller) if self.seller is not None else rows

    def created(self, period: Period | None = None) -> QuerySet[Lead]:
        start, end = self.bounds(period)
        return self.leads().filter(created_at__gte=start, created_at__lt=end)

    def closed(self, period: Period | None = None) -> QuerySet[Lead]:
        start, end = self.bounds(period)
        return self.leads().filter(closed_at__gte=start, closed_at__lt=end)

    def href(self, days_of: str = "", **words: object) -> str:
        """The list of leads with these filters and this report's own; "created" or "closed" adds its days."""
        query: dict[str, str] = {}
        if self.pipeline is not None:
            query["pipeline"] = str(self.pipeline)
        if self.seller is not None:
            query["owner"] = str(self.seller)
        if days_of:
            query |= {f"{days_of}_from": self.period.first.isoformat(), f"{days_of}_to": self.period.last.isoformat()}
        query |= {name: _word(value) for name, value in words.items() if value not in (None, "")}
        return f"/leads/?{urlencode(query)}"


def _word(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


@dataclass(frozen=True)
class Column:
    """`key` is its name in the API and in files, `label` what people read."""

    key: str
    label: str
    kind: str = COUNT


@dataclass(frozen=True)
class Cell:
    """A value and the list that it counts. None is "no data"; amounts are pairs of currency and amount, never added up."""

    value: Any
    href: str = ""


@dataclass(frozen=True)
class Bar:
    label: str
    value: Any
    length: int
    place: int  # from 0

    @property
    def top(self) -> int:
        """Where an upright bar begins, from above."""
        return 100 - self.length


@dataclass
class Report:
    """A table; `bars` draw one of its columns. `note` says in words how the numbers are counted."""

    key: str
    title: str
    columns: list[Column]
    rows: list[list[Cell]] = field(default_factory=list)
    note: str = ""
    bars_of: str = ""
    upright: bool = False  # columns side by side, for days

    @property
    def pairs(self) -> list[list[tuple[Column, Cell]]]:
        """Rows whose cells know their column, for templates."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]

    def column(self, key: str) -> int:
        return next(place for place, each in enumerate(self.columns) if each.key == key)

    @property
    def bars(self) -> list[Bar]:
        """Of the named column, labelled by the first one."""
        if not self.bars_of:
            return []
        place = self.column(self.bars_of)
        cells = [row[place] for row in self.rows]
        sizes = lengths([each.value for each in cells])
        return [
            Bar(str(row[0].value), cell.value, size, place)
            for place, (row, cell, size) in enumerate(zip(self.rows, cells, sizes, strict=True))
        ]

    @property
    def first_bar(self) -> Bar:
        return self.bars[0]

    @property
    def last_bar(self) -> Bar:
        return self.bars[-1]

    @property
    def bars_kind(self) -> str:
        return self.columns[self.column(self.bars_of)].kind if self.bars_of else COUNT

    def as_json(self) -> dict[str, Any]:
        """For the API: amounts as decimal strings beside their currency, no data as null."""
        return {
            "report": self.key,
            "title": self.title,
            "columns": [{"key": each.key, "label": each.label, "kind": each.kind} for each in self.columns],
            "rows": [
                {column.key: as_plain(cell.value) for column, cell in zip(self.columns, row, strict=True)}
                for row in self.rows
            ],
        }


def as_plain(value: Any) -> Any:
    """A cell's value for JSON."""
    if isinstance(value, list):
        return [{"amount": str(amount), "currency": currency} for currency, amount in value]
    return str(value) if isinstance(value, Decimal | date) else value


class Percentile(Aggregate):
    """`percentile_disc(fraction) within group (order by …)`: a value that really occurred; None without rows."""

    function = "PERCENTILE_DISC"
    template = "%(function)s(%(fraction)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    allow_distinct = False

    def __init__(self, expression: str, *, fraction: float, **extra: Any) -> None:
        super().__init__(expression, fraction=str(fraction), output_field=FloatField(), **extra)


@dataclass(frozen=True)
class Choices:
    """What a report may be narrowed to: (id, name) pairs."""

    pipelines: list[tuple[str, str]]
    sellers: list[tuple[str, str]]


MOST_CHOICES = 200


def choices() -> Choices:
    """Both in one statement."""
    pipelines = Pipeline.objects.filter(is_active=True).order_by("position")
    sellers = Seller.objects.filter(is_active=True).order_by("name")
    rows = _named("pipeline", pipelines).union(_named("seller", sellers), all=True)
    found: dict[str, list[tuple[str, str]]] = {"pipeline": [], "seller": []}
    for kind, key, name in rows:
        found[kind].append((str(key), name))
    return Choices(found["pipeline"], found["seller"])


def _named(kind: str, rows: QuerySet[Any]) -> QuerySet[Any, Any]:
    return rows.values_list(Value(kind, CharField()), "pk", Cast("name", CharField()))[:MOST_CHOICES]
