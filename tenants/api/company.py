"""The company's own office: members, secrets, settings, what was done."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.api import CursorPages
from tenants.api.auth import PersonOut
from tenants.api.base import CompanyView
from tenants.api.pages import NumberPages
from tenants.domain.tenant_settings import LIMITS
from tenants.models import Credential, Membership, SystemEvent, Tenant
from tenants.services import companies, tenant_settings, vault


class MemberOut(serializers.Serializer):
    id = serializers.UUIDField()
    user = PersonOut()
    role = serializers.CharField()
    status = serializers.CharField()
    created_at = serializers.DateTimeField()


class Members(CompanyView):
    reads = "members.read"

    @extend_schema(operation_id="members_list", responses=MemberOut(many=True))
    def get(self, request: Request) -> Response:
        """Who belongs to the company, the latest first."""
        rows = Membership.objects.filter(tenant_id=self.tenant.pk).select_related("user")
        return self.paged(rows, MemberOut)


class CredentialOut(serializers.Serializer):
    """Never the value."""

    category = serializers.CharField()
    name = serializers.CharField()
    last_four = serializers.CharField()
    updated_at = serializers.DateTimeField()


class CredentialBody(serializers.Serializer):
    value = serializers.CharField(max_length=20_000, trim_whitespace=False, write_only=True)


class Credentials(CompanyView):
    reads = "credentials.read"
    page_by = "updated_at"

    @extend_schema(operation_id="credentials_list", responses=CredentialOut(many=True))
    def get(self, request: Request) -> Response:
        """Names of the stored secrets; values are never shown."""
        return self.paged(Credential.objects.filter(tenant_id=self.tenant.pk), CredentialOut)


class OneCredential(CompanyView):
    writes = "credentials.write"

    @extend_schema(operation_id="credentials_put", request=CredentialBody, responses=CredentialOut)
    def put(self, request: Request, category: str, name: str) -> Response:
        """Store or replace a secret. It is never shown again."""
        value = self.body(CredentialBody)["value"]
        row = vault.put_credential(category=category, name=name, value=value, by=self.actor)
        return Response(CredentialOut(row).data)

    @extend_schema(operation_id="credentials_delete", responses={204: None})
    def delete(self, request: Request, category: str, name: str) -> Response:
        """Forget a secret."""
        vault.remove_credential(category=category, name=name, by=self.actor)
        return Response(status=204)


class EventOut(serializers.Serializer):
    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor_kind = serializers.CharField()
    actor_id = serializers.CharField()
    actor_label = serializers.CharField()
    action = serializers.CharField()
    resource_type = serializers.CharField()
    resource_id = serializers.CharField()
    outcome = serializers.CharField()
    diff = serializers.DictField()
    ip = serializers.CharField(allow_null=True)
    agent = serializers.CharField()


class EventFilter(serializers.Serializer):
    action = serializers.CharField(required=False, max_length=80, help_text="Beginning of the action's name.")
    resource = serializers.CharField(required=False, max_length=64, help_text="Id of what was acted on, or its type.")
    outcome = serializers.CharField(required=False, max_length=12)
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)


class AuditLog(CompanyView):
    reads = "audit.read"
    pagination_class: ClassVar[type[CursorPages]] = NumberPages

    @extend_schema(operation_id="audit_logs_list", parameters=[EventFilter], responses=EventOut(many=True))
    def get(self, request: Request) -> Response:
        """What was done and refused, the latest first."""
        asked = self.asked(EventFilter)
        rows = SystemEvent.objects.filter(tenant_id=self.tenant.pk)
        if "action" in asked:
            rows = rows.filter(action__startswith=asked["action"])
        if "resource" in asked:
            named = "resource_type" if asked["resource"].isalpha() else "resource_id"
            rows = rows.filter(**{named: asked["resource"]})
        if "outcome" in asked:
            rows = rows.filter(outcome=asked["outcome"])
        if "since" in asked:
            rows = rows.filter(at__gte=asked["since"])
        if "until" in asked:
            rows = rows.filter(at__lt=asked["until"])
        return self.paged(rows, EventOut)


def _number(name: str) -> serializers.FloatField:
    low, high = LIMITS[name]
    return serializers.FloatField(required=False, allow_null=True, min_value=low, max_value=high)


class SettingsBody(serializers.Serializer):
    """Seconds and hours as named; null puts the platform's default back."""

    buffer_seconds = _number("buffer_seconds")
    buffer_max_seconds = _number("buffer_max_seconds")
    spacing_seconds = _number("spacing_seconds")
    human_override_hours = _number("human_override_hours")
    ai_daily_spend_usd = serializers.DecimalField(
        max_digits=12, decimal_places=4, min_value=0, required=False, allow_null=True
    )


class Settings(CompanyView):
    reads, writes = "settings.read", "settings.write"
    pagination_class = None

    @extend_schema(operation_id="settings_retrieve", responses=SettingsBody)
    def get(self, request: Request) -> Response:
        """The numbers in force: the company's own, else the platform's."""
        return Response(_in_force(companies.fresh()))

    @extend_schema(operation_id="settings_update", request=SettingsBody, responses=SettingsBody)
    def patch(self, request: Request) -> Response:
        """Change the named numbers."""
        return Response(_in_force(companies.update_settings(by=self.actor, changes=self.body(SettingsBody))))


def _in_force(tenant: Tenant) -> dict[str, Any]:
    return dict(SettingsBody(tenant_settings.of(tenant)).data)
