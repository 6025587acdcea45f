"""The dashboard: a few numbers of the period beside the one before it, each of which opens its rows."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import CharField, Count, DateField, Q, Sum, Value
from django.db.models.functions import Cast, TruncDay, TruncWeek
from django.utils.translation import gettext as _

from config.lib import days
from crm.domain.shares import change, rate
from crm.models import StageKind
from crm.reports import ahead, answers
from crm.reports.base import COUNT, MONEY, PERCENT, SECONDS, TEXT, Cell, Column, Percentile, Report, Scope
from crm.reports.sales import totals


@dataclass(frozen=True)
class Card:
    """One number. `value` None = no data; `before` of the period it is compared with; `better`: up is good news."""

    key: str
    label: str
    value: Any
    kind: str = COUNT
    href: str = ""
    before: Any = None
    change: float | None = None
    better: bool = True


def cards(scope: Scope) -> list[Card]:
    """Three statements: what came and what closed, what is open, how quickly people answered."""
    now, before = _counted(scope)
    open_ = ahead.open_worth(scope)
    speed = _speed(scope)
    won_rate, rate_before = (rate(each["won"], each["won"] + each["lost"]) for each in (now, before))
    return [
        _compared("leads", _("Leads nuevos"), now["came"], before["came"], scope.href("created")),
        _compared("won", _("Ventas ganadas"), now["won"], before["won"], scope.href("closed", status="won")),
        Card("won_value", _("Valor ganado"), now["worth"] or None, MONEY, scope.href("closed", status="won"),
             before["worth"] or None),
        Card("rate", _("Ganados de los cerrados"), won_rate, PERCENT, "", rate_before),
        _compared("lost", _("Perdidos"), now["lost"], before["lost"], scope.href("closed", status="lost"),
                  better=False),
        Card("open", _("Leads abiertos"), sum(each[1] for each in open_), COUNT, scope.href(status="open")),
        Card("open_value", _("Valor abierto"), _pairs(open_, 2), MONEY, scope.href(status="open")),
        Card("weighted", _("Pronóstico"), _pairs(open_, 3), MONEY, "/informes/pronostico/"),
        Card("first_response", _("Respuesta de personas"), speed["now"], SECONDS, "/informes/respuestas/", speed["old"],
             change(speed["now"], speed["old"]), better=False),
        Card("by_ai", _("Respondido por la IA"), rate(speed["ai"], speed["many"]), PERCENT, "/informes/respuestas/"),
    ]  # fmt: skip


def _compared(key: str, label: str, now: int, before: int, href: str, *, better: bool = True) -> Card:
    return Card(key, label, now, COUNT, href, before, change(now, before), better)


def _pairs(rows: list[tuple[str, int, Decimal | None, Decimal | None]], place: int) -> list[tuple[str, Any]] | None:
    return [(each[0], each[place]) for each in rows if each[place] is not None] or None


def _counted(scope: Scope) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of the period and of the one before it, in one statement over both."""
    earlier = scope.period.before()
    spans = [scope.bounds(), scope.bounds(earlier)]
    any_span = Q()
    sums: dict[str, Any] = {}
    for name, (start, end) in zip(("now", "old"), spans, strict=True):
        came = Q(created_at__gte=start, created_at__lt=end)
        closed = Q(closed_at__gte=start, closed_at__lt=end)
        any_span |= came | closed
        sums |= {
            f"{name}_came": Count("pk", filter=came),
            f"{name}_won": Count("pk", filter=closed & Q(stage__kind=StageKind.WON)),
            f"{name}_lost": Count("pk", filter=closed & Q(stage__kind=StageKind.LOST)),
            f"{name}_worth": Sum("value", filter=closed & Q(stage__kind=StageKind.WON)),
        }
    rows: list[Any] = list(scope.leads().filter(any_span).order_by().values("currency").annotate(**sums))
    return tuple(  # type: ignore[return-value]  # two of them
        {
            **{what: sum(row[f"{name}_{what}"] for row in rows) for what in ("came", "won", "lost")},
            "worth": sorted(
                totals(
                    (row["currency"], row[f"{name}_worth"]) for row in rows if row[f"{name}_worth"] is not None
                ).items()
            ),
        }
        for name in ("now", "old")
    )


def _speed(scope: Scope) -> dict[str, Any]:
    """Median of people's answers now and before, and the AI's share."""
    start, end = scope.bounds()
    earlier, _end = scope.bounds(scope.period.before())
    both = type(scope.period)(scope.period.before().first, scope.period.last)
    now, old = Q(answered_at__gte=start, answered_at__lt=end), Q(answered_at__gte=earlier, answered_at__lt=start)
    return answers.visible(scope, both).aggregate(
        many=Count("pk", filter=now),
        ai=Count("pk", filter=now & Q(by_ai=True)),
        now=Percentile("business_seconds", fraction=0.5, filter=now & answers.PERSON),
        old=Percentile("business_seconds", fraction=0.5, filter=old & answers.PERSON),
    )


def arrivals_and_sources(scope: Scope, most: int = 6) -> tuple[Report, Report]:
    """Leads that came, by day or week; and from where. One statement for both."""
    weekly = scope.period.days > answers.BY_DAY_UP_TO
    trunc = (TruncWeek if weekly else TruncDay)("created_at", tzinfo=scope.zone)
    came = scope.created().order_by()
    by_day = came.annotate(label=_text(trunc)).values("label").annotate(many=Count("pk"))
    by_source = came.annotate(label=Cast("source", CharField())).values("label").annotate(many=Count("pk"))
    rows = _counted_as("day", by_day).union(
        _counted_as("source", by_source.order_by("-many", "label")[:most]), all=True
    )
    found: dict[str, dict[str, int]] = {"day": {}, "source": {}}
    for kind, label, many in rows:
        found[kind][label] = many
    return _arrivals(scope, found["day"], weekly=weekly), _sources(scope, found["source"])


def _text(moment: Any) -> Any:
    return Cast(Cast(moment, DateField()), CharField())


def _counted_as(kind: str, rows: Any) -> Any:
    return rows.values_list(Value(kind, CharField()), "label", "many")


def _arrivals(scope: Scope, counted: dict[str, int], *, weekly: bool) -> Report:
    step, first = (
        (7, scope.period.first - timedelta(days=scope.period.first.weekday())) if weekly else (1, scope.period.first)
    )
    lines = []
    for number in range(first.toordinal(), scope.period.last.toordinal() + 1, step):
        day = date.fromordinal(number)
        last = min(day + timedelta(days=step - 1), scope.period.last)
        href = scope.href(created_from=max(day, scope.period.first), created_to=last)
        lines.append([Cell(days.short(day)), Cell(counted.get(day.isoformat(), 0), href)])
    return Report(
        "arrivals",
        _("Leads nuevos por semana") if weekly else _("Leads nuevos por día"),
        [Column("day", _("Día"), TEXT), Column("leads", _("Leads"))],
        lines,
        bars_of="leads",
        upright=True,
    )


def _sources(scope: Scope, counted: dict[str, int]) -> Report:
    lines = [
        [Cell(source or _("Sin origen")), Cell(many, scope.href("created", source=source or "none"))]
        for source, many in sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    ]
    return Report(
        "top_sources",
        _("De dónde vienen"),
        [Column("source", _("Origen"), TEXT), Column("leads", _("Leads"))],
        lines,
        bars_of="leads",
    )
