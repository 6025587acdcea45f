"""Finding the person behind a phone or an e-mail, whichever of their own it is."""

from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from config.lib.errors import Invalid
from crm.domain.phones import phone_variants
from crm.models import Contact, ContactPoint
from crm.phones import as_e164
from tenants.context import current_tenant
from tenants.locks import hold

LONGEST_EMAIL = 254


def number_of(raw: str | None) -> str:
    """E.164, read in the company's country; empty for nothing. Raises Invalid when no number can be read."""
    return as_e164(raw, currency=current_tenant().currency) if raw and raw.strip() else ""


def checked_email(raw: str) -> str:
    """In lower case. Raises Invalid when it is no address."""
    email = raw.replace("\x00", "").strip().lower()
    if not email:
        return ""
    if len(email) > LONGEST_EMAIL:
        raise Invalid(_("El correo es demasiado largo."), fields={"email": _("Hasta 254 letras.")})
    try:
        validate_email(email)
    except ValidationError as error:
        message = _("El correo no se entiende.")
        raise Invalid(message, fields={"email": message}) from error
    return email


def hold_number(phone: str) -> None:
    """Until the transaction ends nobody else adds a contact with this number, in any of its forms."""
    hold("phone", min(phone_variants(phone)))


def by_phone(phone: str) -> Contact | None:
    """The contact with this number, first or further, in any of its Latin American forms; the exact form wins."""
    return _best(phone, "")


def by_email(email: str) -> Contact | None:
    """The contact with this e-mail, first or further; of several the one known longest."""
    return _best("", email.strip().lower())


def find_known(phone: str | None, email: str = "") -> Contact | None:
    """Who that is: by the number (E.164), else by the e-mail. One statement."""
    return _best(phone or "", email.strip().lower())


def matching(phone: str, email: str) -> QuerySet[Contact]:
    """Everybody with this number or this e-mail, first or further."""
    spelled = phone_variants(phone) if phone else ()
    points = ContactPoint.objects.order_by()
    keys: list[QuerySet[Any, Any]] = []
    if phone:
        keys.append(Contact.objects.filter(phone__in=spelled).values("pk"))
        keys.append(points.filter(kind=ContactPoint.Kind.PHONE, value__in=spelled).values("contact"))
    if email:
        keys.append(Contact.objects.filter(email=email).values("pk"))
        keys.append(points.filter(kind=ContactPoint.Kind.EMAIL, value=email).values("contact"))
    # A union of keys and not an OR: each part then uses its own index.
    return Contact.objects.filter(pk__in=keys[0].union(*keys[1:])) if keys else Contact.objects.none()


def _best(phone: str, email: str) -> Contact | None:
    further = ContactPoint.objects.filter(
        contact=OuterRef("pk"), kind=ContactPoint.Kind.PHONE, value__in=phone_variants(phone)
    )
    rows = matching(phone, email).annotate(further=Exists(further)).order_by("created_at", "pk")
    return min(rows, key=partial(_rank, phone), default=None)


def _rank(phone: str, contact: Any) -> int:
    """The exact number, another spelling of it, a further number, and the e-mail alone."""
    if not phone:
        return 0
    if contact.phone == phone:
        return 0
    return 1 if contact.phone in phone_variants(phone) else 2 if contact.further else 3
