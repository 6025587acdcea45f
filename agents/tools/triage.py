"""The tool that judges how soon somebody has to be seen. The rules and the model both speak; the graver one counts."""

import logging

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from agents.domain.urgency import EMERGENCY, HIGH, LEVELS, LOW, NORMAL, UNKNOWN, assess, graver
from agents.services import triage
from agents.services.briefs import EMERGENCY as EMERGENCY_CODE
from agents.services.briefs import UNJUDGED, hand_over
from agents.tools.base import JSON, Receipt, Tool, ToolContext, ToolResult, choice, schema, text
from crm.models import Contact, Lead
from crm.services import leads
from messaging.models import Conversation
from messaging.services.conversations import locked

logger = logging.getLogger(__name__)
WORDS = {
    EMERGENCY: gettext_lazy("emergencia: hoy"),
    HIGH: gettext_lazy("alta: en 48 a 72 horas"),
    NORMAL: gettext_lazy("normal"),
    LOW: gettext_lazy("baja"),
}
ADVICE = {
    HIGH: "Buscá horarios dentro de las próximas 72 horas y agendá con `urgent` en true. Si no hay, derivá a una persona.",
    NORMAL: "Seguí con un turno común.",
    LOW: "Seguí con un turno común.",
}


def triage_urgency(context: ToolContext, arguments: JSON) -> ToolResult:
    """Keep how urgent the person's case is. An emergency, and what cannot be judged, go to people in the same act."""
    try:
        # What breaks in here is undone by itself; people still get the chat.
        with transaction.atomic():
            level = _judged(context, arguments)
    except Exception:  # whatever broke, somebody who may be in danger is not told "normal"
        logger.exception("urgency of conversation %s not judged", context.conversation_id)
        level = UNKNOWN
    if level == EMERGENCY:
        return _to_people(context, EMERGENCY_CODE, _("Por lo que cuenta es una emergencia."), level)
    if level == UNKNOWN:
        return _to_people(context, UNJUDGED, _("No se pudo saber qué tan urgente es."), level)
    words = str(WORDS[level])
    return ToolResult(
        True,
        {"level": level, "next": ADVICE[level]},
        receipt=Receipt("record", _("Urgencia: %(level)s") % {"level": words}),
    )


def _judged(context: ToolContext, arguments: JSON) -> str:
    """The graver of what the rules read in the customer's own words and what the model says; kept on the chat and lead."""
    symptoms = str(arguments.get("symptoms") or "")
    found = assess([context.said, symptoms])
    level = graver(found.level, str(arguments.get("level") or ""))
    if level not in LEVELS:
        return UNKNOWN
    contact = Contact.objects.select_for_update(no_key=True).get(pk=context.contact_id)
    standing = triage.judge(context.conversation_id, level, by="agent", lower=not found.level)
    if standing in (EMERGENCY, HIGH):
        _mark(contact, context)
    return standing


def _mark(contact: Contact, context: ToolContext) -> None:
    """A label on the open lead, where lists and boards show it; a person takes it off."""
    lead = Lead.objects.open().filter(contact=contact).order_by("-created_at").first()
    name = str(_("urgente"))
    if lead is not None and name not in lead.tags:
        leads.update_lead(lead=lead, by=context.actor, tags=[*lead.tags, name])


def _to_people(context: ToolContext, code: str, reason: str, level: str) -> ToolResult:
    conversation = locked(context.conversation_id)
    if conversation is None:
        return ToolResult(False, message=_("La conversación ya no existe."))
    if conversation.mode == Conversation.Mode.AI:
        hand_over(
            tenant=context.tenant,
            conversation=conversation,
            code=code,
            reason=reason,
            by=context.actor,
            turn_token=context.turn_token,
        )
    receipt = Receipt("handoff", _("Derivado a una persona: %(reason)s") % {"reason": reason})
    return ToolResult(True, {"level": level, "with_a_person": True}, receipt=receipt)


TRIAGE_URGENCY = Tool(
    name=triage.TOOL,
    label=gettext_lazy("Clasificar la urgencia"),
    description=gettext_noop(
        "Registra qué tan urgente es lo que le pasa a la persona que está escribiendo y dice cómo seguir."
    ),
    protocol=(
        "Usala apenas cuente un síntoma o diga que es urgente, y siempre antes de ofrecer un turno urgente. Poné sus"
        " palabras en `symptoms`. emergency: sangrado que no para, no puede respirar o tragar, cara hinchada con fiebre,"
        " golpe fuerte. high: dolor intenso, infección, algo roto. Nunca digas que no es urgente por tu cuenta."
    ),
    parameters=schema(
        ("symptoms", "level"),
        symptoms=text("Lo que le pasa, con sus palabras", longest=1000, shortest=1),
        level=choice("Qué tan urgente parece", *LEVELS),
    ),
    run=triage_urgency,
    permission="inbox.write",
    writes=True,
    always=True,
)
