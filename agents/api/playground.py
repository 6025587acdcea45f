"""Trying an agent out: one answer of its working copy to an invented customer, without any effect."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents.access import agent_for
from agents.domain.history import Line
from agents.models import AgentRun
from agents.services import playground, test_sets
from agents.services.rehearsal import setting_of
from config.lib.errors import Conflict, Invalid
from tenants.api.waiting import WaitingView

SHOWN = (
    "reply", "status", "error", "is_demo", "model", "receipts", "prompt_tokens", "completion_tokens", "cost_usd",
    "latency_ms",
)  # fmt: skip
SPEAKERS = {"user": "contact", "contact": "contact", "customer": "contact", "assistant": "agent", "agent": "agent"}


class SaidBody(serializers.Serializer):
    role = serializers.CharField(max_length=12, help_text="Who said it: user or assistant.")
    text = serializers.CharField(max_length=playground.LONGEST_TEXT)

    def validate_role(self, role: str) -> str:
        """One of SPEAKERS."""
        if role not in SPEAKERS:
            raise serializers.ValidationError(_("Va user o assistant."))
        return role


class PlaygroundBody(serializers.Serializer):
    text = serializers.CharField(max_length=playground.LONGEST_TEXT, help_text="What the customer writes.")
    history = serializers.ListField(
        child=SaidBody(), required=False, max_length=60, help_text="What was said before, oldest first."
    )
    runs = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=playground.MOST_TURNS,
        help_text="Instead of `history`: earlier turns of this trial, with all that their tools did.",
    )
    contact = serializers.DictField(
        required=False,
        help_text="The invented customer: name, phone, email, document, insurance, lead (none, open, client), interest.",
    )
    channel = serializers.CharField(required=False, max_length=20, help_text="channel_source")
    calendar = serializers.DictField(
        required=False,
        help_text="The invented agenda: state (free, full, unreadable) and sellers [{name, hours: [[from, to]]}].",
    )


class PlaygroundOut(serializers.Serializer):
    reply = serializers.CharField(help_text="Empty when nothing would be said: see `error`.")
    run = serializers.UUIDField(help_text="The trace, at runs/{id}/.")
    status = serializers.CharField(help_text="done, handed_off, blocked or failed")
    error = serializers.CharField()
    is_demo = serializers.BooleanField()
    model = serializers.CharField()
    receipts = serializers.ListField(child=serializers.DictField(), help_text="What would have been done.")
    steps = serializers.ListField(child=serializers.DictField())
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    cost_usd = serializers.DecimalField(max_digits=18, decimal_places=9, allow_null=True)
    latency_ms = serializers.IntegerField()


def answer_of(run: AgentRun) -> dict[str, Any]:
    """A trial's turn in the API's shape."""
    shown: dict[str, Any] = {name: getattr(run, name) for name in SHOWN}
    steps = [step for step in run.steps if step.get("type") != playground.NOTE]
    return {**shown, "run": run.pk, "steps": steps}


class Playground(WaitingView):
    writes = "agents.write"
    writes_at_most = "playground"

    @extend_schema(operation_id="agents_playground", request=PlaygroundBody, responses=PlaygroundOut)
    def post(self, request: Request, pk: str) -> Response:
        """Answer as the working copy would. Nothing is written but the run; nobody is called but the model."""
        body = self.body(PlaygroundBody)
        with self.inside():
            agent = agent_for(self.member, pk)
            scene = test_sets.tidy_scene(
                {name: body[name] for name in ("contact", "channel", "calendar") if name in body}
            )
            before = playground.runs_of(agent.pk, body.get("runs") or [])
            if len(before) != len(body.get("runs") or []):
                words = _("Alguno de esos turnos no es de una prueba de este agente.")
                raise Invalid(words, fields={"runs": words})
            if any(run.status == AgentRun.Status.RUNNING for run in before):
                raise Conflict(_("La IA todavía está contestando el mensaje anterior."), code="running")
        run = playground.try_agent(
            tenant=self.tenant,
            agent=agent,
            text=body["text"],
            history=[Line(SPEAKERS[each["role"]], each["text"]) for each in body.get("history") or []],  # type: ignore[arg-type]  # of the table above
            by=self.actor,
            setting=setting_of(scene),
            before=before,
        )
        return Response(PlaygroundOut(answer_of(run)).data)
