"""The company itself, its people, keys and trail. Refresh tokens and sessions are out of every company's reach."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from config.lib import commit
from tenants.admin_site import CompanyAdmin, PlainAdmin, site
from tenants.context import auth_scope
from tenants.domain.actor import Actor
from tenants.models import (
    ApiKey,
    Credential,
    DataKey,
    Domain,
    Email,
    Membership,
    OneTimeLink,
    PlatformAccess,
    SystemEvent,
    Team,
    Tenant,
    User,
)
from tenants.services import people, registry, vault, vault_health


@admin.register(Tenant, site=site)
class TenantAdmin(PlainAdmin):
    """Only one's own is ever listed."""

    writes = "settings.write"
    list_display = ("name", "slug", "trade", "timezone", "currency", "status")
    fields = ("name", "slug", "trade", "timezone", "locale", "currency", "status", "settings", "created_at")
    readonly_fields = ("slug", "trade", "status", "settings", "created_at")

    def store(self, request: HttpRequest, obj: Any, fields: dict[str, Any], *, new: bool) -> Tenant:
        super().store(request, obj, fields, new=new)
        commit.after(registry.changed)
        return obj


@admin.register(Domain, site=site)
class DomainAdmin(CompanyAdmin):
    list_display = ("domain", "is_primary")


@admin.register(User, site=site)
class UserAdmin(CompanyAdmin):
    """People are global; a company only looks."""

    reads = "members.read"
    private = ("access_mark", "tenant_ids", "is_platform_staff")
    list_display = ("name", "email", "is_active", "created_at")
    list_filter = ("is_active",)
    search_fields = ("name", "email")
    ordering = ("name",)


@admin.register(Membership, site=site)
class MembershipAdmin(CompanyAdmin):
    reads, writes = "members.read", "members.write"
    list_display = ("person", "email", "role", "status", "created_at")
    list_filter = ("role", "status")
    list_select_related = ("user",)
    search_fields = ("user__name", "user__email")
    ordering = ("-created_at",)
    fields = ("user", "role", "status", "created_at")
    readonly_fields = ("user", "created_at")
    actions = ("activate", "suspend")

    @admin.display(description=gettext_lazy("persona"), ordering="user__name")
    def person(self, obj: Membership) -> str:
        return str(obj.user)

    @admin.display(description=gettext_lazy("correo"), ordering="user__email")
    def email(self, obj: Membership) -> str:
        return obj.user.email

    def store(self, request: Any, obj: Any, fields: dict[str, Any], *, new: bool) -> Membership:
        role, status = fields.get("role", obj.role), fields.get("status", obj.status)
        return _decide(request, obj, people.change, action="member.changed", role=role, status=status)

    @admin.action(description=gettext_lazy("Dar acceso"), permissions=["work"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        self.each(request, queryset, lambda row: _decide(request, row, people.activate, role=row.role))

    @admin.action(description=gettext_lazy("Suspender el acceso"), permissions=["work"])
    def suspend(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        self.each(request, queryset, lambda row: _decide(request, row, people.suspend))


def _decide(request: Any, row: Membership, verb: Callable[..., Membership], **fields: Any) -> Membership:
    with auth_scope():
        return verb(tenant=request.tenant, member_id=row.pk, by=request.actor, **fields)


@admin.register(Credential, site=site)
class CredentialAdmin(CompanyAdmin):
    """The value is never shown; it is written on its own page."""

    reads = writes = "credentials.write"
    may_change = False
    may_remove = True
    private = ("sealed", "data_key_version", "tenant")
    list_display = ("category", "name", "last_four", "version", "health", "checked_at", "expires_at", "updated_at")
    list_filter = ("category", "health")
    search_fields = ("name",)
    ordering = ("category", "name")
    actions = ("test",)

    @admin.action(description=gettext_lazy("Probar la conexión"), permissions=["work"])
    def test(self, request: HttpRequest, queryset: QuerySet[Credential]) -> None:
        actor: Actor = request.actor  # type: ignore[attr-defined]  # TenantMiddleware set it
        ask = vault_health.ask_for_test
        self.each(request, queryset, lambda row: ask(category=row.category, name=row.name, by=actor))

    def discard(self, request: HttpRequest, obj: Credential) -> None:
        vault.remove_credential(category=obj.category, name=obj.name, by=request.actor)  # type: ignore[attr-defined]  # TenantMiddleware set it


@admin.register(DataKey, site=site)
class DataKeyAdmin(CompanyAdmin):
    reads = "credentials.write"
    private = ("wrapped", "tenant")
    list_display = ("version", "key_id", "created_at")
    ordering = ("-version",)


@admin.register(SystemEvent, site=site)
class SystemEventAdmin(CompanyAdmin):
    reads = "audit.read"
    private = ("tenant",)
    list_display = ("at", "actor_label", "action", "resource_type", "resource_id", "outcome", "ip")
    list_filter = ("outcome", "actor_kind", "action")
    search_fields = ("action", "actor_label", "resource_id")
    ordering = ("-id",)


@admin.register(Team, site=site)
class TeamAdmin(CompanyAdmin):
    reads = "members.read"
    private = ("tenant",)
    list_display = ("name", "created_at")
    search_fields = ("name",)
    ordering = ("name",)


@admin.register(ApiKey, site=site)
class ApiKeyAdmin(CompanyAdmin):
    reads = "keys.read"
    private = ("key_hash", "tenant")
    list_display = ("name", "prefix", "created_by", "created_at", "last_used_at", "expires_at", "revoked_at")
    list_select_related = ("created_by",)
    search_fields = ("name", "prefix")
    ordering = ("-created_at",)


@admin.register(OneTimeLink, site=site)
class OneTimeLinkAdmin(CompanyAdmin):
    reads = "members.write"
    private = ("token_hash", "tenant")
    list_display = ("kind", "email", "role", "created_at", "expires_at", "used_at", "revoked_at")
    list_filter = ("kind",)
    search_fields = ("email",)
    ordering = ("-created_at",)


@admin.register(Email, site=site)
class EmailAdmin(CompanyAdmin):
    reads = "members.write"
    private = ("context", "tenant")
    list_display = ("to", "kind", "state", "error", "created_at", "sent_at")
    list_filter = ("state", "kind")
    search_fields = ("to",)
    ordering = ("-created_at",)


@admin.register(PlatformAccess, site=site)
class PlatformAccessAdmin(CompanyAdmin):
    reads = "audit.read"
    private = ("user", "tenant")
    list_display = ("person", "reason", "created_at", "expires_at", "ended_at")
    ordering = ("-created_at",)
