"""Who gets which leads."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from crm.access import lead_for
from crm.api.seller_serializers import RuleBody, RuleOut, TryBody, TryOut
from crm.models import AssignmentRule
from crm.services import assignment, assignment_words, rules
from tenants.api.base import CompanyView


class Rules(CompanyView):
    reads, writes = "pipeline.read", "sellers.write"

    @extend_schema(operation_id="assignment_rules_list", responses=RuleOut(many=True))
    def get(self, request: Request) -> Response:
        """In the order in which they are asked; the first that fits decides."""
        rows = AssignmentRule.objects.order_by("priority", "created_at", "id").prefetch_related("members")
        return self.whole(rows[:500], RuleOut)

    @extend_schema(operation_id="assignment_rules_create", request=RuleBody, responses={201: RuleOut})
    def post(self, request: Request) -> Response:
        """A new rule, active unless said otherwise."""
        rule = rules.create_rule(by=self.actor, **self.body(RuleBody))
        return Response(RuleOut(rules.rule_for(rule.pk)).data, status=201)


class OneRule(CompanyView):
    reads, writes = "pipeline.read", "sellers.write"

    @extend_schema(operation_id="assignment_rules_retrieve", responses=RuleOut)
    def get(self, request: Request, pk: str) -> Response:
        """One rule."""
        return Response(RuleOut(rules.rule_for(pk)).data)

    @extend_schema(operation_id="assignment_rules_update", request=RuleBody, responses=RuleOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Change the named fields; `sellers` is the whole list."""
        rules.update_rule(rule=rules.rule_for(pk), by=self.actor, **self.body(RuleBody, partial=True))
        return Response(RuleOut(rules.rule_for(pk)).data)

    @extend_schema(operation_id="assignment_rules_destroy", responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Remove it. What it gave stays given."""
        rules.remove_rule(rule=rules.rule_for(pk), by=self.actor)
        return Response(status=204)


class TryRules(CompanyView):
    writes = "pipeline.read"

    @extend_schema(operation_id="assignment_rules_try", request=TryBody, responses=TryOut)
    def post(self, request: Request) -> Response:
        """Who would get this lead now, and why. Changes nothing."""
        lead = lead_for(self.member, self.body(TryBody)["lead"])
        rule, seller, reason = assignment.would_get(lead)
        said = {"rule": rule and rule.pk, "seller": seller and seller.pk, "reason": reason}
        return Response(TryOut({**said, "words": assignment_words.why(reason)}).data)
