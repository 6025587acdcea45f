"""The data of a template, filled from what is known of the person of the chat."""

from django.utils.translation import gettext as _

from config.lib.errors import Invalid
from crm.domain import placeholders
from crm.models import Lead
from crm.services import custom_fields
from messaging.models import Conversation
from tenants.models import Membership


def filled(values: list[str], *, conversation: Conversation, member: Membership) -> list[str]:
    """Each value with its `{{…}}` replaced: from the chat's own contact and its latest open lead that the member may see.

    Raises Invalid, naming them, when something is unknown or empty: a template never goes out with a hole.
    """
    if not any("{{" in value for value in values):
        return values
    leads = Lead.objects.visible_to(member).open().filter(contact=conversation.contact_id)
    lead = leads.select_related("stage", "owner").order_by("-last_activity_at", "-id").first()
    known = custom_fields.variables_of(conversation.contact, lead)
    lacking = dict.fromkeys(name for value in values for name in placeholders.lacking(value, known))
    if lacking:
        names = ", ".join("{{" + name + "}}" for name in lacking)
        raise Invalid(
            _("No hay dato para %(names)s en este contacto. Completarlo en su ficha o escribir el valor a mano.")
            % {"names": names}
        )
    # WhatsApp refuses line breaks, tabs and runs of spaces inside a template's data.
    return [" ".join(placeholders.fill(value, known).split()) for value in values]
