from django.contrib import admin

from tenants.admin_site import CompanyAdmin, site
from tenants.live.models import IdempotentRequest, LiveCounter, LiveEvent


@admin.register(LiveEvent, site=site)
class LiveEventAdmin(CompanyAdmin):
    list_display = ("id", "type", "data", "at")
    list_filter = ("type",)
    ordering = ("-id",)


@admin.register(LiveCounter, site=site)
class LiveCounterAdmin(CompanyAdmin):
    list_display = ("id", "last")


@admin.register(IdempotentRequest, site=site)
class IdempotentRequestAdmin(CompanyAdmin):
    private = ("response", "body_hash")
    list_display = ("key", "route", "status", "created_at")
    search_fields = ("key", "route")
    ordering = ("-created_at",)
