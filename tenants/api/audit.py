"""The company's trail through the API."""

from typing import Any, ClassVar

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.api import CursorPages
from tenants.api.base import CompanyView
from tenants.api.pages import NumberPages
from tenants.audit_access import audit_access, details
from tenants.models import SystemEvent
from tenants.services import audit_export, audit_reading, audit_words
from tenants.views.audit import as_file


class EventOut(serializers.Serializer):
    """`position` counts within the company, without gaps; `hash` (hex) covers the event and the hash before it."""

    id = serializers.IntegerField()
    position = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor_kind = serializers.CharField()
    actor_id = serializers.CharField()
    actor_label = serializers.CharField()
    action = serializers.CharField()
    words = serializers.SerializerMethodField(help_text="The action as a sentence.")
    resource_type = serializers.CharField()
    resource_id = serializers.CharField()
    outcome = serializers.CharField()
    diff = serializers.DictField()
    ip = serializers.CharField(allow_null=True)
    agent = serializers.CharField()
    hash = serializers.SerializerMethodField()
    redacted_at = serializers.DateTimeField(allow_null=True, help_text="When what named a person was emptied.")

    def get_words(self, event: SystemEvent) -> str:
        return audit_words.sentence(event.action)

    def get_hash(self, event: SystemEvent) -> str:
        return bytes(event.hash).hex()


class EventFilter(serializers.Serializer):
    who = serializers.CharField(
        required=False, max_length=64, help_text="A person's id, or user, agent, contact, system, platform."
    )
    action = serializers.CharField(required=False, max_length=80, help_text="Beginning of the action's name.")
    resource = serializers.CharField(required=False, max_length=64, help_text="Id of what was acted on, or its type.")
    outcome = serializers.CharField(required=False, max_length=12, help_text="ok, refused or failed.")
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False, help_text="Not itself included.")


@audit_access("audit.viewed")
class AuditLog(CompanyView):
    reads = "audit.read"
    pagination_class: ClassVar[type[CursorPages]] = NumberPages

    @extend_schema(operation_id="audit_logs_list", parameters=[EventFilter], responses=EventOut(many=True))
    def get(self, request: Request) -> Response:
        """What was done and refused, the latest first."""
        return self.paged(audit_reading.narrowed(self.tenant.pk, self.asked(EventFilter)), EventOut)


@audit_access("audit.exported", always=True)
class AuditExport(CompanyView):
    reads = "audit.export"
    pagination_class = None

    @extend_schema(
        operation_id="audit_logs_export",
        parameters=[EventFilter],
        responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR)},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """All that the list shows with these filters, as CSV."""
        asked: dict[str, Any] = self.asked(EventFilter)
        details(self.plain, filters=sorted(asked))
        rows = audit_reading.narrowed(self.tenant.pk, asked)
        return as_file(self.plain, audit_export.lines(self.tenant, rows))
