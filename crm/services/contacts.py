"""Creating and changing the person. Every door's phone and e-mail come in here, so they are kept in one form."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import Invalid, NotFound
from config.lib.texts import storable
from crm.models import Contact
from crm.services import custom_fields, tags
from crm.services.blocking import refuse_blocked
from crm.services.finding import by_email, by_phone, checked_email, find_known, hold_number, number_of
from crm.services.points import taken
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.services.audit import record

__all__ = ["by_email", "by_phone", "create_contact", "find_known", "hold_number", "update_contact"]
EDITABLE = frozenset({"name", "phone", "email", "city", "social_links", "custom", "tags", "notes"})
LONGEST = {"name": 200, "city": 120, "notes": 20_000}
COMPARED = frozenset({"name", "phone", "email", "city"})  # what duplicates are told by


def create_contact(
    *, by: Actor, name: str = "", phone: str | None = None, email: str = "", compared: bool = True, **fields: Any
) -> Contact:
    """Raises Conflict when the phone (in any of its local forms) is another contact's, Forbidden for somebody blocked.

    `compared=False`: duplicates are looked for by night, not at once; for who brings thousands.
    """
    contact = Contact()
    _assign(contact, {"name": name, "phone": phone, "email": email, **fields})
    refuse_blocked(contact.phone, contact.email)
    _save(contact, names=None)
    record(action="contact.created", resource=contact, by=by)
    if compared:
        look_for_duplicates(contact)
    return contact


def update_contact(*, contact: Contact, by: Actor, compared: bool = True, **fields: Any) -> Contact:
    """Change the named fields only, on the row as it is now. Audits names of fields, not their private content.

    Raises NotFound when the contact is gone meanwhile.
    """
    try:
        # A copy read earlier may be old by now, and what others wrote since must stay.
        contact.refresh_from_db(from_queryset=Contact.objects.select_for_update(no_key=True))
    except Contact.DoesNotExist as error:
        raise NotFound(_("Ese contacto no existe.")) from error
    before = {name: getattr(contact, name) for name in fields if name in EDITABLE}
    _assign(contact, fields)
    changed = sorted(name for name, old in before.items() if getattr(contact, name) != old)
    if not changed:
        return contact
    _save(contact, names=changed)
    record(action="contact.updated", resource=contact, by=by, diff={"fields": changed})
    for lead_id in contact.leads.values_list("id", flat=True):
        emit("LEAD_UPDATED", object="lead", id=lead_id)
    if compared and COMPARED.intersection(changed):
        look_for_duplicates(contact)
    return contact


def look_for_duplicates(contact: Contact) -> None:
    """In a worker, and again by night should the wake-up be lost."""
    commit.queue("crm.tasks.find_duplicates", contact_id=str(contact.pk))


def _assign(contact: Contact, fields: dict[str, Any]) -> None:
    unknown = set(fields) - EDITABLE
    if unknown:
        raise Invalid(_("No se puede cambiar: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    for name, value in fields.items():
        if isinstance(value, str):
            value = value.replace("\x00", "").strip()
        if not storable(value):
            raise Invalid(_("Hay letras que no se pueden guardar."), fields={name: _("Letras inválidas.")})
        setattr(contact, name, _clean(contact, name, value))


def _clean(contact: Contact, name: str, value: Any) -> Any:
    if name == "phone":
        return number_of(value) or None
    if name == "email":
        return checked_email(value)
    if name == "custom":
        return custom_fields.clean("contact", value, current=contact.custom)
    if name == "tags":
        return tags.clean(value)
    longest = LONGEST.get(name)
    if longest and len(value) > longest:
        too_long = _("Hasta %(most)s letras.") % {"most": longest}
        raise Invalid(too_long, fields={name: too_long})
    return value


def _save(contact: Contact, *, names: list[str] | None) -> None:
    """Write the named columns, or a new row."""
    if contact.phone and (names is None or "phone" in names):
        hold_number(contact.phone)
        other = by_phone(contact.phone)
        if other is not None and other.pk != contact.pk:
            raise taken("phone")
    try:
        with transaction.atomic():
            contact.save(update_fields=names, force_insert=names is None)
    except IntegrityError as error:
        raise taken("phone") from error
