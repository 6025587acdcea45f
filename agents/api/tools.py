"""Tools: the platform's as the company has them, services of its own, trying one, and acts that wait for somebody."""

from typing import Any

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents.access import within_chats
from agents.domain.service_call import METHODS
from agents.models import Confirmation, PendingAct, ToolCall
from agents.services import http_tools, pending, tool_trials, tools
from agents.services.tools import LONGEST_TEXT, Entry
from agents.tools import TOOLS, tool_named
from config.lib.errors import Forbidden
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access


class ToolUseOut(serializers.Serializer):
    calls = serializers.IntegerField()
    failures = serializers.IntegerField(help_text="Refused, failed, or ended nobody knows how.")
    median = serializers.IntegerField(allow_null=True, help_text="Milliseconds; null without calls.")


class ToolOut(serializers.Serializer):
    """A tool as the company has it. What stands in `service` is null for the platform's."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field, not the option of that name
    description = serializers.CharField()
    own = serializers.BooleanField(help_text="A service of the company's own.")
    parameters = serializers.SerializerMethodField(help_text="JSON Schema")
    writes = serializers.BooleanField()
    confirmation = serializers.ChoiceField(choices=Confirmation.values)
    is_active = serializers.BooleanField()
    prompt_injection = serializers.SerializerMethodField()
    response_guide = serializers.SerializerMethodField()
    service = serializers.SerializerMethodField()
    agents = serializers.ListField(child=serializers.CharField(), help_text="Names of those that have it.")
    use = ToolUseOut(help_text="Of the last 7 days.")

    def get_parameters(self, entry: Entry) -> dict[str, Any]:
        tool = tool_named(entry.name)
        return tool.parameters if tool else entry.row.parameters if entry.row else {}

    def get_prompt_injection(self, entry: Entry) -> str:
        return entry.row.prompt_injection if entry.row else ""

    def get_response_guide(self, entry: Entry) -> str:
        return entry.row.response_guide if entry.row else ""

    def get_service(self, entry: Entry) -> dict[str, Any] | None:
        """Where it calls and how; secrets by name only."""
        if not entry.own or entry.row is None:
            return None
        config = entry.row.config
        shown = {name: config.get(name) for name in http_tools.OF_CONFIG}
        return {**shown, "service_url": entry.row.service_url, "secrets": sorted(config.get("bound") or {})}


class ToolTexts(serializers.Serializer):
    prompt_injection = serializers.CharField(max_length=LONGEST_TEXT, required=False, allow_blank=True)
    response_guide = serializers.CharField(max_length=LONGEST_TEXT, required=False, allow_blank=True)
    confirmation = serializers.ChoiceField(choices=Confirmation.values, required=False)
    is_active = serializers.BooleanField(required=False)


class ToolChanges(ToolTexts):
    """A service of one's own takes all of it, a tool of the platform's the texts, `confirmation` and `is_active`."""

    label = serializers.CharField(max_length=120, required=False)  # type: ignore[assignment]  # a field
    description = serializers.CharField(max_length=1000, required=False)
    parameters = serializers.JSONField(required=False, help_text="A closed JSON Schema of type object, draft 2020-12.")
    service_url = serializers.CharField(
        max_length=500, required=False, help_text="https://server/path/{argument}?phone={{contacto.telefono}}"
    )
    method = serializers.ChoiceField(choices=METHODS, required=False)
    headers = serializers.DictField(
        child=serializers.CharField(max_length=1000), required=False, help_text="Values may name {{secreto.NAME}}."
    )
    body = serializers.JSONField(required=False, allow_null=True, help_text="A template; without one, the arguments.")
    response_path = serializers.CharField(max_length=200, required=False, allow_blank=True)
    timeout = serializers.FloatField(min_value=1, max_value=20, required=False)
    secrets = serializers.DictField(
        child=serializers.CharField(max_length=20_000),
        required=False,
        write_only=True,
        help_text="NAME → value; kept sealed, sent to this server only. Needs the scope credentials:write.",
    )


class ToolBody(ToolChanges):
    name = serializers.CharField(max_length=64)


class ToolTryBody(serializers.Serializer):
    arguments = serializers.DictField(required=False, default=dict)


class TrialOut(serializers.Serializer):
    id = serializers.UUIDField()
    state = serializers.CharField(help_text="shown (a write: nothing was sent), running, done or failed")
    request = serializers.DictField(help_text="What would be sent, with dots for secrets.")
    answer = serializers.DictField(help_text="What the model would read.")
    message = serializers.CharField()
    milliseconds = serializers.IntegerField()


class CallOut(serializers.Serializer):
    id = serializers.UUIDField()
    run = serializers.UUIDField(source="run_id")
    ok = serializers.BooleanField()
    refusal = serializers.CharField()
    duration_ms = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class ActOut(serializers.Serializer):
    id = serializers.UUIDField()
    conversation = serializers.UUIDField(source="conversation_id")
    run = serializers.UUIDField(source="run_id")
    tool = serializers.CharField()
    arguments = serializers.DictField()
    level = serializers.CharField(help_text="customer or person")
    state = serializers.CharField(help_text="waiting, approved, running, done, failed, refused or expired")
    outcome = serializers.CharField()
    decided_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class ActFilter(serializers.Serializer):
    conversation = serializers.UUIDField(required=False)
    state = serializers.CharField(required=False, max_length=10)


class Tools(CompanyView):
    reads, writes = "agents.read", "agents.write"

    @extend_schema(operation_id="tools_list", responses=ToolOut(many=True))
    def get(self, request: Request) -> Response:
        """What agents may be allowed to do, who does, and how it went."""
        return self.whole(tools.entries(), ToolOut)

    @extend_schema(operation_id="tools_create", request=ToolBody, responses={201: ToolOut})
    @sensitive_variables("body")
    def post(self, request: Request) -> Response:
        """Connect a service of the company's own."""
        body = self.body(ToolBody)
        _may_store(self, body)
        row = http_tools.create_tool(by=self.actor, **body)
        return Response(ToolOut(tools.entry_of(row.name, row)).data, status=201)


class OneTool(CompanyView):
    reads, writes = "agents.read", "agents.write"

    @extend_schema(operation_id="tools_retrieve", responses=ToolOut)
    def get(self, request: Request, name: str) -> Response:
        """One tool by its name."""
        return Response(ToolOut(tools.entry_of(name, tools.row_of(name))).data)

    @extend_schema(operation_id="tools_update", request=ToolChanges, responses=ToolOut)
    @sensitive_variables("body")
    def patch(self, request: Request, name: str) -> Response:
        """What the company changes; it holds from the next message on."""
        row = tools.row_of(name)
        if name in TOOLS:
            row = tools.change_platform_tool(name=name, by=self.actor, **self.body(ToolTexts, partial=True))
        else:
            assert row is not None
            body = self.body(ToolChanges, partial=True)
            _may_store(self, body)
            row = http_tools.update_tool(row=row, by=self.actor, **body)
        return Response(ToolOut(tools.entry_of(name, row)).data)

    @extend_schema(operation_id="tools_delete", responses={204: None})
    def delete(self, request: Request, name: str) -> Response:
        """A service that no agent has, and its secrets, go; its calls stay."""
        http_tools.remove_tool(row=tools.own_row(name), by=self.actor)
        return Response(status=204)


class TryTool(CompanyView):
    writes = "agents.write"

    @extend_schema(operation_id="tools_try", request=ToolTryBody, responses={202: TrialOut})
    def post(self, request: Request, name: str) -> Response:
        """Show what would be sent; what only reads is asked in earnest, its answer comes under the id."""
        trial = tool_trials.begin(row=tools.own_row(name), arguments=self.body(ToolTryBody)["arguments"], by=self.actor)
        return Response(TrialOut(trial).data, status=202)


class OneTrial(CompanyView):
    reads = "agents.write"

    @extend_schema(operation_id="tools_trial", responses=TrialOut)
    def get(self, request: Request, name: str, pk: str) -> Response:
        """A try of the last minutes."""
        return Response(TrialOut(tool_trials.find(pk, tools.own_row(name))).data)


@audit_access("runs.listed")
class ToolCalls(CompanyView):
    reads = "runs.read"

    @extend_schema(operation_id="tools_calls", responses=CallOut(many=True))
    def get(self, request: Request, name: str) -> Response:
        """Each use of a tool, the latest first; what was said in it is with its run."""
        tools.row_of(name)
        rows = ToolCall.objects.filter(tool=name).defer("arguments", "result")
        return self.paged(within_chats(rows, self.member), CallOut)


@audit_access("acts.listed")
class Acts(CompanyView):
    reads = "inbox.read"

    @extend_schema(operation_id="acts_list", parameters=[ActFilter], responses=ActOut(many=True))
    def get(self, request: Request) -> Response:
        """What agents proposed and somebody has to allow, the latest first."""
        asked = self.asked(ActFilter)
        columns = {"conversation": "conversation_id", "state": "state"}
        wanted = {columns[name]: value for name, value in asked.items()}
        return self.paged(within_chats(PendingAct.objects.filter(**wanted), self.member), ActOut)


@audit_access("act.viewed", resource="pk", kind="pendingact")
class ApproveAct(CompanyView):
    writes = "inbox.write"

    @extend_schema(operation_id="acts_approve", request=None, responses=ActOut)
    def post(self, request: Request, pk: str) -> Response:
        """Allow it; the worker makes it, once."""
        return Response(ActOut(pending.approve(act=pending.act_for(self.member, pk), by=self.actor)).data)


@audit_access("act.viewed", resource="pk", kind="pendingact")
class RefuseAct(CompanyView):
    writes = "inbox.write"

    @extend_schema(operation_id="acts_refuse", request=None, responses=ActOut)
    def post(self, request: Request, pk: str) -> Response:
        """It is not made; the chat says so."""
        return Response(ActOut(pending.refuse(act=pending.act_for(self.member, pk), by=self.actor)).data)


def _may_store(view: CompanyView, body: dict[str, Any]) -> None:
    if body.get("secrets") and not view.member.may("credentials.write"):
        raise Forbidden(_("Su rol no permite guardar claves."))
