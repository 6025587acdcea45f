"""Leads and what happens to them."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.ids import as_uuid, key_of
from crm.access import lead_for, seller_for, stage_for
from crm.api.serializers import LeadBody, LeadFilter, LeadOut, NewLeadBody, OwnerBody, QualifyBody, StageBody
from crm.models import Contact, Lead
from crm.services import intake, leads
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access


def narrowed(rows: QuerySet[Lead], asked: dict[str, Any]) -> QuerySet[Lead]:
    if "stage" in asked:
        stage = asked["stage"]
        rows = rows.filter(stage_id=stage) if as_uuid(stage) else rows.filter(stage__code=stage)
    if "owner" in asked:
        rows = rows.filter(owner=None) if asked["owner"] == "none" else rows.filter(owner_id=key_of(asked["owner"]))
    if "source" in asked:
        rows = rows.filter(source=asked["source"])
    if "contact" in asked:
        rows = rows.filter(contact_id=asked["contact"])
    if "search" in asked:
        rows = rows.filter(contact__in=Contact.objects.search(asked["search"]).values("pk"))
    return rows


@audit_access("leads.listed")
class Leads(CompanyView):
    reads, writes = "leads.read", "leads.write"
    reads_at_most = "lists"

    @extend_schema(operation_id="leads_list", parameters=[LeadFilter], responses=LeadOut(many=True))
    def get(self, request: Request) -> Response:
        """Newest first; whoever does not see all gets what is theirs (or their team's) and what nobody has."""
        rows = Lead.objects.visible_to(self.member).select_related("contact")
        return self.paged(narrowed(rows, self.asked(LeadFilter)), LeadOut)

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
        )
        more = {name: said[name] for name in ("social_links", "tags", "custom") if name in said}
        if more:
            lead = leads.update_lead(lead=lead, by=self.actor, **more)
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

    @extend_schema(operation_id="leads_stage", request=StageBody, responses=LeadOut)
    def post(self, request: Request, pk: str) -> Response:
        """Move to another stage. A lost one needs `lost_reason`; a won one is reached by converting only."""
        lead = lead_for(self.member, pk, lock=True)
        said = self.body(StageBody)
        stage = stage_for(said["stage"])
        return Response(
            LeadOut(leads.move_stage(lead=lead, stage=stage, by=self.actor, lost_reason=said["lost_reason"])).data
        )


@audit_access("lead.viewed", resource="pk")
class AssignLead(CompanyView):
    writes = "leads.write"

    @extend_schema(operation_id="leads_assign", request=OwnerBody, responses=LeadOut)
    def post(self, request: Request, pk: str) -> Response:
        """Give the lead to an active seller, or to nobody."""
        lead = lead_for(self.member, pk, lock=True)
        said = self.body(OwnerBody)
        if "owner" in said:
            owner = seller_for(said["owner"]) if said["owner"] else None
            lead = leads.assign_lead(lead=lead, owner=owner, by=self.actor)
        return Response(LeadOut(lead).data)


@audit_access("lead.viewed", resource="pk")
class QualifyLead(CompanyView):
    writes = "leads.write"

    @extend_schema(operation_id="leads_qualify", request=QualifyBody, responses=LeadOut)
    def post(self, request: Request, pk: str) -> Response:
        """Keep what was learned and score it anew."""
        lead = lead_for(self.member, pk, lock=True)
        return Response(LeadOut(leads.qualify_lead(lead=lead, by=self.actor, **self.body(QualifyBody))).data)
