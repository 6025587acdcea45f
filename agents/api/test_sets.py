"""Test cases of agents, running them, and publishing past their gate."""

from time import monotonic
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents.access import agent_for, case_of, may_read_cases_of_chats, visible_cases
from agents.api.serializers import VersionOut
from agents.models import AgentVersion, TestCheck, TestResult
from agents.services import chat_cases, checks, test_sets
from agents.services.agents import snapshot_of
from config.lib.api import refused
from config.lib.errors import Conflict
from messaging.access import conversation_for
from tenants.api.base import CompanyView
from tenants.api.waiting import WaitingView
from tenants.audit_access import audit_access

AT_ONCE, SECONDS = 5, 20.0  # what publishing tries while somebody waits for the answer
CASE_SECONDS = 60.0  # of one case while somebody waits: no message is begun after this


class ExpectsBody(serializers.Serializer):
    calls = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Tools that have to succeed."
    )
    avoids = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Tools that may not be used."
    )
    says = serializers.ListField(child=serializers.CharField(), required=False, help_text="Said at least once.")
    never_says = serializers.ListField(child=serializers.CharField(), required=False)
    ends = serializers.ChoiceField(choices=["answered", "handed_off", ""], required=False)


class TurnBody(serializers.Serializer):
    text = serializers.CharField(max_length=test_sets.LONGEST_TEXT)


class CaseBody(serializers.Serializer):
    agent = serializers.UUIDField(help_text="Which agent has to get it right; cannot be changed later.")
    name = serializers.CharField(max_length=160)
    turns = TurnBody(many=True, help_text="What the customer writes, in order.")
    expects = ExpectsBody(required=False)
    scene = serializers.DictField(required=False, help_text="contact, channel, calendar: as in the playground.")
    is_active = serializers.BooleanField(required=False, help_text="Whether it counts for publishing.")


class CaseFilter(serializers.Serializer):
    agent = serializers.UUIDField(required=False)


class ResultOut(serializers.Serializer):
    id = serializers.UUIDField()
    case = serializers.UUIDField(source="case_id")
    passed = serializers.BooleanField()
    failures = serializers.ListField(child=serializers.DictField(), help_text="kind, text, turn")
    runs = serializers.SerializerMethodField(help_text="One trace for each message.")
    cost_usd = serializers.DecimalField(max_digits=18, decimal_places=9, allow_null=True)
    created_at = serializers.DateTimeField()

    def get_runs(self, result: TestResult) -> list[UUID]:
        """In the order of the messages."""
        return [run.pk for run in sorted(result.runs.all(), key=lambda run: run.created_at)]


class CaseOut(serializers.Serializer):
    id = serializers.UUIDField()
    agent = serializers.UUIDField(source="agent_id")
    name = serializers.CharField()
    turns = serializers.ListField(child=serializers.DictField())
    expects = serializers.DictField()
    scene = serializers.DictField()
    is_active = serializers.BooleanField()
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class CheckOut(serializers.Serializer):
    id = serializers.UUIDField(source="check.pk")
    agent = serializers.UUIDField(source="check.agent_id")
    state = serializers.CharField(source="check.state", help_text="running, done or failed")
    done = serializers.IntegerField()
    total = serializers.IntegerField(source="check.total")
    publishes = serializers.BooleanField(source="check.publishes")
    version = serializers.UUIDField(source="check.version_id", allow_null=True)
    error = serializers.CharField(source="check.error")
    created_at = serializers.DateTimeField(source="check.created_at")
    finished_at = serializers.DateTimeField(source="check.finished_at", allow_null=True)


class Cases(CompanyView):
    reads, writes = "agents.read", "agents.write"

    @extend_schema(operation_id="test_sets_list", parameters=[CaseFilter], responses=CaseOut(many=True))
    def get(self, request: Request) -> Response:
        """Test cases, the latest first."""
        asked = self.asked(CaseFilter)
        rows = visible_cases(self.member).filter(**({"agent_id": asked["agent"]} if "agent" in asked else {}))
        return self.paged(rows, CaseOut)

    @extend_schema(operation_id="test_sets_create", request=CaseBody, responses={201: CaseOut})
    def post(self, request: Request) -> Response:
        """A chat that the agent has to get right before it is published."""
        body = self.body(CaseBody)
        agent = agent_for(self.member, body.pop("agent"))
        return Response(CaseOut(test_sets.create_case(agent=agent, by=self.actor, **_plain(body))).data, status=201)


class OneCase(CompanyView):
    reads, writes = "agents.read", "agents.write"

    @extend_schema(operation_id="test_sets_retrieve", responses=CaseOut)
    def get(self, request: Request, pk: str) -> Response:
        """One test case."""
        return Response(CaseOut(case_of(self.member, pk)).data)

    @extend_schema(operation_id="test_sets_update", request=CaseBody, responses=CaseOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Change a case; what was found with the old one no longer counts."""
        case = case_of(self.member, pk)
        body = self.body(CaseBody, partial=True)
        body.pop("agent", None)
        return Response(CaseOut(test_sets.update_case(case=case, by=self.actor, **_plain(body))).data)

    @extend_schema(operation_id="test_sets_delete", responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """The case and its results go."""
        test_sets.remove_case(case=case_of(self.member, pk), by=self.actor)
        return Response(status=204)


class Results(CompanyView):
    reads = "agents.read"

    @extend_schema(operation_id="test_sets_results", responses=ResultOut(many=True))
    def get(self, request: Request, pk: str) -> Response:
        """How a case went, the latest first."""
        return self.paged(case_of(self.member, pk).results.prefetch_related("runs"), ResultOut)


class RunCase(WaitingView):
    writes = "agents.write"
    writes_at_most = "playground"

    @extend_schema(operation_id="test_sets_run", request=None, responses=ResultOut)
    def post(self, request: Request, pk: str) -> Response:
        """Play one case with the working copy now. 409 `too_slow` when it takes longer than a minute: see agents/{id}/tests."""
        with self.inside():
            case = case_of(self.member, pk)
            snapshot = snapshot_of(case.agent)
        until = monotonic() + CASE_SECONDS
        try:
            result = checks.run_case(
                tenant=self.tenant, case=case, snapshot=snapshot, by=self.actor, goes_on=lambda: monotonic() < until
            )
        except checks.Cut as error:
            words = _(
                "El caso lleva más de lo que se puede esperar aquí: correr los casos del agente (agents/{id}/tests)."
            )
            raise Conflict(words, code="too_slow") from error
        with self.inside():
            return Response(ResultOut(result).data)


class Checks(CompanyView):
    reads, writes = "agents.read", "agents.write"

    @extend_schema(operation_id="agents_tests_retrieve", responses=CheckOut)
    def get(self, request: Request, pk: str) -> Response:
        """The last run of the agent's cases, and how far it is. 404 when there was none."""
        return Response(CheckOut(checks.look(checks.last_of(agent_for(self.member, pk)))).data)

    @extend_schema(operation_id="agents_tests_run", request=None, responses={202: CheckOut})
    def post(self, request: Request, pk: str) -> Response:
        """Have the worker play all active cases with the working copy."""
        check = checks.start(agent=agent_for(self.member, pk), by=self.actor, anew=True)
        return Response(CheckOut(checks.look(check)).data, status=202)


class Publish(WaitingView):
    writes = "agents.write"

    @extend_schema(operation_id="agents_publish", request=None, responses=VersionOut)
    def post(self, request: Request, pk: str) -> Response:
        """What the working copy says is what customers meet from their next turn on.

        409 `regression` when it breaks a test case that the published version passes; 409 `no_answer` when the model gave none;
        409 `checks_running` when there is more to try than fits into an answer: it is published by itself once all is tried,
        see agents/{id}/tests.
        """
        with self.inside():
            agent = agent_for(self.member, pk)
        done = checks.publish_now(tenant=self.tenant, agent=agent, by=self.actor, cases=AT_ONCE, seconds=SECONDS)
        if isinstance(done, AgentVersion):
            return Response(VersionOut(done).data)
        return refused(running(done))


def running(check: TestCheck) -> Conflict:
    words = _("Se están probando los casos del agente: se publica al terminar si no se rompe ninguno.")
    return Conflict(words, code="checks_running", fields={"check": str(check.pk), "cases": str(check.total)})


@audit_access("conversation.viewed", resource="pk")
class FromChat(CompanyView):
    writes = "agents.write"

    @extend_schema(operation_id="conversations_test_case", request=None, responses={201: CaseOut})
    def post(self, request: Request, pk: str) -> Response:
        """Make a masked test case out of a real chat."""
        may_read_cases_of_chats(self.member)
        conversation = conversation_for(self.member, pk)
        return Response(CaseOut(chat_cases.from_chat(conversation=conversation, by=self.actor)).data, status=201)


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    """Without the framework's own kinds of dictionaries, which would not be kept as they are."""
    turns = {"turns": [dict(each) for each in body["turns"]]} if "turns" in body else {}
    expects = {"expects": dict(body["expects"])} if "expects" in body else {}
    return {**body, **turns, **expects}
