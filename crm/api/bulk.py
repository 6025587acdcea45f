"""One act on many leads."""

from typing import Any

from django.http import QueryDict
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from crm.domain import bulk as rules
from crm.models import BulkAction
from crm.services import bulk
from crm.services.lead_filters import LeadQuery
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access

MOST_TOLD = 100


class BulkBody(serializers.Serializer):
    """Which leads: `ids`, or `query` with the words of the list's address. What: `action` with its own fields."""

    action = serializers.ChoiceField(choices=BulkAction.Kind.choices)
    ids = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=rules.MOST_CHOSEN)
    query = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    owner = serializers.UUIDField(required=False, allow_null=True, help_text="assign: a seller, or null for nobody")
    stage = serializers.CharField(required=False, max_length=40, help_text="stage: id or code")
    lost_reason = serializers.CharField(required=False, allow_blank=True, max_length=300)
    comment = serializers.CharField(required=False, allow_blank=True, max_length=300)
    tag = serializers.CharField(required=False, max_length=40, help_text="tag, untag")
    title = serializers.CharField(required=False, max_length=200, help_text="task")
    due_at = serializers.DateTimeField(required=False, help_text="task")


class LeftOut(serializers.Serializer):
    """A lead that was refused, or that an undo left alone."""

    lead = serializers.UUIDField(source="lead_id")
    state = serializers.CharField(help_text="refused or kept")
    error = serializers.CharField()


class BulkOut(serializers.Serializer):
    id = serializers.UUIDField()
    action = serializers.CharField(source="kind")
    status = serializers.CharField(help_text="waiting, running, done, stopped, undoing or undone")
    total = serializers.IntegerField()
    done = serializers.IntegerField()
    refused = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    undone_at = serializers.DateTimeField(allow_null=True)
    left = serializers.SerializerMethodField(help_text="At most 100 of the leads that were not done, with the reason.")

    @extend_schema_field(LeftOut(many=True))
    def get_left(self, action: BulkAction) -> Any:
        rows = action.changes.filter(state__in=["refused", "kept"]).order_by("position")[:MOST_TOLD]
        return LeftOut(rows, many=True).data


@audit_access("leads.listed")
class BulkLeads(CompanyView):
    writes = "leads.write"

    @extend_schema(operation_id="leads_bulk", request=BulkBody, responses={202: BulkOut})
    def post(self, request: Request) -> Response:
        """Begin. Up to 100 leads are done in the answer; more are worked off, and the answer's id tells how far it is."""
        said = self.body(BulkBody)
        kind, ids, words = said.pop("action"), said.pop("ids", []), said.pop("query", None)
        query = LeadQuery.of(QueryDict(words), self.member).insist() if words is not None and not ids else None
        leads = bulk.chosen(ids=[str(each) for each in ids], query=query, member=self.member)
        action = bulk.begin(
            kind=kind, arguments=said, leads=leads, query=words or "", member=self.member, by=self.actor
        )
        return Response(BulkOut(action).data, status=202)


@audit_access("leads.listed")
class OneBulk(CompanyView):
    reads = "leads.read"

    @extend_schema(operation_id="leads_bulk_retrieve", responses=BulkOut)
    def get(self, request: Request, pk: str) -> Response:
        """How far it is."""
        return Response(BulkOut(bulk.action_for(self.member, pk)).data)


@audit_access("leads.listed")
class UndoBulk(CompanyView):
    writes = "leads.write"

    @extend_schema(operation_id="leads_bulk_undo", request=None, responses={202: BulkOut})
    def post(self, request: Request, pk: str) -> Response:
        """Within 24 hours: back to what was, where nobody changed it since."""
        action = bulk.action_for(self.member, pk)
        return Response(BulkOut(bulk.undo(action=action, member=self.member, by=self.actor)).data, status=202)


@audit_access("leads.listed")
class StopBulk(CompanyView):
    writes = "leads.write"

    @extend_schema(operation_id="leads_bulk_stop", request=None, responses=BulkOut)
    def post(self, request: Request, pk: str) -> Response:
        """What is done stays; the rest is left."""
        return Response(BulkOut(bulk.stop(action=bulk.action_for(self.member, pk), by=self.actor)).data)
