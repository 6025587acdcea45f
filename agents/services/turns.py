"""A customer's turn: from "it is due" to a reply queued, a person called, or a retry. Never silence, never a lie.

No transaction is open while a model is waited for. Whatever ends a turn is written in one transaction with the
run that explains it, and only by the holder of the turn's token.
"""

from dataclasses import replace
from time import monotonic
from typing import Any
from uuid import UUID

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from agents.domain.budget import budget_of
from agents.domain.triage import decide, specialised
from agents.domain.urgency import EMERGENCY
from agents.llm.base import ChatMessage, LLMError
from agents.models import AgentRun, AgentVersion
from agents.services import briefs, sight, triage
from agents.services.gates import Gate, belongs_to_another, in_words, own_hosts
from agents.services.hours import Nobody
from agents.services.llms import llm_for
from agents.services.loop import Plan, Trace, converse, limit_in_words
from agents.services.pending import settle
from agents.services.question_prompt import inform
from agents.services.scene import Scene, dialogue, gather, prompt_of
from agents.services.toolbox import LiveToolbox, allowed_tools
from agents.services.turn_end import Turn, close, finish, keep, save, say, to_people
from agents.services.unsaid import carry
from agents.tools import TOOLS
from agents.tools.base import ToolContext
from messaging.services import turns
from messaging.services.takeover import Cause
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant

CALL_SECONDS = 45.0
PASSING = frozenset({"retry", "timeout"})


def run_turn(*, tenant: Tenant, conversation_id: UUID, turn_token: UUID, upto_sequence: int) -> AgentRun | None:
    """Answer the conversation. None when the turn is no longer ours. Call it outside of any transaction."""
    with translation.override(tenant.locale[:2]):
        begun = monotonic()
        with tenant_context(tenant):
            if not turns.still_mine(conversation_id, turn_token):
                return None
            if turns.given_up(conversation_id):
                return _give_up(tenant, conversation_id, turn_token, upto_sequence)
            scene = gather(tenant=tenant, conversation_id=conversation_id, upto_sequence=upto_sequence)
            run = _open_run(scene, turn_token, upto_sequence)
            desked = triage.look(tenant, scene.conversation, scene.team, scene.burst)
            triage.note_rules(conversation_id, desked)
        turn = Turn(tenant, turn_token, scene, run, begun, desked)
        if not _settled_without_model(turn) and not _routed_to_people(turn):
            _with_model(turn)
        return run


def _give_up(tenant: Tenant, conversation_id: UUID, token: UUID, upto_sequence: int) -> AgentRun:
    """A turn whose workers died again and again is not tried once more: people get the chat, and the customer is told.

    Nothing of the chat is read for it: that may be what kills.
    """
    _bury(conversation_id)
    run = AgentRun.objects.create(conversation_id=conversation_id, turn_token=token, upto_sequence=upto_sequence)
    briefs.surrender(
        tenant=tenant,
        conversation_id=conversation_id,
        token=token,
        reason=_("se interrumpió varias veces"),
        by=Actor.system("IA"),
    )
    run.refresh_from_db()
    return run


def _bury(conversation_id: UUID) -> None:
    """A turn that still says "running" belongs to a worker that died."""
    dead = AgentRun.objects.filter(
        conversation_id=conversation_id, status=AgentRun.Status.RUNNING, purpose=AgentRun.Purpose.TURN
    )
    dead.update(status=AgentRun.Status.FAILED, error=_("Se interrumpió."), finished_at=timezone.now())


def _open_run(scene: Scene, token: UUID, upto_sequence: int) -> AgentRun:
    """A new trace."""
    _bury(scene.conversation.pk)
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


def _settled_without_model(turn: Turn) -> bool:
    """Rules that come before any model: nobody to answer, a request for a person, money spent, hostile input."""
    scene, status, reading = turn.scene, AgentRun.Status, turn.desked.case.reading
    turn.grave = reading.urgency.level == EMERGENCY
    nobody = scene.nobody or Nobody("")
    if scene.burst:
        turn.run.steps = [{"type": "input", "text": "\n".join(scene.burst)}]  # all to see where no model is asked
    if not scene.burst and not scene.asked.news:
        close(turn)
    elif turn.grave:  # also with a request for a person: everybody is told, and the customer what helps sooner
        _note_triage(turn)
        to_people(turn, briefs.EMERGENCY, _("Por lo que escribe puede ser una emergencia."), status.HANDED_OFF)
    elif reading.subject == "person":
        _note_triage(turn)
        words = nobody.words or None  # never in silence: ours where the company has none
        to_people(turn, briefs.PERSON, _("Pidió hablar con una persona."), status.HANDED_OFF, words=words)
    elif scene.agent is None:
        to_people(turn, briefs.NO_AGENT, nobody.reason, status.HANDED_OFF, words=nobody.words)
    elif scene.over_budget:
        turn.run.flags = [*turn.run.flags, "budget"]
        reason = _("Se alcanzó el tope de gasto de IA de hoy.")
        to_people(turn, briefs.BUDGET, reason, status.HANDED_OFF, cause=Cause.BUDGET)
    elif scene.screening.decision == "block":
        reason = _("El mensaje parece un intento de manipular a la IA.")
        to_people(turn, briefs.INPUT, reason, status.BLOCKED)
    else:
        return False
    return True


def _note_triage(turn: Turn, problem: str = "") -> None:
    """Put the decision of the case as it stands on the run."""
    turn.run.triage = triage.record(turn.desked, decide(turn.desked.case), problem=problem)


def _routed_to_people(turn: Turn) -> bool:
    """Seat the specialist whose turn it is; True when that is a person, or nobody because the turn was lost."""
    if not specialised(turn.desked.case.team):
        return False
    scene, trusted = turn.scene, not turn.scene.screening.suspicious
    turn.desked, problem = triage.route(turn.tenant, turn.desked, scene.burst, turn.trace, trusted=trusted)
    decision = decide(turn.desked.case)
    _note_triage(turn, problem)
    with tenant_context(turn.tenant):
        mine = turns.still_mine(scene.conversation.pk, turn.token)
        if mine:
            triage.keep(scene.conversation.pk, turn.desked.case, decision)
    if not mine:
        keep(turn, turn.trace)
        finish(turn, AgentRun.Status.SUPERSEDED)
        return True
    if decision.person:
        keep(turn, turn.trace)
        turn.grave = decision.subject == "emergency"
        code = {"person": briefs.PERSON, "emergency": briefs.EMERGENCY}.get(decision.subject, briefs.HOPS)
        code = briefs.HOPS if decision.why == "hops" else code
        to_people(turn, code, turn.run.triage["words"], AgentRun.Status.HANDED_OFF)
        return True
    _seat(turn, turn.desked.versions[decision.agent])
    return False


def _seat(turn: Turn, version: AgentVersion) -> None:
    """Let this version answer the turn, and say so on its run."""
    turn.scene = replace(turn.scene, agent=version.agent, version=version)
    run, snapshot = turn.run, version.snapshot
    run.agent, run.version = version.agent, version
    run.provider, run.model = str(snapshot.get("model_provider") or ""), str(snapshot.get("model_version") or "")
    run.is_demo = run.provider == "demo"


def _with_model(turn: Turn) -> None:
    trace = turn.trace
    try:
        plan = carry(settle(_plan(turn), trace), trace)  # what the customer just allowed; what nobody was told
        plan = inform(plan, turn.scene.asked, trace, woken=not turn.scene.burst)  # what the team was asked, and said
        turn.run.steps = [{"type": "prompt", "messages": [_traced(message) for message in plan.messages]}]
        end, text = converse(plan, trace, still_mine=lambda: _still_mine(turn))
    except LLMError as error:
        keep(turn, trace)
        _model_failed(turn, trace, error)
        return
    keep(turn, trace)
    if end == "lost":
        finish(turn, AgentRun.Status.SUPERSEDED)
    elif end == "done" or trace.handed_off:
        # A handover without words of its own gets ours.
        turn.grave = triage.found_emergency(trace.steps)
        say(turn, turn.farewell(text), trace.receipts, handed=trace.handed_off)
    elif end == "withheld":
        reason = _("La respuesta de la IA se frenó: %(why)s.") % {"why": in_words(trace.reasons)}
        to_people(turn, briefs.WITHHELD, reason, AgentRun.Status.BLOCKED)
    else:
        reason = limit_in_words(trace.reasons)
        to_people(turn, briefs.LIMITS, reason, AgentRun.Status.FAILED, cause=Cause.FAILURE)


def _traced(message: ChatMessage) -> dict[str, Any]:
    """Of pictures only how many there were: they are with the conversation."""
    traced: dict[str, Any] = {"role": message.role, "content": message.content}
    return traced | {"images": len(message.images)} if message.images else traced


def _plan(turn: Turn) -> Plan:
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
        internal_words=[
            *TOOLS,
            *(tool.name for tool in tools if "_" in tool.name),
            str(scene.conversation.pk),
            str(contact.pk),
            str(turn.run.pk),
        ],
        belongs_to_other=lambda phones, emails: _belongs_to_other(turn, list(phones), list(emails)),
        suspicious=suspicious,
        sources=[prompt.text, contact.phone or "", contact.email, *(line.text for line in scene.lines)],
        customer=[contact.name, *(value for _name, value in scene.details.values())],
        said=[line.text for line in scene.lines if line.speaker not in ("contact", "memory")],
        hosts=lambda: own_hosts(turn.tenant),
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


def _belongs_to_other(turn: Turn, phones: list[str], emails: list[str]) -> bool:
    """Whether a phone or e-mail that no source of the turn held is that of another contact."""
    with tenant_context(turn.tenant):
        return belongs_to_another(phones, emails, than=turn.scene.contact.pk)


def _still_mine(turn: Turn) -> bool:
    with tenant_context(turn.tenant):
        return turns.still_mine(turn.scene.conversation.pk, turn.token)


def _model_failed(turn: Turn, trace: Trace, error: LLMError) -> None:
    """Try the turn again later when the trouble may pass; otherwise people get the chat and see why."""
    turn.run.error = f"{error.kind} {error.status or ''} {error.message}".replace("  ", " ")[:400]
    if trace.handed_off:
        turn.grave = triage.found_emergency(trace.steps)
        say(turn, turn.handed_over, trace.receipts, handed=True)
        return
    last_try = turn.scene.conversation.turn_failures + 1 >= turns.MOST_FAILURES
    if error.kind in PASSING and not last_try:
        with tenant_context(turn.tenant):
            turns.fail(
                conversation_id=turn.scene.conversation.pk, token=turn.token, reason=error.message, by=turn.actor
            )
            save(turn, AgentRun.Status.FAILED)
        return
    reason = _("La IA no pudo responder: %(reason)s") % {"reason": error.message}
    to_people(turn, briefs.FAILURE, reason, AgentRun.Status.FAILED, cause=Cause.FAILURE)
