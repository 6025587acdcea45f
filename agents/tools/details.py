"""Filling in the company's own fields with what the person says. What may be filled in is read when the turn begins."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from agents.domain.undo import changes
from agents.tools.base import JSON, Receipt, Tool, ToolContext, ToolResult, schema
from config.lib.errors import Invalid
from crm.models import Contact, CustomField
from crm.services import contacts, leads
from messaging.services.conversations import locked

# As the model reads them; what a value really may be is decided by crm.domain.custom_fields.
SHAPES: dict[str, JSON] = {
    "text": {"type": "string", "maxLength": 300},
    "long_text": {"type": "string", "maxLength": 2000},
    "number": {"type": "number"},
    "money": {"type": "string", "maxLength": 40},
    "date": {"type": "string", "maxLength": 40},
    "yes_no": {"type": "boolean"},
    "email": {"type": "string", "maxLength": 254},
    "phone": {"type": "string", "maxLength": 40},
    "url": {"type": "string", "maxLength": 500},
}
HINTS = {"money": "importe, por ejemplo 12500.50", "date": "fecha AAAA-MM-DD"}


def offered() -> dict[str, CustomField]:
    """Property → field, of those that agents may fill in. Inside a company; one statement."""
    rows = list(CustomField.objects.filter(is_active=True, agents_may_write=True).order_by("on", "position", "label"))
    keys = [row.key for row in rows]
    return {row.key if keys.count(row.key) == 1 else f"{row.on}_{row.key}": row for row in rows}


def parameters() -> JSON | None:
    """The tool's arguments in this company; None where no field is for agents."""
    fields = offered()
    return {**schema(), "properties": {name: _property(field) for name, field in fields.items()}} if fields else None


def _property(field: CustomField) -> JSON:
    if field.kind == CustomField.Kind.CHOICE:
        shape: JSON = {"type": "string", "enum": field.options}
    elif field.kind == CustomField.Kind.CHOICES:
        shape = {"type": "array", "items": {"type": "string", "enum": field.options}}
    else:
        shape = SHAPES[field.kind]
    words = [field.label, field.help_text, HINTS.get(field.kind, "")]
    return {**shape, "description": ". ".join(each for each in words if each)[:300]}


def save_details(context: ToolContext, arguments: JSON) -> ToolResult:
    """Write the values on the conversation's own contact and its open lead."""
    fields = offered()
    if unknown := sorted(set(arguments) - set(fields)):
        return ToolResult(
            False, message=_("Esos datos no se pueden guardar: %(names)s.") % {"names": ", ".join(unknown)}
        )
    contact = Contact.objects.select_for_update(no_key=True).get(pk=context.contact_id)
    said: dict[str, dict[str, Any]] = {CustomField.On.CONTACT: {}, CustomField.On.LEAD: {}}
    for name, value in arguments.items():
        if value not in ("", None, []):
            said[fields[name].on][fields[name].key] = value
    if not any(said.values()):
        return ToolResult(False, message=_("No hay nada para registrar."))
    try:
        back = _written(contact, said, context)
    except Invalid as error:
        wrong = [f"{name.removeprefix('custom.')}: {words}" for name, words in error.fields.items()]
        return ToolResult(False, {"saved": []}, "; ".join(wrong) or str(error.message))
    saved = [name for name in arguments if said[fields[name].on].get(fields[name].key) is not None]
    labels = ", ".join(fields[name].label for name in saved)
    receipt = Receipt("record", _("Datos guardados: %(names)s") % {"names": labels})
    return ToolResult(True, {"saved": saved}, receipt=receipt, back=back)


def _written(contact: Contact, said: dict[str, dict[str, Any]], context: ToolContext) -> JSON:
    """Write them on the held contact and its open lead; what undoing it needs, empty where all was known. Raises Invalid."""
    back: JSON = {}
    if said[CustomField.On.CONTACT]:
        before = dict(contact.custom)
        contacts.update_contact(contact=contact, by=context.actor, custom=said[CustomField.On.CONTACT])
        back["custom"] = changes(before, contact.custom)
    if said[CustomField.On.LEAD]:
        conversation = locked(context.conversation_id)
        source = conversation.channel_source if conversation else ""
        lead, back["new_lead"] = leads.ensure_open_lead(contact=contact, source=source, by=context.actor)
        before = dict(lead.custom)
        leads.update_lead(lead=lead, by=context.actor, custom=said[CustomField.On.LEAD])
        back |= {"lead": str(lead.pk), "lead_custom": changes(before, lead.custom)}
    changed = back.get("custom") or back.get("lead_custom")
    return {"contact": str(contact.pk), **back} if changed else {}


SAVE_DETAILS = Tool(
    name="save_details",
    label=gettext_lazy("Completar campos propios"),
    description=gettext_noop(
        "Guarda datos de los campos propios de la empresa que dijo la persona que está escribiendo."
    ),
    protocol="Usala apenas la persona diga alguno de esos datos. Guardá solo lo que dijo; no lo deduzcas ni lo inventes.",
    parameters=schema(),
    parameters_now=parameters,
    run=save_details,
    permission="contacts.write",
    writes=True,
)
