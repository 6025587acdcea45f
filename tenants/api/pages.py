"""Lists of shared tables whose ids are numbers: newest first by id."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.views import APIView

from config.lib import keyset
from config.lib.api import CursorPages
from config.lib.errors import AppError


class NumberPages(CursorPages):
    """A cursor is "b" or "a" with an id: the rows before it or after it. Costs one statement."""

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        self.request = request
        limit = self.limit_of(request)
        cursor = request.query_params.get("cursor", "")
        after = cursor.startswith("a")
        if cursor:
            number = _number(cursor)
            queryset = queryset.filter(pk__gt=number) if after else queryset.filter(pk__lt=number)
        rows = list(queryset.order_by("pk" if after else "-pk")[: limit + 1])
        more, rows = len(rows) > limit, rows[:limit]
        if after:
            rows.reverse()
        older, newer = (more, bool(cursor)) if not after else (True, more)
        self.page = keyset.Page(
            rows,
            f"b{rows[-1].pk}" if rows and older else None,
            f"a{rows[0].pk}" if rows and newer else None,
        )
        return rows


def _number(cursor: str) -> int:
    digits = cursor[1:]
    if cursor[:1] not in ("a", "b") or not digits.isascii() or not digits.isdecimal() or len(digits) > 18:
        raise AppError(_("El enlace a esa página de la lista no es válido."), code="bad_cursor")
    return int(digits)
