"""Lists of shared tables whose ids are numbers: newest first by id."""

from typing import Any

from rest_framework.request import Request
from rest_framework.views import APIView

from config.lib.api import CursorPages
from tenants.services.audit_reading import page_of


class NumberPages(CursorPages):
    """A cursor is "b" or "a" with an id: the rows before it or after it. Costs one statement."""

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        self.request = request
        self.page = page_of(queryset, cursor=request.query_params.get("cursor", ""), limit=self.limit_of(request))
        return self.page.rows
