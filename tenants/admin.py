"""The company itself, its people, keys and trail. Refresh tokens and sessions are out of every company's reach."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib import commit
from config.lib.errors import Conflict
from tenants.admin_site import CompanyAdmin, PlainAdmin, site
from tenants.context import auth_scope
from tenants.domain.actor import Actor
from tenants.models import Credential, DataKey, Domain, Membership, SystemEvent, Tenant, User
from tenants.services import registry, vault
from tenants.services.people import set_membership


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
    private = ("password", "tenant_ids", "is_platform_staff")
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

    def store(self, request: HttpRequest, obj: Any, fields: dict[str, Any], *, new: bool) -> Membership:
        return _set(request, obj, role=fields.get("role", obj.role), status=fields.get("status", obj.status))

    @admin.action(description=gettext_lazy("Dar acceso"), permissions=["work"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        rows = queryset.select_related("user")
        self.each(request, rows, lambda row: _set(request, row, role=row.role, status=Membership.Status.ACTIVE))

    @admin.action(description=gettext_lazy("Suspender el acceso"), permissions=["work"])
    def suspend(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        rows = queryset.select_related("user")
        self.each(request, rows, lambda row: _set(request, row, role=row.role, status=Membership.Status.SUSPENDED))


def _set(request: Any, row: Membership, *, role: str, status: str) -> Membership:
    if row.pk == request.member.pk:
        raise Conflict(_("El acceso propio lo cambia otra persona."))
    actor: Actor = request.actor
    with auth_scope():
        return set_membership(user=row.user, tenant=request.tenant, role=role, status=status, by=actor)


@admin.register(Credential, site=site)
class CredentialAdmin(CompanyAdmin):
    """The value is never shown; it is written on its own page."""

    reads = writes = "credentials.write"
    may_change = False
    may_remove = True
    private = ("sealed", "data_key_version", "tenant")
    list_display = ("category", "name", "last_four", "version", "updated_at")
    list_filter = ("category",)
    search_fields = ("name",)
    ordering = ("category", "name")

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
