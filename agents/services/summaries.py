"""What was said before the lines that a turn reads, in a few words. One side call, beside the answer and never before it.

A turn that finds many lines without a summary asks for one (`scene.gather`); it is there for the turns to come. Where it fails
the chat goes on without: the next turn asks again.
"""

from dataclasses import dataclass
from time import monotonic
from uuid import UUID

from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.utils import timezone

from agents.domain import summary
from agents.domain.history import tokens_of
from agents.llm.base import ChatMessage, ChatRequest, LLMError, Usage
from agents.llm.resilient import RetryPolicy, ask, stopwatch
from agents.models import AgentRun, ChatSummary
from agents.services import ceiling, ledger, prices
from agents.services.llms import for_side_tasks, llm_for
from agents.services.loop import Trace
from agents.services.scene import answering_version, spoken
from messaging.models import Conversation
from tenants.context import tenant_context
from tenants.models import Tenant

CALL_SECONDS = 30.0
ONCE_SECONDS = 60  # two turns that follow each other ask for one summary
MAX_OUTPUT_TOKENS = 700
POLICY = RetryPolicy(attempts=2)


@dataclass(slots=True)
class _Job:
    """One summary on its way. `upto` = number of the newest message in it, `before` the one it goes on from."""

    run: AgentRun
    snapshot: dict
    request: ChatRequest
    before: ChatSummary | None
    upto: int


def summarise(*, tenant: Tenant, conversation_id: UUID) -> AgentRun | None:
    """Bring the summary of a chat up to date. None when there is nothing to do. Call it outside of any transaction."""
    if not cache.add(f"summary:{tenant.pk}:{conversation_id}", 1, ONCE_SECONDS):
        return None
    with tenant_context(tenant):
        job = _job(tenant, conversation_id)
    if job is None:
        return None
    begun, trace, text = monotonic(), Trace(prices.of(tenant)), ""
    try:
        llm, models, _secret = llm_for(tenant, job.snapshot)
        left = stopwatch(2 * CALL_SECONDS)
        answer = ask(llm, job.request, models=models, seconds_left=left, policy=POLICY)
        sent = sum(tokens_of(message.content) for message in job.request.messages)
        guess = Usage(prompt=sent, completion=tokens_of(answer.result.text))
        trace.note_model(answer.result, answer.model, answer.calls, int((monotonic() - begun) * 1000), guess)
        text = summary.cleaned(answer.result.text)
        job.run.status = AgentRun.Status.DONE if text else AgentRun.Status.BLOCKED
    except LLMError as error:
        job.run.status, job.run.error = AgentRun.Status.FAILED, f"{error.kind} {error.message}"[:400]
    job.run.latency_ms = int((monotonic() - begun) * 1000)
    with tenant_context(tenant):
        _keep(job, trace, text)
    return job.run


def forget(conversation_id: UUID, sequence: int) -> None:
    """A message was deleted by who wrote it: what was made of it goes too, and is made anew of what is left."""
    ChatSummary.objects.filter(conversation_id=conversation_id, upto_sequence__gte=sequence).delete()


def _job(tenant: Tenant, conversation_id: UUID) -> _Job | None:
    conversation = Conversation.objects.filter(pk=conversation_id).first()
    version = answering_version(conversation.channel_source) if conversation else None
    if conversation is None or version is None or version.snapshot.get("model_provider") == "demo":
        return None
    before = ChatSummary.objects.filter(conversation_id=conversation_id).first()
    said = spoken(conversation, after=before.upto_sequence if before else 0, most=summary.MOST_LINES)
    if not summary.due([line.text for _number, line in said]) or ceiling.spending_is_over(tenant):
        return None
    old, snapshot = said[: -summary.NEWEST], for_side_tasks(version.snapshot)
    language = "en" if tenant.locale[:2].lower() == "en" else "es"
    chat = summary.material(before.text if before else "", [line for _number, line in old])
    messages = (ChatMessage("system", summary.INSTRUCTIONS[language]), ChatMessage("user", chat))
    run = AgentRun.objects.create(
        purpose=AgentRun.Purpose.SUMMARY,
        conversation_id=conversation_id,
        agent=version.agent,
        version=version,
        upto_sequence=max(number for number, _line in old),
        provider=str(version.snapshot.get("model_provider") or ""),
        model=str(snapshot.get("model_version") or ""),
        steps=[{"type": "prompt", "messages": [{"role": each.role, "content": each.content} for each in messages]}],
    )
    request = ChatRequest(
        model=run.model, messages=messages, temperature=0.2, max_tokens=MAX_OUTPUT_TOKENS, timeout=CALL_SECONDS
    )
    return _Job(run, snapshot, request, before, run.upto_sequence)


def _keep(job: _Job, trace: Trace, text: str) -> None:
    """The summary and the run that explains it, together; nothing of a person who was erased meanwhile."""
    run = job.run
    run.steps = [*run.steps, *trace.steps]
    run.model = trace.model or run.model
    run.prompt_tokens, run.completion_tokens, run.cost_usd = trace.usage.prompt, trace.usage.completion, trace.cost
    run.finished_at, run.reply = timezone.now(), text
    kept = AgentRun.objects.filter(pk=run.pk, conversation_id=run.conversation_id).exists()
    ledger.book_run(run, kept=kept)
    if not kept:
        return
    run.save()
    if run.conversation_id is None or run.status == AgentRun.Status.FAILED:
        return
    if job.before is not None:
        # Where nothing may be kept of these lines the words of before stand, and the lines are not sent again.
        mine = ChatSummary.objects.filter(pk=job.before.pk, upto_sequence=job.before.upto_sequence)
        mine.update(text=text or job.before.text, upto_sequence=job.upto, updated_at=timezone.now())
        return
    if not text:
        return
    try:
        with transaction.atomic():
            ChatSummary.objects.create(conversation_id=run.conversation_id, upto_sequence=job.upto, text=text)
    except IntegrityError:
        return  # another worker was quicker: its summary stands
