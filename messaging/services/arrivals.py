"""How somebody who writes came to us: the lead that waits for them, and the ad they clicked."""

from django.utils.translation import gettext as _

from crm.domain.attribution import AD, of_referral
from crm.models import Contact, Lead, Touch
from crm.services.leads import ensure_open_lead
from crm.services.touches import note_touch
from messaging.models import Channel
from messaging.providers.base import InboundMessage
from tenants.domain.actor import Actor


def arrive(*, channel: Channel, contact: Contact, item: InboundMessage) -> Lead:
    """The person's open lead, made when there is none. Every click on an ad is an arrival; of plain messages the first."""
    by = Actor("contact", str(contact.pk), contact.name or contact.phone or _("Quien escribió"))
    came = of_referral(item.referral).as_dict() if item.referral else {}
    source = came.pop("source", channel.channel_source)
    kind = Touch.Kind.AD if source == AD else Touch.Kind.MESSAGE
    lead, new = ensure_open_lead(contact=contact, source=source, by=by, touch=kind, attribution=came)
    if item.referral and not new:
        note_touch(contact=contact, lead=lead, kind=kind, source=source, **came)
    return lead
