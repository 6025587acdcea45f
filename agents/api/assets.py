"""Texts of the business that agents' instructions take in by name."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import BusinessAsset
from agents.services import assets
from tenants.api.base import CompanyView


class AssetUser(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()


class AssetOut(serializers.Serializer):
    id = serializers.UUIDField()
    key = serializers.CharField(help_text="Written into instructions as {{activo.key}} or {{asset.key}}.")
    kind = serializers.CharField(help_text="branding, scripts or roi")
    title = serializers.CharField()
    content = serializers.CharField()
    is_active = serializers.BooleanField(help_text="Switched off, it is empty where it is used.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class OneAssetOut(AssetOut):
    used_by = AssetUser(many=True, help_text="Agents whose working copy or published version names it.")


class AssetBody(serializers.Serializer):
    key = serializers.CharField(max_length=40)
    kind = serializers.ChoiceField(choices=BusinessAsset.Kind.values)
    title = serializers.CharField(max_length=120)
    content = serializers.CharField(max_length=assets.LONGEST)
    is_active = serializers.BooleanField(required=False)


class Assets(CompanyView):
    reads, writes = "agents.read", "agents.write"

    @extend_schema(operation_id="business_assets_list", responses=AssetOut(many=True))
    def get(self, request: Request) -> Response:
        """Texts of the business, the latest first."""
        return self.paged(BusinessAsset.objects.all(), AssetOut)

    @extend_schema(operation_id="business_assets_create", request=AssetBody, responses={201: OneAssetOut})
    def post(self, request: Request) -> Response:
        """Write one; instructions that name it are filled with it from the next message on."""
        return Response(_out(assets.create_asset(by=self.actor, **self.body(AssetBody))), status=201)


class OneAsset(CompanyView):
    reads, writes = "agents.read", "agents.write"

    @extend_schema(operation_id="business_assets_retrieve", responses=OneAssetOut)
    def get(self, request: Request, pk: str) -> Response:
        """One text and who uses it."""
        return Response(_out(assets.asset_for(pk)))

    @extend_schema(operation_id="business_assets_update", request=AssetBody, responses=OneAssetOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Other words, from the next message on. The key of a text in use does not change."""
        changes = self.body(AssetBody, partial=True)
        return Response(_out(assets.update_asset(asset=assets.asset_for(pk), by=self.actor, **changes)))

    @extend_schema(operation_id="business_assets_delete", responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Refused while an agent uses it."""
        assets.remove_asset(asset=assets.asset_for(pk), by=self.actor)
        return Response(status=204)


def _out(asset: BusinessAsset) -> dict[str, object]:
    return {**AssetOut(asset).data, "used_by": AssetUser(assets.used_by(asset.key), many=True).data}
