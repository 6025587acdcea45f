"""Agents, what was published of them and every turn they took."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from agents.access import within_chats
from agents.models import (
    Agent,
    AgentRun,
    AgentVersion,
    Assessment,
    AssistanceReport,
    BusinessAsset,
    ChatSummary,
    Desk,
    LedgerEntry,
    ModelEnd,
    PendingAct,
    Question,
    TestCase,
    TestCheck,
    TestResult,
    Tool,
    ToolCall,
)
from agents.services import assets, test_sets
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
    private = ("back",)
    list_display = ("created_at", "tool", "ok", "refusal", "duration_ms", "run", "undone_at", "undone_by")
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


@admin.register(Assessment, site=site)
class AssessmentAdmin(CompanyAdmin):
    """For reading: it is put right on its own page, which shows what another person said meanwhile."""

    reads = "runs.read"
    may_change = False
    list_display = ("ended_at", "agent", "outcome", "reason", "corrected", "corrected_by", "reported")
    list_filter = ("outcome", "corrected", "agent")
    list_select_related = ("agent",)
    search_fields = ("conversation_id", "corrected_note")
    ordering = ("-ended_at", "-id")

    def visible(self, rows: QuerySet[Assessment], member: Membership) -> QuerySet[Assessment]:
        return within_chats(rows, member)


@admin.register(LedgerEntry, site=site)
class LedgerEntryAdmin(CompanyAdmin):
    reads = "runs.read"
    private = ("source",)
    list_display = ("created_at", "kind", "purpose", "agent", "what", "tokens", "usd", "amount", "currency")
    list_filter = ("kind", "purpose", "agent")
    list_select_related = ("agent",)
    search_fields = ("what", "conversation_id")
    ordering = ("-created_at", "-id")

    def visible(self, rows: QuerySet[LedgerEntry], member: Membership) -> QuerySet[LedgerEntry]:
        return within_chats(rows, member)


@admin.register(Tool, site=site)
class ToolAdmin(CompanyAdmin):
    """For reading: a tool is changed on its own page, which knows where its secrets may go."""

    reads = "agents.read"
    may_change = False
    list_display = ("name", "label", "kind", "service_url", "confirmation", "is_active", "updated_at")
    list_filter = ("kind", "confirmation", "is_active")
    search_fields = ("name", "label", "description")
    ordering = ("-created_at", "-id")


@admin.register(PendingAct, site=site)
class PendingActAdmin(CompanyAdmin):
    reads = "runs.read"
    private = ("key",)
    list_display = ("created_at", "tool", "level", "state", "outcome", "decided_by", "expires_at")
    list_filter = ("state", "level", "tool")
    list_select_related = ("run",)
    search_fields = ("tool", "outcome", "conversation_id")
    ordering = ("-created_at", "-id")

    def visible(self, rows: QuerySet[PendingAct], member: Membership) -> QuerySet[PendingAct]:
        return within_chats(rows, member)


@admin.register(Question, site=site)
class QuestionAdmin(CompanyAdmin):
    reads = "runs.read"
    list_display = ("asked_at", "question", "state", "answered_by", "answered_at", "told_at", "untold", "expires_at")
    list_filter = ("state", "untold")
    list_select_related = ("run",)
    search_fields = ("question", "answer", "conversation_id")
    ordering = ("-asked_at", "-id")

    def visible(self, rows: QuerySet[Question], member: Membership) -> QuerySet[Question]:
        return within_chats(rows, member)


@admin.register(BusinessAsset, site=site)
class BusinessAssetAdmin(CompanyAdmin):
    reads, writes = "agents.read", "agents.write"
    may_add = may_remove = True
    list_display = ("title", "key", "kind", "is_active", "updated_at")
    list_filter = ("kind", "is_active")
    search_fields = ("title", "key", "content")
    fields = ("title", "key", "kind", "content", "is_active", "created_at", "updated_at")
    readonly_fields = ("created_at", "updated_at")

    def store(self, request: Any, obj: Any, fields: dict[str, Any], *, new: bool) -> BusinessAsset:
        if new:
            return assets.create_asset(by=request.actor, **fields)
        return assets.update_asset(asset=obj, by=request.actor, **fields)

    def discard(self, request: Any, obj: BusinessAsset) -> None:
        assets.remove_asset(asset=obj, by=request.actor)


@admin.register(TestCase, site=site)
class TestCaseAdmin(CompanyAdmin):
    reads, writes = "agents.read", "agents.write"
    may_add = may_remove = True
    list_display = ("name", "agent", "is_active", "created_by", "updated_at")
    list_filter = ("is_active", "agent")
    list_select_related = ("agent",)
    search_fields = ("name",)
    fields = ("agent", "name", "turns", "expects", "scene", "is_active", "created_by", "created_at", "updated_at")
    readonly_fields = ("created_by", "created_at", "updated_at")
    ordering = ("-created_at", "-id")

    def store(self, request: Any, obj: Any, fields: dict[str, Any], *, new: bool) -> TestCase:
        agent = fields.pop("agent", None) or obj.agent
        if new:
            return test_sets.create_case(agent=agent, by=request.actor, **fields)
        return test_sets.update_case(case=obj, by=request.actor, **fields)

    def discard(self, request: Any, obj: TestCase) -> None:
        test_sets.remove_case(case=obj, by=request.actor)


@admin.register(TestResult, site=site)
class TestResultAdmin(CompanyAdmin):
    reads = "agents.read"
    may_change = False
    private = ("fingerprint",)
    list_display = ("created_at", "case", "passed", "cost_usd")
    list_filter = ("passed",)
    list_select_related = ("case",)
    search_fields = ("case__name",)
    ordering = ("-created_at", "-id")


@admin.register(TestCheck, site=site)
class TestCheckAdmin(CompanyAdmin):
    reads = "agents.read"
    may_change = False
    list_display = ("created_at", "agent", "state", "total", "publishes", "by_label", "error")
    list_filter = ("state", "publishes", "agent")
    list_select_related = ("agent",)
    search_fields = ("agent__name", "by_label")
    ordering = ("-created_at", "-id")


@admin.register(Desk, site=site)
class DeskAdmin(CompanyAdmin):
    reads = "runs.read"
    list_display = (
        "conversation_id",
        "agent",
        "intent",
        "reason",
        "hops",
        "since",
        "urgency",
        "urgency_by",
        "urgency_at",
    )
    list_filter = ("agent", "intent", "urgency")
    list_select_related = ("agent",)
    search_fields = ("conversation_id",)
    ordering = ("-since", "-id")

    def visible(self, rows: QuerySet[Desk], member: Membership) -> QuerySet[Desk]:
        return within_chats(rows, member)


@admin.register(ChatSummary, site=site)
class ChatSummaryAdmin(CompanyAdmin):
    reads = "runs.read"
    list_display = ("conversation_id", "upto_sequence", "updated_at")
    search_fields = ("conversation_id", "text")
    ordering = ("-updated_at", "-id")

    def visible(self, rows: QuerySet[ChatSummary], member: Membership) -> QuerySet[ChatSummary]:
        return within_chats(rows, member)


@admin.register(ModelEnd, site=site)
class ModelEndAdmin(CompanyAdmin):
    reads = "agents.read"
    may_change = False
    list_display = ("model", "provider", "ends_on", "gone", "checked_at")
    list_filter = ("provider", "gone")
    search_fields = ("model",)
    ordering = ("-checked_at", "-id")
