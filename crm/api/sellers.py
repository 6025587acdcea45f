"""Who attends, when they are away, and what passes from one to another."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from crm.access import seller_for
from crm.agenda.catalogue import services_of
from crm.api.seller_serializers import AbsenceBody, AbsenceOut, HandoverBody, HandoverOut, SellerBody, SellerOut
from crm.models import Absence
from crm.services import absences, handover, sellers
from tenants.api.base import CompanyView


class Sellers(CompanyView):
    reads, writes = "sellers.read", "sellers.write"

    @extend_schema(operation_id="sellers_list", responses=SellerOut(many=True))
    def get(self, request: Request) -> Response:
        """Who attends, the latest first."""
        return self.paged(sellers.described(), SellerOut)

    @extend_schema(operation_id="sellers_create", request=SellerBody, responses={201: SellerOut})
    def post(self, request: Request) -> Response:
        """Add somebody who attends."""
        seller = sellers.create_seller(by=self.actor, **_named(self.body(SellerBody)))
        return Response(SellerOut(sellers.described().get(pk=seller.pk)).data, status=201)


class OneSeller(CompanyView):
    reads, writes = "sellers.read", "sellers.write"

    @extend_schema(operation_id="sellers_retrieve", responses=SellerOut)
    def get(self, request: Request, pk: str) -> Response:
        """One seller."""
        return Response(SellerOut(sellers.described().get(pk=seller_for(pk, inactive=True).pk)).data)

    @extend_schema(operation_id="sellers_update", request=SellerBody, responses=SellerOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Change the named fields. Who no longer attends keeps what they have until it is handed over."""
        seller = seller_for(pk, inactive=True)
        sellers.update_seller(seller=seller, by=self.actor, **_named(self.body(SellerBody, partial=True)))
        return Response(SellerOut(sellers.described().get(pk=seller.pk)).data)


def _named(said: dict[str, Any]) -> dict[str, Any]:
    if said.get("user"):
        said["user"] = sellers.member_user(said["user"])
    if "services" in said:
        said["services"] = services_of(said["services"])
    if "calendar" in said:
        said["calendar"] = said["calendar"] or ""
    return said


class Absences(CompanyView):
    reads, writes = "sellers.read", "sellers.write"
    page_by = "starts_at"

    @extend_schema(operation_id="sellers_absences_list", responses=AbsenceOut(many=True))
    def get(self, request: Request, pk: str) -> Response:
        """Of one seller, the latest first."""
        return self.paged(Absence.objects.filter(seller=seller_for(pk, inactive=True)), AbsenceOut)

    @extend_schema(operation_id="sellers_absences_create", request=AbsenceBody, responses={201: AbsenceOut})
    def post(self, request: Request, pk: str) -> Response:
        """A time in which the seller gets nothing new; `cover` gets it meanwhile."""
        seller, said = seller_for(pk), self.body(AbsenceBody)
        said["cover"] = seller_for(said["cover"]) if said["cover"] else None
        return Response(AbsenceOut(absences.add_absence(seller=seller, by=self.actor, **said)).data, status=201)


class OneAbsence(CompanyView):
    writes = "sellers.write"

    @extend_schema(operation_id="absences_destroy", responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Take it back."""
        absences.remove_absence(absence=absences.absence_for(pk), by=self.actor)
        return Response(status=204)


class Handovers(CompanyView):
    reads, writes = "sellers.read", "sellers.write"

    @extend_schema(operation_id="sellers_handover_list", responses=HandoverOut(many=True))
    def get(self, request: Request, pk: str) -> Response:
        """The last hand-overs of the seller's portfolio, with how far they are."""
        return self.whole(handover.lately(seller_for(pk, inactive=True)), HandoverOut)

    @extend_schema(operation_id="sellers_handover", request=HandoverBody, responses={202: HandoverOut})
    def post(self, request: Request, pk: str) -> Response:
        """Hand leads, clients and open tasks over in one act; it can be undone for 24 hours."""
        seller, said = seller_for(pk, inactive=True), self.body(HandoverBody)
        said["to"] = [seller_for(each) for each in dict.fromkeys(said["to"])]
        row = handover.start(seller=seller, by=self.actor, user=self.user, **said)
        return Response(HandoverOut(row).data, status=202)


class OneHandover(CompanyView):
    reads = "sellers.read"

    @extend_schema(operation_id="handovers_retrieve", responses=HandoverOut)
    def get(self, request: Request, pk: str) -> Response:
        """How far it is."""
        return Response(HandoverOut(handover.handover_for(pk)).data)


class UndoHandover(CompanyView):
    writes = "sellers.write"

    @extend_schema(operation_id="handovers_undo", request=None, responses=HandoverOut)
    def post(self, request: Request, pk: str) -> Response:
        """Give back what is still as it was handed over."""
        return Response(HandoverOut(handover.undo(row=handover.handover_for(pk), by=self.actor)).data)
