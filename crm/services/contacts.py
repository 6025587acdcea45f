"""Creating and changing the person."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from config.lib.errors import Conflict, Invalid, NotFound
from config.lib.texts import storable
from crm.domain.phones import phone_variants
from crm.models import Contact
from crm.phones import as_e164
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.locks import hold
from tenants.services.audit import record

EDITABLE = frozenset({"name", "phone", "email", "social_links", "custom", "notes"})


def create_contact(*, by: Actor, name: str = "", phone: str | None = None, email: str = "", **fields: Any) -> Contact:
    """Raises Conflict when the phone (in any of its local forms) belongs to another contact."""
    contact = Contact()
    _assign(contact, {"name": name, "phone": phone, "email": email, **fields})
    _save(contact, names=None)
    record(action="contact.created", resource=contact, by=by)
    return contact


def update_contact(*, contact: Contact, by: Actor, **fields: Any) -> Contact:
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
    return contact


def hold_number(phone: str) -> None:
    """Until the transaction ends nobody else adds a contact with this number, in any of its forms."""
    hold("phone", min(phone_variants(phone)))


def by_phone(phone: str) -> Contact | None:
    """The contact with this number in any of its Latin American forms; the exact form wins."""
    found = {contact.phone: contact for contact in Contact.objects.filter(phone__in=phone_variants(phone))}
    return found.get(phone) or next(iter(found.values()), None)


def _assign(contact: Contact, fields: dict[str, Any]) -> None:
    unknown = set(fields) - EDITABLE
    if unknown:
        raise Invalid(_("No se puede cambiar: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    for name, value in fields.items():
        if name == "phone":
            value = as_e164(value, currency=current_tenant().currency) if value else None
        elif isinstance(value, str):
            value = value.replace("\x00", "").strip()
        if not storable(value):
            raise Invalid(_("Hay letras que no se pueden guardar."), fields={name: _("Letras inválidas.")})
        setattr(contact, name, value)
    if len(contact.name) > 200:
        raise Invalid(_("El nombre es demasiado largo."), fields={"name": _("Hasta 200 letras.")})
    if contact.email and "email" in fields:
        _check_email(contact.email)


def _check_email(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError as error:
        message = _("El correo no se entiende.")
        raise Invalid(message, fields={"email": message}) from error
    if len(email) > 254:
        raise Invalid(_("El correo es demasiado largo."), fields={"email": _("Hasta 254 letras.")})


def _save(contact: Contact, *, names: list[str] | None) -> None:
    """Write the named columns, or a new row."""
    if contact.phone and (names is None or "phone" in names):
        hold_number(contact.phone)
        other = by_phone(contact.phone)
        if other is not None and other.pk != contact.pk:
            raise _taken()
    try:
        with transaction.atomic():
            contact.save(update_fields=names, force_insert=names is None)
    except IntegrityError as error:
        raise _taken() from error


def _taken() -> Conflict:
    message = _("Ya hay un contacto con ese teléfono.")
    return Conflict(message, code="duplicate_contact", fields={"phone": message})
