"""Who attends, who gets what, and what is counted of it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from crm.models import Absence, Assignment, AssignmentRule, Goal, Lead, Response, RuleSeller, Seller
from crm.services.rules import update_rule
from crm.services.sellers import create_seller, update_seller
from tenants.admin_site import CompanyAdmin, PlainAdmin, site
from tenants.domain import roles
from tenants.models import Membership


@admin.register(Seller, site=site)
class SellerAdmin(CompanyAdmin):
    reads, writes = "sellers.read", "sellers.write"
    may_add = True
    list_display = ("name", "user", "email", "capacity", "timezone", "is_active")
    list_filter = ("is_active",)
    list_select_related = ("user",)
    search_fields = ("name", "email")
    fields = ("name", "user", "email", "working_hours", "timezone", "capacity", "specialties", "is_active")

    def store(self, request: Any, obj: Any, fields: dict[str, Any], *, new: bool) -> Seller:
        if new:
            return create_seller(by=request.actor, **fields)
        return update_seller(seller=obj, by=request.actor, **fields)


@admin.register(Absence, site=site)
class AbsenceAdmin(PlainAdmin):
    reads, writes = "sellers.read", "sellers.write"
    may_add = may_remove = True
    list_display = ("seller", "starts_at", "ends_at", "reason", "cover")
    list_filter = ("seller",)
    list_select_related = ("seller", "cover")
    ordering = ("-starts_at",)


@admin.register(AssignmentRule, site=site)
class AssignmentRuleAdmin(CompanyAdmin):
    """Made on its own page, where conditions are read as a sentence; here it is put to rest and woken."""

    reads, writes = "sellers.read", "sellers.write"
    may_change = False
    list_display = ("priority", "name", "strategy", "within_hours", "is_active")
    list_display_links = ("name",)
    list_filter = ("strategy", "is_active")
    search_fields = ("name",)
    actions = ("turn_on", "turn_off")

    @admin.action(description=gettext_lazy("Encender"), permissions=["work"])
    def turn_on(self, request: Any, queryset: QuerySet[AssignmentRule]) -> None:
        self.each(request, queryset, lambda rule: update_rule(rule=rule, by=request.actor, is_active=True))

    @admin.action(description=gettext_lazy("Apagar"), permissions=["work"])
    def turn_off(self, request: Any, queryset: QuerySet[AssignmentRule]) -> None:
        self.each(request, queryset, lambda rule: update_rule(rule=rule, by=request.actor, is_active=False))


@admin.register(RuleSeller, site=site)
class RuleSellerAdmin(CompanyAdmin):
    reads = "sellers.read"
    list_display = ("rule", "seller", "position", "weight", "given")
    list_filter = ("rule",)
    list_select_related = ("rule", "seller")
    ordering = ("rule__priority", "position")


@admin.register(Assignment, site=site)
class AssignmentAdmin(CompanyAdmin):
    reads = "leads.read"
    list_display = ("at", "lead", "before", "seller", "kind", "rule", "actor_label")
    list_filter = ("kind", "seller")
    list_select_related = ("lead__contact", "before", "seller", "rule")
    search_fields = ("lead__contact__name",)
    ordering = ("-at",)

    def visible(self, rows: QuerySet[Assignment], member: Membership) -> QuerySet[Assignment]:
        return rows if member.sees == roles.ALL else rows.filter(lead__in=Lead.objects.visible_to(member))


@admin.register(Goal, site=site)
class GoalAdmin(PlainAdmin):
    reads, writes = "reports.read", "sellers.write"
    may_add = may_remove = True
    list_display = ("month", "seller", "measure", "target", "currency")
    list_filter = ("measure", "seller")
    list_select_related = ("seller",)
    ordering = ("-month",)


@admin.register(Response, site=site)
class ResponseAdmin(CompanyAdmin):
    reads = "reports.read"
    list_display = ("answered_at", "contact", "seller", "by_ai", "is_first", "seconds", "business_seconds")
    list_filter = ("by_ai", "is_first", "seller")
    list_select_related = ("contact", "seller")
    search_fields = ("contact__name",)
    ordering = ("-answered_at",)
