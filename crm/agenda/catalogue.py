"""What is booked, and the days whose hours differ."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from config.lib.errors import Conflict, Invalid, NotFound
from config.lib.ids import as_uuid, key_of
from config.lib.texts import stored
from crm.domain.colors import COLORS
from crm.models import AgendaEvent, HoursException, Seller, Service
from tenants.context import current_tenant
from tenants.domain import weekly_hours
from tenants.domain.actor import Actor
from tenants.services.audit import record

DAY, YEAR = 24 * 60, 366 * 24 * 60  # minutes
# Field → the least and the most, as the database holds them.
RANGES: Mapping[str, tuple[int, int]] = {
    "duration_minutes": (5, DAY // 2),
    "step_minutes": (5, DAY // 2),
    "buffer_before": (0, DAY // 2),
    "buffer_after": (0, DAY // 2),
    "notice_minutes": (0, YEAR),
    "horizon_days": (1, 366),
    "daily_limit": (1, 200),
    "position": (0, 32_767),
}
MOST_PRICE = Decimal(10) ** 12
TEXTS = {"name": 120, "description": 500, "place": 200}
EDITABLE = frozenset({*RANGES, *TEXTS, "price", "currency", "color", "is_public", "is_active"})
LONGEST_REASON = 200


# --- services -------------------------------------------------------------------------------------------------
def create_service(*, name: str, by: Actor, sellers: Iterable[Seller] | None = None, **fields: Any) -> Service:
    """Without `sellers` everybody attends it, unless what they attend is listed. Raises Invalid with fields."""
    service = Service()
    _assign(service, {"name": name, **fields})
    service.save(force_insert=True)
    if sellers is not None:
        service.sellers.set(sellers)
    record(action="service.created", resource=service, by=by, diff={"name": service.name})
    return service


def update_service(*, service: Service, by: Actor, sellers: Iterable[Seller] | None = None, **fields: Any) -> Service:
    """Change the named fields only, on the row as it is now. What is booked already keeps its time."""
    try:
        service.refresh_from_db(from_queryset=Service.objects.select_for_update(no_key=True))
    except Service.DoesNotExist as error:
        raise _gone() from error
    _assign(service, fields)
    service.save(update_fields=sorted(fields)) if fields else None
    if sellers is not None:
        service.sellers.set(sellers)
    changed = sorted({*fields, *(["sellers"] if sellers is not None else [])})
    record(action="service.updated", resource=service, by=by, diff={"fields": changed})
    return service


def remove_service(*, service: Service, by: Actor) -> None:
    """Of a service that was booked the history needs the name: it is archived instead. Raises Conflict."""
    if was_booked(service):
        raise Conflict(_("Ese servicio ya tuvo citas. Se puede archivar."), code="in_use")
    record(action="service.removed", resource=service, by=by, diff={"name": service.name})
    service.delete()


def was_booked(service: Service) -> bool:
    return AgendaEvent.objects.filter(service=service).exists()


def service_for(pk: object, *, archived: bool = False) -> Service:
    """One that is booked; with `archived` also one that no longer is. Raises NotFound."""
    service = Service.objects.filter(pk=key_of(pk)).first()
    if service is None or not (service.is_active or archived):
        raise _gone()
    return service


def services_of(ids: Iterable[object], *, field: str = "services") -> list[Service]:
    """By their ids, archived ones included. Raises Invalid on `field` for one that does not exist."""
    keys: dict[UUID | None, None] = dict.fromkeys(as_uuid(each) for each in ids)
    found = {each.pk: each for each in Service.objects.filter(pk__in=[key for key in keys if key])}
    if len(found) != len(keys):
        message = _("Ese servicio no existe.")
        raise Invalid(message, fields={field: message})
    return [found[key] for key in keys if key]


def _gone() -> NotFound:
    return NotFound(_("Ese servicio no existe o está archivado."))


def _assign(service: Service, fields: dict[str, Any]) -> None:
    unknown = set(fields) - EDITABLE
    if unknown:
        raise Invalid(_("No se puede cambiar: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    for name, value in fields.items():
        setattr(service, name, stored(value).strip() if isinstance(value, str) else value)
    if service.price is not None and not service.currency:
        service.currency = current_tenant().currency
        fields["currency"] = service.currency
    wrong = {}
    for name, (least, most) in RANGES.items():
        value = getattr(service, name)
        if not (value is None and name == "daily_limit") and not (type(value) is int and least <= value <= most):
            wrong[name] = _("Entre %(least)d y %(most)d.") % {"least": least, "most": most}
    for name, longest in TEXTS.items():
        if len(getattr(service, name)) > longest:
            wrong[name] = _("Hasta %(n)d letras.") % {"n": longest}
    if not service.name:
        wrong["name"] = _("Falta el nombre.")
    if service.price is not None and not 0 <= service.price < MOST_PRICE:
        wrong["price"] = _("Escribir un importe de 0 o más.")
    service.currency = service.currency.upper()
    if service.currency and not (
        service.currency.isascii() and service.currency.isalpha() and len(service.currency) == 3
    ):
        wrong["currency"] = _("Tres letras, como ARS o EUR.")
    if service.color and service.color not in COLORS:
        wrong["color"] = _("Valor desconocido.")
    if wrong:
        raise Invalid(_("Revisar el servicio."), fields=wrong)


# --- days whose hours differ ----------------------------------------------------------------------------------
def set_exception(
    *, day: date, spans: Any, by: Actor, seller: Seller | None = None, reason: str = ""
) -> HoursException:
    """The hours of that one day, of a seller or (None) of everybody: [["09:00", "13:00"]], or [] for closed. Setting a
    day again changes it. Raises Invalid with fields."""
    hours = weekly_hours.canonical({"0": spans})
    if weekly_hours.problem(hours):
        message = _("Tramos como 09:00 a 13:00, hacia adelante y sin pisarse.")
        raise Invalid(message, fields={"spans": message})
    said = {"spans": hours.get("0", []), "reason": stored(reason).strip()[:LONGEST_REASON]}
    row, _made = HoursException.objects.update_or_create(seller=seller, day=day, defaults=said)
    record(action="agenda.day_set", resource=row, by=by, diff=_facts(row))
    return row


def remove_exception(*, exception: HoursException, by: Actor) -> None:
    """The day has its usual hours again."""
    record(action="agenda.day_removed", resource=exception, by=by, diff=_facts(exception))
    exception.delete()


def exception_for(pk: object) -> HoursException:
    """Raises NotFound."""
    row = HoursException.objects.select_related("seller").filter(pk=key_of(pk)).first()
    if row is None:
        raise NotFound(_("Ese día no está anotado."))
    return row


def coming_exceptions(since: date) -> QuerySet[HoursException]:
    """From that day on, the nearest first."""
    return HoursException.objects.filter(day__gte=since).select_related("seller").order_by("day", "seller__name", "id")


def _facts(row: HoursException) -> dict[str, Any]:
    return {"day": str(row.day), "seller": str(row.seller_id) if row.seller_id else None, "spans": row.spans}
