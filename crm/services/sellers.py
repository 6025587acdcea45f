"""Who attends."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django.contrib.postgres.expressions import ArraySubquery
from django.db import IntegrityError, transaction
from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from config.lib.errors import Conflict, Invalid, NotFound
from config.lib.texts import storable
from crm.agenda import connection
from crm.models import ExternalCalendar, Seller, Service
from tenants.context import current_tenant
from tenants.domain import roles, weekly_hours
from tenants.domain.actor import Actor
from tenants.models import Membership, User
from tenants.services.audit import record

EDITABLE = frozenset(
    {"name", "user", "email", "working_hours", "timezone", "capacity", "specialties", "weight", "is_active"}
)
SELLING = frozenset({roles.PROFESSIONAL, roles.SETTER, roles.CLOSER})
MOST_CAPACITY, MOST_WEIGHT = 100_000, 100
MOST_SPECIALTIES, LONGEST_SPECIALTY = 40, 40


def described() -> QuerySet[Seller]:
    """With `service_ids`, what they attend, and `main_calendar`, the id of the Google calendar of their appointments."""
    attends = Service.objects.filter(sellers=OuterRef("pk")).values("pk")
    main = ExternalCalendar.objects.filter(seller=OuterRef("pk"), is_main=True).values("calendar_id")
    return Seller.objects.annotate(
        service_ids=ArraySubquery(attends), main_calendar=Coalesce(Subquery(main[:1]), Value(""))
    )


def booking_facts(seller: Seller) -> dict[str, Any]:
    """For their page: `attends`, names of services, and `calendar`, the one that gets their appointments. One statement."""
    names = Service.objects.filter(sellers=OuterRef("pk")).values("name")
    main = ExternalCalendar.objects.filter(seller=OuterRef("pk"), is_main=True)
    rows = Seller.objects.filter(pk=seller.pk).annotate(
        attends=ArraySubquery(names), calendar=Coalesce(Subquery(main.values("name")[:1]), Value(""))
    )
    attends, calendar = rows.values_list("attends", "calendar").get()
    return {"attends": attends, "calendar": calendar}


def create_seller(
    *,
    name: str,
    by: Actor,
    user: User | None = None,
    services: Iterable[Service] | None = None,
    calendar: str | None = None,
    **fields: Any,
) -> Seller:
    """Raises Invalid with fields for wrong data and Conflict when the person is a seller already."""
    seller = Seller()
    _assign(seller, {"name": name, "user": user, **fields})
    _save(seller)
    record(action="seller.created", resource=seller, by=by)
    _join(seller, services, calendar or None, by)
    return seller


def update_seller(
    *, seller: Seller, by: Actor, services: Iterable[Service] | None = None, calendar: str | None = None, **fields: Any
) -> Seller:
    """Change the named fields only, on the row as it is now. An empty `calendar` takes theirs off."""
    try:
        seller.refresh_from_db(from_queryset=Seller.objects.select_for_update(no_key=True))
    except Seller.DoesNotExist as error:
        raise NotFound(_("Ese vendedor no existe o no está activo.")) from error
    was_active = seller.is_active
    _assign(seller, fields)
    _save(seller)
    changed = [*fields, *(["services"] if services is not None else [])]
    record(action="seller.updated", resource=seller, by=by, diff={"fields": sorted(changed)})
    _join(seller, services, calendar, by)
    if was_active != seller.is_active:
        action = "seller.activated" if seller.is_active else "seller.deactivated"
        record(action=action, resource=seller, by=by)
    return seller


def _join(seller: Seller, services: Iterable[Service] | None, calendar: str | None, by: Actor) -> None:
    """What they attend, and the calendar that gets their appointments; None leaves it as it is."""
    if services is not None:
        seller.services.set(services)
    if calendar is not None:
        connection.assign_by_hand(seller=seller, calendar_id=calendar.strip(), by=by)


def welcome(member: Membership) -> None:
    """Who joins to sell can be given leads from then on (settings.MEMBER_ACTIVATED). May be repeated."""
    if member.role not in SELLING:
        return
    user = member.user
    fields = {"name": user.name[:120] or user.email[:120], "email": user.email}
    seller, new = Seller.objects.get_or_create(user=user, defaults=fields)
    if new:
        record(action="seller.created", resource=seller, by=Actor.system(_("Alta de una persona del equipo")))


def may_attend(user_ids: Iterable[UUID]) -> set[UUID]:
    """Of these people, the active members of the company."""
    rows = Membership.objects.active().filter(tenant_id=current_tenant().pk, user_id__in=list(user_ids))
    return set(rows.values_list("user_id", flat=True))


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
    seller.working_hours = weekly_hours.canonical(seller.working_hours)
    wrong = {}
    if not seller.name or len(seller.name) > 120:
        wrong["name"] = _("Falta el nombre, o pasa de 120 letras.")
    if seller.timezone and seller.timezone not in available_timezones():
        wrong["timezone"] = _("Esa zona horaria no existe.")
    if weekly_hours.problem(seller.working_hours):
        wrong["working_hours"] = _("Cada día (0 a 6) lleva tramos como 09:00 a 13:00, sin pisarse.")
    if seller.capacity is not None and not 0 <= seller.capacity <= MOST_CAPACITY:
        wrong["capacity"] = _("Debe estar entre 0 y 100.000.")
    if not 1 <= seller.weight <= MOST_WEIGHT:
        wrong["weight"] = _("Entre %(least)d y %(most)d.") % {"least": 1, "most": MOST_WEIGHT}
    if "specialties" in fields:
        seller.specialties = _labels(fields["specialties"])
        if len(seller.specialties) > MOST_SPECIALTIES or any(
            len(each) > LONGEST_SPECIALTY or not storable(each) for each in seller.specialties
        ):
            wrong["specialties"] = _("Hasta 40 especialidades, de hasta 40 letras cada una.")
    if wrong:
        raise Invalid(_("Revisar los datos del vendedor."), fields=wrong)


def _labels(given: Iterable[object]) -> list[str]:
    """Trimmed, each once whatever its case, in their order."""
    plain = [" ".join(str(each).split()) for each in given]
    return list({each.casefold(): each for each in reversed(plain) if each}.values())[::-1]


def _save(seller: Seller) -> None:
    try:
        with transaction.atomic():
            seller.save()
    except IntegrityError as error:
        message = _("Esa persona ya es vendedor.")
        raise Conflict(message, fields={"user": message}) from error
