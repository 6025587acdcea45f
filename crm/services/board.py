"""The board: one column a stage with its count, its sums by currency and its first cards, in one statement for all of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import Case, F, JSONField, OuterRef, Q, QuerySet, Subquery, UUIDField, Value, When
from django.db.models.functions import JSONObject
from django.utils import timezone

from config.lib import counts
from crm.models import Lead, Stage, StageKind, StageTransition
from crm.services.lead_filters import LeadQuery

COLUMNS, CLOSED, CARDS = 30, 10, 20
KEYS = ArrayField(UUIDField())


class _Totals(Subquery):
    """{currency: [leads, sum]} of at most counts.MOST + 1 rows; what has no value stands under ""."""

    template = (
        "(SELECT COALESCE(JSONB_OBJECT_AGG(currency, JSONB_BUILD_ARRAY(held, total)), '{}') FROM"
        " (SELECT currency, COUNT(*) held, SUM(value)::text total FROM (%(subquery)s) counted GROUP BY currency) grouped)"
    )

    def __init__(self, rows: QuerySet[Any], **extra: Any) -> None:
        limited = rows.order_by().values("currency", "value")[: counts.MOST + 1]
        super().__init__(limited, output_field=JSONField(), **extra)


@dataclass(frozen=True)
class Sum:
    """`partly`: only of the first counts.MOST leads."""

    currency: str
    amount: Decimal
    partly: bool


@dataclass(frozen=True)
class Card:
    """A lead with how long it has stood still."""

    lead: Lead
    days: int  # in its stage
    is_cold: bool


@dataclass(frozen=True)
class Way:
    """A stage that a card of the column may go to."""

    stage: str
    label: str


@dataclass(frozen=True)
class Column:
    """`count` in words; `more`: there are leads beyond the cards."""

    stage: Stage
    count: str
    sums: list[Sum]
    cards: list[Card]
    more: bool
    ways: list[Way]


@dataclass(frozen=True)
class Board:
    """`cut`: the pipeline has more open stages than are drawn. `chosen`: the lead opened beside the board, if visible."""

    columns: list[Column]
    closed: list[Column]
    cut: bool
    chosen: Lead | None


def of(*, query: LeadQuery, pipeline_id: UUID | None, chosen: UUID | None = None) -> Board:
    """Two statements: the columns, and their cards. `query` holds the filters and whose board it is."""
    stages: list[Any] = list(_stages(query, pipeline_id))
    for stage in stages:  # null where the filters can find nothing at all
        stage.totals, stage.card_ids = stage.totals or {}, stage.card_ids or []
    wanted = [pk for stage in stages for pk in stage.card_ids]
    found = _leads(query, wanted, chosen)
    now = timezone.now()
    columns = [_column(query, stage, found, now) for stage in stages]
    opened = [each for each in columns if each.stage.kind == StageKind.OPEN]
    return Board(
        columns=opened[:COLUMNS],
        closed=[each for each in columns if each.stage.kind != StageKind.OPEN],
        cut=len(opened) > COLUMNS,
        chosen=found.get(chosen) if chosen else None,
    )


def _stages(query: LeadQuery, pipeline_id: UUID | None) -> QuerySet[Stage]:
    mine = Lead.objects.visible_to(query.member)
    rows = Stage.objects.filter(pipeline=pipeline_id).order_by("position", "id")
    drawn = Q(pk__in=rows.filter(kind=StageKind.OPEN).values("pk")[: COLUMNS + 1])
    closed = Q(pk__in=rows.exclude(kind=StageKind.OPEN).values("pk")[:CLOSED])
    counted = query.narrow(mine, sample=True).filter(stage=OuterRef("pk"))
    here = query.narrow(mine).filter(stage=OuterRef("pk"))
    cards = here.order_by("-created_at", "-id").values("pk")[:CARDS]
    ways = StageTransition.objects.filter(source=OuterRef("pk")).exclude(target__kind=StageKind.WON)
    ways = ways.order_by("target__position", "target__id")
    return rows.filter(drawn | closed).annotate(
        totals=_Totals(counted),
        card_ids=Case(When(kind=StageKind.OPEN, then=ArraySubquery(cards)), default=Value([], output_field=KEYS)),
        ways=ArraySubquery(
            ways.values(way=JSONObject(stage=F("target_id"), name=F("target__name"), label=F("label")))[:COLUMNS]
        ),
    )


def _leads(query: LeadQuery, wanted: list[UUID], chosen: UUID | None) -> dict[UUID, Lead]:
    keys = [*wanted, chosen] if chosen else wanted
    rows = Lead.objects.visible_to(query.member).filter(pk__in=keys).select_related("contact", "owner", "stage")
    return {lead.pk: lead for lead in rows}


def _column(query: LeadQuery, stage: Any, found: dict[UUID, Lead], now: datetime) -> Column:
    held = sum(count for count, _total in stage.totals.values())
    partly = held > counts.MOST or query.many_hits
    sums = [
        Sum(currency, Decimal(total), partly)
        for currency, (_count, total) in sorted(stage.totals.items())
        if currency and total is not None
    ]
    cards = [_card(found[pk], stage, now) for pk in stage.card_ids if pk in found]
    ways = [Way(each["stage"], each["label"] or each["name"]) for each in stage.ways]
    return Column(stage, query.count_words(held), sums, cards, held > len(cards), ways)


def _card(lead: Lead, stage: Stage, now: datetime) -> Card:
    cold_after = timedelta(days=stage.cold_after_days)
    return Card(
        lead, max(0, (now - lead.stage_since).days), bool(cold_after) and now - lead.last_activity_at > cold_after
    )
