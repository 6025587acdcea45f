"""Stages and sellers."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from crm.access import seller_for
from crm.api.serializers import SellerBody, SellerOut, StageOut
from crm.models import Seller, Stage
from crm.services import sellers
from tenants.api.base import CompanyView


class Stages(CompanyView):
    reads = "leads.read"

    @extend_schema(operation_id="stages_list", responses=StageOut(many=True))
    def get(self, request: Request) -> Response:
        """The whole pipeline in its order."""
        return self.whole(Stage.objects.order_by("position"), StageOut)


class Sellers(CompanyView):
    reads, writes = "sellers.read", "sellers.write"

    @extend_schema(operation_id="sellers_list", responses=SellerOut(many=True))
    def get(self, request: Request) -> Response:
        """Who attends, the latest first."""
        return self.paged(Seller.objects.all(), SellerOut)

    @extend_schema(operation_id="sellers_create", request=SellerBody, responses={201: SellerOut})
    def post(self, request: Request) -> Response:
        """Add somebody who attends."""
        seller = sellers.create_seller(by=self.actor, **_with_person(self.body(SellerBody)))
        return Response(SellerOut(seller).data, status=201)


class OneSeller(CompanyView):
    reads, writes = "sellers.read", "sellers.write"

    @extend_schema(operation_id="sellers_retrieve", responses=SellerOut)
    def get(self, request: Request, pk: str) -> Response:
        """One seller."""
        return Response(SellerOut(seller_for(pk, inactive=True)).data)

    @extend_schema(operation_id="sellers_update", request=SellerBody, responses=SellerOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Change the named fields."""
        seller = seller_for(pk, inactive=True)
        changes = _with_person(self.body(SellerBody, partial=True))
        return Response(SellerOut(sellers.update_seller(seller=seller, by=self.actor, **changes)).data)


def _with_person(said: dict[str, Any]) -> dict[str, Any]:
    if said.get("user"):
        said["user"] = sellers.member_user(said["user"])
    return said
