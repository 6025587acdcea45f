"""A lead as an integration brings it: the person by id, or by name, phone and e-mail."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from config.lib.errors import Conflict, Invalid
from crm.access import contact_for
from crm.models import Contact
from crm.services import contacts
from crm.services.blocking import refusal
from crm.services.finding import checked_email, find_known, number_of
from tenants.domain.actor import Actor
from tenants.models import Membership


def person(*, given: Mapping[str, Any], by: Actor, member: Membership) -> Contact:
    """The named contact, the one with this phone or e-mail (what it lacked is filled in), or a new one.

    Raises NotFound for an id that is unknown or not the member's to see, Conflict for the phone or e-mail of somebody whom
    a colleague attends or who is blocked, and Invalid when nothing says who it is.
    """
    if given.get("id"):
        return _unblocked(contact_for(member, given["id"]))
    said: dict[str, Any] = {name: (given.get(name) or "").strip() for name in ("name", "city")}
    phone, email = number_of(given.get("phone")), checked_email(given.get("email") or "")
    if not (said["name"] or phone or email):
        raise Invalid(
            _("Falta el contacto: un id, o nombre, teléfono o correo."), fields={"contact": _("Falta este dato.")}
        )
    known = known_as(phone, email)
    if known is None:
        return contacts.create_contact(by=by, phone=phone or None, email=email, **said)
    _unblocked(known)
    if not Contact.objects.visible_to(member).filter(pk=known.pk).exists():
        message = _("Ese teléfono o correo es de un contacto que atiende otra persona.")
        raise Conflict(message, code="duplicate_contact", fields={"contact": message})
    found = {**said, "phone": phone, "email": email}
    missing: dict[str, Any] = {field: value for field, value in found.items() if value and not getattr(known, field)}
    return contacts.update_contact(contact=known, by=by, **missing) if missing else known


def known_as(phone: str, email: str) -> Contact | None:
    """Who that is. Two people may share an address: with another number of their own they stay two."""
    known = find_known(phone, email)
    if known is None or not phone or not known.phone:
        return known
    return known if find_known(phone) is not None else None


def _unblocked(contact: Contact) -> Contact:
    if contact.blocked_at is not None:
        raise refusal()
    return contact
