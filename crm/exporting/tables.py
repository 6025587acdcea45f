"""What leaves of leads, contacts and clients: their rows with the list's filters, and a column for each thing known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from crm.importing import mapping
from crm.models import Client, Contact, CustomField, Lead
from crm.services import clients, custom_fields
from crm.services.lead_filters import LeadQuery
from tenants.models import Membership

Cell = Any  # text, number, Decimal, date, moment or None


@dataclass(frozen=True)
class Column:
    heading: str
    value: Callable[[Any], Cell]


@dataclass(frozen=True)
class Table:
    """`rows` are what the member may see of it, without an order."""

    name: str
    rows: QuerySet[Any]
    columns: list[Column]
    filters: list[str]  # names of those applied, for the trail
    said: list[str]  # the same in words


def leads(params: Mapping[str, Any], member: Membership) -> Table:
    query = LeadQuery.of(params, member)
    known = mapping.choices()
    columns = [
        *_person(lambda lead: lead.contact),
        Column(_("Embudo"), lambda lead: lead.stage.pipeline.name),
        Column(_("Etapa"), lambda lead: lead.stage.name),
        Column(_("Vendedor"), lambda lead: lead.owner.name if lead.owner else ""),
        Column(_("Origen"), lambda lead: lead.source),
        Column(_("Interés"), lambda lead: lead.get_interest_display() if lead.interest else ""),
        Column(_("Puntaje"), lambda lead: lead.score),
        Column(_("Valor"), lambda lead: lead.value),
        Column(_("Moneda"), lambda lead: lead.currency),
        Column(_("Etiquetas del lead"), lambda lead: ", ".join(lead.tags)),
        Column(_("Presupuesto"), lambda lead: lead.budget),
        Column(_("Plazo"), lambda lead: lead.timeline),
        Column(_("Necesidad"), lambda lead: lead.needs),
        Column(_("Próximo paso"), lambda lead: lead.next_step_at),
        Column(_("Cierre esperado"), lambda lead: lead.expected_close),
        Column(_("Cerrado"), lambda lead: lead.closed_at),
        Column(_("Motivo de pérdida"), lambda lead: lead.lost_reason),
        Column(_("Creado"), lambda lead: lead.created_at),
        *_own(known, CustomField.On.CONTACT, lambda lead: lead.contact),
        *_own(known, CustomField.On.LEAD, lambda lead: lead),
    ]
    rows = query.narrow(Lead.objects.visible_to(member)).select_related("contact", "stage__pipeline", "owner")
    said = [f"{chip.label}: {chip.shown}" for chip in query.words()]
    return Table("leads", rows, columns, sorted({*query.given, *query.custom}), said)


def contacts(params: Mapping[str, Any], member: Membership) -> Table:
    given = {name: str(params.get(name) or "").strip() for name in ("tag", "city")}
    rows, applied, said = _searched(Contact.objects.visible_to(member), params)
    if given["tag"]:
        rows = rows.filter(tags__contains=[given["tag"]])
    if given["city"]:
        rows = rows.filter(city=given["city"])
    applied += [name for name, value in given.items() if value]
    said += [value for value in given.values() if value]
    columns = [
        *_person(lambda contact: contact),
        Column(_("Bloqueado"), lambda contact: contact.blocked_at),
        Column(_("Pidió no recibir"), lambda contact: contact.opted_out_at),
        Column(_("Creado"), lambda contact: contact.created_at),
        *_own(mapping.choices(), CustomField.On.CONTACT, lambda contact: contact),
    ]
    return Table("contacts", rows, columns, applied, said)


def all_clients(params: Mapping[str, Any], member: Membership) -> Table:
    found, applied, said = _searched(Contact.objects.all(), params)
    rows = clients.narrowed(clients.visible_to(member), {name: params.get(name, "") for name in ("owner", "status")})
    if applied:
        rows = rows.filter(contact__in=found.values("pk"))
    columns = [
        *_person(lambda client: client.contact),
        Column(_("Estado"), lambda client: client.get_status_display()),
        Column(_("Vendedor"), lambda client: client.owner.name if client.owner else ""),
        Column(_("Cliente desde"), lambda client: client.since),
        *_own(mapping.choices(), CustomField.On.CONTACT, lambda client: client.contact),
    ]
    applied += [name for name in ("owner", "status") if params.get(name)]
    said += [str(dict(Client.Status.choices).get(params.get("status", ""), ""))] if params.get("status") else []
    return Table("clients", rows.select_related("contact", "owner"), columns, applied, said)


def _searched(rows: Any, params: Mapping[str, Any]) -> tuple[Any, list[str], list[str]]:
    words = str(params.get("q") or params.get("search") or "").strip()
    return (rows.search(words), ["search"], [words]) if words else (rows, [], [])


def _person(of: Callable[[Any], Contact]) -> list[Column]:
    return [
        Column(_("Id de contacto"), lambda row: str(of(row).pk)),
        Column(_("Nombre"), lambda row: of(row).name),
        Column(_("Teléfono"), lambda row: of(row).phone or ""),
        Column(_("Correo"), lambda row: of(row).email),
        Column(_("Ciudad"), lambda row: of(row).city),
        Column(_("Etiquetas"), lambda row: ", ".join(of(row).tags)),
        Column(_("Notas"), lambda row: of(row).notes),
        Column(_("Documento"), lambda row: str(of(row).custom.get("document") or "")),
    ]


def _own(known: mapping.Choices, on: str, of: Callable[[Any], Any]) -> list[Column]:
    """The company's own fields, under the headings by which an import knows them."""

    def column(code: str, field: CustomField) -> Column:
        return Column(known.labels[code], lambda row: custom_fields.shown(field, of(row).custom.get(field.key)))

    return [column(code, field) for code, field in known.own.items() if field.on == on]


TABLES: dict[str, Callable[[Mapping[str, Any], Membership], Table]] = {
    "leads": leads,
    "contacts": contacts,
    "clients": all_clients,
}
