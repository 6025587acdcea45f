"""How long customers waited, in business hours: people and AI apart."""

from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDay, TruncWeek
from django.utils.translation import gettext as _

from config.lib import days
from crm.domain.periods import Period
from crm.domain.shares import rate
from crm.models import Contact, Response
from crm.reports.base import PERCENT, SECONDS, TEXT, Cell, Column, Percentile, Report, Scope
from tenants.domain import roles

BY_DAY_UP_TO = 31  # days; longer periods are told by week
PERSON = Q(by_ai=False)


def visible(scope: Scope, period: Period | None = None) -> QuerySet[Response]:
    """Answers of the period to people whom the member may see; with a chosen seller, that seller's."""
    start, end = scope.bounds(period)
    rows = Response.objects.filter(answered_at__gte=start, answered_at__lt=end)
    if scope.seller is not None:
        rows = rows.filter(seller=scope.seller)
    if scope.member.sees != roles.ALL:
        rows = rows.filter(contact__in=Contact.objects.visible_to(scope.member))
    return rows


def figures() -> dict[str, Any]:
    """What is counted of a group of answers."""
    return {
        "many": Count("pk"),
        "people": Count("pk", filter=PERSON),
        "half": Percentile("business_seconds", fraction=0.5, filter=PERSON),
        "most": Percentile("business_seconds", fraction=0.9, filter=PERSON),
    }


def responses(scope: Scope) -> Report:
    """By day or week: answers, how many were the AI's, and how long people took."""
    trunc = TruncDay if scope.period.days <= BY_DAY_UP_TO else TruncWeek
    rows: Any = visible(scope).order_by().annotate(when=trunc("answered_at", tzinfo=scope.zone)).values("when")
    lines = []
    for each in rows.annotate(**figures()).order_by("when"):
        ai = each["many"] - each["people"]
        lines.append(
            [
                Cell(_day_words(each["when"].date(), weekly=trunc is TruncWeek)),
                Cell(each["many"]),
                Cell(rate(ai, each["many"])),
                Cell(each["people"]),
                Cell(each["half"]),
                Cell(each["most"]),
            ]
        )
    return Report(
        "responses",
        _("Tiempos de respuesta"),
        [
            Column("when", _("Cuándo"), TEXT),
            Column("answers", _("Respuestas")),
            Column("by_ai", _("De la IA"), PERCENT),
            Column("by_people", _("De personas")),
            Column("median", _("La mitad, en menos de"), SECONDS),
            Column("ninety", _("9 de cada 10, en menos de"), SECONDS),
        ],
        lines,
        _("Desde que el cliente espera hasta la respuesta, contando solo el horario de atención. La IA va aparte."),
        bars_of="median",
    )


def _day_words(day: date, *, weekly: bool) -> str:
    words = days.short(day)
    return _("semana del %(day)s") % {"day": words} if weekly else words
