"""Tools that hand the chat to a person and that report how useful the agent was."""

from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from agents.models import AssistanceReport
from agents.services.briefs import AGENT, hand_over
from agents.tools.base import JSON, Receipt, Tool, ToolContext, ToolResult, choice, schema, text
from messaging.models import Conversation
from messaging.services.conversations import locked


def handoff_to_human(context: ToolContext, arguments: JSON) -> ToolResult:
    """A person gets the chat; this turn may still say its last words."""
    conversation = locked(context.conversation_id)
    if conversation is None:
        return ToolResult(False, message=_("La conversación ya no existe."))
    if conversation.mode != Conversation.Mode.AI:
        return ToolResult(True, {"already": True}, receipt=Receipt("handoff", _("Ya estaba con una persona")))
    reason = str(arguments.get("reason") or "").strip() or _("Pidió una persona")
    hand_over(
        tenant=context.tenant,
        conversation=conversation,
        code=AGENT,
        reason=reason,
        summary=str(arguments.get("summary") or "").strip(),
        by=context.actor,
        turn_token=context.turn_token,
    )
    return ToolResult(True, receipt=Receipt("handoff", _("Derivado a una persona: %(reason)s") % {"reason": reason}))


def report_assistance(context: ToolContext, arguments: JSON) -> ToolResult:
    """Keep the agent's own view of its help; a person may correct it later."""
    AssistanceReport.objects.create(
        run_id=context.run_id,
        conversation_id=context.conversation_id,
        kind=arguments["kind"],
        score=Decimal(str(arguments["score"])).quantize(Decimal("0.01")),
        reasoning=str(arguments.get("reasoning") or ""),
    )
    return ToolResult(True)


HANDOFF_TO_HUMAN = Tool(
    name="handoff_to_human",
    label=gettext_lazy("Derivar a una persona"),
    description=gettext_noop("Pasa el chat a una persona del equipo."),
    protocol="Usala si piden una persona, si hay un reclamo serio o si no podés resolver. Después avisá en una frase.",
    parameters=schema(
        ("reason",),
        reason=text("Motivo en pocas palabras", shortest=1, longest=200),
        summary=text("Resumen para la persona: quién es, qué quiere, qué se le dijo, qué falta", longest=1500),
    ),
    run=handoff_to_human,
    permission="inbox.write",
    writes=True,
    always=True,
    once=True,
    proves="handoff",
)
REPORT_ASSISTANCE = Tool(
    name="report_assistance",
    label=gettext_lazy("Informar la ayuda dada"),
    description=gettext_noop("Informa al equipo, sin que lo vea la persona, cuánto ayudó esta conversación."),
    protocol="Usala como mucho una vez por conversación, cuando el tema quede resuelto.",
    parameters=schema(
        ("kind", "score", "reasoning"),
        kind=choice("Tipo de ayuda", "sales", "support"),
        score={"type": "number", "minimum": 0, "maximum": 1, "description": "0 no ayudó, 1 resolvió todo"},
        reasoning=text("Por qué", longest=1000),
    ),
    run=report_assistance,
    permission="inbox.write",
    writes=True,
    once=True,
)
