"""What the example companies book, and a week of it for the first one."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from crm.agenda import booking, catalogue, settings
from crm.models import AgendaEvent, Contact, Seller, Service
from tenants.context import current_tenant
from tenants.domain.actor import Actor

# Company → (name, minutes, colour).
SERVICES = {
    "acme": (("Visita técnica", 60, "teal"), ("Presupuesto por videollamada", 30, "blue")),
    "globex": (("Consulta inicial", 30, "blue"), ("Sesión", 60, "violet")),
    "sonrisa": (("Control", 30, "teal"), ("Limpieza", 60, "blue"), ("Ortodoncia", 30, "violet")),
}


@dataclass(frozen=True)
class Booked:
    """An appointment with somebody of the month of sales; working days count from today."""

    phone: str
    seller: str
    days: int
    hour: int
    service: str = "Visita técnica"


WEEK = (
    Booked("+5491155550112", "Sol", 1, 10),
    Booked("+5491155550111", "Sol", 2, 15, "Presupuesto por videollamada"),
    Booked("+5491155550115", "Teo", 1, 11),
    Booked("+5491155550113", "Ana", 3, 16),
)


def fill(company: str, *, by: Actor) -> None:
    """Once: a company that has services is left alone. Call inside the company."""
    if Service.objects.exists():
        return
    for position, (name, minutes, color) in enumerate(SERVICES.get(company, ())):
        catalogue.create_service(
            name=name, duration_minutes=minutes, step_minutes=minutes, color=color, position=position, by=by
        )
    settings.update_settings(by=by, page_on=True)
    services = {each.name: each for each in Service.objects.all()}
    sellers = {each.name: each for each in Seller.objects.all()}
    for each in WEEK if company == "acme" else ():
        contact, seller = Contact.objects.filter(phone=each.phone).first(), sellers.get(each.seller)
        if contact is not None and seller is not None:
            _book(each, contact, seller, services[each.service], by)


def _book(booked: Booked, contact: Contact, seller: Seller, service: Service, by: Actor) -> None:
    start = _working_day(booked.days, booked.hour)
    booking.book_at(
        seller=seller,
        start=start,
        end=start + timedelta(minutes=service.duration_minutes),
        contact=contact,
        service=service,
        source=AgendaEvent.Source.PAGE,
        by=by,
    )


def _working_day(days: int, hour: int) -> datetime:
    zone = ZoneInfo(current_tenant().timezone)
    day = timezone.now().astimezone(zone).date()
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return datetime.combine(day, time(hour), zone)
