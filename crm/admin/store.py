"""The online store and what was read of it. Connected on its own page; here it is read."""

from django.contrib import admin

from crm.models import Store, StoreNotice, StoreProduct
from tenants.admin_site import CompanyAdmin, site


@admin.register(Store, site=site)
class StoreAdmin(CompanyAdmin):
    reads = "channels.read"
    list_display = ("__str__", "state", "told", "synced_at", "last_ok_at", "error", "connected_by")
    private = ("route_key",)


@admin.register(StoreProduct, site=site)
class StoreProductAdmin(CompanyAdmin):
    reads = "channels.read"
    list_display = ("name", "price", "has_stock", "is_published", "read_at")
    list_filter = ("has_stock", "is_published")
    search_fields = ("name", "product_id")
    ordering = ("name",)


@admin.register(StoreNotice, site=site)
class StoreNoticeAdmin(CompanyAdmin):
    reads = "channels.read"
    list_display = ("topic", "number", "due_at", "fails")
    list_filter = ("topic",)
    ordering = ("-due_at",)
