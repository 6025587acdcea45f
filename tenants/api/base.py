"""The base of every address that serves a company: gate, bodies, lists, repeated writes."""

import hashlib
import json
from typing import Any, ClassVar, TypeVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.views import APIView

from config.lib.api import CursorPages
from config.lib.keyset import Order
from tenants.api.parsers import JSONParser
from tenants.domain.actor import Actor
from tenants.live import idempotency
from tenants.live.models import IdempotentRequest
from tenants.models import Membership, Tenant, User
from tenants.services import limits

Row = TypeVar("Row", bound=Model)


class Answered(Exception):
    """The request was answered before: the same answer again."""

    def __init__(self, earlier: IdempotentRequest) -> None:
        super().__init__(earlier.route)
        self.earlier = earlier


class CompanyView(APIView):
    """`reads` and `writes` name the permission for safe and unsafe verbs; `page_by` the time column (or the order) of its list."""

    reads: ClassVar[str | None] = None
    writes: ClassVar[str | None] = None
    parser_classes = [JSONParser]
    pagination_class: ClassVar[type[Any] | None] = CursorPages
    page_by: str | Order = "created_at"
    # Names of settings.RATE_LIMITS: reading is counted for the person and this list, writing for the company.
    reads_at_most: ClassVar[str] = ""
    writes_at_most: ClassVar[str] = ""
    most_bytes = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    claimed: IdempotentRequest | None = None

    @property
    def plain(self) -> Any:
        """Django's own request with what the tenant middleware put on it."""
        return self.request._request

    @property
    def member(self) -> Membership:
        return self.plain.member

    @property
    def actor(self) -> Actor:
        return self.plain.actor

    @property
    def tenant(self) -> Tenant:
        return self.plain.tenant

    @property
    def user(self) -> User:
        return self.plain.user

    # --- around every verb -------------------------------------------------------------------------------
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.method not in self.allowed_methods:
            raise MethodNotAllowed(request.method or "")
        super().initial(request, *args, **kwargs)
        if int(request.META.get("CONTENT_LENGTH") or 0) > self.most_bytes:  # before anything of it is read
            raise RequestDataTooBig
        if self.reads_at_most and request.method in SAFE_METHODS:
            limits.check(self.reads_at_most, self.user.pk, type(self).__name__)
        if self.writes_at_most and request.method not in SAFE_METHODS:
            limits.check(self.writes_at_most, self.tenant.pk)
        key = request.headers.get("Idempotency-Key", "").strip()
        if key and request.method not in SAFE_METHODS:
            self._claim(request, key)

    def _claim(self, request: Request, key: str) -> None:
        path = request.path.rstrip("/")
        claimed = idempotency.claim(
            key=key, route=f"{request.method} {path}", user_id=self.user.pk, body=_content(request)
        )
        if claimed.status:
            raise Answered(claimed)
        self.claimed = claimed

    def handle_exception(self, exc: Exception) -> HttpResponseBase:  # type: ignore[override]  # an answer kept as bytes
        self.claimed = None
        if isinstance(exc, Answered):
            return HttpResponse(exc.earlier.response, status=exc.earlier.status, content_type="application/json")
        return super().handle_exception(exc)

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        final = super().finalize_response(request, response, *args, **kwargs)
        claimed: IdempotentRequest | None = self.claimed
        if claimed is not None and final.status_code < 400:
            text = "" if final.data is None else JSONRenderer().render(final.data).decode()
            idempotency.keep(claimed, status=final.status_code, response=text)
        return final

    # --- what the verbs share ------------------------------------------------------------------------------
    def body(self, serializer: type[Serializer], *, partial: bool = False) -> dict[str, Any]:
        """The checked body; a wrong one is a 400 with its fields."""
        return self._checked(serializer(data=self.request.data, partial=partial))

    def asked(self, serializer: type[Serializer]) -> dict[str, Any]:
        """The filters of the address that were given and not empty; unknown names are passed over."""
        given = {name: value for name, value in self.request.query_params.items() if value != ""}
        return self._checked(serializer(data=given))

    def _checked(self, serializer: Serializer) -> dict[str, Any]:
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def paged(self, rows: QuerySet[Row], serializer: type[BaseSerializer]) -> Response:
        """One page of `rows`, newest first."""
        assert self.pagination_class is not None
        pages = self.pagination_class()
        found = pages.paginate_queryset(rows, self.request, view=self)
        return pages.get_paginated_response(serializer(found, many=True).data)

    def whole(self, rows: Any, serializer: type[BaseSerializer]) -> Response:
        """A short list that is never cut, in the shape of all lists."""
        return Response({"results": serializer(rows, many=True).data, "next": None, "previous": None})


def _content(request: Request) -> bytes:
    """What makes two bodies the same: JSON by its bytes, a form by its fields and the bytes of its files."""
    data: Any = request.data  # a body that is too large or unreadable is refused here
    plain: HttpRequest = request._request
    if not (plain.content_type or "").startswith("multipart/"):
        return plain.body
    parts = [(name, _digest(value)) for name, values in sorted(data.lists()) for value in values]
    return json.dumps(parts).encode()


def _digest(value: Any) -> str:
    if not isinstance(value, UploadedFile):
        return str(value)
    digest = hashlib.sha256(value.name.encode() if value.name else b"")
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return digest.hexdigest()
