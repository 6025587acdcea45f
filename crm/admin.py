"""Contacts, leads, sellers and the pipeline."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from crm.models import Contact, Lead, Seller, Stage, StageChange, StageTransition
from crm.services.contacts import create_contact, update_contact
from crm.services.leads import assign_lead, update_lead
from crm.services.sellers import create_seller, update_seller
from tenants.admin_site import CompanyAdmin, PlainAdmin, site
from tenants.domain import roles
from tenants.models import Membership


@admin.register(Contact, site=site)
class ContactAdmin(CompanyAdmin):
    reads, writes = "contacts.read", "contacts.write"
    may_add = True
    private = ("search_text",)
    list_display = ("__str__", "phone", "email", "opted_out_at", "created_at")
    list_filter = ("created_at", ("opted_out_at", admin.EmptyFieldListFilter))
    search_fields = ("name",)
    ordering = ("-created_at", "-id")
    fields = ("name", "phone", "email", "notes", "social_links", "custom", "opted_out_at", "created_at", "updated_at")
    readonly_fields = ("opted_out_at", "created_at", "updated_at")

    def visible(self, rows: QuerySet[Contact], member: Membership) -> QuerySet[Contact]:
        return rows.filter(pk__in=Contact.objects.visible_to(member)) if member.sees != roles.ALL else rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Contact], search_term: str
    ) -> tuple[QuerySet[Contact], bool]:
        return queryset.filter(pk__in=Contact.objects.search(search_term)) if search_term else queryset, False

    def store(self, request: Any, obj: Any, fields: dict[str, Any], *, new: bool) -> Contact:
        if new:
            return create_contact(by=request.actor, **fields)
        return update_contact(contact=obj, by=request.actor, **fields)


@admin.register(Lead, site=site)
class LeadAdmin(CompanyAdmin):
    """Stage, owner and score follow from what people and agents do; here one corrects what was noted."""

    reads, writes = "leads.read", "leads.write"
    list_display = ("contact", "stage", "owner", "score", "interest", "source", "value", "currency", "created_at")
    list_filter = ("stage", "interest", "owner", "created_at")
    list_select_related = ("contact", "stage", "owner")
    search_fields = ("contact__name", "contact__phone", "contact__email", "source")
    ordering = ("-created_at", "-id")
    readonly_fields = (
        "contact", "stage", "owner", "score", "score_reasons", "interest", "lost_reason", "closed_at", "created_at",
        "updated_at",
    )  # fmt: skip
    actions = ("unassign",)

    def visible(self, rows: QuerySet[Lead], member: Membership) -> QuerySet[Lead]:
        return rows.filter(pk__in=Lead.objects.visible_to(member)) if member.sees != roles.ALL else rows

    def store(self, request: Any, obj: Any, fields: dict[str, Any], *, new: bool) -> Lead:
        return update_lead(lead=obj, by=request.actor, **fields)

    @admin.action(description=gettext_lazy("Dejar sin vendedor"), permissions=["work"])
    def unassign(self, request: Any, queryset: QuerySet[Lead]) -> None:
        self.each(request, queryset, lambda lead: assign_lead(lead=lead, owner=None, by=request.actor))


@admin.register(Seller, site=site)
class SellerAdmin(CompanyAdmin):
    reads, writes = "sellers.read", "sellers.write"
    may_add = True
    list_display = ("name", "user", "email", "timezone", "is_active")
    list_filter = ("is_active",)
    list_select_related = ("user",)
    search_fields = ("name", "email")
    fields = ("name", "user", "email", "working_hours", "timezone", "is_active")

    def store(self, request: Any, obj: Any, fields: dict[str, Any], *, new: bool) -> Seller:
        if new:
            return create_seller(by=request.actor, **fields)
        return update_seller(seller=obj, by=request.actor, **fields)


@admin.register(Stage, site=site)
class StageAdmin(PlainAdmin):
    """The code is a name that integrations use and the kind what reports count by: both stay as they were made."""

    reads, writes = "leads.read", "settings.write"
    list_display = ("position", "name", "code", "kind", "is_initial")
    list_display_links = ("name",)
    list_filter = ("kind",)
    search_fields = ("name", "code")
    fields = ("name", "position", "code", "kind", "is_initial")
    readonly_fields = ("code", "kind", "is_initial")


@admin.register(StageTransition, site=site)
class StageTransitionAdmin(PlainAdmin):
    reads, writes = "leads.read", "settings.write"
    may_add = may_remove = True
    list_display = ("source", "target")
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
