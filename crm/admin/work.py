"""What people plan, write, keep and hand in."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from crm.models import (
    BulkAction,
    BulkChange,
    Contact,
    CustomField,
    ImportBatch,
    ImportRow,
    InboundForm,
    Lead,
    Note,
    Notification,
    SavedView,
    Submission,
    Tag,
    Task,
)
from crm.services import inbound_forms, tasks
from tenants.admin_site import CompanyAdmin, site
from tenants.domain import roles
from tenants.models import Membership


@admin.register(Task, site=site)
class TaskAdmin(CompanyAdmin):
    reads, writes = "tasks.read", "tasks.write"
    may_change = False
    list_display = ("due_at", "title", "kind", "contact", "assignee", "done_at")
    list_display_links = ("title",)
    list_filter = ("kind", ("done_at", admin.EmptyFieldListFilter), "due_at")
    list_select_related = ("contact", "assignee")
    search_fields = ("title", "contact__name")
    ordering = ("-due_at",)
    actions = ("finish",)

    def visible(self, rows: QuerySet[Task], member: Membership) -> QuerySet[Task]:
        return rows if member.sees == roles.ALL else rows.filter(pk__in=Task.objects.visible_to(member))

    @admin.action(description=gettext_lazy("Dar por hechas"), permissions=["work"])
    def finish(self, request: Any, queryset: QuerySet[Task]) -> None:
        self.each(request, queryset, lambda task: tasks.finish(task=task, by=request.actor))


@admin.register(Note, site=site)
class NoteAdmin(CompanyAdmin):
    reads = "contacts.read"
    list_display = ("created_at", "contact", "kind", "actor_label", "is_pinned")
    list_filter = ("kind",)
    list_select_related = ("contact",)
    search_fields = ("contact__name",)
    ordering = ("-created_at",)

    def visible(self, rows: QuerySet[Note], member: Membership) -> QuerySet[Note]:
        return rows if member.sees == roles.ALL else rows.filter(contact__in=Contact.objects.visible_to(member))


@admin.register(Notification, site=site)
class NotificationAdmin(CompanyAdmin):
    list_display = ("created_at", "user", "kind", "is_urgent", "read_at")
    list_filter = ("kind",)
    list_select_related = ("user",)
    ordering = ("-created_at",)


@admin.register(Tag, site=site)
class TagAdmin(CompanyAdmin):
    reads = "leads.read"
    list_display = ("name", "color", "description", "created_at")
    search_fields = ("name",)


@admin.register(CustomField, site=site)
class CustomFieldAdmin(CompanyAdmin):
    reads = "pipeline.read"
    list_display = ("label", "on", "key", "kind", "is_required", "in_filters", "agents_may_write", "is_active")
    list_filter = ("on", "kind", "is_active")
    search_fields = ("label", "key")


@admin.register(SavedView, site=site)
class SavedViewAdmin(CompanyAdmin):
    reads = "leads.read"
    list_display = ("name", "list", "owner", "is_shared", "position")
    list_filter = ("list", "is_shared")
    list_select_related = ("owner",)
    search_fields = ("name",)


@admin.register(BulkAction, site=site)
class BulkActionAdmin(CompanyAdmin):
    reads = "leads.read"
    list_display = ("created_at", "kind", "status", "total", "done", "refused", "actor_label", "undone_at")
    list_filter = ("kind", "status")
    ordering = ("-created_at",)


@admin.register(BulkChange, site=site)
class BulkChangeAdmin(CompanyAdmin):
    reads = "leads.read"
    list_display = ("action", "position", "lead", "state", "error")
    list_filter = ("state",)
    list_select_related = ("action", "lead__contact")
    ordering = ("-action__created_at", "position")

    def visible(self, rows: QuerySet[BulkChange], member: Membership) -> QuerySet[BulkChange]:
        return rows if member.sees == roles.ALL else rows.filter(lead__in=Lead.objects.visible_to(member))


@admin.register(InboundForm, site=site)
class InboundFormAdmin(CompanyAdmin):
    reads, writes = "forms.read", "forms.write"
    may_change = False
    private = ("token_hash",)
    list_display = ("name", "kind", "slug", "source", "is_active", "created_at")
    list_filter = ("kind", "is_active")
    search_fields = ("name", "slug")
    actions = ("turn_on", "turn_off")

    @admin.action(description=gettext_lazy("Encender"), permissions=["work"])
    def turn_on(self, request: Any, queryset: QuerySet[InboundForm]) -> None:
        self.each(request, queryset, lambda row: inbound_forms.update_form(form=row, by=request.actor, is_active=True))

    @admin.action(description=gettext_lazy("Apagar"), permissions=["work"])
    def turn_off(self, request: Any, queryset: QuerySet[InboundForm]) -> None:
        self.each(request, queryset, lambda row: inbound_forms.update_form(form=row, by=request.actor, is_active=False))


@admin.register(Submission, site=site)
class SubmissionAdmin(CompanyAdmin):
    reads = "forms.read"
    list_display = ("at", "form", "state", "contact", "error")
    list_filter = ("state", "form")
    list_select_related = ("form", "contact")
    ordering = ("-at",)


@admin.register(ImportBatch, site=site)
class ImportBatchAdmin(CompanyAdmin):
    reads = "leads.import"
    list_display = ("created_at", "filename", "status", "total", "created", "updated", "refused", "actor_label")
    list_filter = ("status",)
    ordering = ("-created_at",)


@admin.register(ImportRow, site=site)
class ImportRowAdmin(CompanyAdmin):
    reads = "leads.import"
    list_display = ("batch", "number", "outcome", "contact", "error")
    list_filter = ("outcome",)
    list_select_related = ("batch", "contact")
    ordering = ("-batch__created_at", "number")
