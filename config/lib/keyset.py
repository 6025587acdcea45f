"""Cursor pages by row values: `(a, b) < (x, y)` stays quick at any depth, OFFSET and an OR of both do not."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db.models import BooleanField, DateTimeField, F, Func, Model, QuerySet, UUIDField, Value
from django.utils.translation import gettext as _

from config.lib.errors import AppError
from config.lib.ids import as_uuid

Row = TypeVar("Row", bound=Model)
DEFAULT, MOST = 50, 200


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
class Page(Generic[Row]):
    """One page of rows; `next` and `previous` are cursors or None."""

    rows: list[Row]
    next: str | None
    previous: str | None


def page(queryset: QuerySet[Row], *, by: str, cursor: str = "", limit: int = DEFAULT) -> Page[Row]:
    """Newest first by the time column `by`, then by id. Costs one statement. Raises AppError on a broken cursor."""
    limit = max(1, min(limit, MOST))
    back, at, last_id = _read(cursor) if cursor else (False, None, None)
    rows_wanted = queryset.filter(**{f"{by}__isnull": False})
    if at is not None:
        compare = _RowCompare(
            F(by),
            F("id"),
            Value(at, output_field=DateTimeField()),
            Value(last_id, output_field=UUIDField()),
            operator=">" if back else "<",
        )
        rows_wanted = rows_wanted.filter(compare)
    order = (by, "id") if back else (f"-{by}", "-id")
    rows = list(rows_wanted.order_by(*order)[: limit + 1])
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
        _write(False, getattr(rows[-1], by), rows[-1].pk) if older else None,
        _write(True, getattr(rows[0], by), rows[0].pk) if newer else None,
    )


def _write(back: bool, at: datetime, identity: object) -> str:
    text = json.dumps([int(back), at.isoformat(), str(identity)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[bool, datetime, Any]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        back, at, identity = json.loads(text)
        moment, key = datetime.fromisoformat(at), as_uuid(identity)
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise AppError(_("El enlace a esa página de la lista no es válido."), code="bad_cursor") from error
    if moment.tzinfo is None or key is None:
        raise AppError(_("El enlace a esa página de la lista no es válido."), code="bad_cursor")
    return bool(back), moment, key
