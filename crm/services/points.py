"""Further phones and e-mails of a person. They are found like the first ones, and one number belongs to one person."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from config.lib.errors import Conflict, Invalid
from crm.domain.phones import phone_variants
from crm.models import Contact, ContactPoint
from crm.services.finding import by_phone, checked_email, hold_number, number_of
from tenants.domain.actor import Actor
from tenants.services.audit import record

Kind = ContactPoint.Kind
MOST = 20  # of one person


def add_point(*, contact: Contact, kind: str, value: str, by: Actor, label: str = "") -> ContactPoint:
    """Add a phone (E.164) or an e-mail. What the person has already is answered as it is.

    Raises Conflict when the number is somebody else's, Invalid when it cannot be read.
    """
    if kind not in Kind.values:
        raise Invalid(_("Falta decir si es teléfono o correo."), fields={"kind": _("Valor desconocido.")})
    value = number_of(value) if kind == Kind.PHONE else checked_email(value)
    if not value:
        raise Invalid(_("Falta el dato."), fields={"value": _("Falta este dato.")})
    held = _own(contact, kind, value)
    if held is not None:
        return held
    if kind == Kind.PHONE:
        hold_number(value)
        other = by_phone(value)
        if other is not None and other.pk != contact.pk:
            raise taken("value")
    if contact.points.count() >= MOST:
        raise Invalid(_("Son demasiados datos para una persona: hasta %(most)s.") % {"most": MOST})
    label = label.replace("\x00", "").strip()[:60]
    point, _made = ContactPoint.objects.get_or_create(
        contact=contact, kind=kind, value=value, defaults={"label": label}
    )
    contact.save(update_fields=[])  # its words for searching
    record(action="contact.updated", resource=contact, by=by, diff={"fields": ["points"]})
    return point


def _own(contact: Contact, kind: str, value: str) -> ContactPoint | None:
    spelled = phone_variants(value) if kind == Kind.PHONE else (value,)
    point = contact.points.filter(kind=kind, value__in=spelled).first()
    if point is not None:
        return point
    first = contact.phone if kind == Kind.PHONE else contact.email
    return ContactPoint(contact=contact, kind=kind, value=value) if first and first in spelled else None


def remove_point(*, point: ContactPoint, by: Actor) -> None:
    contact = point.contact
    point.delete()
    contact.save(update_fields=[])
    record(action="contact.updated", resource=contact, by=by, diff={"fields": ["points"]})


def set_points(*, contact: Contact, phones: Iterable[str], emails: Iterable[str], by: Actor) -> None:
    """Make these the further phones and e-mails: what is missing is added, what is not named goes."""
    wanted = {(Kind.PHONE.value, number_of(each)) for each in phones if each.strip()}
    wanted |= {(Kind.EMAIL.value, checked_email(each)) for each in emails if each.strip()}
    for point in contact.points.all():
        if (point.kind, point.value) in wanted:
            wanted.discard((point.kind, point.value))
        else:
            remove_point(point=point, by=by)
    for kind, value in sorted(wanted):
        add_point(contact=contact, kind=kind, value=value, by=by)


def taken(field: str) -> Conflict:
    message = _("Ya hay un contacto con ese teléfono.")
    return Conflict(message, code="duplicate_contact", fields={field: message})
