"""Help for a person who writes in a chat: a draft, their own text in a better form, a summary. Never sent by itself.

What comes of it is a text that the person reads, changes and sends, or keeps as an internal note. It is asked for on the page
and made by the worker; the run that explains it is a trace like any other, with what it cost. Without a key of a model the
rules of agents.services.copilot_demo do it, and say so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from django.utils import timezone, translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from agents.domain import copilot
from agents.domain.storable import storable, storable_json
from agents.llm.base import LLMError
from agents.models import AgentRun, AgentVersion, LedgerEntry
from agents.services import ceiling, copilot_demo, hours, ledger, prices
from agents.services.copilot_model import Job, plan_of, shown_of, sources_of
from agents.services.gates import in_words
from agents.services.llms import for_side_tasks
from agents.services.loop import Trace, converse, limit_in_words
from agents.services.previews import lacking_key
from agents.services.scene import answering_version, gather
from config.lib import commit
from config.lib.errors import AppError, Conflict, Invalid, NotFound
from config.lib.ids import key_of, uuid7
from messaging.models import Conversation, Message
from messaging.services import conversations
from tenants.context import current_tenant, tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services import limits

TASK, QUEUE = "agents.tasks.help_writing", "agents"
NOTE = "copilot"  # the step that keeps what was asked and what the person is shown beside the text
LATEST = timedelta(minutes=3)  # longer than any help may take
MOST_SOURCES = 4
LONGEST_SOURCE = 300
Status, Purpose = AgentRun.Status, AgentRun.Purpose


@dataclass(frozen=True, slots=True)
class Help:
    """One help as its person sees it. `moved`: messages of the chat since it was asked for. `cost` is None while it runs, in
    a demonstration, and where nothing was asked of a model. `suspicious`: the customer's words give orders to an AI."""

    run: AgentRun
    kind: str
    text: str
    sources: list[dict[str, str]] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    moved: int = 0
    cost: LedgerEntry | None = None
    kept: bool = False
    suspicious: bool = False

    @property
    def waiting(self) -> bool:
        return self.run.status == Status.RUNNING

    @property
    def for_composer(self) -> bool:
        """Whether there is a text to be put where the person writes."""
        return self.run.status == Status.DONE and self.kind != copilot.SUMMARY


def begin(*, conversation: Conversation, kind: str, text: str, by: Actor, user_id: UUID) -> AgentRun:
    """Ask for one of copilot.KINDS. `text` is what stands in the composer: what a rewrite changes, what a draft should say.

    Inside the company. Raises Invalid for what cannot be helped with, RateLimited, AppError `over_budget`.
    """
    tenant = current_tenant()
    limits.check("copilot", tenant.pk, user_id)
    text = storable(text).strip()
    _check(conversation, kind, text)
    version = _voice(conversation.channel_source)
    demo = _is_demo(version)
    if not demo:
        ceiling.refuse_if_over(tenant, trial=False)
    snapshot: Mapping[str, Any] = for_side_tasks(version.snapshot) if version else {}
    run = AgentRun.objects.create(
        purpose=Purpose.COPILOT,
        conversation_id=conversation.pk,
        agent=version.agent if version else None,
        version=version,
        upto_sequence=conversation.sequence,
        provider="demo" if demo else str(snapshot.get("model_provider") or ""),
        model="demo" if demo else str(snapshot.get("model_version") or ""),
        is_demo=demo,
        steps=[
            {
                "type": NOTE,
                "kind": kind,
                "text": text,
                "by": str(user_id),
                "name": by.label,
                "reader": get_language() or "",
            }
        ],
    )
    commit.queue(TASK, queue=QUEUE, run_id=str(run.pk))
    return run


def _check(conversation: Conversation, kind: str, text: str) -> None:
    if kind not in copilot.KINDS:
        raise Invalid(_("Esa ayuda no existe."), fields={"kind": _("Elegir una de la lista.")})
    if len(text) > copilot.LONGEST_TEXT:
        words = _("El texto es demasiado largo para la ayuda: hasta %(most)d letras.") % {"most": copilot.LONGEST_TEXT}
        raise Invalid(words, fields={"text": words})
    if kind in copilot.REWRITES:
        if not text:
            words = _("Escribir algo en el mensaje para mejorarlo.")
            raise Invalid(words, fields={"text": words})
        return
    said = Message.objects.filter(conversation=conversation, author=Message.Author.CONTACT)
    if not said.exclude(kind="reaction").exists():
        raise Invalid(_("Todavía no hay mensajes del contacto en este chat."))


def _voice(channel_source: str) -> AgentVersion | None:
    """Who answers the channel now; outside of everybody's hours, who would."""
    return answering_version(channel_source) or next(iter(hours.of_channel(channel_source)), None)


def _is_demo(version: AgentVersion | None) -> bool:
    """Whether the rules help: nobody answers the channel, or no key of a model is there."""
    provider = str(version.snapshot.get("model_provider") or "demo") if version else "demo"
    return provider == "demo" or bool(lacking_key(provider))


# --- the worker's part ---------------------------------------------------------------------------------------------


def answer(*, tenant: Tenant, run_id: UUID) -> None:
    """Make what `begin` asked for. Call it outside of any transaction. A second delivery finds it taken and does nothing."""
    with translation.override(tenant.locale[:2]), tenant_context(tenant):
        job = _taken(tenant, run_id)
    if job is None:
        return
    with translation.override(job.instructed_in if job.kind == copilot.SUMMARY else tenant.locale[:2]):
        begun, trace, note = monotonic(), Trace(prices.of(tenant)), note_of(job.run)
        screening = job.scene.screening
        if job.kind == copilot.DRAFT and screening.suspicious:
            job.run.flags = [f"input:{reason}" for reason in screening.reasons]
        try:
            if job.kind == copilot.DRAFT and screening.decision == "block":
                job.run.status = Status.BLOCKED
                job.run.error = _(
                    "El último mensaje parece un intento de manipular a la IA: leerlo y responder a mano."
                )
            elif job.run.is_demo:
                _by_rules(job, note)
            else:
                _by_model(job, trace, note)
        finally:
            job.run.latency_ms = int((monotonic() - begun) * 1000)
            with tenant_context(tenant):
                _keep(job.run, trace)


def _taken(tenant: Tenant, run_id: UUID) -> Job | None:
    """The job, once. One whose chat is gone meanwhile ends here."""
    waiting = AgentRun.objects.filter(pk=run_id, purpose=Purpose.COPILOT, status=Status.RUNNING, turn_token=None)
    if not waiting.update(turn_token=uuid7()):
        return None
    run = AgentRun.objects.select_related("version").get(pk=run_id)
    note, snapshot = note_of(run), run.version.snapshot if run.version else {}
    chat = run.conversation_id
    if not note or chat is None or not Conversation.objects.filter(pk=chat).exists():
        _fail(run)
        run.save(update_fields=["status", "error", "finished_at"])
        return None
    scene = gather(tenant=tenant, conversation_id=chat, upto_sequence=run.upto_sequence)
    reader = str(note.get("reader") or tenant.locale)
    return Job(tenant, run, scene, str(note["kind"]), str(note["text"]), snapshot, reader)


def _by_rules(job: Job, note: dict[str, Any]) -> None:
    try:
        made = copilot_demo.made(job)
    except AppError as error:  # what rules cannot do, with the next step
        job.run.status, job.run.error = Status.FAILED, str(error.message)[:400]
        return
    job.run.status, job.run.reply, note["sources"] = Status.DONE, made.text, made.sources


def _by_model(job: Job, trace: Trace, note: dict[str, Any]) -> None:
    run = job.run
    try:
        plan = plan_of(job)
        said = [{"role": message.role, "content": message.content} for message in plan.messages]
        run.steps = [*run.steps, {"type": "prompt", "messages": said}]
        end, text = converse(plan, trace, still_mine=lambda: True)
    except LLMError as error:
        run.status, run.error = Status.FAILED, _trouble(error)
        trace.steps.append({"type": "error", "kind": error.kind, "text": error.message})
        return
    text = shown_of(job, text)
    if end == "withheld" or (end == "done" and not text):
        run.status = Status.BLOCKED
        why = in_words(trace.reasons) or _("no quedó nada que se pueda mostrar")
        words = _("Lo que escribió la IA se frenó y no se muestra: %(why)s. Pedirlo de nuevo o escribirlo a mano.")
        run.error = (words % {"why": why})[:400]
    elif end != "done":
        run.status, run.error = Status.FAILED, limit_in_words(trace.reasons)[:400]
    else:
        run.status, run.reply = Status.DONE, text
        note["numbers"] = list(copilot.new_numbers(text, sources_of(plan, job)))
        note["sources"] = _named(trace, text)


def _trouble(error: LLMError) -> str:
    """Why no model answered, for whoever asked, with what to do next."""
    later = _("El modelo no contesta ahora. Lo escrito sigue en su lugar: pedirlo de nuevo en un rato.")
    words = {
        "auth": _("El proveedor no acepta la clave o la cuenta no tiene saldo: revisarla en Credenciales."),
        "config": _("El modelo del agente no está bien configurado: revisarlo en Agentes."),
        "context": _("El chat es demasiado largo para el modelo del agente: escribirlo a mano."),
        "refused": _("El proveedor del modelo no quiso contestar esto: escribirlo a mano."),
        "permanent": _("El modelo no pudo contestar. Pedirlo de nuevo; si sigue, revisar el modelo en Agentes."),
    }
    return words.get(error.kind, later)


def _named(trace: Trace, text: str) -> list[dict[str, str]]:
    """What was found and is in the text, each passage once."""
    found: dict[str, dict[str, str]] = {}
    for step in trace.steps:
        if step.get("type") != "tool" or not step.get("ok"):
            continue
        for passage in (step.get("result") or {}).get("passages") or []:
            title, words = str(passage.get("title") or ""), str(passage.get("text") or "")
            if title and copilot.rests_on(text, words):
                found.setdefault(title, {"title": title, "text": words[:LONGEST_SOURCE]})
    return list(found.values())[:MOST_SOURCES]


def _keep(run: AgentRun, trace: Trace) -> None:
    """The text, its trace and what it cost, together; nothing of a person who was erased meanwhile."""
    if run.status == Status.RUNNING:  # a bug of ours, or the process is being stopped
        _fail(run)
    run.steps = storable_json([*run.steps, *trace.steps])
    run.flags = [*run.flags, *trace.reasons]
    run.model, run.reply = trace.model or run.model, storable(run.reply)
    run.prompt_tokens, run.completion_tokens, run.cost_usd = trace.usage.prompt, trace.usage.completion, trace.cost
    run.finished_at = timezone.now()
    kept = AgentRun.objects.filter(pk=run.pk, conversation_id=run.conversation_id).exists()
    ledger.book_run(run, kept=kept)
    if kept:
        run.save()


def _fail(run: AgentRun) -> None:
    run.status, run.finished_at = Status.FAILED, timezone.now()
    run.error = _("La ayuda se interrumpió. Lo escrito sigue en su lugar: pedirla de nuevo.")


# --- what its person sees ------------------------------------------------------------------------------------------


def find(*, conversation: Conversation, run_id: object, user_id: UUID) -> Help:
    """A help that this person asked for in this chat. One whose worker died ends here. Raises NotFound."""
    rows = AgentRun.objects.filter(purpose=Purpose.COPILOT, conversation_id=conversation.pk)
    run = rows.filter(pk=key_of(run_id)).first()
    note = note_of(run) if run is not None else {}
    if run is None or note.get("by") != str(user_id):
        raise NotFound(_("Esa ayuda ya no está: pedirla de nuevo."))
    if run.status == Status.RUNNING and run.created_at < timezone.now() - LATEST:
        _fail(run)
        run.save(update_fields=["status", "error", "finished_at"])
    over = run.status != Status.RUNNING
    said = Message.objects.filter(conversation=conversation, sequence__gt=run.upto_sequence)
    return Help(
        run=run,
        kind=str(note["kind"]),
        text=str(note["text"]),
        sources=list(note.get("sources") or []),
        numbers=list(note.get("numbers") or []),
        moved=said.exclude(kind__in=("note", "reaction")).count() if over else 0,
        cost=LedgerEntry.objects.filter(kind=LedgerEntry.Kind.MODEL, source=str(run.pk)).first() if over else None,
        kept=bool(note.get("kept")),
        suspicious=any(str(flag).startswith("input:") for flag in run.flags),
    )


def keep_note(*, conversation: Conversation, found: Help, by: Actor) -> None:
    """Leave a summary in the locked chat as an internal note; the contact never sees it. A second press changes nothing."""
    if found.kept:
        return
    if found.kind != copilot.SUMMARY or found.run.status != Status.DONE:
        raise Conflict(_("Solo un resumen terminado se guarda como nota."))
    cause = _("Resumen de la IA guardado por %(name)s") % {"name": by.label}
    conversations.note(
        conversation, found.run.reply, cause=cause, author_name=by.label[:160], payload={"copilot": str(found.run.pk)}
    )
    conversation.save(update_fields=["sequence", "last_message_preview", "last_message_author", "last_message_at"])
    note_of(found.run)["kept"] = True
    found.run.save(update_fields=["steps"])


def note_of(run: AgentRun) -> dict[str, Any]:
    """What was asked, and what is shown beside the text; empty for other runs and once the person was erased."""
    return next((step for step in run.steps if isinstance(step, dict) and step.get("type") == NOTE), {})
