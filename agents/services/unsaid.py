"""What earlier turns did and nobody was told: a turn that the customer wrote past, or that broke, left its acts behind.

The turn that answers knows them, with their receipts, and does none of them again. It also knows what somebody of the team
undid: those acts prove nothing any more and may be done anew.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils import timezone

from agents.domain.prompt_security import screen
from agents.domain.untrusted import as_data, harmless
from agents.models import PendingAct, ToolCall
from agents.services.loop import Plan, Trace
from agents.services.proposals import words_of
from agents.services.toolbox import Done, LiveToolbox, only_read, same_as, stored
from agents.services.tools import label_of
from agents.tools import tool_named
from messaging.models import Message, MessageStatus
from tenants.context import tenant_context

HEADING = "# Lo que ya se hizo en este chat y todavía no se contó"
UNDONE = (
    "# Lo que alguien del equipo deshizo\n"
    "Ya no vale, aunque en el chat o en el resumen se haya dicho que está hecho. No lo des por hecho. Si lo vuelven a pedir,"
    " hay que hacerlo de nuevo con la herramienta."
)
MOST_UNDONE = 5
UNDONE_FOR = timedelta(days=30)
TOLD_WITHIN = timedelta(days=1)
MOST_TOLD = 10
LONGEST_RESULT = 1500
UNSAID = (MessageStatus.CANCELLED, MessageStatus.FAILED)


def carry(plan: Plan, trace: Trace) -> Plan:
    """Before the model is asked: tell it what was done since the chat was last answered. Costs three statements where nothing was."""
    box = plan.toolbox
    if not isinstance(box, LiveToolbox):
        return plan
    with tenant_context(box.context.tenant):
        rows = _done(box.context.conversation_id, box.context.run_id)
        lines = [_line(plan, trace, box, row) for row in rows if _is_news(box, row)]
        undone = _undone(box.context.conversation_id)
    if not lines and not undone:
        return plan
    first, *others = plan.messages
    news = ["", HEADING, *(f"- {line}" for line in lines)] if lines else []
    gone = ["", UNDONE, *(f"- {line}" for line in undone)] if undone else []
    text = "\n".join([first.content, *news, *gone])
    return replace(plan, messages=(replace(first, content=text), *others))


def _done(conversation_id: UUID, run_id: UUID) -> list[ToolCall]:
    """Acts since our last message, oldest first; those that had to be allowed are told by agents.services.pending."""
    calls = ToolCall.objects.filter(conversation_id=conversation_id, ok=True, undone_at=None)
    calls = calls.filter(created_at__gt=_last_said(conversation_id)).exclude(run_id=run_id)
    rows = list(reversed(calls.order_by("-created_at", "-position")[:MOST_TOLD]))
    keys = [row.key for row in rows]
    allowed = set(PendingAct.objects.filter(key__in=keys).values_list("key", flat=True)) if rows else set()
    return [row for row in rows if row.key not in allowed]


def _undone(conversation_id: UUID) -> list[str]:
    """Acts of this chat that do not stand any more, the latest last; those that were done anew since are left out.

    The words of a receipt may hold a stranger's name.
    """
    calls = ToolCall.objects.filter(conversation_id=conversation_id)
    anew = calls.filter(tool=OuterRef("tool"), ok=True, undone_at=None, created_at__gt=OuterRef("undone_at"))
    rows = calls.filter(~Exists(anew), undone_at__gt=timezone.now() - UNDONE_FOR)
    found = reversed(rows.order_by("-undone_at")[:MOST_UNDONE].values_list("tool", "result__receipt__text"))
    return [f"{tool}: {words}" if words else tool for tool, text in found for words in [_safe(text)]]


def _safe(text: str | None) -> str:
    return "" if not text or screen(text).suspicious else " ".join(harmless(text).split())


def _last_said(conversation_id: UUID) -> datetime:
    said = Message.objects.filter(conversation_id=conversation_id, direction=Message.Direction.OUT)
    said = said.exclude(kind="note").exclude(status__in=UNSAID).order_by("-sequence")
    last, longest = said.values_list("created_at", flat=True).first(), timezone.now() - TOLD_WITHIN
    return max(last, longest) if last else longest


def _is_news(box: LiveToolbox, row: ToolCall) -> bool:
    """What changed something, save a call for people, for a chat that was handed over is no longer so, and a question to the
    team: agents.services.question_prompt tells what became of it."""
    tool = box.named(row.tool) or tool_named(row.tool)
    receipt = row.result.get("receipt") or {}
    # One that the agent no longer has may have changed something.
    return (tool is None or tool.writes) and receipt.get("kind") not in ("handoff", "question")


def _line(plan: Plan, trace: Trace, box: LiveToolbox, row: ToolCall) -> str:
    result = stored(row)
    box.settled[same_as(row.tool, row.arguments)] = result
    trace.note_tool(Done(row.tool, row.arguments, result, 0, replayed=True))
    what = words_of(label_of(row.tool), row.arguments)
    if result.message:
        return f"No se sabe si se hizo: {what}. No lo repitas: decí que alguien del equipo lo revisa."
    told = as_data(result.as_json(), longest=LONGEST_RESULT)
    if told.suspicious:
        plan.gate.suspicious = True
        only_read(box)
    plan.gate.hear(told.content, row.arguments, proves=result.receipt is not None)
    return f"Ya quedó hecho: {what}. Resultado: {told.content}. Contalo y no lo repitas."
