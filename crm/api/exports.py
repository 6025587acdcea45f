"""Lists as files through the API: the same filters and scope as the lists themselves."""

from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from crm.exporting.tables import TABLES
from crm.views.exports import as_file
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access

ANSWERS = {(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, description="The whole list.")}
SEARCH = OpenApiParameter("search", str, description="As in the list.")


class FormatBody(serializers.Serializer):
    format = serializers.ChoiceField(
        choices=["csv", "csv-semicolon", "xlsx"],
        required=False,
        default="csv",
        help_text="csv-semicolon: for Spanish Excel",
    )


class _Export(CompanyView):
    reads = "leads.export"
    pagination_class = None
    table = ""

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        """`?format=` is the file's here, not the error's."""
        renderer = self.get_renderers()[0]
        return renderer, renderer.media_type

    def file(self) -> StreamingHttpResponse:
        params: dict[str, Any] = self.request.query_params.dict()
        asked = self.asked(FormatBody)
        params.pop("format", None)
        return as_file(self.plain, TABLES[self.table](params, self.member), asked["format"])


@audit_access("leads.exported", always=True)
class ExportLeads(_Export):
    table = "leads"

    @extend_schema(operation_id="leads_export", parameters=[FormatBody, SEARCH], responses=ANSWERS)
    def get(self, request: Request) -> StreamingHttpResponse:
        """All leads that the list shows with these filters."""
        return self.file()


@audit_access("contacts.exported", always=True)
class ExportContacts(_Export):
    table = "contacts"

    @extend_schema(operation_id="contacts_export_list", parameters=[FormatBody, SEARCH], responses=ANSWERS)
    def get(self, request: Request) -> StreamingHttpResponse:
        """All contacts that the list shows with these filters."""
        return self.file()


@audit_access("clients.exported", always=True)
class ExportClients(_Export):
    table = "clients"

    @extend_schema(operation_id="clients_export", parameters=[FormatBody, SEARCH], responses=ANSWERS)
    def get(self, request: Request) -> StreamingHttpResponse:
        """All clients that the list shows with these filters."""
        return self.file()
