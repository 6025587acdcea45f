"""Appointments, services, hours and what external calendars say."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from crm.agenda import events
from crm.models import (
    AgendaEvent,
    AgendaSettings,
    CalendarBlock,
    CalendarConflict,
    CalendarConnection,
    ExternalCalendar,
    HoursException,
    Service,
)
from tenants.admin_site import CompanyAdmin, PlainAdmin, site
from tenants.domain import roles
from tenants.models import Membership


@admin.register(AgendaEvent, site=site)
class AgendaEventAdmin(CompanyAdmin):
    """Booked and moved on the pages, where free times are checked; here it is found and called off."""

    reads, writes = "agenda.read", "agenda.write"
    may_change = False
    list_display = ("starts_at", "ends_at", "seller", "contact", "service", "status", "source")
    list_filter = ("status", "source", "kind", "seller")
    list_select_related = ("seller", "contact", "service")
    search_fields = ("title", "contact__name")
    ordering = ("-starts_at",)
    actions = ("call_off",)

    def visible(self, rows: QuerySet[AgendaEvent], member: Membership) -> QuerySet[AgendaEvent]:
        return rows if member.sees == roles.ALL else rows.filter(pk__in=AgendaEvent.objects.visible_to(member))

    @admin.action(description=gettext_lazy("Cancelar"), permissions=["work"])
    def call_off(self, request: Any, queryset: QuerySet[AgendaEvent]) -> None:
        self.each(request, queryset, lambda event: events.cancel(event=event, by=request.actor))


@admin.register(Service, site=site)
class ServiceAdmin(PlainAdmin):
    reads, writes = "agenda.read", "agenda.manage"
    may_add = True
    list_display = ("name", "duration_minutes", "price", "currency", "is_public", "is_active")
    list_filter = ("is_active", "is_public")
    search_fields = ("name",)


@admin.register(HoursException, site=site)
class HoursExceptionAdmin(PlainAdmin):
    reads, writes = "agenda.read", "agenda.manage"
    may_add = may_remove = True
    list_display = ("day", "seller", "spans", "reason")
    list_filter = ("seller",)
    list_select_related = ("seller",)
    ordering = ("-day",)


@admin.register(AgendaSettings, site=site)
class AgendaSettingsAdmin(CompanyAdmin):
    """Changed on its own page; here it is read."""

    reads = "agenda.manage"
    list_display = ("__str__", "holidays", "offer_minutes", "page_on")


@admin.register(CalendarConnection, site=site)
class CalendarConnectionAdmin(CompanyAdmin):
    reads = "agenda.manage"
    list_display = ("way", "account", "state", "last_ok_at", "connected_by")


@admin.register(ExternalCalendar, site=site)
class ExternalCalendarAdmin(CompanyAdmin):
    reads = "agenda.manage"
    list_display = ("name", "seller", "matched", "is_main", "state", "synced_at", "error")
    private = ("sync_token", "channel_hash")
    list_filter = ("state", "matched")
    list_select_related = ("seller",)
    search_fields = ("name", "calendar_id")


@admin.register(CalendarBlock, site=site)
class CalendarBlockAdmin(CompanyAdmin):
    """Without its title, which is the seller's own business."""

    reads = "agenda.manage"
    list_display = ("starts_at", "ends_at", "seller", "calendar", "is_all_day")
    list_filter = ("seller",)
    list_select_related = ("seller", "calendar")
    private = ("title",)
    ordering = ("-starts_at",)


@admin.register(CalendarConflict, site=site)
class CalendarConflictAdmin(CompanyAdmin):
    reads = "agenda.read"
    list_display = ("at", "event", "kind", "resolved_at", "resolution")
    list_filter = ("kind",)
    list_select_related = ("event",)
    ordering = ("-at",)

    def visible(self, rows: QuerySet[CalendarConflict], member: Membership) -> QuerySet[CalendarConflict]:
        return rows if member.sees == roles.ALL else rows.filter(event__in=AgendaEvent.objects.visible_to(member))
