"""Clients, and the way from a lead to a client and back."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from crm.access import lead_for
from crm.api.pipeline_serializers import ClientBody, ClientFilter, ClientOut, ConversionOut, UnconvertBody
from crm.services import clients, conversion
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access


@audit_access("clients.listed")
class Clients(CompanyView):
    reads = "clients.read"
    reads_at_most = "lists"
    page_by = "since"

    @extend_schema(operation_id="clients_list", parameters=[ClientFilter], responses=ClientOut(many=True))
    def get(self, request: Request) -> Response:
        """Who bought, the latest first."""
        asked = self.asked(ClientFilter)
        rows = clients.narrowed(clients.visible_to(self.member), {**asked, "q": asked.get("search")})
        return self.paged(rows.select_related("contact"), ClientOut)


@audit_access("client.viewed", resource="pk")
class OneClient(CompanyView):
    reads, writes = "clients.read", "clients.write"

    @extend_schema(operation_id="clients_retrieve", responses=ClientOut)
    def get(self, request: Request, pk: str) -> Response:
        """One client."""
        return Response(ClientOut(clients.client_for(self.member, pk)).data)

    @extend_schema(operation_id="clients_update", request=ClientBody, responses=ClientOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Active or inactive. Everything else of a client is the contact's."""
        client = clients.client_for(self.member, pk)
        status = self.body(ClientBody)["status"]
        return Response(ClientOut(clients.set_status(client=client, status=status, by=self.actor)).data)


@audit_access("lead.viewed", resource="pk")
class ConvertLead(CompanyView):
    writes = "clients.write"

    @extend_schema(operation_id="leads_convert", request=None, responses=ConversionOut)
    def post(self, request: Request, pk: str) -> Response:
        """Make the lead a sale and its contact a client. 422 names what is missing in `error.fields`.

        Converting again answers the same conversion.
        """
        return Response(ConversionOut(conversion.convert(lead=lead_for(self.member, pk), by=self.actor)).data)


@audit_access("lead.viewed", resource="pk")
class UnconvertLead(CompanyView):
    writes = "clients.write"

    @extend_schema(operation_id="leads_unconvert", request=UnconvertBody, responses=ConversionOut)
    def post(self, request: Request, pk: str) -> Response:
        """Put the lead back where it was; the client goes too when nothing else hangs on it."""
        done = conversion.current(lead_for(self.member, pk))
        reason = self.body(UnconvertBody)["reason"]
        return Response(ConversionOut(conversion.undo(conversion=done, reason=reason, by=self.actor)).data)
