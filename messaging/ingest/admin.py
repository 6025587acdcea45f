"""What providers sent, as it came, and the addresses they send it to."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from config.lib import commit
from messaging.ingest.models import ChannelRoute, InboundEvent
from messaging.services.events import retry_failed
from tenants.admin_site import CompanyAdmin, note, site


@admin.register(ChannelRoute, site=site)
class ChannelRouteAdmin(CompanyAdmin):
    reads = "channels.read"
    private = ("tenant",)
    list_display = ("provider", "channel_id", "is_active", "created_at")
    list_filter = ("provider", "is_active")
    ordering = ("-created_at",)


@admin.register(InboundEvent, site=site)
class InboundEventAdmin(CompanyAdmin):
    """As raw as it came, with the customer's words in it."""

    reads, writes = "inbox.read", "channels.write"
    may_change = False
    private = ("tenant",)
    list_display = ("received_at", "provider", "channel_id", "state", "attempts", "processed_at", "error")
    list_filter = ("state", "provider", "received_at")
    search_fields = ("event_key", "error")
    ordering = ("-id",)
    actions = ("process_again",)

    def get_queryset(self, request: Any) -> QuerySet[InboundEvent]:
        return super().get_queryset(request).filter(tenant_id=request.tenant.pk)  # lets the index by company be used

    @admin.action(description=gettext_lazy("Procesar de nuevo"), permissions=["work"])
    def process_again(self, request: Any, queryset: QuerySet[InboundEvent]) -> None:
        def again(event: InboundEvent) -> None:
            if retry_failed(tenant=request.tenant, event_id=event.pk):
                note(request, event, "retried", {})

        self.each(request, queryset, again)
        commit.queue("messaging.tasks.process_events", queue="inbound")
