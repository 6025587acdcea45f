"""What agents did, step by step."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from agents.access import run_for, visible_runs
from agents.api.serializers import RunFilter, RunOut
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access


@audit_access("runs.listed")
class Runs(CompanyView):
    reads = "runs.read"

    @extend_schema(operation_id="runs_list", parameters=[RunFilter], responses=RunOut(many=True))
    def get(self, request: Request) -> Response:
        """Turns with their steps and tool calls, the latest first."""
        asked = self.asked(RunFilter)
        columns = {"conversation": "conversation_id", "agent": "agent_id", "status": "status"}
        wanted = {columns[name]: value for name, value in asked.items()}
        return self.paged(visible_runs(self.member).filter(**wanted).prefetch_related("tool_calls"), RunOut)


@audit_access("run.viewed", resource="pk", kind="agentrun")
class OneRun(CompanyView):
    reads = "runs.read"

    @extend_schema(operation_id="runs_retrieve", responses=RunOut)
    def get(self, request: Request, pk: str) -> Response:
        """One turn with its steps and tool calls."""
        return Response(RunOut(run_for(self.member, pk)).data)
