"""The company's secrets through the API: written, tested, taken back; shown only to a person with their password."""

from typing import Any

from django.utils.crypto import salted_hmac
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.api.base import Answered, CompanyView
from tenants.live import idempotency
from tenants.models import Credential
from tenants.services import vault, vault_health, vault_reveal, vault_versions
from tenants.services.client_address import client_ip


class CredentialOut(serializers.Serializer):
    """Never the value. `scope` is tenant (the company's own) or global (lent by the platform); `state` testing or idle."""

    category = serializers.CharField()
    name = serializers.CharField()
    scope = serializers.CharField(default="tenant", read_only=True)
    version = serializers.IntegerField()
    last_four = serializers.CharField()
    health = serializers.CharField(help_text="unknown, ok or failing.")
    health_detail = serializers.CharField()
    checked_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField()


class OneCredentialOut(CredentialOut):
    state = serializers.CharField(help_text="testing while an answer is on its way, else idle.")


class LentOut(serializers.Serializer):
    category = serializers.CharField()
    name = serializers.CharField()
    scope = serializers.CharField()


class CredentialBody(serializers.Serializer):
    value = serializers.CharField(max_length=vault.LONGEST, trim_whitespace=False, write_only=True)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


class ExpiryBody(serializers.Serializer):
    expires_at = serializers.DateTimeField(allow_null=True)


class PasswordBody(serializers.Serializer):
    password = serializers.CharField(max_length=200, trim_whitespace=False, write_only=True)


class RevealedOut(serializers.Serializer):
    value = serializers.CharField()


class VersionBody(serializers.Serializer):
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class CredentialVersionOut(serializers.Serializer):
    version = serializers.IntegerField()
    last_four = serializers.CharField()
    written_by = serializers.CharField()
    written_at = serializers.DateTimeField()


class Credentials(CompanyView):
    reads = "credentials.read"
    page_by = "updated_at"

    @extend_schema(operation_id="credentials_list", responses=CredentialOut(many=True))
    def get(self, request: Request) -> Response:
        """Names of the stored secrets; values are never shown."""
        return self.paged(Credential.objects.filter(tenant_id=self.tenant.pk).defer("sealed"), CredentialOut)


class LentCredentials(CompanyView):
    reads = "credentials.read"
    pagination_class = None

    @extend_schema(operation_id="credentials_lent_list", responses=LentOut(many=True))
    def get(self, request: Request) -> Response:
        """What the platform lends this company; used where the company has nothing of its own."""
        rows = [{"category": row.category, "name": row.name, "scope": "global"} for row in vault.lent_rows()]
        return self.whole(rows, LentOut)


class OneCredential(CompanyView):
    reads, writes = "credentials.read", "credentials.write"

    def _claim(self, request: Request, key: str) -> None:
        """The trace of a repeated write must not be a hash that words can be tried on."""
        path = request.path.rstrip("/")
        digest = salted_hmac("tenants.api.vault", request._request.body, algorithm="sha256").digest()
        claimed = idempotency.claim(key=key, route=f"{request.method} {path}", user_id=self.user.pk, body=digest)
        if claimed.status:
            raise Answered(claimed)
        self.claimed = claimed

    @extend_schema(operation_id="credentials_retrieve", responses=OneCredentialOut)
    def get(self, request: Request, category: str, name: str) -> Response:
        """Its state: whether it works, until when it lasts; never the value."""
        return Response(_with_state(vault.find(category, name)))

    @extend_schema(operation_id="credentials_put", request=CredentialBody, responses=CredentialOut)
    @sensitive_variables("body")
    def put(self, request: Request, category: str, name: str) -> Response:
        """Store or replace a secret. It is never listed again."""
        body = self.body(CredentialBody)
        row = vault.put_credential(category=category, name=name, by=self.actor, **body)
        return Response(CredentialOut(row).data)

    @extend_schema(operation_id="credentials_update", request=ExpiryBody, responses=CredentialOut)
    def patch(self, request: Request, category: str, name: str) -> Response:
        """Write down until when it lasts; null: not known, or for ever."""
        body = self.body(ExpiryBody)
        return Response(CredentialOut(vault.set_expiry(category=category, name=name, by=self.actor, **body)).data)

    @extend_schema(operation_id="credentials_delete", responses={204: None})
    def delete(self, request: Request, category: str, name: str) -> Response:
        """Forget a secret and its earlier values."""
        vault.remove_credential(category=category, name=name, by=self.actor)
        return Response(status=204)


class CredentialTest(CompanyView):
    writes = "credentials.write"

    @extend_schema(operation_id="credentials_test", request=None, responses={202: OneCredentialOut})
    def post(self, request: Request, category: str, name: str) -> Response:
        """Ask the provider whether it works; the answer appears on the credential."""
        row = vault_health.ask_for_test(category=category, name=name, by=self.actor)
        return Response({**CredentialOut(row).data, "state": "testing"}, status=202)


class CredentialReveal(CompanyView):
    writes = "credentials.write"

    def _claim(self, request: Request, key: str) -> None:
        """Nothing of this answer is kept for a repetition."""

    @extend_schema(operation_id="credentials_reveal", request=PasswordBody, responses=RevealedOut)
    @sensitive_variables("body", "value")
    def post(self, request: Request, category: str, name: str) -> Response:
        """The value, for a person who sends their password again; refused to API keys. Always audited."""
        body = self.body(PasswordBody)
        value = vault_reveal.reveal(
            category=category,
            name=name,
            member=self.member,
            password=body["password"],
            address=client_ip(self.plain),
            by=self.actor,
        )
        return Response({"value": value}, headers={"Cache-Control": "no-store"})


class CredentialVersions(CompanyView):
    reads = "credentials.read"
    pagination_class = None

    @extend_schema(operation_id="credentials_versions_list", responses=CredentialVersionOut(many=True))
    def get(self, request: Request, category: str, name: str) -> Response:
        """When and by whom it was written; the latest first."""
        return self.whole(vault_versions.history(vault.find(category, name)), CredentialVersionOut)


class CredentialRestore(CompanyView):
    writes = "credentials.write"

    @extend_schema(operation_id="credentials_restore", request=VersionBody, responses=CredentialOut)
    def post(self, request: Request, category: str, name: str) -> Response:
        """Make a new version with the value of an earlier one."""
        version = self.body(VersionBody)["version"]
        row = vault_versions.restore(category=category, name=name, version=version, by=self.actor)
        return Response(CredentialOut(row).data)


def _with_state(row: Credential) -> dict[str, Any]:
    state = "testing" if vault_health.being_tested([row]) else "idle"
    return {**CredentialOut(row).data, "state": state}
