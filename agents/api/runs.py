"""What agents did, step by step."""

from datetime import date

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from agents.access import run_for
from agents.api.serializers import RunDetail, RunFilter, RunOut
from agents.services import run_lists
from config.lib.errors import Invalid
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access

YEARS = range(1970, 9001)  # days nearer to the ends of the calendar have no midnight in every zone


@audit_access("runs.listed")
class Runs(CompanyView):
    reads = "runs.read"

    @extend_schema(operation_id="runs_list", parameters=[RunFilter], responses=RunOut(many=True))
    def get(self, request: Request) -> Response:
        """Turns with their steps and tool calls, the latest first."""
        asked = self.asked(RunFilter)
        first, last, day = asked.pop("from", None), asked.pop("to", None), asked.pop("day", None)
        spans = {"first": day or first, "last": day or last}
        if not all(map(_sensible, spans.values())):
            raise Invalid(_("El período no se entiende."), status=400, fields={"day": _("Ese día no se entiende.")})
        rows = run_lists.listed(self.member, self.tenant, **spans, **asked)
        return self.paged(rows.prefetch_related("tool_calls"), RunOut)


def _sensible(day: date | None) -> bool:
    return day is None or day.year in YEARS


@audit_access("run.viewed", resource="pk", kind="agentrun")
class OneRun(CompanyView):
    reads = "runs.read"

    @extend_schema(operation_id="runs_retrieve", responses=RunDetail)
    def get(self, request: Request, pk: str) -> Response:
        """One turn with its steps, tool calls, what was booked for it and what the agent reported of its help."""
        run = run_for(self.member, pk)
        return Response(RunDetail(run, context={"booked": run_lists.booked(run)}).data)
