"""What a person allowed, purpose by purpose, and the wish to be left alone. Rows are only added: the latest one holds."""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.errors import Invalid
from crm.models import Consent, Contact
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.services.audit import record

PURPOSES = tuple(Consent.Purpose)


def record_consent(*, contact: Contact, purpose: str, granted: bool, by: Actor, source: str = "") -> Consent:
    """Note what the person allowed or refused for one purpose; `source` says how that is known, in words."""
    if purpose not in Consent.Purpose.values:
        raise Invalid(_("Ese motivo no existe."), fields={"purpose": _("Valor desconocido.")})
    (consent,) = _add(contact, [purpose], granted, by, source)
    record(action="contact.consented", resource=contact, by=by, diff={"purpose": purpose, "granted": granted})
    return consent


def current(contact: Contact) -> dict[str, Consent | None]:
    """Purpose → what holds now; None when nothing was ever said."""
    rows = contact.consents.order_by("purpose", "-at", "-id").distinct("purpose")
    said = {row.purpose: row for row in rows}
    return {purpose.value: said.get(purpose.value) for purpose in PURPOSES}


def allows(contact: Contact, purpose: str) -> bool:
    """Whether something may be sent for this purpose unasked: allowed by word, and nothing refused as a whole."""
    consent = current(contact)[purpose]
    return contact.opted_out_at is None and consent is not None and consent.granted


def opt_out(*, contact: Contact, by: Actor, source: str, at: datetime | None = None) -> bool:
    """The person wants no more messages that they did not ask for. False when that was known already.

    `at`: the moment of their words. Who writes again later is answered, see messaging.domain.opt_out; who then says it
    again means from now on.
    """
    contact.refresh_from_db(from_queryset=Contact.objects.select_for_update(no_key=True))
    if contact.opted_out_at is not None:
        if at is not None and at > contact.opted_out_at:
            contact.opted_out_at = at
            contact.save(update_fields=["opted_out_at"])
        return False
    contact.opted_out_at = at or timezone.now()
    _write(contact, PURPOSES, False, by, source)
    record(action="contact.opted_out", resource=contact, by=by)
    return True


def opt_in(*, contact: Contact, by: Actor, source: str) -> bool:
    """The person wants messages again. False when nothing had been refused."""
    contact.refresh_from_db(from_queryset=Contact.objects.select_for_update(no_key=True))
    if contact.opted_out_at is None:
        return False
    contact.opted_out_at = None
    _write(contact, PURPOSES, True, by, source)
    record(action="contact.opted_in", resource=contact, by=by)
    return True


def _write(contact: Contact, purposes: Iterable[str], granted: bool, by: Actor, source: str) -> None:
    contact.save(update_fields=["opted_out_at"])
    _add(contact, purposes, granted, by, source)
    for lead_id in contact.leads.values_list("id", flat=True):
        emit("LEAD_UPDATED", object="lead", id=lead_id)


def _add(contact: Contact, purposes: Iterable[str], granted: bool, by: Actor, source: str) -> list[Consent]:
    source = source.replace("\x00", "").strip()[:200]
    rows = [
        Consent(
            contact=contact,
            purpose=purpose,
            granted=granted,
            source=source,
            actor_kind=by.kind,
            actor_id=by.id,
            actor_label=by.label[:160],
        )
        for purpose in purposes
    ]
    return Consent.objects.bulk_create(rows)
