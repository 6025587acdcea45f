"""Where a lead stands and where it may go: what the boxes of its page show, in one statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.utils.dateparse import parse_datetime

from crm.domain.pipeline import may_decide
from crm.models import Conversion, Lead, LostReason, Stage, StageKind, StageRequest, StageTransition


@dataclass(frozen=True)
class Way:
    """A step that may be taken. `asks`: it wants a comment. `approver`: the role that must agree, if not one's own."""

    code: str
    name: str
    kind: str
    label: str
    asks: bool
    approver: str

    @property
    def is_plain(self) -> bool:
        """Whether one press is enough."""
        return self.kind == StageKind.OPEN and not self.asks and not self.approver


@dataclass(frozen=True)
class Waiting:
    """A step that waits for approval; `mine` when this member may decide it."""

    id: UUID
    stage: str
    who: str
    comment: str
    at: datetime | None
    mine: bool


@dataclass(frozen=True)
class Sale:
    """The conversion that holds."""

    id: UUID
    who: str
    at: datetime | None


@dataclass(frozen=True)
class Standing:
    """`elsewhere`: open stages of other pipelines as (code, "Pipeline · stage")."""

    ways: tuple[Way, ...]
    reasons: tuple[str, ...]
    elsewhere: tuple[tuple[str, str], ...]
    waiting: Waiting | None
    sale: Sale | None


def of(lead: Lead, *, role: str = "") -> Standing:
    """For a member of this role: a step that they may decide themselves needs nobody else."""
    row = (
        Lead.objects.filter(pk=lead.pk)
        .order_by()
        .values_list(
            ArraySubquery(_ways(lead)),
            ArraySubquery(LostReason.objects.filter(is_active=True).order_by("position", "name").values("name")),
            ArraySubquery(_elsewhere(lead)),
            ArraySubquery(_waiting()),
            ArraySubquery(_sale()),
        )
        .first()
    )
    ways, reasons, elsewhere, waiting, sale = row or ([], [], [], [], [])
    return Standing(
        ways=tuple(_way(each, role) for each in ways),
        reasons=tuple(reasons),
        elsewhere=tuple((each["code"], f"{each['pipeline']} · {each['name']}") for each in elsewhere),
        waiting=_asked(waiting[0], role) if waiting else None,
        sale=Sale(UUID(sale[0]["id"]), sale[0]["who"], parse_datetime(sale[0]["at"])) if sale else None,
    )


def _ways(lead: Lead) -> QuerySet[Any, Any]:
    rows = StageTransition.objects.filter(source_id=lead.stage_id, target__is_active=True)
    shown = JSONObject(
        code="target__code",
        name="target__name",
        kind="target__kind",
        label="label",
        asks="requires_comment",
        stage_asks="target__requires_comment",
        approver="approver_role",
    )
    rows = rows.exclude(target__kind=StageKind.WON).order_by("target__position", "target__id")
    return rows.annotate(shown=shown).values("shown")


def _elsewhere(lead: Lead) -> QuerySet[Any, Any]:
    rows = Stage.objects.filter(kind=StageKind.OPEN, is_active=True, pipeline__is_active=True)
    rows = rows.exclude(pipeline=lead.stage.pipeline_id).order_by("pipeline__position", "pipeline__id", "position")
    return rows.annotate(shown=JSONObject(code="code", name="name", pipeline="pipeline__name")).values("shown")


def _waiting() -> QuerySet[Any, Any]:
    rows = StageRequest.objects.filter(lead=OuterRef("pk"), status=StageRequest.Status.PENDING)
    shown = JSONObject(
        id="id", stage="target__name", who="actor_label", comment="comment", at="at", approver="approver_role"
    )
    return rows.annotate(shown=shown).values("shown")


def _sale() -> QuerySet[Any, Any]:
    rows = Conversion.objects.filter(lead=OuterRef("pk"), undone_at=None)
    return rows.annotate(shown=JSONObject(id="id", who=F("actor_label"), at="at")).values("shown")


def _way(row: dict[str, Any], role: str) -> Way:
    approver = row["approver"] if row["approver"] and not may_decide(role, row["approver"]) else ""
    return Way(row["code"], row["name"], row["kind"], row["label"], row["asks"] or row["stage_asks"], approver)


def _asked(row: dict[str, Any], role: str) -> Waiting:
    mine = may_decide(role, row["approver"])
    return Waiting(UUID(row["id"]), row["stage"], row["who"], row["comment"], parse_datetime(row["at"]), mine)
