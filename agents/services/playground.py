"""Trying an agent out as a customer would, with its real settings and no side effects."""

from collections.abc import Sequence
from time import monotonic

from django.utils import timezone, translation

from agents.domain.budget import budget_of
from agents.domain.handoff import wants_person
from agents.domain.history import Line
from agents.domain.language import HANDED_OVER, language_of
from agents.domain.prompt_security import screen
from agents.llm.base import LLMError
from agents.models import Agent, AgentRun
from agents.services.agents import snapshot_of
from agents.services.gates import Gate
from agents.services.llms import llm_for
from agents.services.loop import Plan, Trace, converse
from agents.services.scene import dialogue, prompt_of
from agents.services.toolbox import RehearsalToolbox, allowed_tools
from agents.tools import TOOLS
from agents.tools.base import NOBODY, ToolContext
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant

CALL_SECONDS = 30.0


def try_agent(*, tenant: Tenant, agent: Agent, text: str, history: Sequence[Line] = (), by: Actor) -> AgentRun:
    """One turn of the working copy. The run has no conversation; its `reply` is empty when the gates held it back.

    Waits for the model: call it from a worker, or from a view that holds no transaction. A refusal of the model is
    on the run (`status` failed, `error` in words), not raised.
    """
    with translation.override(tenant.locale[:2]):
        begun = monotonic()
        snapshot = snapshot_of(agent)
        with tenant_context(tenant):
            run = AgentRun.objects.create(
                agent=agent,
                provider=agent.model_provider,
                model=agent.model_version,
                is_demo=agent.model_provider == "demo",
                flags=["playground", f"by:{by.label}"[:80]],
            )
        trace, screening = Trace(), screen(text)
        if wants_person(text) or screening.decision == "block":
            run.reply = HANDED_OVER[language_of(text, default=tenant.locale[:2].lower())]
            run.status = AgentRun.Status.HANDED_OFF
        else:
            _converse(tenant, run, snapshot, [*history, Line("contact", text)], screening.suspicious, trace, by)
        run.steps = [*run.steps, *trace.steps]
        run.flags = [*run.flags, *(f"input:{reason}" for reason in screening.reasons), *trace.reasons]
        run.model = trace.model or run.model
        run.receipts = [receipt.as_json() for receipt in trace.receipts]
        run.prompt_tokens, run.completion_tokens = trace.usage.prompt, trace.usage.completion
        run.cost_usd, run.finished_at = trace.cost, timezone.now()
        run.latency_ms = int((monotonic() - begun) * 1000)
        with tenant_context(tenant):
            run.save()
        return run


def _converse(
    tenant: Tenant, run: AgentRun, snapshot: dict, lines: list[Line], suspicious: bool, trace: Trace, by: Actor
) -> None:
    tools = allowed_tools(snapshot["enabled_tools"], suspicious=suspicious, tenant=tenant)
    prompt = prompt_of(tenant, snapshot, channel="", contact=None, tools=tools, suspicious=suspicious)
    context = ToolContext(tenant, by, NOBODY, NOBODY, run.pk, None, said=lines[-1].text)
    try:
        llm, models, secret = llm_for(tenant, snapshot)
        plan = Plan(
            llm=llm,
            models=models,
            messages=dialogue(prompt, tuple(lines)),
            toolbox=RehearsalToolbox(context, tools),
            gate=Gate(
                prompt=prompt,
                secrets=[secret] if secret else [],
                internal_words=[*TOOLS, str(run.pk)],
                belongs_to_other=lambda phones, emails: False,
                suspicious=suspicious,
                sources=[prompt.text, *(line.text for line in lines)],
            ),
            budget=budget_of(snapshot["config"]),
            temperature=float(snapshot["temperature"]),
            timeout=CALL_SECONDS,
        )
        run.steps = [{"type": "prompt", "messages": [{"role": m.role, "content": m.content} for m in plan.messages]}]
        end, text = converse(plan, trace, still_mine=lambda: True)
    except LLMError as error:
        run.status, run.error = AgentRun.Status.FAILED, error.message[:400]
        return
    run.reply = text or (HANDED_OVER[language_of(lines[-1].text)] if trace.handed_off else "")
    if trace.handed_off:
        run.status = AgentRun.Status.HANDED_OFF
    else:
        run.status = {"done": AgentRun.Status.DONE, "withheld": AgentRun.Status.BLOCKED}.get(
            end, AgentRun.Status.FAILED
        )
