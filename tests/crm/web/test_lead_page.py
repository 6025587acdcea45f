"""One lead: read, created, edited, moved and given to a seller through plain forms."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils.html import strip_tags

from crm.models import Lead, Seller, Stage
from crm.services import leads
from crm.services.moves import move_stage
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import SystemEvent, Tenant
from tests.factories.crm import make_contact, make_lead, make_seller, next_phone

ClientAs = Callable[..., Client]
FORM = {"name": "Marta Giménez", "phone": "", "email": "", "source": "", "interest": "", "value": ""}


@pytest.fixture
def lead(acme: Tenant) -> Lead:
    with tenant_context(acme):
        return leads.create_lead(contact=make_contact(name="Marta"), by=Actor("agent", "", "Ventas"), source="web")


def again(tenant: Tenant, lead: Lead) -> Lead:
    with tenant_context(tenant):
        return Lead.objects.select_related("contact", "stage", "owner").get(pk=lead.pk)


def test_the_page_tells_who_did_what(client_as: ClientAs, acme: Tenant, lead: Lead) -> None:
    with tenant_context(acme):
        contacted = Stage.objects.get(code="contactado")
        move_stage(lead=lead, stage=contacted, by=Actor("user", "", "Sol"))

    page = strip_tags(client_as("ana").get(f"/leads/{lead.pk}/").content.decode())

    assert "De Nuevo a Contactado" in page
    assert "Sol ·" in page
    assert "IA: Ventas ·" in page


def test_the_conversation_is_one_click_away(client_as: ClientAs, lead: Lead) -> None:
    assert f"/bandeja/?contact={lead.contact_id}" in client_as("ana").get(f"/leads/{lead.pk}/").content.decode()


def test_a_lead_is_created_with_its_contact_and_score(client_as: ClientAs, acme: Tenant) -> None:
    phone = next_phone()
    answer = client_as("ana").post(
        "/leads/nuevo/", {**FORM, "phone": phone, "interest": "high", "budget": "900 mil", "value": "1.500,50"}
    )

    with tenant_context(acme):
        made = Lead.objects.select_related("contact").get(contact__phone=phone)
    assert answer["Location"] == f"/leads/{made.pk}/"
    assert (str(made.value), made.currency, made.interest, made.score) == ("1500.50", "ARS", "high", 55)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "Este campo es"),
        ({"phone": "123"}, "no se entiende"),
        ({"email": "no-es"}, "correo electrónico"),
        ({"value": "mucho"}, "Escribir un importe"),
    ],
)
def test_a_wrong_field_is_named_and_what_was_typed_stays(
    client_as: ClientAs, acme: Tenant, wrong: dict[str, str], said: str
) -> None:
    answer = client_as("ana").post("/leads/nuevo/", {**FORM, "needs": "Un termotanque", **wrong})

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert "Un termotanque" in answer.content.decode()
    with tenant_context(acme):
        assert not Lead.objects.exists()


def test_a_phone_that_belongs_to_somebody_is_refused_and_nothing_is_kept(
    client_as: ClientAs, acme: Tenant, lead: Lead
) -> None:
    answer = client_as("ana").post("/leads/nuevo/", {**FORM, "phone": again(acme, lead).contact.phone})

    assert answer.status_code == 422
    assert "Ya hay un contacto con ese teléfono" in answer.content.decode()
    with tenant_context(acme):
        assert Lead.objects.count() == 1


def test_editing_changes_contact_and_lead_together(client_as: ClientAs, acme: Tenant, lead: Lead) -> None:
    client_as("ana").post(f"/leads/{lead.pk}/editar/", {**FORM, "email": "marta@ejemplo.test", "budget": "un millón"})

    changed = again(acme, lead)
    assert (changed.contact.name, changed.contact.email) == ("Marta Giménez", "marta@ejemplo.test")
    assert (changed.budget, changed.score) == ("un millón", 15)


def test_what_is_cleared_no_longer_counts(client_as: ClientAs, acme: Tenant, lead: Lead) -> None:
    ana = client_as("ana")
    ana.post(f"/leads/{lead.pk}/editar/", {**FORM, "budget": "un millón"})

    ana.post(f"/leads/{lead.pk}/editar/", FORM)

    assert (again(acme, lead).budget, again(acme, lead).score) == ("", 0)


def test_a_refused_edit_keeps_nothing_of_it(client_as: ClientAs, acme: Tenant, lead: Lead) -> None:
    with tenant_context(acme):
        taken = make_contact().phone

    answer = client_as("ana").post(f"/leads/{lead.pk}/editar/", {**FORM, "phone": taken, "budget": "un millón"})

    assert answer.status_code == 422
    assert (again(acme, lead).contact.name, again(acme, lead).budget) == ("Marta", "")


def test_a_button_moves_the_lead(client_as: ClientAs, acme: Tenant, lead: Lead) -> None:
    answer = client_as("ana").post(f"/leads/{lead.pk}/etapa/", {"stage": "contactado"})

    assert answer.status_code == 302
    assert again(acme, lead).stage.code == "contactado"


def test_a_loss_needs_its_reason(client_as: ClientAs, acme: Tenant, lead: Lead) -> None:
    ana = client_as("ana")

    refused = ana.post(f"/leads/{lead.pk}/etapa/", {"stage": "perdido"})
    ana.post(f"/leads/{lead.pk}/etapa/", {"stage": "perdido", "lost_reason": "Compró en otro lado"})

    assert refused.status_code == 422
    assert "Falta el motivo de la pérdida" in refused.content.decode()
    assert again(acme, lead).lost_reason == "Compró en otro lado"


@pytest.mark.parametrize("stage", ["ganado", "negociacion", "nada"])
def test_a_step_that_is_not_allowed_is_refused(client_as: ClientAs, acme: Tenant, lead: Lead, stage: str) -> None:
    answer = client_as("ana").post(f"/leads/{lead.pk}/etapa/", {"stage": stage})

    assert answer.status_code == 422
    assert again(acme, lead).stage.code == "nuevo"


@pytest.mark.parametrize("path", ["etapa/", "vendedor/"])
def test_reloading_a_refused_form_leads_back_to_the_lead(client_as: ClientAs, lead: Lead, path: str) -> None:
    assert client_as("ana").get(f"/leads/{lead.pk}/{path}")["Location"] == f"/leads/{lead.pk}/"


def test_the_lead_is_given_to_a_seller_and_taken_back(client_as: ClientAs, acme: Tenant, lead: Lead) -> None:
    with tenant_context(acme):
        seller: Seller = make_seller()
    ana = client_as("ana")

    ana.post(f"/leads/{lead.pk}/vendedor/", {"owner": seller.pk})
    given = again(acme, lead).owner
    ana.post(f"/leads/{lead.pk}/vendedor/", {"owner": ""})

    assert given == seller
    assert again(acme, lead).owner is None


def test_another_sellers_lead_is_not_there_for_a_closer(client_as: ClientAs, acme: Tenant) -> None:
    with tenant_context(acme):
        lead = make_lead(owner=make_seller())
    sol = client_as("sol")

    assert sol.get(f"/leads/{lead.pk}/").status_code == 404
    assert sol.post(f"/leads/{lead.pk}/etapa/", {"stage": "contactado"}).status_code == 404


@pytest.mark.parametrize("path", ["", "editar/", "etapa/", "vendedor/"])
def test_an_outsider_reaches_nothing_of_it(client_as: ClientAs, acme: Tenant, lead: Lead, path: str) -> None:
    gus = client_as("gus")
    answer = gus.get(f"/leads/{lead.pk}/{path}") if path in ("", "editar/") else gus.post(f"/leads/{lead.pk}/{path}")

    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["", "editar/"])
def test_the_page_costs_eight_statements(
    client_as: ClientAs, acme: Tenant, lead: Lead, statements: Callable, path: str
) -> None:
    with tenant_context(acme):
        for code in ("contactado", "nuevo", "calificado"):
            move_stage(lead=lead, stage=Stage.objects.get(code=code), by=Actor("user", "", "Sol"))
    ana = client_as("ana")

    with statements() as seen:
        ana.get(f"/leads/{lead.pk}/{path}")

    assert seen.count <= 8, str(seen)


def test_a_known_contact_gets_one_more_lead_without_a_second_contact(
    client_as: ClientAs, acme: Tenant, lead: Lead
) -> None:
    ana, address = client_as("ana"), f"/leads/nuevo/?contact={lead.contact_id}"
    assert 'value="Marta"' in ana.get(address).content.decode()

    phone = again(acme, lead).contact.phone
    ana.post(address, {**FORM, "name": "Marta", "phone": phone, "source": "feria"})

    with tenant_context(acme):
        assert Lead.objects.filter(contact_id=lead.contact_id).count() == 2
        assert SystemEvent.objects.filter(action="contact.viewed", resource_id=str(lead.contact_id)).exists()
    assert client_as("gus").get(address).status_code == 404
