"""Tools about the person who is writing: their data and how ready they are to buy."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from agents.domain.undo import changes
from agents.tools.base import JSON, Receipt, Tool, ToolContext, ToolResult, choice, schema, text
from config.lib.errors import AppError
from crm.domain.phones import phone_variants
from crm.domain.qualification import Said
from crm.models import Contact, ContactPoint
from crm.phones import as_e164
from crm.services import contacts, leads, points
from messaging.models import Message
from messaging.services.conversations import locked, note

MOST_HEARD = 20  # messages of one turn
PRIVATE_EXTRAS = ("document", "insurance")
COLUMNS = ("name", "phone", "email")
FACTS = ("interest", "budget", "timeline", "needs")
LABELS = {
    "name": gettext_lazy("nombre"),
    "phone": gettext_lazy("teléfono"),
    "email": gettext_lazy("correo"),
    "document": gettext_lazy("documento"),
    "insurance": gettext_lazy("obra social"),
}


def create_customer(context: ToolContext, arguments: JSON) -> ToolResult:
    """Fill in the conversation's own contact and make sure it has a lead.

    A phone or e-mail of somebody else is not taken over: the team gets a note to look whether both are one person.
    """
    contact = Contact.objects.select_for_update(no_key=True).get(pk=context.contact_id)
    wanted = {name: str(value).strip() for name, value in arguments.items() if str(value or "").strip()}
    saved, doubtful, fields = _sorted_out(contact, wanted, context)
    back: JSON = {}
    if fields:
        try:
            back = _written(contact, fields, context)
        except AppError as error:
            return ToolResult(False, {"saved": []}, str(error.message))
    conversation = locked(context.conversation_id)
    source = conversation.channel_source if conversation else ""
    _lead, new = leads.ensure_open_lead(contact=contact, source=source, by=context.actor)
    if doubtful and conversation is not None:
        note(conversation, _suggestion(doubtful, wanted), cause=_("Posible contacto repetido"))
        conversation.save()
    if doubtful and not saved:
        return ToolResult(False, {"saved": []}, _("Ese dato no se pudo guardar; lo revisa una persona."))
    data: JSON = {"saved": saved, **({"not_saved": doubtful} if doubtful else {})}
    receipt = (
        Receipt("record", _("Datos guardados: %(names)s") % {"names": ", ".join(str(LABELS[name]) for name in saved)})
        if saved
        else None
    )
    return ToolResult(True, data, receipt=receipt, back={**back, "new_lead": new} if back else {})


def _written(contact: Contact, fields: dict[str, Any], context: ToolContext) -> JSON:
    """Write them on the held contact; what undoing it needs, empty where all was known already. Raises AppError."""
    columns, custom = {name: getattr(contact, name) for name in COLUMNS}, dict(contact.custom)
    further = str(fields.pop("further", ""))
    contacts.update_contact(contact=contact, by=context.actor, **fields)
    made: dict[str, JSON] = {
        "fields": changes(columns, {name: getattr(contact, name) for name in COLUMNS}),
        "custom": changes(custom, contact.custom),
    }
    if further:
        had = set(contact.points.values_list("pk", flat=True))
        point = points.add_point(contact=contact, kind=ContactPoint.Kind.PHONE, value=further, by=context.actor)
        made["point"] = {} if point.pk in had or point.pk is None else {"id": str(point.pk), "value": point.value}
    return {"contact": str(contact.pk), **made} if any(made.values()) else {}


def _sorted_out(
    contact: Contact, wanted: dict[str, str], context: ToolContext
) -> tuple[list[str], list[str], dict[str, Any]]:
    """What may be saved, what belongs to somebody else, and the fields to write (`further`: a second number)."""
    saved: list[str] = []
    doubtful: list[str] = []
    fields: dict[str, Any] = {}
    custom = dict(contact.custom)
    for name, value in wanted.items():
        if name == "phone":
            number = _number(value, context)
            other = contacts.by_phone(number) if number else None
            if not number or (other is not None and other.pk != contact.pk):
                doubtful.append(name)
                continue
            # The number somebody writes from is theirs; another one is a second number, it replaces nothing.
            if not contact.phone:
                fields["phone"] = number
            elif number not in phone_variants(contact.phone):
                fields["further"] = number
        elif name == "email":
            other = contacts.by_email(value)
            if other is not None and other.pk != contact.pk:
                doubtful.append(name)
                continue
            fields["email"] = value
        elif name in PRIVATE_EXTRAS:
            custom[name] = value
        else:
            fields[name] = value
        saved.append(name)
    if custom != contact.custom:
        fields["custom"] = custom
    return saved, doubtful, fields


def _number(value: str, context: ToolContext) -> str:
    try:
        return as_e164(value, currency=context.tenant.currency) or ""
    except AppError:
        return ""


def _suggestion(doubtful: list[str], wanted: dict[str, str]) -> str:
    values = ", ".join(wanted[name] for name in doubtful)
    return _("Quien escribe dio un dato que ya es de otro contacto o no es válido: %(values)s.") % {"values": values}


def qualify_lead(context: ToolContext, arguments: JSON) -> ToolResult:
    """Keep what was learned about interest, money, time and need; the score is computed in code."""
    contact = Contact.objects.select_for_update(no_key=True).get(pk=context.contact_id)
    conversation = locked(context.conversation_id)
    source = conversation.channel_source if conversation else ""
    lead, new = leads.ensure_open_lead(contact=contact, source=source, by=context.actor)
    learned = {name: str(value).strip() for name, value in arguments.items() if str(value or "").strip()}
    if not learned:
        return ToolResult(False, message=_("No hay nada para registrar."))
    known, reasons = {name: getattr(lead, name) for name in FACTS}, list(lead.score_reasons)
    lead = leads.qualify_lead(lead=lead, by=context.actor, heard=_heard(context), **learned)
    facts = changes(known, {name: getattr(lead, name) for name in FACTS})
    back: JSON = {"lead": str(lead.pk), "facts": facts, "reasons": reasons, "new_lead": new} if facts else {}
    data = {"score": lead.score, "interest": lead.interest, "known": sorted(learned)}
    words = _("Calificado: %(score)s puntos") % {"score": lead.score}
    return ToolResult(True, data, receipt=Receipt("record", words), back=back)


def _heard(context: ToolContext) -> list[Said]:
    """What the customer wrote in this turn, message by message, so that each point of the score can name its own."""
    rows = Message.objects.filter(
        conversation_id=context.conversation_id, direction=Message.Direction.IN, author=Message.Author.CONTACT
    )
    latest = rows.order_by("-sequence").values_list("pk", "text")[:MOST_HEARD]
    found = [Said(str(pk), text.strip()) for pk, text in latest if text.strip() and text.strip() in context.said]
    return found[::-1] or ([Said("", context.said)] if context.said else [])


CREATE_CUSTOMER = Tool(
    name="create_customer",
    label=gettext_lazy("Guardar datos del cliente"),
    description=gettext_noop("Guarda los datos que dio la persona que está escribiendo. Solo lo que dijo de sí misma."),
    protocol="Usala apenas la persona diga su nombre, teléfono o correo. No pidas datos que ya tenés ni los inventes.",
    parameters=schema(
        name=text("Nombre y apellido", longest=200),
        phone=text("Teléfono, tal como lo escribió", longest=40),
        email={**text("Correo electrónico", longest=254), "format": "email"},
        document=text("Documento (DNI), si lo dio", longest=40),
        insurance=text("Obra social o seguro, si lo dio", longest=120),
    ),
    run=create_customer,
    permission="contacts.write",
    writes=True,
)
QUALIFY_LEAD = Tool(
    name="qualify_lead",
    label=gettext_lazy("Calificar el interés"),
    description=gettext_noop("Registra el interés de quien escribe y lo que dijo de presupuesto, plazo y necesidad."),
    protocol="Usala cuando se sepa algo del interés, presupuesto, plazo o necesidad. «No me interesa» es none.",
    parameters=schema(
        interest=choice("Interés en comprar", "high", "medium", "low", "none"),
        budget=text("Presupuesto, con sus palabras", longest=200),
        timeline=text("Para cuándo, con sus palabras", longest=200),
        needs=text("Qué necesita, con sus palabras", longest=1000),
    ),
    run=qualify_lead,
    permission="leads.write",
    writes=True,
)
