"""How a customer's turn ends: a reply queued, people called, or nothing; always together with the run that explains it."""

from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from agents.domain.language import SAFETY
from agents.domain.register import handed_over
from agents.domain.urgency import EMERGENCY
from agents.models import AgentRun
from agents.services import briefs, ledger, prices, question_prompt, triage
from agents.services.loop import Trace
from agents.services.scene import Scene
from agents.tools.base import Receipt
from config.lib.errors import AppError
from messaging.models import Conversation
from messaging.services import outbound, turns
from messaging.services.conversations import locked
from messaging.services.takeover import Cause
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant


@dataclass(slots=True)
class Turn:
    """The right to answer one conversation up to one message, and the run that is written about it."""

    tenant: Tenant
    token: UUID
    scene: Scene
    run: AgentRun
    begun: float
    desked: triage.Desked
    trace: Trace = field(init=False)
    grave: bool = False  # somebody may be in danger

    def __post_init__(self) -> None:
        self.trace = Trace(prices.of(self.tenant))

    @property
    def actor(self) -> Actor:
        agent = self.scene.agent
        return Actor("agent", str(agent.pk) if agent else "", agent.name if agent else "IA")

    @property
    def handed_over(self) -> str:
        """What the customer is told when a person takes over, as the agent addresses customers."""
        scene, language = self.scene, self.scene.language(self.tenant)
        words = handed_over(language, scene.snapshot.get("config") or {}, self.tenant.locale)
        return f"{SAFETY[language]}\n\n{words}" if self.grave else words

    def farewell(self, text: str) -> str:
        """The model's words, or ours where it has none; in danger, what helps sooner stands before them."""
        if not text:
            return self.handed_over
        return f"{SAFETY[self.scene.language(self.tenant)]}\n\n{text}" if self.grave else text

    @property
    def author(self) -> str:
        return self.scene.agent.name if self.scene.agent else "IA"


def say(turn: Turn, text: str, receipts: list[Receipt], *, handed: bool) -> None:
    """Queue the reply if the turn still holds, together with the end of its run."""
    with tenant_context(turn.tenant):
        try:
            outcome = outbound.commit_reply(
                conversation_id=turn.scene.conversation.pk,
                turn_token=turn.token,
                text=text,
                run_id=turn.run.pk,
                author_name=turn.author,
                receipts=[receipt.as_json() for receipt in receipts],
            )
        except AppError as error:
            turn.run.error = str(error.message)[:400]
            reason = _("La IA no pudo responder: %(reason)s") % {"reason": error.message}
            to_people(turn, briefs.FAILURE, reason, AgentRun.Status.FAILED, cause=Cause.FAILURE)
            return
        turn.run.reply = text
        turn.run.receipts = [receipt.as_json() for receipt in receipts]
        if outcome != "queued":
            turn.run.flags = [*turn.run.flags, outcome]
            save(turn, AgentRun.Status.SUPERSEDED)
        else:
            save(turn, AgentRun.Status.HANDED_OFF if handed else AgentRun.Status.DONE)


def to_people(
    turn: Turn, code: str, reason: str, status: str, *, cause: str = Cause.AGENT, words: str | None = None
) -> None:
    """Hand the chat over with its brief and tell the customer so, once: true the moment it is said.

    `code` is one of briefs.CODES, `words` other ones for the customer; empty says nothing.
    """
    words = turn.handed_over if words is None else words
    with tenant_context(turn.tenant):
        conversation = locked(turn.scene.conversation.pk)
        if conversation is None or conversation.turn_token != turn.token:
            turn.run.flags = [*turn.run.flags, "lost"]
            save(turn, AgentRun.Status.SUPERSEDED)
            return
        if turn.grave:
            triage.judge(conversation.pk, EMERGENCY, by="rules")
        if conversation.mode == Conversation.Mode.AI:  # else a tool of this turn did so already
            briefs.hand_over(
                tenant=turn.tenant,
                conversation=conversation,
                code=code,
                reason=reason,
                by=turn.actor,
                turn_token=turn.token if words else None,
                cause=cause,
            )
        receipt = Receipt("handoff", _("Derivado a una persona: %(reason)s") % {"reason": reason})
        turn.run.receipts = [receipt.as_json()]
        if words:
            turn.run.reply = words
            outbound.commit_reply(
                conversation_id=conversation.pk,
                turn_token=turn.token,
                text=turn.run.reply,
                run_id=turn.run.pk,
                author_name=turn.author,
                receipts=turn.run.receipts,
            )
        save(turn, status)


def close(turn: Turn) -> None:
    """Nothing wants an answer (it was deleted meanwhile): give the turn back."""
    with tenant_context(turn.tenant):
        turns.close_silently(conversation_id=turn.scene.conversation.pk, token=turn.token)
        save(turn, AgentRun.Status.SUPERSEDED)


def finish(turn: Turn, status: str) -> None:
    with tenant_context(turn.tenant):
        save(turn, status)


def keep(turn: Turn, trace: Trace) -> None:
    """Put the trace on the run; it is saved with whatever ends the turn."""
    run = turn.run
    run.steps = [*run.steps, *trace.steps]
    run.flags = [*run.flags, *trace.reasons]
    run.model = trace.model or run.model
    run.prompt_tokens, run.completion_tokens = trace.usage.prompt, trace.usage.completion
    run.cost_usd = trace.cost


def save(turn: Turn, status: str) -> None:
    run: Any = turn.run
    run.status = status
    run.latency_ms = int((monotonic() - turn.begun) * 1000)
    run.finished_at = timezone.now()
    kept = type(run).objects.filter(pk=run.pk, conversation_id=run.conversation_id).exists()
    if kept:  # else the person was erased meanwhile: nothing of them is written back
        run.save()
        question_prompt.settle(turn.scene.asked, told=status == AgentRun.Status.DONE)
    ledger.book_run(run, kept=kept)
