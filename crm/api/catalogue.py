"""What is booked."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from crm.access import seller_for
from crm.agenda import catalogue
from crm.api.agenda_serializers import ServiceBody, ServiceOut
from crm.models import Service
from tenants.api.base import CompanyView


class Services(CompanyView):
    reads, writes = "agenda.read", "agenda.manage"

    @extend_schema(operation_id="services_list", responses=ServiceOut(many=True))
    def get(self, request: Request) -> Response:
        """All services, archived ones included, the latest first."""
        return self.paged(Service.objects.prefetch_related("sellers"), ServiceOut)

    @extend_schema(operation_id="services_create", request=ServiceBody, responses={201: ServiceOut})
    def post(self, request: Request) -> Response:
        """Add a service. By default an hour, on the full hour, without buffers, notice or daily limit."""
        service = catalogue.create_service(by=self.actor, **_attended(self.body(ServiceBody)))
        return Response(ServiceOut(service).data, status=201)


class OneService(CompanyView):
    reads, writes = "agenda.read", "agenda.manage"

    @extend_schema(operation_id="services_retrieve", responses=ServiceOut)
    def get(self, request: Request, pk: str) -> Response:
        """One service."""
        return Response(ServiceOut(catalogue.service_for(pk, archived=True)).data)

    @extend_schema(operation_id="services_update", request=ServiceBody, responses=ServiceOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Change the named fields. What is booked already keeps its time."""
        service = catalogue.service_for(pk, archived=True)
        changes = _attended(self.body(ServiceBody, partial=True))
        return Response(ServiceOut(catalogue.update_service(service=service, by=self.actor, **changes)).data)

    @extend_schema(operation_id="services_destroy", responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Take away one that was never booked. 409 `in_use` else: set `is_active` to false."""
        catalogue.remove_service(service=catalogue.service_for(pk, archived=True), by=self.actor)
        return Response(status=204)


def _attended(said: dict[str, Any]) -> dict[str, Any]:
    if "sellers" in said:
        said["sellers"] = [seller_for(each, inactive=True) for each in dict.fromkeys(said["sellers"])]
    return said
