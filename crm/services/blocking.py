"""The blacklist. What blocked people write is kept and shown, but makes no lead, wakes nobody and is not answered."""

from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.errors import Conflict
from crm.models import Contact
from crm.services.finding import matching
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.services.audit import record


def block(*, contact: Contact, reason: str, by: Actor) -> Contact:
    """Block, or give another reason to somebody blocked before."""
    contact.refresh_from_db(from_queryset=Contact.objects.select_for_update(no_key=True))
    contact.blocked_at = contact.blocked_at or timezone.now()
    contact.blocked_reason = reason.replace("\x00", "").strip()[:300]
    contact.save(update_fields=["blocked_at", "blocked_reason"])
    record(action="contact.blocked", resource=contact, by=by)
    _tell(contact)
    return contact


def unblock(*, contact: Contact, by: Actor) -> Contact:
    contact.refresh_from_db(from_queryset=Contact.objects.select_for_update(no_key=True))
    if contact.blocked_at is None:
        return contact
    contact.blocked_at, contact.blocked_reason = None, ""
    contact.save(update_fields=["blocked_at", "blocked_reason"])
    record(action="contact.unblocked", resource=contact, by=by)
    _tell(contact)
    return contact


def is_blocked(phone: str | None, email: str = "") -> bool:
    """Whether this number (E.164, any of its forms) or e-mail is somebody's who is blocked."""
    return matching(phone or "", email.strip().lower()).filter(blocked_at__isnull=False).exists()


def refuse_blocked(phone: str | None, email: str = "") -> None:
    """Raises Conflict with code "blocked"."""
    if is_blocked(phone, email):
        raise refusal()


def refusal() -> Conflict:
    return Conflict(_("Esa persona está bloqueada. Se desbloquea en Contactos, Bloqueados."), code="blocked")


def _tell(contact: Contact) -> None:
    for lead_id in contact.leads.values_list("id", flat=True):
        emit("LEAD_UPDATED", object="lead", id=lead_id)
