"""What agents achieved: the sums, the ends of chats behind them, and a person's correction of one."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents.access import assessment_for
from agents.api.costs import PERIOD, CostView
from agents.models import Assessment
from agents.services import results
from agents.services.costs import NOBODY, Unit
from agents.services.results import Asked, Counts, Savings
from messaging.access import conversation_for
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access


class AssessmentOut(serializers.Serializer):
    id = serializers.UUIDField()
    conversation = serializers.UUIDField(source="conversation_id")
    agent = serializers.UUIDField(source="agent_id", allow_null=True)
    began_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField()
    outcome = serializers.CharField(
        source="final", help_text="resolved, handed_over, unresolved or unknown; a person's word wins over the rules."
    )
    by_rules = serializers.CharField(source="outcome", help_text="What the rules found.")
    reason = serializers.CharField(help_text="The code that decided the rules.")
    facts = serializers.ListField(child=serializers.CharField(), help_text="Codes of everything that was seen.")
    response_seconds = serializers.IntegerField(allow_null=True)
    reported = serializers.DecimalField(
        max_digits=3, decimal_places=2, allow_null=True, help_text="The agent's own word, in no number."
    )
    corrected = serializers.CharField(allow_blank=True)
    corrected_note = serializers.CharField(allow_blank=True)
    corrected_by = serializers.CharField(allow_blank=True)
    corrected_at = serializers.DateTimeField(allow_null=True)
    seen = serializers.SerializerMethodField(help_text="To be sent back with a correction.")

    def get_seen(self, row: Assessment) -> str:
        return results.version(row)


class ResultsFilter(serializers.Serializer):
    agent = serializers.CharField(required=False, max_length=36, help_text="Its id; - is none.")


class AssessmentFilter(ResultsFilter):
    outcome = serializers.ChoiceField(choices=Assessment.Outcome.choices, required=False)
    reason = serializers.CharField(required=False, max_length=40)
    fact = serializers.CharField(
        required=False,
        max_length=40,
        help_text="A code that stands in `facts`, where nobody corrected the outcome to another one.",
    )
    corrected = serializers.BooleanField(required=False)


class CorrectionBody(serializers.Serializer):
    outcome = serializers.ChoiceField(choices=Assessment.Outcome.choices)
    note = serializers.CharField(required=False, allow_blank=True, max_length=results.LONGEST_NOTE)
    seen = serializers.CharField(
        allow_blank=True, max_length=40, help_text="`seen` of the assessment that was looked at; empty the first time."
    )


class ResultView(CostView):
    page_by = "ended_at"

    def asked_results(self, **words: Any) -> Asked:
        """Raises Invalid for days that are not understood or too many."""
        return Asked(self.member, self.tenant, self.asked_for().period, **words)


@audit_access("assessments.listed")
class Assessments(ResultView):
    @extend_schema(
        operation_id="assessments_list", parameters=[*PERIOD, AssessmentFilter], responses=AssessmentOut(many=True)
    )
    def get(self, request: Request) -> Response:
        """How each stretch of a chat with an agent ended, the latest first."""
        return self.paged(results.listed(self.asked_results(**self.asked(AssessmentFilter))), AssessmentOut)


@audit_access("assessment.viewed", resource="pk", kind="assessment")
class OneAssessment(CompanyView):
    reads = "inbox.read"

    @extend_schema(operation_id="assessments_retrieve", responses=AssessmentOut)
    def get(self, request: Request, pk: str) -> Response:
        """One end of a chat."""
        return Response(AssessmentOut(assessment_for(self.member, pk)).data)


@audit_access("assessment.viewed", resource="pk", kind="assessment")
class Correction(CompanyView):
    writes = "inbox.write"

    @extend_schema(operation_id="assessments_correct", request=CorrectionBody, responses=AssessmentOut)
    def post(self, request: Request, pk: str) -> Response:
        """Say how it really ended. 409 when somebody corrected it since it was read."""
        found = assessment_for(self.member, pk)
        corrected = results.correct(assessment=found, by=self.actor, **self.body(CorrectionBody))
        return Response(AssessmentOut(corrected).data)


@audit_access("conversation.viewed", resource="pk")
class OfConversation(CompanyView):
    reads = "inbox.read"

    @extend_schema(operation_id="conversations_assessments", responses=AssessmentOut(many=True))
    def get(self, request: Request, pk: str) -> Response:
        """How the last stretches of one conversation ended, the latest first."""
        return self.whole(results.of_chat(conversation_for(self.member, pk)), AssessmentOut)


class Results(ResultView):
    @extend_schema(
        operation_id="reports_ai_results", parameters=[*PERIOD, ResultsFilter], responses=OpenApiTypes.OBJECT
    )
    def get(self, request: Request) -> Response:
        """Ends of chats by outcome, reason and agent, first answers, turns, costs and what was saved.

        Rates are of all ends, the unknown among them, and null of fewer than 20. null is "no data".
        """
        asked = self.asked_results(**self.asked(ResultsFilter))
        found = results.report(asked)
        span = {"from": asked.period.first.isoformat(), "to": asked.period.last.isoformat()}
        return Response(
            {
                "period": {"name": asked.period.name, **span},
                **_counts(found.counts),
                "reasons": {
                    outcome: [{"reason": None if code == NOBODY else code, "count": many} for code, many in rows]
                    for outcome, rows in found.reasons.items()
                },
                "by_agent": [
                    {"agent": None if group.key == NOBODY else group.key, "label": group.label, **_counts(group.counts)}
                    for group in found.agents
                ],
                "first_response": {"count": found.responses, "p50": found.first_half, "p90": found.first_most},
                "turns": dict(found.turns),
                "costs": {unit.key: _unit(unit) for unit in found.units} or None,
                "savings": _savings(found.savings, asked.tenant.currency),
            }
        )


def _counts(counts: Counts) -> dict[str, Any]:
    return {
        "total": counts.total,
        "outcomes": {value: counts.of(value) for value in Assessment.Outcome.values},
        "resolved_percent": counts.rate(Assessment.Outcome.RESOLVED),
        "facts": dict(counts.facts),
        "corrected": counts.corrected,
    }


def _unit(unit: Unit) -> dict[str, Any]:
    each = unit.each
    return {"count": unit.count, "of": unit.all, "usd": f"{each.usd:f}" if each and each.known else None}


def _savings(found: Savings | None, currency: str) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "amount": None if found.amount is None else f"{found.amount:f}",
        "currency": currency,
        "hourly_cost": None if found.hourly is None else f"{found.hourly:f}",
        "handling_seconds": found.handling.seconds,
        "measured_chats": found.handling.chats,
    }
