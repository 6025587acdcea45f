"""Contacts, leads, clients, and what is known around them."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from crm.models import (
    Client,
    Consent,
    Contact,
    ContactMerge,
    ContactPoint,
    Conversion,
    DuplicatePair,
    Lead,
    Touch,
)
from crm.services.assignment import assign
from crm.services.contacts import create_contact, update_contact
from crm.services.leads import update_lead
from tenants.admin_site import CompanyAdmin, site
from tenants.domain import roles
from tenants.models import Membership


@admin.register(Contact, site=site)
class ContactAdmin(CompanyAdmin):
    reads, writes = "contacts.read", "contacts.write"
    may_add = True
    private = ("search_text",)
    list_display = ("__str__", "phone", "email", "city", "opted_out_at", "blocked_at", "created_at")
    list_filter = (
        "created_at",
        ("opted_out_at", admin.EmptyFieldListFilter),
        ("blocked_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("name",)
    ordering = ("-created_at", "-id")
    fields = (
        "name", "phone", "email", "city", "notes", "social_links", "tags", "custom", "opted_out_at", "blocked_at",
        "blocked_reason", "created_at", "updated_at",
    )  # fmt: skip
    readonly_fields = ("opted_out_at", "blocked_at", "blocked_reason", "created_at", "updated_at")

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
        "contact", "stage", "owner", "score", "score_reasons", "score_adjustment", "score_adjustment_reason", "interest",
        "lost_reason", "closed_at", "stage_since", "assigned_at", "first_response_at", "last_activity_at", "last_source",
        "next_step_at", "no_step_until", "no_step_reason", "created_at", "updated_at",
    )  # fmt: skip
    actions = ("unassign",)

    def visible(self, rows: QuerySet[Lead], member: Membership) -> QuerySet[Lead]:
        return rows.filter(pk__in=Lead.objects.visible_to(member)) if member.sees != roles.ALL else rows

    def store(self, request: Any, obj: Any, fields: dict[str, Any], *, new: bool) -> Lead:
        return update_lead(lead=obj, by=request.actor, **fields)

    @admin.action(description=gettext_lazy("Dejar sin vendedor"), permissions=["work"])
    def unassign(self, request: Any, queryset: QuerySet[Lead]) -> None:
        self.each(request, queryset, lambda lead: assign(lead=lead, owner=None, by=request.actor))


class OfContactAdmin(CompanyAdmin):
    """What hangs on a contact; read here, changed on the contact's page."""

    reads = "contacts.read"
    list_select_related: ClassVar[tuple[str, ...]] = ("contact",)
    search_fields = ("contact__name",)

    def visible(self, rows: QuerySet[Any], member: Membership) -> QuerySet[Any]:
        return rows if member.sees == roles.ALL else rows.filter(contact__in=Contact.objects.visible_to(member))


@admin.register(ContactPoint, site=site)
class ContactPointAdmin(OfContactAdmin):
    list_display = ("contact", "kind", "value", "label", "created_at")
    list_filter = ("kind",)
    ordering = ("-created_at",)


@admin.register(Consent, site=site)
class ConsentAdmin(OfContactAdmin):
    list_display = ("at", "contact", "purpose", "granted", "source", "actor_label")
    list_filter = ("purpose", "granted")
    ordering = ("-at",)


@admin.register(Touch, site=site)
class TouchAdmin(OfContactAdmin):
    list_display = ("at", "contact", "kind", "source", "medium", "campaign", "ad_id")
    list_filter = ("kind",)
    ordering = ("-at",)


@admin.register(Client, site=site)
class ClientAdmin(OfContactAdmin):
    reads = "clients.read"
    list_display = ("contact", "status", "owner", "since")
    list_filter = ("status",)
    list_select_related = ("contact", "owner")
    ordering = ("-since",)


@admin.register(Conversion, site=site)
class ConversionAdmin(CompanyAdmin):
    reads = "clients.read"
    list_display = ("at", "lead", "value", "currency", "actor_label", "undone_at", "undone_by")
    list_filter = (("undone_at", admin.EmptyFieldListFilter),)
    list_select_related = ("lead__contact",)
    search_fields = ("lead__contact__name",)
    ordering = ("-at",)

    def visible(self, rows: QuerySet[Conversion], member: Membership) -> QuerySet[Conversion]:
        return rows if member.sees == roles.ALL else rows.filter(lead__in=Lead.objects.visible_to(member))


@admin.register(DuplicatePair, site=site)
class DuplicatePairAdmin(CompanyAdmin):
    reads = "contacts.read"
    list_display = ("found_at", "first", "second", "score", "status", "decided_by")
    list_filter = ("status",)
    list_select_related = ("first", "second")
    ordering = ("-found_at",)

    def visible(self, rows: QuerySet[DuplicatePair], member: Membership) -> QuerySet[DuplicatePair]:
        if member.sees == roles.ALL:
            return rows
        known = Contact.objects.visible_to(member)
        return rows.filter(first__in=known, second__in=known)


@admin.register(ContactMerge, site=site)
class ContactMergeAdmin(CompanyAdmin):
    reads = "contacts.read"
    private = ("rows",)  # the whole of what was united; read by taking it back
    list_display = ("at", "kept", "other_name", "actor_label", "undone_at", "undone_by")
    list_filter = (("undone_at", admin.EmptyFieldListFilter),)
    list_select_related = ("kept",)
    ordering = ("-at",)

    def visible(self, rows: QuerySet[ContactMerge], member: Membership) -> QuerySet[ContactMerge]:
        return rows if member.sees == roles.ALL else rows.filter(kept__in=Contact.objects.visible_to(member))
