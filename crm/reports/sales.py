"""How leads go through the pipeline, where they come from, and why they are lost."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _

from crm.domain.shares import rate
from crm.models import Stage, StageChange, StageKind
from crm.reports.base import MONEY, PERCENT, TEXT, Cell, Column, Report, Scope

MOST_ROWS = 60
WON, LOST = Q(stage__kind=StageKind.WON), Q(stage__kind=StageKind.LOST)
Amounts = Mapping[str, Decimal]


def funnel(scope: Scope) -> Report:
    """Of the leads that came in the period: how many ever reached each stage, and where they are now."""
    stages = Stage.objects.filter(is_active=True).order_by("pipeline__position", "position")
    if scope.pipeline is not None:
        stages = stages.filter(pipeline=scope.pipeline)
    cohort = scope.created()
    now = dict(cohort.order_by().values_list("stage").annotate(Count("pk")))
    steps = StageChange.objects.filter(lead__in=cohort.order_by().values("pk"))
    reached = dict(steps.order_by().values_list("target").annotate(Count("lead", distinct=True)))
    rows, every = [], sum(now.values())
    for stage in stages[:MOST_ROWS]:
        ever = reached.get(stage.pk, 0)
        rows.append(
            [
                Cell(stage.name),
                Cell(ever, scope.href("created", reached=stage.code)),
                Cell(rate(ever, every)),
                Cell(now.get(stage.pk, 0), scope.href("created", stage=stage.code)),
            ]
        )
    return Report(
        "funnel",
        _("Embudo"),
        [
            Column("stage", _("Etapa"), TEXT),
            Column("reached", _("Llegaron")),
            Column("share", _("De los que entraron"), PERCENT),
            Column("now", _("Están ahora")),
        ],
        rows,
        _("Leads creados en el período: cuántos pasaron alguna vez por cada etapa y cuántos están en ella hoy."),
        bars_of="reached",
    )


def sources(scope: Scope) -> Report:
    """By first source: leads that came in the period, what became of them, and what the won ones are worth."""
    cohort = scope.created().order_by()
    groups = cohort.values("source").annotate(
        came=Count("pk"), won=Count("pk", filter=WON), lost=Count("pk", filter=LOST)
    )
    counted = list(groups.order_by("-came", "source")[:MOST_ROWS])
    worth = _amounts(cohort.filter(WON), "source")
    rows = []
    for each in counted:
        source = each["source"]
        known = source or "none"
        rows.append(
            [
                Cell(source or _("Sin origen")),
                Cell(each["came"], scope.href("created", source=known)),
                Cell(each["won"], scope.href("created", source=known, status="won")),
                Cell(each["lost"], scope.href("created", source=known, status="lost")),
                Cell(rate(each["won"], each["won"] + each["lost"])),
                _worth(worth.get(source, {}), scope.href("created", source=known, status="won")),
            ]
        )
    return Report(
        "sources",
        _("Orígenes"),
        [
            Column("source", _("Origen"), TEXT),
            Column("leads", _("Leads")),
            Column("won", _("Ganados")),
            Column("lost", _("Perdidos")),
            Column("rate", _("Ganados de los cerrados"), PERCENT),
            Column("value", _("Valor ganado"), MONEY),
        ],
        rows,
        _("Leads creados en el período, según de dónde llegaron la primera vez."),
        bars_of="leads",
    )


def losses(scope: Scope) -> Report:
    """By reason: leads lost in the period and what they were worth."""
    lost = scope.closed().filter(LOST).order_by()
    counted = list(lost.values("lost_reason").annotate(many=Count("pk")).order_by("-many", "lost_reason")[:MOST_ROWS])
    worth = _amounts(lost, "lost_reason")
    every = sum(each["many"] for each in counted)
    rows = []
    for each in counted:
        reason = each["lost_reason"]
        href = scope.href("closed", status="lost", lost_reason=reason or "none")
        rows.append(
            [
                Cell(reason or _("Sin motivo")),
                Cell(each["many"], href),
                Cell(rate(each["many"], every)),
                _worth(worth.get(reason, {}), href),
            ]
        )
    return Report(
        "losses",
        _("Motivos de pérdida"),
        [
            Column("reason", _("Motivo"), TEXT),
            Column("leads", _("Perdidos")),
            Column("share", _("Parte"), PERCENT),
            Column("value", _("Valor perdido"), MONEY),
        ],
        rows,
        _("Leads perdidos en el período."),
        bars_of="leads",
    )


def _amounts(rows: Any, by: str) -> Mapping[str, Amounts]:
    """Sums of what has a value, by group and currency."""
    found: dict[str, dict[str, Decimal]] = defaultdict(dict)
    sums = rows.filter(value__isnull=False).values_list(by, "currency").annotate(total=Sum("value"))
    for group, currency, total in sums.order_by(by, "currency"):
        found[group][currency] = total
    return found


def _worth(amounts: Amounts, href: str) -> Cell:
    """One amount; several currencies are never added, so they stand side by side."""
    return Cell(list(amounts.items()) or None, href if amounts else "")


def totals(pairs: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """Amounts by currency added up."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for currency, amount in pairs:
        found[currency] += amount
    return dict(found)
