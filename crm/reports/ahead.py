"""What is still to come: open leads by the month in which they are expected to close, and goals."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, DateField, DecimalField, F, Sum, Value, When
from django.db.models.functions import Cast, Coalesce, TruncMonth
from django.utils.translation import gettext as _

from config.lib import days
from crm.domain.periods import end_of_month, months_from
from crm.domain.shares import rate
from crm.models import Goal, StageKind
from crm.reports.base import MONEY, PERCENT, TEXT, Cell, Column, Report, Scope

MONTHS = 6
CHANCE = Coalesce("probability", "stage__probability")


def forecast(scope: Scope, today: date) -> Report:
    """Open leads: those overdue, those of this month and the five after it, later ones, and those without a date."""
    months = months_from(today, MONTHS)
    late, later = "late", "later"
    bucket = Case(
        When(expected_close__lt=months[0], then=Value(date(1970, 1, 1))),
        When(expected_close__gt=end_of_month(months[-1]), then=Value(date(9999, 1, 1))),
        default=Cast(TruncMonth("expected_close"), DateField()),
        output_field=DateField(),
    )
    weighed = Sum(F("value") * CHANCE / Decimal(100), output_field=DecimalField(max_digits=20, decimal_places=2))
    rows = scope.leads().filter(closed_at=None).order_by().annotate(when=bucket).values_list("when", "currency")
    found: dict[Any, list[tuple[str, int, Decimal | None, Decimal | None]]] = defaultdict(list)
    for when, currency, many, worth, likely in rows.annotate(Count("pk"), Sum("value"), likely=weighed):
        key = {date(1970, 1, 1): late, date(9999, 1, 1): later}.get(when, when)
        found[key].append((currency, many, worth, likely))
    keys = [late, *months, later, None]
    return Report(
        "forecast",
        _("Pronóstico"),
        [
            Column("month", _("Cierre esperado"), TEXT),
            Column("leads", _("Leads abiertos")),
            Column("value", _("Valor"), MONEY),
            Column("weighted", _("Valor según probabilidad"), MONEY),
        ],
        [_forecast_row(scope, key, sorted(found[key]), months) for key in keys if found[key] or key in months],
        _("Leads abiertos hoy. La probabilidad es la del lead o, si no tiene, la de su etapa."),
        bars_of="leads",
    )


def _forecast_row(
    scope: Scope, key: Any, sums: list[tuple[str, int, Decimal | None, Decimal | None]], months: list[date]
) -> list[Cell]:
    words: dict[str, Any] = {"status": "open"}
    if key == "late":
        label, words["expected_to"] = _("Atrasados"), date.fromordinal(months[0].toordinal() - 1)
    elif key == "later":
        label, words["expected_from"] = _("Más adelante"), date.fromordinal(end_of_month(months[-1]).toordinal() + 1)
    elif key is None:
        label, words["expected"] = _("Sin fecha"), "none"
    else:
        label = days.month(key)
        words |= {"expected_from": key, "expected_to": end_of_month(key)}
    href = scope.href(**words)
    many = sum(each[1] for each in sums)
    worth = [(currency, total) for currency, _n, total, _w in sums if total is not None]
    likely = [(currency, total) for currency, _n, _t, total in sums if total is not None]
    return [Cell(label), Cell(many, href), Cell(worth or None, href), Cell(likely or None, href)]


def goals(scope: Scope, month: date) -> Report:
    """Goals of one month beside what was reached: leads won in it, by their seller, as the member may see them."""
    from_day, to_day = month, end_of_month(month)
    rows = Goal.objects.filter(month=month).select_related("seller").order_by("seller__name", "measure", "currency")
    if scope.seller is not None:
        rows = rows.filter(seller=scope.seller)
    reached = _won(scope, from_day, to_day)
    lines = []
    for goal in rows:
        who = goal.seller_id
        href = scope.href(status="won", owner=who or "", closed_from=from_day, closed_to=to_day)
        if goal.measure == Goal.Measure.WON_COUNT:
            done: Any = sum(many for (seller, _c), (many, _w) in reached.items() if who in (None, seller))
            value, target = Cell(int(done), href), Cell(int(goal.target))
        else:
            worth = [w for (seller, c), (_m, w) in reached.items() if who in (None, seller) and c == goal.currency]
            done = sum((each for each in worth if each is not None), Decimal(0))
            value, target = Cell([(goal.currency, done)], href), Cell([(goal.currency, goal.target)])
        name = goal.seller.name if goal.seller else _("Toda la empresa")
        lines.append([Cell(name), Cell(goal.get_measure_display()), target, value, Cell(rate(done, goal.target))])
    return Report(
        "goals",
        _("Metas"),
        [
            Column("seller", _("Vendedor"), TEXT),
            Column("measure", _("Qué se mide"), TEXT),
            Column("target", _("Meta"), MONEY),
            Column("reached", _("Logrado"), MONEY),
            Column("share", _("Cumplido"), PERCENT),
        ],
        lines,
        _("Ventas ganadas en %(month)s.") % {"month": days.month(month)},
        bars_of="share",
    )


def _won(scope: Scope, first: date, last: date) -> dict[tuple[Any, str], tuple[int, Decimal | None]]:
    """(seller, currency) → how many were won between the days, and their sum."""
    period = type(scope.period)(first, last)
    start, end = period.bounds(scope.zone)
    won = scope.leads().filter(stage__kind=StageKind.WON, closed_at__gte=start, closed_at__lt=end)
    sums = won.order_by().values_list("owner", "currency").annotate(Count("pk"), Sum("value"))
    return {(owner, currency): (many, worth) for owner, currency, many, worth in sums}


def open_worth(scope: Scope) -> list[tuple[str, int, Decimal | None, Decimal | None]]:
    """Of all open leads by currency: how many, their value, and the value by their chances."""
    weighed = Sum(F("value") * CHANCE / Decimal(100), output_field=DecimalField(max_digits=20, decimal_places=2))
    rows = scope.leads().filter(closed_at=None).order_by().values_list("currency")
    return sorted(rows.annotate(Count("pk"), Sum("value"), likely=weighed))
