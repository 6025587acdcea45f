"""Trying a channel with a message to a number of one's own, through the same door as everything else."""

from uuid import UUID

from django.utils.translation import gettext as _

from config.lib.errors import Invalid
from messaging.domain import template_parts
from messaging.models import Channel, Message, MessageTemplate, Provider, Source
from messaging.services import templates
from messaging.services.relay import relay
from tenants.domain.actor import Actor
from tenants.models import User
from tenants.services.audit import record


def possible(channel: Channel) -> bool:
    """Only a number can be written to first; elsewhere the person has to begin."""
    by_number = channel.channel_source == Source.WHATSAPP and channel.provider != Provider.CHATWOOT
    return by_number and channel.status != Channel.Status.DISABLED


def send(
    *, channel: Channel, to: str, text: str, template: MessageTemplate | None, by: Actor, user: User | None, key: UUID
) -> UUID:
    """Queue the text, or the template with its examples, once for each key; the conversation it is in.

    Raises Invalid (no number, window closed, a hole in the template) and what `relay` raises.
    """
    if not possible(channel):
        raise Invalid(_("En este canal tiene que escribir primero la otra persona."))
    made = None
    if template is not None:
        slots = template_parts.slots(template.components)
        made, text = templates.ready(template, [slot.sample or _("ejemplo") for slot in slots])
    try:
        sent = relay(
            by=by, user=user, to=to, text=text, channel=str(channel.pk), template=made, correlation_id=str(key)
        )
    except Invalid as error:
        if error.code != "window_closed":
            raise
        message = _("Escribir primero desde ese teléfono a este número, o usar una plantilla.")
        raise Invalid(message, code=error.code) from error
    record(action="channel.test_sent", resource=channel, by=by, diff={"template": template.name if template else ""})
    found: UUID = Message.objects.values_list("conversation_id", flat=True).get(pk=sent.message_ids[0])
    return found
