"""Every address that may show what is personal tells who looked. Read from the URL table: a new page counts from its first day."""

from typing import Any

import pytest
from django.urls import path

from tenants.access import page
from tenants.admin_site import site
from tenants.audit_access import PERSONAL, PERSONAL_MODELS, audit_access, is_personal
from tenants.domain import roles
from tests.isolation.urltable import Address, addresses

# Asked for with a permission about people, and yet nobody's data is on them.
NOBODYS = {
    "agenda/feed/": "the address of one's own calendar file",
    "agenda/feed/renovar/": "another address of one's own calendar file",
    "ajustes/agenda/": "services, hours and days of the company and oneself",
    "ajustes/agenda/dias/%(pk)s/quitar/": "a day's hours",
    "ajustes/agenda/dias/nuevo/": "a day's hours",
    "api/v1/agenda/holds": "a time that is kept, nobody's name is in it",
    "api/v1/agenda/holds/%(pk)s": "a time that is kept",
    "api/v1/availability": "free times of sellers; nobody's name is in them",
    "api/v1/services": "what is booked, and for how long",
    "api/v1/services/%(pk)s": "one thing that is booked",
    "leads/nuevo/": "an empty form; filled with a known contact it tells so itself",
    "api/v1/stages": "names of the pipeline's steps",
    "api/v1/stages/%(pk)s": "one step's name",
    "api/v1/pipelines": "names of pipelines",
    "api/v1/pipelines/%(pk)s": "one pipeline's name",
    "api/v1/pipelines/%(pk)s/steps": "which step follows which",
    "api/v1/lost-reasons": "words offered for a loss",
    "api/v1/lost-reasons/%(pk)s": "one of these words",
    "sesion/": "one's own name and rights",
    "contactos/nuevo/": "an empty form",
    "tareas/nueva/": "an empty form; the lead or contact it is for is told by itself",
    "tareas/recuperar/": "an act that goes to the page of the task",
    "importaciones/nueva/": "an empty form",
    "leads/lotes/%(pk)s/deshacer/": "an act that goes to the page of the lot",
    "leads/lotes/%(pk)s/detener/": "an act that goes to the page of the lot",
    "contactos/duplicados/%(pk)s/distintos/": "an act that goes to the list of pairs",
    "api/v1/saved-views": "names of lists and their filters",
    "api/v1/saved-views/%(pk)s": "the name of a list and its filters",
    "api/v1/contacts/duplicates/%(pk)s/dismiss": "an act that answers with ids",
    "api/v1/leads/import": "hands in; the answer counts rows",
    "permisos/": "what each role may do",
    "agentes/costos/": "sums of money",
    "agentes/costos/gastos/": "amounts; nobody's name or words are among them",
    "agentes/resultados/": "counts and medians",
    "api/v1/reports/ai-results": "counts and medians",
    "api/v1/ledger": "amounts; nobody's name or words are among them",
    "api/v1/reports/ai-costs": "sums of money",
}
ADMIN_VIEWS = ("changelist_view", "change_view", "history_view", "delete_view", "add_view")


def silent(every: list[Address]) -> list[str]:
    """Addresses that should tell and do not."""
    return [
        str(each)
        for each in every
        if not each.is_admin
        and each.route not in NOBODYS
        and {each.permission(verb) for verb in each.verbs} & PERSONAL
        and not _tells(each)
    ]


def _tells(address: Address) -> bool:
    holder = address.cls or address.view
    verbs = [getattr(holder, verb.lower(), None) for verb in address.verbs]
    return hasattr(holder, "audits") or (bool(verbs) and all(hasattr(verb, "audits") for verb in verbs))


def test_every_page_and_api_address_about_people_tells_who_looked() -> None:
    assert silent(addresses()) == []


def test_an_address_that_forgot_would_be_seen() -> None:
    @page("contacts.read")
    def forgotten(request: Any) -> None:
        """A page somebody adds tomorrow."""

    told = audit_access("contacts.listed")(forgotten)
    planted = [
        Address("clientes/", (), frozenset(), path("clientes/", forgotten).callback),
        Address("personas/", (), frozenset(), path("personas/", told).callback),
    ]
    assert silent(planted) == ["/clientes/"]


def test_what_is_excused_exists_and_is_about_people() -> None:
    """An excuse that nobody needs any more goes."""
    known = {each.route: {each.permission(verb) for verb in each.verbs} for each in addresses()}
    assert {route for route in NOBODYS if not known.get(route, set()) & PERSONAL} == set()


def test_the_permissions_about_people_exist() -> None:
    assert roles.TABLE[roles.CEO] >= PERSONAL


@pytest.mark.parametrize(
    "model", sorted(site._registry, key=lambda model: model._meta.label), ids=lambda m: m._meta.label
)
def test_the_admins_pages_about_people_tell_too(model: Any) -> None:
    model_admin = site._registry[model]
    told = {name: hasattr(site.admin_view(getattr(model_admin, name)), "audits") for name in ADMIN_VIEWS}
    assert set(told.values()) == {is_personal(model_admin)}


def test_tables_of_customers_words_count_as_personal() -> None:
    labels = {model._meta.label_lower for model in site._registry if is_personal(site._registry[model])}
    assert labels >= PERSONAL_MODELS | {
        "crm.contact",
        "crm.lead",
        "messaging.conversation",
        "messaging.message",
        "messaging.attachment",
        "agents.agentrun",
        "agents.toolcall",
        "tenants.membership",
        "tenants.systemevent",
    }
