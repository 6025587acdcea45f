"""What every API answer shares: the shape of errors and of lists."""

from typing import TYPE_CHECKING, Any, cast

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import connection
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from config.lib import keyset
from config.lib.errors import AppError
from config.lib.refusals import refusal_of

if TYPE_CHECKING:  # the framework loads this module while it loads its views
    from rest_framework.views import APIView


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """`{"error": {"code", "message", "fields"}}` with the fitting status; unknown errors rise to a plain 500."""
    refusal = _refusal(error)
    if refusal is None:
        return None
    if connection.in_atomic_block:  # outside of it nobody entered a company, so nothing was written
        context["request"]._request.undo = True  # the tenant middleware takes back what was written before the refusal
    return refused(refusal, wait=getattr(error, "wait", None))


def refused(refusal: AppError, *, wait: float | None = None) -> Response:
    """The answer alone: whoever must keep what was written so far (a counted sign-in) returns it instead of raising."""
    body = {"error": {"code": refusal.code, "message": str(refusal.message), "fields": _plain(refusal.fields)}}
    response = Response(body, status=refusal.status)
    wait = getattr(refusal, "retry_after", None) or wait
    if wait:
        response["Retry-After"] = str(int(wait))
    if refusal.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def _refusal(error: Exception) -> AppError | None:
    if isinstance(error, AppError):
        return error
    if isinstance(error, Http404):
        return AppError(_("No existe o no se puede ver."), code="not_found", status=404)
    if isinstance(error, PermissionDenied):
        return AppError(_("No está permitido."), code="forbidden", status=403)
    if isinstance(error, RequestDataTooBig):
        return AppError(_("El contenido es demasiado grande."), code="too_large", status=413)
    if isinstance(error, SuspiciousOperation):
        return AppError(_("El pedido no se entiende."), code="bad_request")
    if isinstance(error, exceptions.ValidationError):
        detail = error.detail if isinstance(error.detail, dict) else {"non_field_errors": error.detail}
        return AppError(_("Hay datos para corregir."), code="invalid", status=400, fields=cast(Any, detail))
    if isinstance(error, exceptions.APIException):
        code = error.get_codes() if isinstance(error.get_codes(), str) else error.default_code
        return AppError(str(error.detail), code=str(code), status=error.status_code)
    return refusal_of(error)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value)


class CursorPages(BasePagination):
    """`{"results", "next", "previous"}`; the view names its time column in `page_by` (created_at when it does not)."""

    def paginate_queryset(self, queryset: Any, request: Request, view: "APIView | None" = None) -> list[Any]:
        self.request = request
        self.page = keyset.page(
            queryset,
            by=getattr(view, "page_by", "created_at"),
            cursor=request.query_params.get("cursor", ""),
            limit=self.limit_of(request),
        )
        return self.page.rows

    @staticmethod
    def limit_of(request: Request) -> int:
        """How many rows were asked for; what is no number counts as not asked."""
        raw = request.query_params.get("limit", "")
        return max(1, min(int(raw), keyset.MOST)) if raw.isdecimal() and len(raw) < 10 else keyset.DEFAULT

    def get_paginated_response(self, data: Any) -> Response:
        here = self.request.build_absolute_uri()
        link = {
            name: replace_query_param(here, "cursor", cursor) if cursor else None
            for name, cursor in (("next", self.page.next), ("previous", self.page.previous))
        }
        return Response({"results": data, **link})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        url = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": url, "previous": url},
        }

    def get_schema_operation_parameters(self, view: "APIView") -> list[dict[str, Any]]:
        return [
            {"name": "cursor", "in": "query", "required": False, "schema": {"type": "string"}},
            {
                "name": "limit",
                "in": "query",
                "required": False,
                "schema": {"type": "integer", "minimum": 1, "maximum": keyset.MOST},
            },
        ]
