"""Leads and what happens to them."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from crm.access import lead_for, seller_for, stage_for
from crm.api.pipeline_serializers import ApprovalNeededOut
from crm.api.serializers import (
    LeadBody,
    LeadFilter,
    LeadOut,
    MoveBody,
    NewLeadBody,
    OwnerBody,
    QualifyBody,
    ScoreBody,
)
from crm.models import Touch
from crm.services import assignment, intake, leads, moves, pipelines
from crm.services.lead_filters import LONG, LeadQuery
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access


@audit_access("leads.listed")
class Leads(CompanyView):
    reads, writes = "leads.read", "leads.write"
    reads_at_most = "lists"

    @extend_schema(operation_id="leads_list", parameters=[LeadFilter], responses=LeadOut(many=True))
    def get(self, request: Request) -> Response:
        """Newest first; whoever does not see all gets what is theirs (or their team's) and what nobody has."""
        query = LeadQuery.of(request.query_params, self.member)
        self.page_by = query.order(0 if query.sort in LONG else query.count())
        return self.paged(query.insist().rows().order_by(), LeadOut)

    @extend_schema(operation_id="leads_create", request=NewLeadBody, responses={201: LeadOut})
    def post(self, request: Request) -> Response:
        """Create a lead. A contact given by a known phone is the one that exists."""
        said = self.body(NewLeadBody)
        owner, stage = said.get("owner"), said.get("stage")
        lead = leads.create_lead(
            contact=intake.person(given=said["contact"], by=self.actor, member=self.member),
            by=self.actor,
            source=said.get("source", ""),
            stage=stage_for(stage) if stage else None,
            owner=seller_for(owner) if owner else None,
            interest=said.get("interest", ""),
            value=said.get("value"),
            currency=said.get("currency", ""),
            pipeline=pipelines.pipeline_for(said["pipeline"]) if said.get("pipeline") else None,
            expected_close=said.get("expected_close"),
            probability=said.get("probability"),
            labels=said.get("tags", ()),
            custom=said.get("custom"),
            social_links=said.get("social_links"),
            touch=Touch.Kind.WEBHOOK,
        )
        return Response(LeadOut(lead).data, status=201)


@audit_access("lead.viewed", resource="pk")
class OneLead(CompanyView):
    reads, writes = "leads.read", "leads.write"

    @extend_schema(operation_id="leads_retrieve", responses=LeadOut)
    def get(self, request: Request, pk: str) -> Response:
        """One lead."""
        return Response(LeadOut(lead_for(self.member, pk)).data)

    @extend_schema(operation_id="leads_update", request=LeadBody, responses=LeadOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Change the named fields. Stage, owner and interest have addresses of their own."""
        lead = lead_for(self.member, pk, lock=True)
        changes = self.body(LeadBody, partial=True)
        if changes:
            lead = leads.update_lead(lead=lead, by=self.actor, **changes)
        if changes.keys() & {"budget", "timeline", "needs"}:
            lead = leads.qualify_lead(lead=lead, by=self.actor)  # scores anew: what was cleared no longer counts
        return Response(LeadOut(lead).data)


@audit_access("lead.viewed", resource="pk")
class MoveLead(CompanyView):
    writes = "leads.write"

    @extend_schema(operation_id="leads_stage", request=MoveBody, responses={200: LeadOut, 202: ApprovalNeededOut})
    def post(self, request: Request, pk: str) -> Response:
        """Move to another stage. A lost one needs `lost_reason`; a won one is reached by converting only.

        202 with code "approval_needed" when somebody must agree first: the lead stays where it is.
        """
        lead = lead_for(self.member, pk, lock=True)
        said = self.body(MoveBody)
        stage = stage_for(said["stage"])
        if said["change_pipeline"] and stage.pipeline_id != lead.stage.pipeline_id:
            moves.change_pipeline(lead=lead, stage=stage, comment=said["comment"], by=self.actor)
            return Response(LeadOut(lead).data)
        waiting = moves.move_stage(
            lead=lead,
            stage=stage,
            by=self.actor,
            member_role=self.member.role,
            lost_reason=said["lost_reason"],
            comment=said["comment"],
        )
        if waiting is not None:
            answer = {"code": "approval_needed", "request": waiting}
            return Response(ApprovalNeededOut(answer).data, status=202)
        return Response(LeadOut(lead).data)


@audit_access("lead.viewed", resource="pk")
class AssignLead(CompanyView):
    writes = "leads.write"

    @extend_schema(operation_id="leads_assign", request=OwnerBody, responses=LeadOut)
    def post(self, request: Request, pk: str) -> Response:
        """Give the lead to an active seller, or to nobody; with an empty body the company's rules decide."""
        lead = lead_for(self.member, pk, lock=True)
        said = self.body(OwnerBody)
        if "owner" in said:
            owner = seller_for(said["owner"]) if said["owner"] else None
            assignment.assign(lead=lead, owner=owner, by=self.actor)
        else:
            assignment.assign_by_rule(lead=lead, by=self.actor)
        return Response(LeadOut(lead).data)


@audit_access("lead.viewed", resource="pk")
class QualifyLead(CompanyView):
    writes = "leads.write"

    @extend_schema(operation_id="leads_qualify", request=QualifyBody, responses=LeadOut)
    def post(self, request: Request, pk: str) -> Response:
        """Keep what was learned and score it anew."""
        lead = lead_for(self.member, pk, lock=True)
        return Response(LeadOut(leads.qualify_lead(lead=lead, by=self.actor, **self.body(QualifyBody))).data)


@audit_access("lead.viewed", resource="pk")
class CorrectScore(CompanyView):
    writes = "leads.write"

    @extend_schema(operation_id="leads_score", request=ScoreBody, responses=LeadOut)
    def post(self, request: Request, pk: str) -> Response:
        """Correct the score. The difference stays whatever is learned later."""
        lead = lead_for(self.member, pk, lock=True)
        said = self.body(ScoreBody)
        corrected = leads.correct_score(lead=lead, points=said["score"], reason=said["reason"], by=self.actor)
        return Response(LeadOut(corrected).data)
