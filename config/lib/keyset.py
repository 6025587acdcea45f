"""Cursor pages by row values: `(a, b) < (x, y)` stays quick at any depth, OFFSET and an OR of both do not."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, DateTimeField, F, Field, Func, Model, QuerySet, UUIDField, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.errors import AppError
from config.lib.ids import as_uuid

Row = TypeVar("Row", bound=Model)
DEFAULT, MOST = 50, 200
MOMENT: "Field[Any, Any]" = DateTimeField()


class _RowCompare(Func):
    """`(a, b) < (x, y)` in SQL."""

    conditional = True

    def __init__(self, *expressions: Any, operator: str) -> None:
        super().__init__(*expressions, output_field=BooleanField())
        self.operator = operator

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> tuple[str, tuple[Any, ...]]:
        compiled = [compiler.compile(each) for each in self.source_expressions]
        names = [sql for sql, _parameters in compiled]
        half = len(names) // 2
        sql = f"({', '.join(names[:half])}) {self.operator} ({', '.join(names[half:])})"
        return sql, tuple(value for _sql, parameters in compiled for value in parameters)


@dataclass(frozen=True)
class Order:
    """By `column` and then by id, both the same way round. `field` tells how its values are written in a cursor.

    Rows without a value are left out, or stand where `instead` would: give it where the column may be null. An index on
    (column, id) keeps it quick; with `instead` there is none, so such an order is for lists that are short already.
    """

    column: str = "created_at"
    field: "Field[Any, Any]" = MOMENT
    descending: bool = True
    instead: Any = None

    @property
    def expression(self) -> Any:
        if self.instead is None:
            return F(self.column)
        return Coalesce(F(self.column), Value(self.instead, output_field=self.field))

    def value_of(self, row: Any) -> Any:
        value = getattr(row, self.column)
        return self.instead if value is None else value


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of rows; `next` and `previous` are cursors or None."""

    rows: list[Row]
    next: str | None
    previous: str | None


def page(queryset: QuerySet[Row], *, by: str | Order, cursor: str = "", limit: int = DEFAULT) -> Page[Row]:
    """One page in the order `by`; the name of a time column means newest first. Costs one statement.

    Raises AppError on a cursor that is broken or was made for another order.
    """
    order = by if isinstance(by, Order) else Order(by)
    limit = max(1, min(limit, MOST))
    back, at, last_id = _read(cursor, order) if cursor else (False, None, None)
    rows_wanted = queryset if order.instead is not None else queryset.filter(**{f"{order.column}__isnull": False})
    down = order.descending != back
    if at is not None:
        compare = _RowCompare(
            order.expression,
            F("id"),
            Value(at, output_field=order.field),
            Value(last_id, output_field=UUIDField()),
            operator="<" if down else ">",
        )
        rows_wanted = rows_wanted.filter(compare)
    ways = [each.desc() if down else each.asc() for each in (order.expression, F("id"))]
    rows = list(rows_wanted.order_by(*ways)[: limit + 1])
    more = len(rows) > limit
    rows = rows[:limit]
    if back:
        rows.reverse()
    if not rows:
        return Page([], None, None)
    older = more if not back else True
    newer = bool(cursor) if not back else more
    return Page(
        rows,
        _write(False, order, rows[-1]) if older else None,
        _write(True, order, rows[0]) if newer else None,
    )


def after(row: Any, order: Order) -> str:
    """The cursor of what follows this row."""
    return _write(False, order, row)


def _write(back: bool, order: Order, row: Any) -> str:
    value = order.value_of(row)
    said = value.isoformat() if hasattr(value, "isoformat") else str(value)
    text = json.dumps([int(back), said, str(row.pk), order.column], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(cursor: str, order: Order) -> tuple[bool, Any, Any]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        back, said, identity, column = json.loads(text)
        value, key = _value(said, order.field), as_uuid(identity)
    except (ValueError, TypeError, binascii.Error, RecursionError, ValidationError) as error:
        raise _broken() from error
    if value is None or key is None or column != order.column:
        raise _broken()
    return bool(back), value, key


def _value(said: Any, field: "Field[Any, Any]") -> Any:
    """What a cursor says, as the column holds it; None for a moment without a zone."""
    if not isinstance(field, DateTimeField):
        return field.to_python(str(said))
    moment = datetime.fromisoformat(said)
    return None if timezone.is_naive(moment) else moment


def _broken() -> AppError:
    return AppError(_("El enlace a esa página de la lista no es válido."), code="bad_cursor")
