"""Help for who writes in a chat: asked for, then read under its id. Nothing is ever sent by it."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents.domain import copilot as kinds
from agents.services import copilot
from agents.services.copilot import Help
from messaging.access import conversation_for
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access


class CopilotBody(serializers.Serializer):
    kind = serializers.ChoiceField(
        choices=kinds.KINDS,
        help_text="draft, one of the rewrites (shorter, friendlier, formal, spelling, translate), or summary",
    )
    text = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=kinds.LONGEST_TEXT,
        help_text="What a rewrite changes; of a draft, what it should say.",
    )


class SourceOut(serializers.Serializer):
    title = serializers.CharField()
    text = serializers.CharField()


class CopilotOut(serializers.Serializer):
    id = serializers.UUIDField(source="run.pk", help_text="Also of the trace, at runs/{id}/.")
    kind = serializers.CharField()
    status = serializers.CharField(source="run.status", help_text="running, done, blocked or failed")
    text = serializers.CharField(source="run.reply", help_text="To be read and sent by a person; empty unless done.")
    error = serializers.CharField(source="run.error")
    is_demo = serializers.BooleanField(source="run.is_demo", help_text="Made by rules: no model was asked.")
    sources = SourceOut(many=True, help_text="Passages of the knowledge that the text rests on.")
    numbers = serializers.ListField(
        child=serializers.CharField(), help_text="Numbers that no source holds: check them."
    )
    suspicious = serializers.BooleanField(help_text="The customer's words give orders to an AI: read it with care.")
    moved = serializers.IntegerField(help_text="Messages of the chat since it was asked for.")
    cost_usd = serializers.DecimalField(source="run.cost_usd", max_digits=18, decimal_places=9, allow_null=True)
    cost = serializers.SerializerMethodField(help_text="In the company's currency; null where nothing was booked.")
    currency = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField(source="run.created_at")

    def get_cost(self, found: Help) -> str | None:
        amount = found.cost.amount if found.cost else None
        return None if amount is None else str(amount)

    def get_currency(self, found: Help) -> str:
        return found.cost.currency if found.cost else ""


@audit_access("conversation.viewed", resource="pk")
class AskCopilot(CompanyView):
    writes = "inbox.write"

    @extend_schema(operation_id="conversations_copilot", request=CopilotBody, responses={202: CopilotOut})
    def post(self, request: Request, pk: str) -> Response:
        """Ask for a draft, a better text or a summary; it comes under the id. Twenty a minute for each person."""
        body: dict[str, Any] = self.body(CopilotBody)
        chat = conversation_for(self.member, pk)
        run = copilot.begin(
            conversation=chat, kind=body["kind"], text=body.get("text", ""), by=self.actor, user_id=self.user.pk
        )
        found = copilot.find(conversation=chat, run_id=run.pk, user_id=self.user.pk)
        return Response(CopilotOut(found).data, status=202)


@audit_access("conversation.viewed", resource="pk")
class OneHelp(CompanyView):
    reads = "inbox.write"

    @extend_schema(operation_id="conversations_copilot_read", responses=CopilotOut)
    def get(self, request: Request, pk: str, run_id: str) -> Response:
        """One that this person asked for in this chat."""
        chat = conversation_for(self.member, pk)
        return Response(CopilotOut(copilot.find(conversation=chat, run_id=run_id, user_id=self.user.pk)).data)


@audit_access("conversation.viewed", resource="pk")
class KeepHelp(CompanyView):
    writes = "inbox.write"

    @extend_schema(operation_id="conversations_copilot_note", request=None, responses=CopilotOut)
    def post(self, request: Request, pk: str, run_id: str) -> Response:
        """Leave a finished summary in the chat as an internal note; repeated, nothing more happens."""
        chat = conversation_for(self.member, pk, lock=True)
        copilot.keep_note(
            conversation=chat,
            found=copilot.find(conversation=chat, run_id=run_id, user_id=self.user.pk),
            by=self.actor,
        )
        return Response(CopilotOut(copilot.find(conversation=chat, run_id=run_id, user_id=self.user.pk)).data)
