"""The tool that closes a sale: the same gate and the same act as the page and the API."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from agents.tools.base import JSON, Receipt, Tool, ToolContext, ToolResult, schema
from config.lib.errors import AppError
from crm.models import Contact, Conversion, Lead
from crm.services import conversion


def convert_to_client(context: ToolContext, arguments: JSON) -> ToolResult:
    """The conversation's own lead, or a refusal that says what is missing."""
    Contact.objects.select_for_update(no_key=True).get(pk=context.contact_id)
    leads = Lead.objects.filter(contact_id=context.contact_id).select_related("contact", "stage", "owner")
    # The open one; else the latest, which may be the sale that is asked for once more.
    lead = leads.open().order_by("-created_at").first() or leads.order_by("-created_at").first()
    if lead is None:
        return ToolResult(False, message=_("Todavía no hay un lead de esta persona."))
    before = set(Conversion.objects.filter(lead=lead, undone_at=None).values_list("pk", flat=True))
    try:
        done = conversion.convert(lead=lead, by=context.actor)
    except AppError as error:
        return ToolResult(False, {"missing": sorted(error.fields)}, str(error.message))
    receipt = Receipt("record", _("Convertido en cliente: %(name)s") % {"name": done.lead.contact})
    back = {} if done.pk in before else {"conversion": str(done.pk)}  # asked once more it did nothing
    return ToolResult(True, {"client": True}, receipt=receipt, back=back)


CONVERT_TO_CLIENT = Tool(
    name="convert_to_client",
    label=gettext_lazy("Convertir en cliente"),
    description=gettext_noop("Registra que la persona que está escribiendo compró y pasa a ser cliente."),
    protocol="Usala solo cuando la persona confirma la compra. Si falta algo, pedilo antes y no digas que quedó hecho.",
    parameters=schema(),
    run=convert_to_client,
    permission="clients.write",
    writes=True,
    once=True,
)
