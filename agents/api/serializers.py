"""Shapes of agents, their versions and their runs."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agents.api.agent_config import ConfigField
from agents.models import AgentRun, ToolCall
from agents.services.llms import KINDS


class AgentOut(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    role = serializers.CharField()
    model_provider = serializers.CharField(help_text="openai, google, custom or demo")
    model_version = serializers.CharField()
    temperature = serializers.FloatField()
    system_prompt_template = serializers.CharField()
    enabled_tools = serializers.ListField(child=serializers.CharField())
    channels = serializers.ListField(child=serializers.CharField(), help_text="channel_source values")
    config = ConfigField()
    template_type = serializers.CharField()
    is_active = serializers.BooleanField()
    priority = serializers.IntegerField(help_text="The lowest answers where several could.")
    published_version = serializers.IntegerField(source="published.number", allow_null=True, default=None)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class AgentBody(serializers.Serializer):
    name = serializers.CharField(max_length=80)
    role = serializers.CharField(max_length=200, required=False, allow_blank=True)
    model_provider = serializers.ChoiceField(choices=sorted(KINDS), required=False)
    model_version = serializers.CharField(max_length=80, required=False, allow_blank=True)
    temperature = serializers.FloatField(min_value=0, max_value=2, required=False)
    system_prompt_template = serializers.CharField(
        max_length=20_000, required=False, allow_blank=True, trim_whitespace=False
    )
    enabled_tools = serializers.ListField(child=serializers.CharField(max_length=64), required=False, max_length=100)
    channels = serializers.ListField(
        child=serializers.CharField(max_length=20), required=False, max_length=20, help_text="channel_source values"
    )
    config = ConfigField()
    template_type = serializers.CharField(max_length=20, required=False, allow_blank=True)
    is_active = serializers.BooleanField(required=False)
    priority = serializers.IntegerField(min_value=0, max_value=32_767, required=False)


class VersionOut(serializers.Serializer):
    id = serializers.UUIDField()
    agent = serializers.UUIDField(source="agent_id")
    number = serializers.IntegerField()
    snapshot = serializers.DictField()
    published_by = serializers.CharField()
    created_at = serializers.DateTimeField()


class PreviewOut(serializers.Serializer):
    text = serializers.CharField(help_text="The whole instructions, with a sample customer and the time of now.")
    tokens = serializers.IntegerField(help_text="A rough count of each answer's fixed part; not for money.")
    warnings = serializers.ListField(
        child=serializers.CharField(), help_text="What to mend before publishing, in words."
    )


class RosterOut(serializers.Serializer):
    channel = serializers.CharField()
    now = serializers.CharField(help_text="The agent that answers at this moment; empty = people.")
    attending = serializers.ListField(
        child=serializers.CharField(allow_blank=True),
        help_text="In the company's hours, in the order of an ordinary week.",
    )
    outside = serializers.ListField(child=serializers.CharField(allow_blank=True), help_text="Outside of them.")
    specialists = serializers.ListField(child=serializers.CharField(), help_text="Who takes chats of a subject.")
    warnings = serializers.ListField(child=serializers.CharField())


class RestoreBody(serializers.Serializer):
    version = serializers.IntegerField(min_value=1, max_value=2_147_483_647, help_text="The number to put back.")


class ToolCallOut(serializers.Serializer):
    id = serializers.UUIDField()
    position = serializers.IntegerField()
    tool = serializers.CharField()
    arguments = serializers.DictField()
    ok = serializers.BooleanField()
    result = serializers.SerializerMethodField(help_text="What the model read, and the receipt.")
    refusal = serializers.CharField()
    duration_ms = serializers.IntegerField()
    undone_at = serializers.DateTimeField(allow_null=True, help_text="When somebody of the team undid it.")
    undone_by = serializers.CharField()
    created_at = serializers.DateTimeField()

    def get_result(self, call: ToolCall) -> dict[str, Any]:
        """Without what only the server keeps."""
        return {name: value for name, value in call.result.items() if name != "kept"}


class RunOut(serializers.Serializer):
    id = serializers.UUIDField()
    conversation = serializers.UUIDField(source="conversation_id", allow_null=True)
    agent = serializers.UUIDField(source="agent_id", allow_null=True)
    version = serializers.UUIDField(source="version_id", allow_null=True)
    purpose = serializers.CharField(help_text="turn, playground, test, summary or copilot")
    status = serializers.CharField(help_text="running, done, superseded, handed_off, blocked or failed")
    provider = serializers.CharField()
    model = serializers.CharField()
    is_demo = serializers.BooleanField()
    steps = serializers.ListField(child=serializers.DictField())
    tool_calls = ToolCallOut(many=True)
    reply = serializers.CharField()
    receipts = serializers.ListField(child=serializers.DictField())
    flags = serializers.ListField(child=serializers.CharField())
    triage = serializers.DictField(
        help_text="Why this agent took the turn: what was weighed in codes, and `words`; empty where nothing was decided."
    )
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    cost_usd = serializers.DecimalField(
        max_digits=18, decimal_places=9, allow_null=True, help_text="null where the price of the model is not known"
    )
    latency_ms = serializers.IntegerField()
    error = serializers.CharField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class ReportOut(serializers.Serializer):
    kind = serializers.CharField(help_text="sales or support")
    score = serializers.DecimalField(max_digits=3, decimal_places=2, help_text="The agent's own word, 0 to 1.")
    reasoning = serializers.CharField()


class RunDetail(RunOut):
    """One run, with what only its own page shows."""

    amount = serializers.SerializerMethodField()
    currency = serializers.SerializerMethodField()
    reports = ReportOut(many=True, help_text="What the agent said of its own help.")

    @extend_schema_field(serializers.DecimalField(max_digits=20, decimal_places=6, allow_null=True))
    def get_amount(self, run: AgentRun) -> str | None:
        """What was booked, in the company's money as it stood then; null where nothing was or no rate was given."""
        booked = self.context.get("booked")
        return None if booked is None or booked.amount is None else str(booked.amount)

    def get_currency(self, run: AgentRun) -> str:
        """Of `amount`; empty where nothing was booked."""
        booked = self.context.get("booked")
        return booked.currency if booked is not None else ""


class RunFilter(serializers.Serializer):
    conversation = serializers.UUIDField(required=False)
    agent = serializers.UUIDField(required=False)
    status = serializers.CharField(required=False, max_length=12)
    purpose = serializers.CharField(required=False, max_length=12)
    day = serializers.DateField(required=False, help_text="Of the company's calendar; `from` and `to` for several.")
    flagged = serializers.BooleanField(required=False, help_text="Only those with a warning.")

    def get_fields(self) -> dict[str, Any]:
        """`from` is no name for Python."""
        days = {name: serializers.DateField(required=False) for name in ("from", "to")}
        return {**super().get_fields(), **days}
