"""A lead as an integration brings it: the person by id, or by name, phone and e-mail."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from config.lib.errors import Conflict, Invalid
from crm.access import contact_for
from crm.models import Contact
from crm.phones import as_e164
from crm.services import contacts
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.models import Membership


def person(*, given: Mapping[str, Any], by: Actor, member: Membership) -> Contact:
    """The named contact, the one with this phone (what it lacked is filled in), or a new one.

    Raises NotFound for an id that is unknown or not the member's to see, Conflict for the phone of somebody whom a
    colleague attends, and Invalid when nothing says who it is.
    """
    if given.get("id"):
        return contact_for(member, given["id"])
    name, phone, email = (given.get("name") or "").strip(), given.get("phone") or "", given.get("email") or ""
    if not (name or phone or email):
        raise Invalid(
            _("Falta el contacto: un id, o nombre, teléfono o correo."), fields={"contact": _("Falta este dato.")}
        )
    if phone:
        number = as_e164(phone, currency=current_tenant().currency)
        known = contacts.by_phone(number)
        if known is not None:
            if not Contact.objects.visible_to(member).filter(pk=known.pk).exists():
                message = _("Ese teléfono es de un contacto que atiende otra persona.")
                raise Conflict(message, code="duplicate_contact", fields={"contact": message})
            missing = {
                field: value
                for field, value in (("name", name), ("email", email))
                if value and not getattr(known, field)
            }
            return contacts.update_contact(contact=known, by=by, **missing) if missing else known
    return contacts.create_contact(by=by, name=name, phone=phone or None, email=email)
