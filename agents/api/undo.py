"""Undoing an act of an agent: the same as on its page."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents.services import undo as undoing
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access


class UndoOut(serializers.Serializer):
    id = serializers.UUIDField(source="call.pk")
    tool = serializers.CharField(source="call.tool")
    what = serializers.CharField(help_text="The act as its receipt says it.")
    back = serializers.ListField(child=serializers.CharField(), help_text="What goes back, or went, in words.")
    left = serializers.ListField(child=serializers.CharField(), help_text="What stays as it is, and why.")
    refusal = serializers.CharField(help_text="Why it cannot be undone now; empty where it can or has been.")
    promised = serializers.BooleanField(help_text="The customer was told of the act; nobody tells them of the undoing.")
    undone_at = serializers.DateTimeField(source="call.undone_at", allow_null=True)
    undone_by = serializers.CharField(source="call.undone_by")


@audit_access("act.viewed", resource="pk", kind="toolcall")
class Undo(CompanyView):
    reads, writes = "inbox.read", "inbox.write"

    @extend_schema(operation_id="tool_calls_undo_preview", responses=UndoOut)
    def get(self, request: Request, pk: str) -> Response:
        """What undoing an act of an agent would do now, or did."""
        return Response(UndoOut(undoing.prospect(undoing.call_for(self.member, pk), self.member)).data)

    @extend_schema(operation_id="tool_calls_undo", request=None, responses=UndoOut)
    def post(self, request: Request, pk: str) -> Response:
        """Undo it, once; 409 with the reason where something newer changed it or somebody was quicker."""
        call = undoing.undo(call=undoing.call_for(self.member, pk), member=self.member, by=self.actor)
        return Response(UndoOut(undoing.prospect(call, self.member)).data)
