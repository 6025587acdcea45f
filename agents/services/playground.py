"""Trying an agent out as a customer would: its real settings, an invented customer and agenda, no effect but the run.

A turn of a rehearsal follows the rules of a customer's turn (agents.services.turns) in the same order. No transaction is open
while the model is waited for.
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from django.db import DatabaseError
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from agents.domain.budget import budget_of
from agents.domain.handoff import wants_person
from agents.domain.history import Line
from agents.domain.language import SAFETY, language_of
from agents.domain.prompt_security import Screening, screen
from agents.domain.register import handed_over
from agents.domain.storable import storable, storable_json
from agents.domain.urgency import EMERGENCY, assess
from agents.llm.base import LLMError
from agents.models import Agent, AgentRun, AgentVersion
from agents.services import ceiling, ledger, prices, sight, triage
from agents.services.agents import snapshot_of
from agents.services.gates import Gate, belongs_to_another, in_words, own_hosts
from agents.services.llms import llm_for
from agents.services.loop import Plan, Trace, converse, limit_in_words
from agents.services.rehearsal import Act, RehearsalToolbox, Setting, as_json, put_up, setting_of
from agents.services.scene import dialogue, prompt_of
from agents.services.toolbox import allowed_tools
from agents.tools import TOOLS
from agents.tools.base import NOBODY
from config.lib import commit
from config.lib.errors import AppError, Conflict, Invalid
from config.lib.ids import uuid7
from crm.services.custom_fields import told
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant

logger = logging.getLogger(__name__)
CALL_SECONDS = 45.0
MOST_TURNS = 20  # of one rehearsal
LONGEST_TEXT = 4000
LATEST = timedelta(minutes=4)  # longer than any turn may take
NOTE = "rehearsal"  # the step that keeps what was asked
TASK = "agents.tasks.rehearse"
Purpose = AgentRun.Purpose


@dataclass(frozen=True, slots=True)
class Past:
    """What was said and done before in a rehearsal; `turn` is the number of the next turn, from zero."""

    lines: tuple[Line, ...] = ()
    acts: tuple[Act, ...] = ()
    turn: int = 0

    def then(self, text: str, run: AgentRun, acts: Sequence[Act]) -> "Past":
        """With one more turn."""
        said = (Line("contact", text), *((Line("agent", run.reply),) if run.reply else ()))
        return Past((*self.lines, *said), tuple(acts), self.turn + 1)


@dataclass(slots=True)
class _Rehearsal:
    """One turn under way."""

    tenant: Tenant
    snapshot: dict[str, Any]
    setting: Setting
    past: Past
    text: str
    actor: Actor
    run: AgentRun
    trace: Trace = field(init=False)
    acts: list[Act] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.trace = Trace(prices.of(self.tenant))

    @property
    def lines(self) -> tuple[Line, ...]:
        return (*self.past.lines, Line("contact", self.text))

    @property
    def language(self) -> str:
        return language_of(self.text, default=self.tenant.locale[:2].lower())

    @property
    def handed_over(self) -> str:
        """What the customer would be told when a person takes over."""
        return handed_over(self.language, self.snapshot.get("config") or {}, self.tenant.locale)


def open_run(
    *, agent: Agent | None, snapshot: dict[str, Any], by: Actor, purpose: str = Purpose.PLAYGROUND,
    version: AgentVersion | None = None, **over: Any,
) -> AgentRun:  # fmt: skip
    """The trace of a turn that is about to be tried. Inside the company."""
    return AgentRun.objects.create(
        agent=agent,
        version=version,
        purpose=purpose,
        provider=str(snapshot.get("model_provider") or ""),
        model=str(snapshot.get("model_version") or ""),
        is_demo=snapshot.get("model_provider") == "demo",
        flags=["playground", f"by:{by.label}"[:80]],
        **over,
    )


def rehearse(
    *, tenant: Tenant, snapshot: dict[str, Any], run: AgentRun, text: str, setting: Setting, past: Past = Past()
) -> list[Act]:
    """Answer `text` and end the run; returns what was done so far, this turn's acts included.

    Waits for the model: call it outside of any transaction. Trouble of any kind is on the run (`status` failed, `error` in
    words), not raised, and what the model cost until then is booked. A `reply` is empty when the gates held it back.
    """
    begun = monotonic()
    actor = Actor("agent", str(run.agent_id or ""), str(snapshot.get("name") or "IA"))
    turn = _Rehearsal(tenant, snapshot, setting, past, text, actor, run, acts=list(past.acts))
    with translation.override(tenant.locale[:2]):
        screening = screen(text)
        try:
            if not _settled_without_model(turn, screening):
                _with_model(turn, screening)
        except Exception:  # a run that stays "running" would be asked again for ever, and its cost never booked
            logger.exception("rehearsal %s broke", run.pk)
            _fail(run)
        finally:
            _keep(turn, screening, begun)
    return turn.acts


def _settled_without_model(turn: _Rehearsal, screening: Screening) -> bool:
    """As agents.services.turns does before any model: an emergency, a request for a person, money spent, hostile input."""
    run = turn.run
    if triage.watches(turn.tenant, [turn.snapshot]) and assess([turn.text]).level == EMERGENCY:
        run.status, run.reply = AgentRun.Status.HANDED_OFF, f"{SAFETY[turn.language]}\n\n{turn.handed_over}"
        turn.trace.steps.append({"type": "rule", "rule": "emergency"})
        return True
    if wants_person(turn.text):
        run.status, run.reply = AgentRun.Status.HANDED_OFF, turn.handed_over
        turn.trace.steps.append({"type": "rule", "rule": "person"})
        return True
    try:
        with tenant_context(turn.tenant):
            if not run.is_demo:
                ceiling.refuse_if_over(turn.tenant)
    except AppError as error:
        run.status, run.flags, run.error = AgentRun.Status.FAILED, [*run.flags, "budget"], str(error.message)[:400]
        return True
    if screening.decision == "block":
        run.status, run.reply = AgentRun.Status.BLOCKED, turn.handed_over
        turn.trace.steps.append({"type": "rule", "rule": "hostile"})
        return True
    return False


def _with_model(turn: _Rehearsal, screening: Screening) -> None:
    run, trace, status = turn.run, turn.trace, AgentRun.Status
    try:
        plan = _plan(turn, suspicious=screening.suspicious)
        said = [{"role": message.role, "content": message.content} for message in plan.messages]
        run.steps = [*run.steps, {"type": "prompt", "messages": said}]
        end, text = converse(plan, trace, still_mine=lambda: True)
    except LLMError as error:
        run.status, run.error = status.FAILED, error.message[:400]
        return
    except AppError as error:
        run.status, run.error = status.FAILED, str(error.message)[:400]
        return
    if end == "done" or trace.handed_off:
        run.reply = text or turn.handed_over
        run.status = status.HANDED_OFF if trace.handed_off else status.DONE
    elif end == "withheld":
        run.status = status.BLOCKED
        run.error = _("La respuesta de la IA se frenó: %(why)s.") % {"why": in_words(trace.reasons)}
    else:
        run.status, run.error = status.FAILED, limit_in_words(trace.reasons)


def _plan(turn: _Rehearsal, *, suspicious: bool) -> Plan:
    tenant, snapshot, setting = turn.tenant, turn.snapshot, turn.setting
    config = snapshot.get("config") or {}
    tools = allowed_tools(snapshot.get("enabled_tools") or [], suspicious=suspicious, tenant=tenant)
    with put_up(tenant, setting) as stage:
        prompt = prompt_of(
            tenant,
            snapshot,
            channel=setting.channel,
            contact=stage.contact,
            details=told(stage.contact),
            tools=tools,
            suspicious=suspicious,
        )
    llm, models, secret = llm_for(tenant, snapshot)
    visitor, wanted = setting.visitor, sight.wanted(config)
    gate = Gate(
        prompt=prompt,
        secrets=[secret] if secret else [],
        internal_words=[*TOOLS, *(tool.name for tool in tools if "_" in tool.name), str(turn.run.pk)],
        belongs_to_other=lambda phones, emails: _belongs_to_somebody(tenant, list(phones), list(emails)),
        suspicious=suspicious,
        sources=[prompt.text, visitor.phone, visitor.email, *(line.text for line in turn.lines)],
        customer=[visitor.name],
        said=[line.text for line in turn.lines if line.speaker != "contact"],
        hosts=lambda: own_hosts(tenant),
    )
    toolbox = RehearsalToolbox(tenant, turn.actor, setting, tools, turn.run.pk, turn.lines, turn.past.turn, turn.acts)
    temperature = snapshot.get("temperature")
    return Plan(
        llm=llm,
        models=models,
        messages=dialogue(prompt, turn.lines),
        toolbox=toolbox,
        gate=gate,
        budget=budget_of(config),
        temperature=float(temperature) if temperature is not None else None,
        timeout=CALL_SECONDS,
        sees=wanted,
    )


def _belongs_to_somebody(tenant: Tenant, phones: list[str], emails: list[str]) -> bool:
    """Whether a phone or e-mail is of anybody real: the invented customer is not."""
    with tenant_context(tenant):
        return belongs_to_another(phones, emails, than=NOBODY)


def _keep(turn: _Rehearsal, screening: Screening, begun: float) -> None:
    run, trace = turn.run, turn.trace
    for step in run.steps:
        if step.get("type") == NOTE:
            step["acts"] = [asdict(act) for act in turn.acts]
    run.steps = [*run.steps, *trace.steps]
    run.flags = [*run.flags, *(f"input:{reason}" for reason in screening.reasons), *trace.reasons]
    run.model = trace.model or run.model
    run.receipts = [receipt.as_json() for receipt in trace.receipts]
    run.prompt_tokens, run.completion_tokens = trace.usage.prompt, trace.usage.completion
    run.cost_usd, run.finished_at = trace.cost, timezone.now()
    run.latency_ms = int((monotonic() - begun) * 1000)
    run.reply, run.steps, run.receipts = storable(run.reply), storable_json(run.steps), storable_json(run.receipts)
    if run.status == AgentRun.Status.RUNNING:  # the process is being stopped
        _fail(run)
    try:
        with tenant_context(turn.tenant):
            run.save()
            ledger.book_run(run)
    except DatabaseError:  # something in it cannot be kept: then without its steps, which is all that is free in form
        logger.exception("rehearsal %s could not be kept", run.pk)
        _fail(run)
        run.steps, run.reply, run.receipts = [step for step in run.steps if step.get("type") == NOTE], "", []
        with tenant_context(turn.tenant):
            run.save()
            ledger.book_run(run)


def _fail(run: AgentRun) -> None:
    run.status = AgentRun.Status.FAILED
    run.error = _("Algo falló de nuestro lado al probar. Quedó registrado: volver a intentar.")


def try_agent(
    *,
    tenant: Tenant,
    agent: Agent,
    text: str,
    history: Sequence[Line] = (),
    by: Actor,
    setting: Setting | None = None,
    before: Sequence[AgentRun] = (),
) -> AgentRun:
    """One turn of the working copy after `history`, or after the runs `before` with all that they did. Waits for the model: call it outside of any transaction."""
    snapshot = snapshot_of(agent)
    setting = setting or Setting()
    ids = [str(each.pk) for each in before]
    note = {"type": NOTE, "text": text, "setting": as_json(setting), "before": ids}
    with tenant_context(tenant):
        run = open_run(agent=agent, snapshot=snapshot, by=by, steps=[note])
    past = past_of(before) if before else Past(tuple(history))
    rehearse(tenant=tenant, snapshot=snapshot, run=run, text=text, setting=setting, past=past)
    return run


# --- a trial on the page: several turns, each a run that knows the ones before -------------------------------------
def begin(*, agent: Agent, text: str, setting: Setting, before: Sequence[UUID], by: Actor) -> AgentRun:
    """A turn for the worker to answer. Inside the company. Raises Invalid for an empty or too long text, or a chat that is over."""
    text = text.replace("\x00", "").strip()
    if not 1 <= len(text) <= LONGEST_TEXT:
        words = _("Escribir un mensaje de hasta %(most)d letras.") % {"most": LONGEST_TEXT}
        raise Invalid(words, fields={"text": words})
    earlier = runs_of(agent.pk, before)
    if len(earlier) >= MOST_TURNS:
        raise Conflict(_("La prueba llegó a %(most)d mensajes: empezar otra.") % {"most": MOST_TURNS})
    if any(run.status == AgentRun.Status.RUNNING for run in earlier):
        raise Conflict(_("La IA todavía está contestando el mensaje anterior."))
    if any(run.status in (AgentRun.Status.HANDED_OFF, AgentRun.Status.BLOCKED) for run in earlier):
        raise Conflict(_("El chat de prueba ya pasó a una persona: empezar otro."))
    note = {"type": NOTE, "text": text, "setting": as_json(setting), "before": [str(run.pk) for run in earlier]}
    run = open_run(agent=agent, snapshot=snapshot_of(agent), by=by, steps=[note])
    commit.queue(TASK, queue="agents", run_id=str(run.pk))
    return run


def answer(*, tenant: Tenant, run_id: UUID) -> None:
    """The worker's part: answer a turn that `begin` made. A second delivery finds it taken and does nothing."""
    with tenant_context(tenant):
        waiting = AgentRun.objects.filter(pk=run_id, purpose=Purpose.PLAYGROUND, status=AgentRun.Status.RUNNING)
        if not waiting.filter(turn_token=None).update(turn_token=uuid7()):
            return
        run = AgentRun.objects.select_related("agent").get(pk=run_id)
        note, agent = note_of(run), run.agent
        if agent is None or not note:
            return
        snapshot = snapshot_of(agent)
        past = past_of(runs_of(agent.pk, [UUID(each) for each in note["before"]]))
    setting = setting_of(note["setting"])
    rehearse(tenant=tenant, snapshot=snapshot, run=run, text=note["text"], setting=setting, past=past)


def give_up_late(run: AgentRun) -> AgentRun:
    """A turn whose worker died says so instead of waiting for ever. Inside the company."""
    if run.status == AgentRun.Status.RUNNING and run.created_at < timezone.now() - LATEST:
        run.status, run.finished_at = AgentRun.Status.FAILED, timezone.now()
        run.error = _("No hubo respuesta a tiempo. Volver a enviar el mensaje.")
        run.save(update_fields=["status", "error", "finished_at"])
    return run


def note_of(run: AgentRun) -> dict[str, Any]:
    """What a turn of a trial was asked: text, setting, acts, the runs before it; empty for other runs."""
    return next((step for step in run.steps if isinstance(step, dict) and step.get("type") == NOTE), {})


def past_of(runs: Sequence[AgentRun]) -> Past:
    """What was said and done in these turns."""
    past = Past()
    for run in runs:
        note = note_of(run)
        acts = [Act(**each) for each in note.get("acts") or []]
        past = past.then(str(note.get("text") or ""), run, acts or past.acts)
    return past


def runs_of(agent_id: UUID, ids: Sequence[UUID]) -> list[AgentRun]:
    """Earlier turns of one trial of this agent, in the order given; others are passed over. One statement."""
    rows = AgentRun.objects.filter(
        pk__in=list(ids)[:MOST_TURNS], agent_id=agent_id, purpose=Purpose.PLAYGROUND, conversation_id=None
    )
    found = {row.pk: row for row in rows}
    return [found[pk] for pk in ids if pk in found]
