"""Agents, what was published of them and every turn they took."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from agents.access import within_chats
from agents.models import Agent, AgentRun, AgentVersion, AssistanceReport, ToolCall
from agents.services.agents import create_agent, publish_agent, put_back, remove_agent, update_agent
from tenants.admin_site import CompanyAdmin, site
from tenants.models import Membership


@admin.register(Agent, site=site)
class AgentAdmin(CompanyAdmin):
    reads, writes = "agents.read", "agents.write"
    may_add = may_remove = True
    list_display = ("name", "role", "model_provider", "model_version", "is_active", "priority", "published")
    list_filter = ("is_active", "model_provider")
    list_select_related = ("published",)
    search_fields = ("name", "role")
    fields = (
        "name", "role", "model_provider", "model_version", "temperature", "system_prompt_template", "enabled_tools",
        "channels", "config", "is_active", "priority", "published", "created_at", "updated_at",
    )  # fmt: skip
    readonly_fields = ("published", "created_at", "updated_at")
    actions = ("publish",)

    def store(self, request: Any, obj: Any, fields: dict[str, Any], *, new: bool) -> Agent:
        if new:
            return create_agent(by=request.actor, **fields)
        return update_agent(agent=obj, by=request.actor, **fields)

    def discard(self, request: Any, obj: Agent) -> None:
        remove_agent(agent=obj, by=request.actor)

    def get_deleted_objects(self, objs: Any, request: Any) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Its versions go with it; its runs stay."""
        rows = list(objs)
        return [str(row) for row in rows], {str(self.model._meta.verbose_name_plural): len(rows)}, set(), []

    @admin.action(description=gettext_lazy("Publicar"), permissions=["work"])
    def publish(self, request: Any, queryset: QuerySet[Agent]) -> None:
        self.each(request, queryset, lambda row: publish_agent(agent=row, by=request.actor))


@admin.register(AgentVersion, site=site)
class AgentVersionAdmin(CompanyAdmin):
    reads, writes = "agents.read", "agents.write"
    may_change = False
    list_display = ("agent", "number", "published_by", "created_at")
    list_filter = ("agent",)
    list_select_related = ("agent",)
    search_fields = ("agent__name",)
    ordering = ("-created_at",)
    actions = ("restore",)

    @admin.action(description=gettext_lazy("Volver a publicar esta versión"), permissions=["work"])
    def restore(self, request: Any, queryset: QuerySet[AgentVersion]) -> None:
        self.each(request, queryset, lambda row: put_back(version=row, by=request.actor))


@admin.register(AgentRun, site=site)
class AgentRunAdmin(CompanyAdmin):
    reads = "runs.read"
    private = ("turn_token",)
    list_display = ("created_at", "agent", "status", "provider", "model", "is_demo", "cost_usd", "latency_ms", "error")
    list_filter = ("status", "provider", "is_demo", "agent")
    list_select_related = ("agent",)
    search_fields = ("reply", "error", "conversation_id")
    ordering = ("-created_at", "-id")

    def visible(self, rows: QuerySet[AgentRun], member: Membership) -> QuerySet[AgentRun]:
        return within_chats(rows, member)


@admin.register(ToolCall, site=site)
class ToolCallAdmin(CompanyAdmin):
    reads = "runs.read"
    list_display = ("created_at", "tool", "ok", "refusal", "duration_ms", "run")
    list_filter = ("ok", "tool")
    list_select_related = ("run",)
    search_fields = ("tool", "refusal")
    ordering = ("-created_at",)

    def visible(self, rows: QuerySet[ToolCall], member: Membership) -> QuerySet[ToolCall]:
        return within_chats(rows, member)


@admin.register(AssistanceReport, site=site)
class AssistanceReportAdmin(CompanyAdmin):
    reads = "runs.read"
    list_display = ("created_at", "kind", "score", "run", "reasoning")
    list_filter = ("kind",)
    list_select_related = ("run",)
    ordering = ("-created_at",)

    def visible(self, rows: QuerySet[AssistanceReport], member: Membership) -> QuerySet[AssistanceReport]:
        return within_chats(rows, member)
