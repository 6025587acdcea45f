"""Channels and everything said over them. Nothing here is typed over: messages are what they were."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from crm.models import Contact
from messaging.access import visible_conversations
from messaging.models import (
    Attachment,
    Channel,
    ChannelIdentity,
    Conversation,
    Message,
    MessageTemplate,
    PendingStatus,
    ProviderNotice,
    ScheduledMessage,
)
from messaging.services.channels import set_enabled, update_channel
from messaging.services.conversations import set_status
from messaging.services.outbound import retry_message
from messaging.services.takeover import release, take_over
from tenants.admin_site import CompanyAdmin, site
from tenants.domain import roles
from tenants.models import Membership


@admin.register(Channel, site=site)
class ChannelAdmin(CompanyAdmin):
    reads, writes = "channels.read", "channels.write"
    list_display = ("name", "provider", "channel_source", "status", "status_detail", "last_webhook_at")
    list_filter = ("provider", "channel_source", "status")
    search_fields = ("name",)
    fields = (
        "name", "provider", "channel_source", "config", "status", "status_detail", "route_key", "last_webhook_at",
        "checked_at", "facts", "token_expires_at", "failures", "resting_until", "fallback", "created_at",
    )  # fmt: skip
    readonly_fields = fields[1:]
    actions = ("turn_on", "turn_off")

    def store(self, request: Any, obj: Any, fields: dict[str, Any], *, new: bool) -> Channel:
        return update_channel(channel=obj, by=request.actor, name=fields.get("name"))

    @admin.action(description=gettext_lazy("Encender"), permissions=["work"])
    def turn_on(self, request: Any, queryset: QuerySet[Channel]) -> None:
        self.each(request, queryset, lambda row: set_enabled(channel=row, enabled=True, by=request.actor))

    @admin.action(description=gettext_lazy("Apagar"), permissions=["work"])
    def turn_off(self, request: Any, queryset: QuerySet[Channel]) -> None:
        self.each(request, queryset, lambda row: set_enabled(channel=row, enabled=False, by=request.actor))


@admin.register(ChannelIdentity, site=site)
class ChannelIdentityAdmin(CompanyAdmin):
    reads = "contacts.read"
    list_display = ("contact", "channel", "kind", "external_id", "created_at")
    list_filter = ("kind", "channel")
    list_select_related = ("contact", "channel")
    search_fields = ("external_id", "contact__name")
    ordering = ("-created_at",)

    def visible(self, rows: QuerySet[ChannelIdentity], member: Membership) -> QuerySet[ChannelIdentity]:
        return rows.filter(contact__in=Contact.objects.visible_to(member)) if member.sees != roles.ALL else rows


@admin.register(Conversation, site=site)
class ConversationAdmin(CompanyAdmin):
    reads, writes = "inbox.read", "inbox.write"
    may_change = False
    private = ("turn_token", "handoff_token")
    list_display = (
        "contact", "channel", "status", "mode", "human_override_until", "assignee", "unread_count", "last_message_at",
    )  # fmt: skip
    list_filter = ("status", "mode", "channel_source", "channel")
    list_select_related = ("contact", "channel", "assignee")
    search_fields = ("contact__name", "contact__phone", "address")
    ordering = ("-last_message_at", "-id")
    actions = ("give_to_me", "give_back", "close", "reopen")

    def visible(self, rows: QuerySet[Conversation], member: Membership) -> QuerySet[Conversation]:
        return rows.filter(pk__in=visible_conversations(member)) if member.sees != roles.ALL else rows

    @admin.action(description=gettext_lazy("Tomar el chat"), permissions=["work"])
    def give_to_me(self, request: Any, queryset: QuerySet[Conversation]) -> None:
        self.each(
            request, _locked(queryset), lambda row: take_over(conversation=row, by=request.actor, user=request.user)
        )

    @admin.action(description=gettext_lazy("Devolver a la IA"), permissions=["work"])
    def give_back(self, request: Any, queryset: QuerySet[Conversation]) -> None:
        self.each(request, _locked(queryset), lambda row: release(conversation=row, by=request.actor))

    @admin.action(description=gettext_lazy("Cerrar"), permissions=["work"])
    def close(self, request: Any, queryset: QuerySet[Conversation]) -> None:
        closed = Conversation.Status.CLOSED
        self.each(request, _locked(queryset), lambda row: set_status(conversation=row, status=closed, by=request.actor))

    @admin.action(description=gettext_lazy("Reabrir"), permissions=["work"])
    def reopen(self, request: Any, queryset: QuerySet[Conversation]) -> None:
        opened = Conversation.Status.OPEN
        self.each(request, _locked(queryset), lambda row: set_status(conversation=row, status=opened, by=request.actor))


def _locked(queryset: QuerySet[Conversation]) -> QuerySet[Conversation]:
    """The services expect the row to be held, as the workers hold it; always in the same order."""
    return queryset.select_related(None).order_by("pk").select_for_update(no_key=True)


@admin.register(Message, site=site)
class MessageAdmin(CompanyAdmin):
    reads, writes = "inbox.read", "inbox.write"
    may_change = False
    list_display = ("created_at", "conversation", "direction", "author", "kind", "short", "status", "error")
    list_filter = ("status", "direction", "author", "kind", "created_at")
    list_select_related = ("conversation",)
    search_fields = ("text", "provider_message_id", "conversation__contact__name")
    ordering = ("-id",)
    actions = ("send_again",)

    def visible(self, rows: QuerySet[Message], member: Membership) -> QuerySet[Message]:
        return rows.filter(conversation__in=visible_conversations(member)) if member.sees != roles.ALL else rows

    @admin.display(description=gettext_lazy("texto"))
    def short(self, obj: Message) -> str:
        return obj.text[:80]

    @admin.action(description=gettext_lazy("Enviar de nuevo"), permissions=["work"])
    def send_again(self, request: Any, queryset: QuerySet[Message]) -> None:
        self.each(request, queryset.order_by("pk"), lambda row: retry_message(message=row, by=request.actor))


@admin.register(Attachment, site=site)
class AttachmentAdmin(CompanyAdmin):
    reads = "inbox.read"
    private = ("file",)
    list_display = ("created_at", "kind", "filename", "mime", "size", "state", "error")
    list_filter = ("state", "kind")
    search_fields = ("filename",)
    ordering = ("-created_at",)

    def visible(self, rows: QuerySet[Attachment], member: Membership) -> QuerySet[Attachment]:
        if member.sees == roles.ALL:
            return rows
        return rows.filter(message__conversation__in=visible_conversations(member))


@admin.register(PendingStatus, site=site)
class PendingStatusAdmin(CompanyAdmin):
    reads = "channels.read"
    list_display = ("created_at", "channel", "provider_message_id", "status", "error")
    list_filter = ("status",)
    list_select_related = ("channel",)
    search_fields = ("provider_message_id",)
    ordering = ("-created_at",)


@admin.register(ProviderNotice, site=site)
class ProviderNoticeAdmin(CompanyAdmin):
    reads = "channels.read"
    list_display = ("created_at", "channel", "kind", "text")
    list_filter = ("kind", "channel")
    list_select_related = ("channel",)
    search_fields = ("kind", "text")
    ordering = ("-created_at",)


@admin.register(MessageTemplate, site=site)
class MessageTemplateAdmin(CompanyAdmin):
    reads = "channels.read"
    list_display = ("name", "language", "channel", "category", "status", "quality", "reason", "synced_at")
    list_filter = ("status", "category", "language", "channel")
    list_select_related = ("channel",)
    search_fields = ("name",)
    ordering = ("name", "language")


@admin.register(ScheduledMessage, site=site)
class ScheduledMessageAdmin(CompanyAdmin):
    reads = "inbox.read"
    list_display = ("send_at", "conversation", "short", "status", "reason", "by_label")
    list_filter = ("status", "send_at")
    list_select_related = ("conversation",)
    search_fields = ("text",)
    ordering = ("-send_at", "-id")

    def visible(self, rows: QuerySet[ScheduledMessage], member: Membership) -> QuerySet[ScheduledMessage]:
        return rows.filter(conversation__in=visible_conversations(member)) if member.sees != roles.ALL else rows

    @admin.display(description=gettext_lazy("texto"))
    def short(self, obj: ScheduledMessage) -> str:
        return obj.text[:80]
