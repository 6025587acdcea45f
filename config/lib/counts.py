"""Counting no further than anybody reads: a full COUNT of a long table costs more than the page around it."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import IntegerField, QuerySet, Subquery
from django.utils.formats import number_format
from django.utils.functional import cached_property

MOST = 10_000


class Counted(Subquery):
    """How many rows a subquery has, at most MOST + 1: `annotate(held=Counted(rows.filter(stage=OuterRef("pk"))))`."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"

    def __init__(self, rows: QuerySet[Any], **extra: Any) -> None:
        super().__init__(rows.order_by().values("pk")[: MOST + 1], output_field=IntegerField(), **extra)


def words(count: int) -> str:
    """The number as a person reads it; "10.000+" for whatever is beyond MOST."""
    shown = number_format(min(count, MOST), force_grouping=True)
    return shown if count <= MOST else f"{shown}+"


class Pages(Paginator):
    """The admin's pages of the first MOST rows; what lies behind them is found by searching."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        return min(rows[: MOST + 1].count() if isinstance(rows, QuerySet) else len(rows), MOST + 1)
