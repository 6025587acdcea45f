"""Who attends."""

from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from config.lib.errors import Conflict, Invalid, NotFound
from crm.domain import working_hours as hours_rules
from crm.models import Seller
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.models import Membership, User
from tenants.services.audit import record

EDITABLE = frozenset({"name", "user", "email", "working_hours", "timezone", "is_active"})


def create_seller(*, name: str, by: Actor, user: User | None = None, **fields: Any) -> Seller:
    """Raises Invalid with fields for wrong data and Conflict when the person is a seller already."""
    seller = Seller()
    _assign(seller, {"name": name, "user": user, **fields})
    _save(seller)
    record(action="seller.created", resource=seller, by=by)
    return seller


def update_seller(*, seller: Seller, by: Actor, **fields: Any) -> Seller:
    """Change the named fields only, on the row as it is now."""
    try:
        seller.refresh_from_db(from_queryset=Seller.objects.select_for_update(no_key=True))
    except Seller.DoesNotExist as error:
        raise NotFound(_("Ese vendedor no existe o no está activo.")) from error
    _assign(seller, fields)
    _save(seller)
    record(action="seller.updated", resource=seller, by=by, diff={"fields": sorted(fields)})
    return seller


def member_user(user_id: UUID) -> User:
    """The person behind an id, who must be an active member of the company."""
    members = Membership.objects.active().filter(tenant_id=current_tenant().pk, user_id=user_id)
    member = members.select_related("user").first()
    if member is None:
        message = _("Esa persona no es miembro activo de la empresa.")
        raise Invalid(message, fields={"user": message})
    return member.user


def _assign(seller: Seller, fields: dict[str, Any]) -> None:
    unknown = set(fields) - EDITABLE
    if unknown:
        raise Invalid(_("No se puede cambiar: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    for name, value in fields.items():
        setattr(seller, name, value.strip() if isinstance(value, str) else value)
    wrong = {}
    if not seller.name or len(seller.name) > 120:
        wrong["name"] = _("Falta el nombre, o pasa de 120 letras.")
    if seller.timezone and seller.timezone not in available_timezones():
        wrong["timezone"] = _("Esa zona horaria no existe.")
    if hours_rules.problem(seller.working_hours):
        wrong["working_hours"] = _("Cada día (0 a 6) lleva tramos como 09:00 a 13:00, sin pisarse.")
    if wrong:
        raise Invalid(_("Revisar los datos del vendedor."), fields=wrong)


def _save(seller: Seller) -> None:
    try:
        with transaction.atomic():
            seller.save()
    except IntegrityError as error:
        message = _("Esa persona ya es vendedor.")
        raise Conflict(message, fields={"user": message}) from error
