"""A customer's turn: from "it is due" to a reply queued, a person called, or a retry. Never silence, never a lie.

No transaction is open while a model is waited for. Whatever ends a turn is written in one transaction with the
run that explains it, and only by the holder of the turn's token.
"""

from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import UUID

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from agents.domain.budget import budget_of
from agents.domain.handoff import wants_person
from agents.domain.language import HANDED_OVER
from agents.llm.base import ChatMessage, LLMError
from agents.models import AgentRun
from agents.services import sight
from agents.services.gates import Gate, in_words
from agents.services.llms import llm_for
from agents.services.loop import Plan, Trace, converse
from agents.services.scene import Scene, dialogue, gather, prompt_of
from agents.services.toolbox import LiveToolbox, allowed_tools
from agents.tools import TOOLS
from agents.tools.base import Receipt, ToolContext
from config.lib.errors import AppError
from crm.models import Contact
from messaging.services import outbound, turns
from messaging.services.conversations import locked
from messaging.services.takeover import Cause, hand_off
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant

CALL_SECONDS = 45.0
PASSING = frozenset({"retry", "timeout"})


@dataclass(slots=True)
class _Turn:
    """The right to answer one conversation up to one message, and the run that is written about it."""

    tenant: Tenant
    token: UUID
    scene: Scene
    run: AgentRun
    begun: float

    @property
    def actor(self) -> Actor:
        agent = self.scene.agent
        return Actor("agent", str(agent.pk) if agent else "", agent.name if agent else "IA")

    @property
    def author(self) -> str:
        return self.scene.agent.name if self.scene.agent else "IA"


def run_turn(*, tenant: Tenant, conversation_id: UUID, turn_token: UUID, upto_sequence: int) -> AgentRun | None:
    """Answer the conversation. None when the turn is no longer ours. Call it outside of any transaction."""
    with translation.override(tenant.locale[:2]):
        begun = monotonic()
        with tenant_context(tenant):
            if not turns.still_mine(conversation_id, turn_token):
                return None
            scene = gather(tenant=tenant, conversation_id=conversation_id, upto_sequence=upto_sequence)
            run = _open_run(scene, turn_token, upto_sequence)
        turn = _Turn(tenant, turn_token, scene, run, begun)
        if not _settled_without_model(turn):
            _with_model(turn)
        return run


def _open_run(scene: Scene, token: UUID, upto_sequence: int) -> AgentRun:
    """A new trace. One that still says "running" belongs to a worker that died."""
    dead = AgentRun.objects.filter(conversation_id=scene.conversation.pk, status=AgentRun.Status.RUNNING)
    dead.update(status=AgentRun.Status.FAILED, error=_("Se interrumpió."), finished_at=timezone.now())
    return AgentRun.objects.create(
        conversation_id=scene.conversation.pk,
        agent=scene.agent,
        version=scene.version,
        turn_token=token,
        upto_sequence=upto_sequence,
        provider=str(scene.snapshot.get("model_provider") or ""),
        model=str(scene.snapshot.get("model_version") or ""),
        is_demo=scene.snapshot.get("model_provider") == "demo",
        flags=[f"input:{reason}" for reason in scene.screening.reasons] if scene.screening.suspicious else [],
    )


def _settled_without_model(turn: _Turn) -> bool:
    """Rules that come before any model: nobody to answer, a request for a person, money spent, hostile input."""
    scene, status = turn.scene, AgentRun.Status
    if not scene.burst:
        _close(turn)
        return True
    if scene.agent is None:
        _to_people(turn, _("Ningún agente publicado atiende este canal."), Cause.AGENT, status.HANDED_OFF, words=False)
        return True
    if any(wants_person(text) for text in scene.burst):
        _to_people(turn, _("Pidió hablar con una persona."), Cause.AGENT, status.HANDED_OFF)
        return True
    if scene.over_budget:
        turn.run.flags = [*turn.run.flags, "budget"]
        _to_people(turn, _("Se alcanzó el tope de gasto de IA de hoy."), Cause.BUDGET, status.HANDED_OFF)
        return True
    if scene.screening.decision == "block":
        _to_people(turn, _("El mensaje parece un intento de manipular a la IA."), Cause.AGENT, status.BLOCKED)
        return True
    return False


def _with_model(turn: _Turn) -> None:
    trace = Trace()
    try:
        plan = _plan(turn)
        turn.run.steps = [{"type": "prompt", "messages": [_traced(message) for message in plan.messages]}]
        end, text = converse(plan, trace, still_mine=lambda: _still_mine(turn))
    except LLMError as error:
        _keep(turn, trace)
        _model_failed(turn, trace, error)
        return
    _keep(turn, trace)
    if end == "lost":
        _finish(turn, AgentRun.Status.SUPERSEDED)
    elif end == "done" or trace.handed_off:
        # A handover without words of its own gets ours.
        _say(turn, text or HANDED_OVER[turn.scene.language(turn.tenant)], trace.receipts, handed=trace.handed_off)
    elif end == "withheld":
        reason = _("La respuesta de la IA se frenó: %(why)s.") % {"why": in_words(trace.reasons)}
        _to_people(turn, reason, Cause.AGENT, AgentRun.Status.BLOCKED)
    else:
        _to_people(turn, _("La IA no llegó a una respuesta."), Cause.FAILURE, AgentRun.Status.FAILED)


def _traced(message: ChatMessage) -> dict[str, Any]:
    """Of pictures only how many there were: they are with the conversation."""
    traced: dict[str, Any] = {"role": message.role, "content": message.content}
    return traced | {"images": len(message.images)} if message.images else traced


def _plan(turn: _Turn) -> Plan:
    scene, snapshot = turn.scene, turn.scene.snapshot
    config = snapshot.get("config") or {}
    suspicious = scene.screening.suspicious
    tools = allowed_tools(snapshot.get("enabled_tools") or [], suspicious=suspicious, tenant=turn.tenant)
    prompt = prompt_of(
        turn.tenant,
        snapshot,
        channel=scene.conversation.channel_source,
        contact=scene.contact,
        details=scene.details,
        tools=tools,
        suspicious=suspicious,
    )
    llm, models, secret = llm_for(turn.tenant, snapshot)
    wanted = sight.wanted(config)
    context = ToolContext(
        tenant=turn.tenant,
        actor=turn.actor,
        conversation_id=scene.conversation.pk,
        contact_id=scene.contact.pk,
        run_id=turn.run.pk,
        turn_token=turn.token,
        said="\n".join(scene.burst),
    )
    contact = scene.contact
    gate = Gate(
        prompt=prompt,
        secrets=[secret] if secret else [],
        internal_words=[*TOOLS, str(scene.conversation.pk), str(contact.pk), str(turn.run.pk)],
        belongs_to_other=lambda phones, emails: _belongs_to_other(turn, list(phones), list(emails)),
        suspicious=suspicious,
        sources=[prompt.text, contact.phone or "", contact.email, *(line.text for line in scene.lines)],
    )
    temperature = snapshot.get("temperature")
    return Plan(
        llm=llm,
        models=models,
        messages=dialogue(prompt, scene.lines, sight.images_of(turn.tenant, scene.pictures, models, wanted)),
        toolbox=LiveToolbox(context, tools, turn.run.upto_sequence),
        gate=gate,
        budget=budget_of(config),
        temperature=float(temperature) if temperature is not None else None,
        timeout=CALL_SECONDS,
        sees=wanted,
    )


def _belongs_to_other(turn: _Turn, phones: list[str], emails: list[str]) -> bool:
    """Whether a phone or e-mail that no source of the turn held is that of another contact."""
    with tenant_context(turn.tenant):
        others = Contact.objects.exclude(pk=turn.scene.contact.pk)
        if any(others.filter(email__iexact=email).exists() for email in emails):
            return True
        return any(others.search(phone[-8:]).filter(phone__endswith=phone[-8:]).exists() for phone in phones)


def _still_mine(turn: _Turn) -> bool:
    with tenant_context(turn.tenant):
        return turns.still_mine(turn.scene.conversation.pk, turn.token)


def _model_failed(turn: _Turn, trace: Trace, error: LLMError) -> None:
    """Try the turn again later when the trouble may pass; otherwise people get the chat and see why."""
    turn.run.error = f"{error.kind} {error.status or ''} {error.message}".replace("  ", " ")[:400]
    if trace.handed_off:
        _say(turn, HANDED_OVER[turn.scene.language(turn.tenant)], trace.receipts, handed=True)
        return
    last_try = turn.scene.conversation.turn_failures + 1 >= turns.MOST_FAILURES
    if error.kind in PASSING and not last_try:
        with tenant_context(turn.tenant):
            turns.fail(
                conversation_id=turn.scene.conversation.pk, token=turn.token, reason=error.message, by=turn.actor
            )
            _save(turn, AgentRun.Status.FAILED)
        return
    reason = _("La IA no pudo responder: %(reason)s") % {"reason": error.message}
    _to_people(turn, reason, Cause.FAILURE, AgentRun.Status.FAILED)


def _say(turn: _Turn, text: str, receipts: list[Receipt], *, handed: bool) -> None:
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
            turns.fail(
                conversation_id=turn.scene.conversation.pk,
                token=turn.token,
                reason=str(error.message),
                by=turn.actor,
                final=True,
            )
            _save(turn, AgentRun.Status.FAILED)
            return
        turn.run.reply = text
        turn.run.receipts = [receipt.as_json() for receipt in receipts]
        if outcome != "queued":
            turn.run.flags = [*turn.run.flags, outcome]
            _save(turn, AgentRun.Status.SUPERSEDED)
        else:
            _save(turn, AgentRun.Status.HANDED_OFF if handed else AgentRun.Status.DONE)


def _to_people(turn: _Turn, reason: str, cause: str, status: str, *, words: bool = True) -> None:
    """Hand the chat over and, when `words`, tell the customer so: true the moment it is said."""
    with tenant_context(turn.tenant):
        conversation = locked(turn.scene.conversation.pk)
        if conversation is None or conversation.turn_token != turn.token:
            turn.run.flags = [*turn.run.flags, "lost"]
            _save(turn, AgentRun.Status.SUPERSEDED)
            return
        hand_off(
            conversation=conversation,
            reason=reason,
            by=turn.actor,
            turn_token=turn.token if words else None,
            cause=cause,
        )
        receipt = Receipt("handoff", _("Derivado a una persona: %(reason)s") % {"reason": reason})
        turn.run.receipts = [receipt.as_json()]
        if words:
            turn.run.reply = HANDED_OVER[turn.scene.language(turn.tenant)]
            outbound.commit_reply(
                conversation_id=conversation.pk,
                turn_token=turn.token,
                text=turn.run.reply,
                run_id=turn.run.pk,
                author_name=turn.author,
                receipts=turn.run.receipts,
            )
        _save(turn, status)


def _close(turn: _Turn) -> None:
    """Nothing wants an answer (it was deleted meanwhile): give the turn back."""
    with tenant_context(turn.tenant):
        turns.close_silently(conversation_id=turn.scene.conversation.pk, token=turn.token)
        _save(turn, AgentRun.Status.SUPERSEDED)


def _finish(turn: _Turn, status: str) -> None:
    with tenant_context(turn.tenant):
        _save(turn, status)


def _keep(turn: _Turn, trace: Trace) -> None:
    """Put the trace on the run; it is saved with whatever ends the turn."""
    run = turn.run
    run.steps = [*run.steps, *trace.steps]
    run.flags = [*run.flags, *trace.reasons]
    run.model = trace.model or run.model
    run.prompt_tokens, run.completion_tokens = trace.usage.prompt, trace.usage.completion
    run.cost_usd = trace.cost


def _save(turn: _Turn, status: str) -> None:
    run: Any = turn.run
    run.status = status
    run.latency_ms = int((monotonic() - turn.begun) * 1000)
    run.finished_at = timezone.now()
    if not type(run).objects.filter(pk=run.pk, conversation_id=run.conversation_id).exists():
        return  # the person was erased meanwhile: nothing of them is written back
    run.save()
