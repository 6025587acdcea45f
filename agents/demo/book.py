"""A month of sales for the first example company, so that board, reports and Mi día have something to show."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.utils import timezone

from crm.models import Contact, CustomField, Lead, Seller, Stage, StageChange, Touch
from crm.services import assignment, conversion, goals, inbound_forms, leads, moves, notes, saved_views, steps, tasks
from crm.services.contacts import create_contact
from crm.services.custom_fields import create_field
from crm.services.tags import create_tag
from tenants.domain.actor import Actor
from tenants.models import Membership

COMPANY = "acme"
TAGS = (("mayorista", "blue"), ("instalación", "teal"), ("urgente", "amber"))


@dataclass(frozen=True)
class Deal:
    """One sale on its way. `path` are the stages after the first one; days count back from today."""

    name: str
    phone: str
    city: str
    source: str
    value: int
    days_ago: int
    path: tuple[str, ...] = ()
    seller: str = ""
    email: str = ""
    tags: tuple[str, ...] = ()
    closes_in: int | None = None
    lost: str = ""
    step: tuple[str, int] | None = None  # what is to be done, in how many days
    needs: str = ""


DEALS = (
    Deal("Ferretería Del Parque", "+5491155550111", "Rosario", "feria", 1_850_000, 24,
         ("contactado", "calificado", "reunion", "negociacion"), "Sol", "compras@delparque.example",
         ("mayorista",), 9, step=("Mandar la propuesta corregida", 0), needs="Diez equipos para reventa"),
    Deal("Lucía Ferrer", "+5491155550112", "La Plata", "referido", 420_000, 18,
         ("contactado", "calificado", "reunion"), "Sol", "lucia.ferrer@example.com", ("instalación",), 14,
         step=("Llamar para confirmar la visita", 1), needs="Reemplazar un termotanque de 150 litros"),
    Deal("Consorcio Güemes 1420", "+5491155550113", "CABA", "web", 2_400_000, 30,
         ("contactado", "calificado"), "Ana", "", ("mayorista", "instalación"), 40,
         step=("Pedir planos al administrador", -2), needs="Agua caliente central para 24 departamentos"),
    Deal("Raúl Ibáñez", "+5491155550114", "Córdoba", "instagram", 380_000, 12, ("contactado",), "Teo",
         needs="Consulta por cuotas"),
    Deal("Panadería La Espiga", "+5491155550115", "Mendoza", "feria", 650_000, 21, ("contactado", "calificado"), "Teo",
         tags=("urgente",), needs="Dos equipos antes de fin de mes"),
    Deal("Susana Ochoa", "+5491155550116", "CABA", "web", 395_000, 2),
    Deal("Hotel Mirador", "+5491155550117", "Bariloche", "referido", 3_100_000, 26,
         ("contactado", "calificado", "reunion", "negociacion", "ganado"), "Sol", "gerencia@mirador.example",
         ("mayorista",), needs="Ocho equipos y mantenimiento"),
    Deal("Elena Sosa", "+5491155550118", "CABA", "web", 410_000, 15,
         ("contactado", "calificado", "reunion", "negociacion", "ganado"), "Ana", "elena.sosa@example.com",
         needs="Termotanque para casa nueva"),
    Deal("Taller Ruta 8", "+5491155550119", "Pilar", "feria", 520_000, 17, ("contactado", "perdido"), "Sol",
         lost="Precio"),
    Deal("Inés Prado", "+5491155550120", "CABA", "instagram", 300_000, 9, ("perdido",), "Teo", lost="No respondió"),
)  # fmt: skip


def fill(*, by: Actor) -> None:
    """Once: a company with any of these people is left alone. Call inside the company."""
    if Contact.objects.filter(phone=DEALS[0].phone).exists():
        return
    for name, color in TAGS:
        create_tag(name=name, color=color, by=by)
    create_field(on="lead", label="Litros", kind=CustomField.Kind.NUMBER, by=by, agents_may_write=True)
    create_field(
        on="contact",
        label="Tipo de obra",
        kind=CustomField.Kind.CHOICE,
        by=by,
        options=["Casa", "Comercio", "Edificio"],
    )
    sellers = {seller.name: seller for seller in Seller.objects.all()}
    for deal in DEALS:
        _deal(deal, sellers, by)
    _goals(sellers, by)
    inbound_forms.create_form(
        kind="form",
        name="Pedir presupuesto",
        title="Pedir presupuesto",
        source="formulario",
        fields=[{"name": "name", "required": True}, {"name": "phone", "required": True}, {"name": "message"}],
        by=by,
    )
    _views(by)


def _deal(deal: Deal, sellers: dict[str, Seller], by: Actor) -> None:
    now = timezone.now()
    contact = create_contact(name=deal.name, phone=deal.phone, email=deal.email, city=deal.city, by=by)
    seller = sellers.get(deal.seller)
    lead = leads.create_lead(
        contact=contact,
        by=by,
        source=deal.source,
        value=Decimal(deal.value),
        labels=deal.tags,
        touch=Touch.Kind.MANUAL,
        expected_close=now.date() + timedelta(days=deal.closes_in) if deal.closes_in is not None else None,
    )
    if seller is not None:
        assignment.assign(lead=lead, owner=seller, by=by, quiet=True)
    sale = "ganado" in deal.path
    leads.qualify_lead(
        lead=lead, by=by, interest="high" if sale else "medium", needs=deal.needs,
        budget="Aprobado" if sale else "", timeline="Este mes" if sale else "",
    )  # fmt: skip
    _walk(deal, lead, by)
    if deal.step is not None:
        title, days = deal.step
        tasks.create_task(title=title, due_at=now + timedelta(days=days, hours=2), lead=lead, by=by)
    if deal.name == "Raúl Ibáñez":
        until = steps.today() + timedelta(days=20)
        steps.explain(lead=lead, reason="Viaja; pidió que lo llamen a la vuelta", until=until, by=by)
    if deal.name == "Hotel Mirador":
        notes.add_note(contact=contact, text="Quieren una visita de mantenimiento en marzo.", by=by, lead=lead)


def _walk(deal: Deal, lead: Lead, by: Actor) -> None:
    """Through its stages, and then the days on which that would have been."""
    stages = {stage.code: stage for stage in Stage.objects.filter(pipeline__is_default=True)}
    for code in deal.path:
        if code == "ganado":
            if conversion.missing(lead):
                continue
            conversion.convert(lead=lead, by=by)
        else:
            moves.move_stage(lead=lead, stage=stages[code], by=by, lost_reason=deal.lost)
        lead.refresh_from_db()
    came = timezone.now() - timedelta(days=deal.days_ago)
    changes = list(StageChange.objects.filter(lead=lead).order_by("id"))
    gap = timedelta(days=deal.days_ago * 0.6 / max(1, len(changes)))
    for number, change in enumerate(changes):
        StageChange.objects.filter(pk=change.pk).update(at=came + gap * number)
    last = came + gap * (len(changes) - 1)
    closed = last if lead.closed_at is not None else None
    Contact.objects.filter(pk=lead.contact_id).update(created_at=came)
    Lead.objects.filter(pk=lead.pk).update(created_at=came, stage_since=last, last_activity_at=last, closed_at=closed)


def _goals(sellers: dict[str, Seller], by: Actor) -> None:
    month: date = timezone.now().date().replace(day=1)
    goals.set_goal(month=month, measure="won_value", target=Decimal(6_000_000), by=by)
    for name in ("Ana", "Sol"):
        if name in sellers:
            goals.set_goal(month=month, measure="won_count", target=Decimal(4), seller=sellers[name], by=by)


def _views(by: Actor) -> None:
    """Of whoever directs the company, for everybody."""
    director = Membership.objects.filter(role="ceo", status="active").select_related("user").first()
    if director is None:
        return
    for name, query in (("Sin próximo paso", "step=none&status=open"), ("Feria", "source=feria")):
        saved_views.save_view(list="leads", name=name, query=query, member=director, by=by, is_shared=True)
