"""Keys of integrations over the API: for people only, a key cannot make or see keys."""

import json
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.ids import key_of
from tenants.api.base import CompanyView
from tenants.live import idempotency
from tenants.services import keys


class KeyOut(serializers.Serializer):
    """Never the key itself."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="What the key begins with.")
    scopes = serializers.ListField(child=serializers.CharField())
    created_by = serializers.CharField(source="created_by.email")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To within five minutes.")
    revoked_at = serializers.DateTimeField(allow_null=True)


class NewKeyOut(KeyOut):
    key = serializers.CharField(allow_null=True, help_text="Shown this once; null in the answer to a repeated request.")


class KeyBody(serializers.Serializer):
    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(child=serializers.CharField(max_length=40), allow_empty=False, max_length=60)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


class Keys(CompanyView):
    reads, writes = "keys.read", "keys.write"
    people_only = True

    @extend_schema(operation_id="api_keys_list", responses=KeyOut(many=True))
    def get(self, request: Request) -> Response:
        """The company's keys, the latest first, revoked ones too."""
        return self.paged(keys.listed(), KeyOut)

    @extend_schema(operation_id="api_keys_create", request=KeyBody, responses={201: NewKeyOut})
    def post(self, request: Request) -> Response:
        """Make a key that acts as the caller within `scopes`. It is shown once and sent as Bearer."""
        row, key = keys.create(member=self.member, by=self.actor, **self.body(KeyBody))
        return Response({**KeyOut(row).data, "key": key}, status=201)

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """What is kept for a repeated request has no key in it: nothing of ours may hold one."""
        claimed, self.claimed = self.claimed, None
        final = super().finalize_response(request, response, *args, **kwargs)
        if claimed is not None and final.status_code < 400:
            kept = json.dumps({**final.data, "key": None}, default=str)
            idempotency.keep(claimed, status=final.status_code, response=kept)
        return final


class OneKey(CompanyView):
    writes = "keys.write"
    people_only = True

    @extend_schema(operation_id="api_keys_revoke", responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """The key is worth nothing from now on."""
        keys.revoke(pk=key_of(pk), by=self.actor)
        return Response(status=204)
