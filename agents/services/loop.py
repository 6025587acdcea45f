"""The bounded dialogue with the model: ask, run the tools it asks for, ask again, check what it wants to say.

Knows no conversation and no database: it is the same for a customer's turn and for a playground.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from decimal import Decimal
from time import monotonic
from typing import Any, Literal

from django.utils.translation import gettext as _

from agents.domain.budget import MAX_CALLS_PER_STEP, TurnBudget
from agents.domain.claim_patterns import LOOK_UPS
from agents.domain.history import tokens_of
from agents.domain.pricing import Prices, cost
from agents.domain.untrusted import as_data
from agents.llm.base import LLM, ChatMessage, ChatRequest, ChatResult, LLMError, ToolCallRequest, Usage
from agents.llm.resilient import OUT_OF_TIME, RetryPolicy, ask, stopwatch
from agents.services.gates import EMPTY_ADVICE, Gate, Verdict
from agents.services.toolbox import Done, Toolbox, only_read
from agents.tools import TOOLS, tool_named
from agents.tools.base import GUIDE, JSON, Receipt

End = Literal["done", "lost", "withheld", "exhausted"]
LONGEST_TOOL_RESULT = 8000
MAX_OUTPUT_TOKENS = 1200
IMAGE_TOKENS = 1100  # of a picture of 1024 pixels, at the dearest of the common models


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run works with. `models` in the order to try; `temperature` None = the model's own, `sees` None = by its name.

    `proven`: kinds of receipts that hold without an act of this run.
    """

    llm: LLM
    models: tuple[str, ...]
    messages: tuple[ChatMessage, ...]
    toolbox: Toolbox
    gate: Gate
    budget: TurnBudget
    temperature: float | None
    timeout: float
    policy: RetryPolicy | None = None
    sees: bool | None = None
    proven: frozenset[str] = frozenset()


@dataclass(slots=True)
class Trace:
    """What happened, in order, as it is kept on the run.

    `prices`: the company's own, which its calls are reckoned by before the price list. `waiting`: kinds of receipts that acts
    proposed in this run would give, once somebody allows them.
    """

    prices: Prices
    steps: list[dict[str, Any]] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    cost: Decimal | None = Decimal(0)
    receipts: list[Receipt] = field(default_factory=list)
    waiting: set[str] = field(default_factory=set)
    handed_off: bool = False
    reasons: tuple[str, ...] = ()

    def note_model(self, result: ChatResult, model: str, calls: int, milliseconds: int, guess: Usage) -> None:
        """Add one answer of the model with its tokens and price.

        `guess` stands in where a server tells no tokens: the limits still hold, the price is then unknown.
        """
        told = result.usage != Usage()
        used = result.usage if told else guess
        self.usage += used
        self.model = model
        tokens = {"prompt": used.prompt, "completion": used.completion, "cached": used.cached}
        price = cost(model, **tokens, own=self.prices) if told or guess == Usage() else None
        self.cost = None if price is None or self.cost is None else self.cost + price
        self.steps.append(
            {
                "type": "model",
                "model": model,
                "answered_as": result.model,
                "text": result.text,
                "tools": [{"name": call.name, "arguments": call.arguments_text} for call in result.tool_calls],
                "finish": result.finish_reason,
                "tokens": {**tokens, "reasoning": used.reasoning},
                "usd": None if price is None else str(price),
                "calls": calls,
                "ms": milliseconds,
                "request_id": result.request_id,
            }
        )

    def note_refusal(self, verdict: Verdict, text: str) -> None:
        """Add what the gates held back and why."""
        self.steps.append(
            {"type": "gate", "action": verdict.action, "reasons": list(verdict.reasons), "withheld": text}
        )
        self.reasons = (*self.reasons, *verdict.reasons)

    def note_tool(self, done: Done) -> None:
        """Add one call and keep its receipt."""
        result = done.result
        self.steps.append(
            {
                "type": "tool",
                "name": done.tool,
                "arguments": done.arguments,
                "ok": result.ok,
                "result": result.data,
                "refusal": result.message,
                "ms": done.milliseconds,
                "replayed": done.replayed,
            }
        )
        if result.ok and result.receipt:
            if not (done.replayed and result.receipt in self.receipts):
                self.receipts.append(result.receipt)
            self.handed_off = self.handed_off or result.receipt.kind == "handoff"
            if result.receipt.kind == "pending":
                tool = tool_named(done.tool)
                self.waiting.add(tool.proves if tool else "record")


def converse(plan: Plan, trace: Trace, *, still_mine: Callable[[], bool]) -> tuple[End, str]:
    """Run to an end. Raises LLMError when no model answers; `trace` then holds what happened before.

    `done`: the text may be said. `lost`: somebody else has the chat. `withheld`: the gates refused it twice.
    `exhausted`: steps, time or tokens ran out, or the model twice gave an answer without words or cut in the middle.
    """
    left = stopwatch(plan.budget.seconds)
    messages, attempt, calls_made, steps = list(plan.messages), 1, 0, 0
    settled = frozenset(receipt.kind for receipt in trace.receipts)  # made before the model was asked
    while not (limit := _limit(plan, trace, steps, left())):
        steps += 1
        if not still_mine():
            return "lost", ""
        try:
            result = _ask(plan, trace, messages, left, longer=attempt > 1)
        except LLMError as error:
            if error.code != OUT_OF_TIME:
                raise
            limit = "seconds"
            break
        if result.tool_calls:
            messages.append(ChatMessage("assistant", raw=result.raw_assistant))
            for request in result.tool_calls:
                messages.append(_answered(plan, trace, request, calls_made, steps))
                calls_made += 1
            continue
        text = result.text.strip()
        if trace.handed_off and not text:
            return "done", ""
        if not text or result.finish_reason == "length":
            if attempt > 1:
                limit = "words"
                trace.note_refusal(Verdict("replace", ("empty",)), text)
                break
            verdict = Verdict("retry", ("empty",), EMPTY_ADVICE)
        else:
            # "I saved your details" beside a save that still waits is not proven by another act of the same kind.
            kinds = ({receipt.kind for receipt in trace.receipts} - trace.waiting) | settled | plan.proven
            plan.gate.doubted = _doubted(trace)
            verdict = plan.gate.check(text, receipts=kinds, attempt=attempt)
        if verdict.action == "pass":
            return "done", text
        trace.note_refusal(verdict, text)
        if verdict.action == "replace":
            return "withheld", ""
        attempt += 1
        messages += [ChatMessage("assistant", raw=result.raw_assistant or {"role": "assistant", "content": text})]
        messages += [ChatMessage("user", verdict.advice)]
    trace.steps.append({"type": "limit", "limit": limit})
    trace.reasons = (*trace.reasons, f"limit:{limit}")
    return "exhausted", ""


def _doubted(trace: Trace) -> set[str]:
    """What was looked up in this turn in vain, while nothing that reads gave any answer it could be known from."""
    calls = [step for step in trace.steps if step.get("type") == "tool"]
    if any(step["ok"] and not ((tool := tool_named(step["name"])) and tool.writes) for step in calls):
        return set()
    return {LOOK_UPS[step["name"]] for step in calls if step["name"] in LOOK_UPS and not _says_something(step)}


def _says_something(step: JSON) -> bool:
    """Whether a look-up gave anything to go on; without a store there was nothing to look up in."""
    result = step.get("result") or {}
    return step["ok"] or bool(result.keys() & {"products", "options"}) or result.get("why") == "not_connected"


def limit_in_words(reasons: Collection[str]) -> str:
    """Why a turn came to no answer, for the team. `reasons` as the trace has them."""
    words = {
        "steps": _("usó todos los pasos que tiene por turno"),
        "seconds": _("se le acabó el tiempo del turno"),
        "tokens": _("usó todos los tokens que tiene por turno"),
        "words": _("el modelo contestó vacío o cortado dos veces"),
    }
    named = [
        words[limit] for reason in reasons if (limit := reason.removeprefix("limit:")) in words and limit != reason
    ]
    if not named:
        return _("La IA no llegó a una respuesta.")
    return _("La IA no llegó a una respuesta: %(why)s.") % {"why": named[-1]}


def _limit(plan: Plan, trace: Trace, steps: int, left: float) -> str:
    used = trace.usage.prompt + trace.usage.completion
    return plan.budget.spent(steps=steps, seconds=plan.budget.seconds - left, tokens=used)


def _ask(
    plan: Plan, trace: Trace, messages: list[ChatMessage], left: Callable[[], float], *, longer: bool
) -> ChatResult:
    begun = monotonic()
    request = ChatRequest(
        model=plan.models[0],
        messages=tuple(messages),
        tools=plan.toolbox.specs,
        temperature=plan.temperature,
        max_tokens=MAX_OUTPUT_TOKENS * (2 if longer else 1),
        timeout=plan.timeout,
        sees=plan.sees,
    )
    answer = ask(plan.llm, request, models=plan.models, seconds_left=left, policy=plan.policy)
    guess = Usage() if plan.llm.is_demo else _guess(messages, answer.result)
    trace.note_model(answer.result, answer.model, answer.calls, int((monotonic() - begun) * 1000), guess)
    return answer.result


def _guess(messages: list[ChatMessage], result: ChatResult) -> Usage:
    """Tokens by the length of the texts."""
    written = result.text + "".join(call.arguments_text for call in result.tool_calls)
    return Usage(
        prompt=sum(tokens_of(message.content) + IMAGE_TOKENS * len(message.images) for message in messages),
        completion=tokens_of(written),
    )


def _answered(plan: Plan, trace: Trace, request: ToolCallRequest, position: int, step: int) -> ChatMessage:
    """Every call gets exactly one answer, also the ones beyond the limit: the protocol wants it so."""
    if position >= MAX_CALLS_PER_STEP * step:
        content = json.dumps({"ok": False, "error": "too many calls"})
        trace.steps.append({"type": "tool", "name": request.name, "ok": False, "refusal": "too many calls"})
        return ChatMessage("tool", content, tool_call_id=request.id)
    done = plan.toolbox.call(request, position)
    trace.note_tool(done)
    # A refusal of the platform's own tools may name another tool; what a company's service says is somebody else's.
    ours = (GUIDE, "error") if done.tool in TOOLS else (GUIDE,)
    told = as_data(done.result.as_json(), longest=LONGEST_TOOL_RESULT, ours=ours)
    plan.gate.hear(told.content, done.arguments, proves=done.result.receipt is not None)
    if told.suspicious:
        plan.gate.suspicious = True
        only_read(plan.toolbox)
        trace.reasons = (*trace.reasons, "input:tool_result")
    return ChatMessage("tool", told.content, tool_call_id=request.id)
