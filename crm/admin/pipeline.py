"""The pipeline: its stages and steps, and how leads went through it."""

from django.contrib import admin
from django.db.models import QuerySet

from crm.models import Lead, LostReason, Pipeline, Stage, StageChange, StageRequest, StageTransition
from tenants.admin_site import CompanyAdmin, PlainAdmin, site
from tenants.domain import roles
from tenants.models import Membership


@admin.register(Pipeline, site=site)
class PipelineAdmin(CompanyAdmin):
    reads = "leads.read"
    list_display = ("name", "noun", "position", "is_default", "is_active")


@admin.register(LostReason, site=site)
class LostReasonAdmin(PlainAdmin):
    reads, writes = "leads.read", "pipeline.write"
    may_add = True
    list_display = ("name", "position", "is_active")
    fields = ("name", "position", "is_active")


@admin.register(Stage, site=site)
class StageAdmin(PlainAdmin):
    """The code is a name that integrations use and the kind what reports count by: both stay as they were made."""

    reads, writes = "leads.read", "pipeline.write"
    list_display = ("position", "name", "pipeline", "code", "kind", "probability", "is_initial")
    list_display_links = ("name",)
    list_filter = ("kind",)
    list_select_related = ("pipeline",)
    search_fields = ("name", "code")
    fields = (
        "name", "position", "color", "probability", "cold_after_days", "requires_comment", "pipeline", "code", "kind",
        "is_initial",
    )  # fmt: skip
    readonly_fields = ("pipeline", "code", "kind", "is_initial")


@admin.register(StageTransition, site=site)
class StageTransitionAdmin(PlainAdmin):
    reads, writes = "leads.read", "pipeline.write"
    may_add = may_remove = True
    list_display = ("source", "target", "label", "requires_comment", "approver_role")
    list_filter = ("source",)
    list_select_related = ("source", "target")
    ordering = ("source__position", "target__position")


@admin.register(StageChange, site=site)
class StageChangeAdmin(CompanyAdmin):
    reads = "leads.read"
    list_display = ("at", "lead", "source", "target", "actor_label", "reason")
    list_filter = ("target", "actor_kind")
    list_select_related = ("lead__contact", "source", "target")
    search_fields = ("lead__contact__name", "actor_label")
    ordering = ("-at",)

    def visible(self, rows: QuerySet[StageChange], member: Membership) -> QuerySet[StageChange]:
        return rows.filter(lead__in=Lead.objects.visible_to(member)) if member.sees != roles.ALL else rows


@admin.register(StageRequest, site=site)
class StageRequestAdmin(CompanyAdmin):
    reads = "leads.read"
    list_display = ("at", "lead", "source", "target", "approver_role", "status", "actor_label", "decided_by")
    list_filter = ("status",)
    list_select_related = ("lead__contact", "source", "target")
    search_fields = ("lead__contact__name",)
    ordering = ("-at",)

    def visible(self, rows: QuerySet[StageRequest], member: Membership) -> QuerySet[StageRequest]:
        return rows if member.sees == roles.ALL else rows.filter(lead__in=Lead.objects.visible_to(member))
