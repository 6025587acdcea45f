"""Settings of the pipeline, approvals and conversions on their pages."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from crm.models import Client as Customer
from crm.models import Lead, LostReason, Pipeline, Stage, StageTransition
from crm.services.leads import create_lead, qualify_lead
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead, make_seller

ClientAs = Callable[..., Browser]
BY = Actor("user", "7", "Ana")
STAGE = {"name": "Propuesta", "kind": "open", "color": "blue", "probability": "50", "cold_after_days": "5"}


def main(acme: Tenant) -> Pipeline:
    with tenant_context(acme):
        return Pipeline.objects.get(is_default=True)


def stage(acme: Tenant, code: str) -> Stage:
    with tenant_context(acme):
        return Stage.objects.get(code=code)


def test_a_pipeline_is_made_with_its_words(client_as: ClientAs, acme: Tenant) -> None:
    answer = client_as("ana").post("/ajustes/embudo/nuevo/", {"name": "Alquileres", "noun": "reserva"})

    with tenant_context(acme):
        made = Pipeline.objects.get(name="Alquileres")
    assert answer["Location"] == f"/ajustes/embudo/{made.pk}/"
    assert "Alquileres" in client_as("ana").get("/ajustes/embudo/").content.decode()


def test_a_stage_is_added_changed_and_moved(client_as: ClientAs, acme: Tenant) -> None:
    ana, pipeline = client_as("ana"), main(acme)
    ana.post(f"/ajustes/embudo/{pipeline.pk}/etapas/nueva/", STAGE)
    made = stage(acme, "propuesta")
    assert (made.color, made.probability, made.position) == ("blue", 50, 5)

    ana.post(f"/ajustes/embudo/etapas/{made.pk}/", {**STAGE, "name": "Oferta", "requires_comment": "on"})
    ana.post(f"/ajustes/embudo/{pipeline.pk}/orden/", {"up": str(made.pk)})

    changed = stage(acme, "propuesta")
    assert (changed.name, changed.requires_comment, changed.position) == ("Oferta", True, 4)


def test_a_wrong_stage_keeps_what_was_typed(client_as: ClientAs, acme: Tenant) -> None:
    answer = client_as("ana").post(f"/ajustes/embudo/{main(acme).pk}/etapas/nueva/", {**STAGE, "probability": "900"})

    assert answer.status_code == 422
    assert 'value="Propuesta"' in answer.content.decode()


def test_the_matrix_is_saved_as_it_was_ticked(client_as: ClientAs, acme: Tenant) -> None:
    new, called, lost = (stage(acme, code) for code in ("nuevo", "contactado", "perdido"))
    pair = f"{new.pk}:{called.pk}"
    client_as("ana").post(
        f"/ajustes/embudo/{main(acme).pk}/pasos/",
        {"step": [pair, f"{new.pk}:{lost.pk}", "nonsense"], f"comment:{pair}": "on", f"approver:{pair}": "ceo"},
    )

    with tenant_context(acme):
        rows = StageTransition.objects.exclude(target__kind="won").values_list(
            "target__code", "requires_comment", "approver_role"
        )
        assert sorted(rows) == [("contactado", True, "ceo"), ("perdido", False, "")]
        assert StageTransition.objects.filter(target__code="ganado").exists()


def test_a_stage_with_leads_asks_where_they_go(client_as: ClientAs, acme: Tenant) -> None:
    with tenant_context(acme):
        lead = make_lead(stage=Stage.objects.get(code="contactado"))
    gone = stage(acme, "contactado")
    ana = client_as("ana")

    refused = ana.post(f"/ajustes/embudo/etapas/{gone.pk}/quitar/", {})
    ana.post(f"/ajustes/embudo/etapas/{gone.pk}/quitar/", {"move_to": str(stage(acme, "calificado").pk)})

    assert refused.status_code == 422
    assert "Elegir adónde van" in refused.content.decode()
    with tenant_context(acme):
        assert Lead.objects.select_related("stage").get(pk=lead.pk).stage.code == "calificado"


def test_a_stage_at_rest_comes_back(client_as: ClientAs, acme: Tenant) -> None:
    with tenant_context(acme):
        Stage.objects.filter(code="contactado").update(is_active=False)
    rested = stage(acme, "contactado")

    client_as("ana").post(f"/ajustes/embudo/etapas/{rested.pk}/quitar/", {"act": "back"})

    assert stage(acme, "contactado").is_active


def test_reasons_are_added_renamed_and_removed(client_as: ClientAs, acme: Tenant) -> None:
    ana = client_as("ana")
    ana.post("/ajustes/motivos/nuevo/", {"name": "Sin stock"})
    with tenant_context(acme):
        made = LostReason.objects.get(name="Sin stock")
    ana.post(f"/ajustes/motivos/{made.pk}/", {"name": "Sin existencias"})
    assert "Sin existencias" in ana.get("/ajustes/motivos/").content.decode()

    ana.post(f"/ajustes/motivos/{made.pk}/", {"act": "remove"})
    with tenant_context(acme):
        assert not LostReason.objects.filter(pk=made.pk).exists()


def test_what_a_sale_needs_is_chosen(client_as: ClientAs, acme: Tenant) -> None:
    client_as("ana").post("/ajustes/embudo/conversion/", {"conversion": ["name", "value"]})

    with tenant_context(acme):
        acme.refresh_from_db()
    assert acme.settings["conversion_requires"] == ["name", "value"]


@pytest.mark.parametrize("path", ["/ajustes/embudo/", "/ajustes/motivos/"])
def test_a_seller_does_not_open_the_settings(client_as: ClientAs, path: str) -> None:
    assert client_as("sol").get(path).status_code == 403


# --- approvals -------------------------------------------------------------------------------------------------------


@pytest.fixture
def asked(client_as: ClientAs, acme: Tenant) -> Lead:
    """A lead whose step Sol asked for and Ana decides."""
    with tenant_context(acme):
        StageTransition.objects.filter(source__code="nuevo", target__code="contactado").update(approver_role="ceo")
        lead = make_lead()
    page = client_as("sol").post(
        f"/leads/{lead.pk}/etapa/", {"stage": "contactado", "comment": "Ya hablamos"}, follow=True
    )
    assert "espera aprobación" in page.content.decode()
    return lead


def decide(browser: Browser, acme: Tenant, lead: Lead, word: str, comment: str = "") -> int:
    with tenant_context(acme):
        pk = lead.stage_requests.get().pk
    return browser.post(f"/aprobaciones/{pk}/{word}/", {"comment": comment}).status_code


def test_whoever_decides_finds_it_and_lets_it_pass(client_as: ClientAs, acme: Tenant, asked: Lead) -> None:
    ana = client_as("ana")
    page = ana.get("/aprobaciones/").content.decode()
    assert str(asked.contact) in page
    assert "Ya hablamos" in page

    assert decide(ana, acme, asked, "aprobar") == 303
    with tenant_context(acme):
        assert Lead.objects.select_related("stage").get(pk=asked.pk).stage.code == "contactado"
    assert "Nada espera su aprobación" in ana.get("/aprobaciones/").content.decode()


def test_a_refusal_without_words_says_so(client_as: ClientAs, acme: Tenant, asked: Lead) -> None:
    ana = client_as("ana")

    assert decide(ana, acme, asked, "rechazar") == 422
    assert decide(ana, acme, asked, "rechazar", "Todavía no") == 303


def test_whoever_asked_does_not_decide(client_as: ClientAs, acme: Tenant, asked: Lead) -> None:
    sol = client_as("sol")

    assert str(asked.pk) not in sol.get("/aprobaciones/").content.decode()
    assert decide(sol, acme, asked, "aprobar") == 404


# --- score and conversion --------------------------------------------------------------------------------------------


@pytest.fixture
def ready(acme: Tenant) -> Lead:
    with tenant_context(acme):
        contact = make_contact(name="Marta Giménez", email="marta@ejemplo.test")
        lead = create_lead(contact=contact, by=BY)
        return qualify_lead(lead=lead, interest="high", budget="100 mil", timeline="hoy", needs="remeras", by=BY)


def test_a_correction_is_shown_with_its_reason(client_as: ClientAs, ready: Lead) -> None:
    ana = client_as("ana")
    assert ana.post(f"/leads/{ready.pk}/puntaje/", {"score": "30"}).status_code == 422
    page = ana.post(f"/leads/{ready.pk}/puntaje/", {"score": "30", "reason": "Ya dijo que no"}, follow=True)

    assert "Ya dijo que no" in page.content.decode()
    assert "Corrección de" in page.content.decode()


def test_the_page_says_what_is_missing(client_as: ClientAs, acme: Tenant) -> None:
    with tenant_context(acme):
        lead = make_lead()
    page = client_as("ana").post(f"/leads/{lead.pk}/convertir/", follow=True).content.decode()

    assert "Falta el presupuesto." in page
    with tenant_context(acme):
        assert not Customer.objects.exists()


def test_a_lead_is_converted_and_taken_back(client_as: ClientAs, acme: Tenant, ready: Lead) -> None:
    ana = client_as("ana")
    assert "Ahora es cliente." in ana.post(f"/leads/{ready.pk}/convertir/", follow=True).content.decode()
    with tenant_context(acme):
        client = Customer.objects.get()
    assert ana.get(f"/clientes/{client.pk}/")["Location"] == f"/contactos/{ready.contact_id}/"
    assert "Marta Giménez" in ana.get("/clientes/").content.decode()

    assert ana.post(f"/leads/{ready.pk}/deshacer-conversion/", {}).status_code == 422
    ana.post(f"/leads/{ready.pk}/deshacer-conversion/", {"reason": "Se arrepintió"})
    with tenant_context(acme):
        assert not Customer.objects.exists()


def test_clients_are_narrowed_by_the_address(client_as: ClientAs, acme: Tenant, ready: Lead) -> None:
    ana = client_as("ana")
    ana.post(f"/leads/{ready.pk}/convertir/")
    with tenant_context(acme):
        client, seller = Customer.objects.get(), make_seller()

    assert "Marta" in ana.get("/clientes/?q=gimenez&status=active&owner=none").content.decode()
    assert "Marta" not in ana.get(f"/clientes/?owner={seller.pk}").content.decode()
    ana.post(f"/clientes/{client.pk}/estado/", {"status": "inactive"})
    assert "Marta" not in ana.get("/clientes/?status=active").content.decode()


def test_a_lead_is_carried_into_another_pipeline(client_as: ClientAs, acme: Tenant) -> None:
    ana = client_as("ana")
    ana.post("/ajustes/embudo/nuevo/", {"name": "Alquileres"})
    with tenant_context(acme):
        lead, target = make_lead(), Stage.objects.get(pipeline__name="Alquileres", is_initial=True)
    assert "Alquileres · Nuevo" in ana.get(f"/leads/{lead.pk}/").content.decode()

    refused = ana.post(f"/leads/{lead.pk}/etapa/", {"stage": target.code})
    ana.post(f"/leads/{lead.pk}/etapa/", {"stage": target.code, "change_pipeline": "1"})

    assert refused.status_code == 422
    with tenant_context(acme):
        assert Lead.objects.get(pk=lead.pk).stage_id == target.pk


@pytest.mark.parametrize("path", ["/ajustes/embudo/", "/ajustes/motivos/", "/aprobaciones/", "/clientes/"])
def test_a_page_costs_eight_statements(client_as: ClientAs, ready: Lead, statements: Callable, path: str) -> None:
    ana = client_as("ana")
    ana.post(f"/leads/{ready.pk}/convertir/")

    with statements() as seen:
        assert ana.get(path).status_code == 200

    assert seen.count <= 8, str(seen)


def test_the_page_of_a_pipeline_costs_eight_statements(client_as: ClientAs, acme: Tenant, statements: Callable) -> None:
    ana, pipeline, first = client_as("ana"), main(acme), stage(acme, "contactado")
    for path in (f"/ajustes/embudo/{pipeline.pk}/", f"/ajustes/embudo/etapas/{first.pk}/"):
        with statements() as seen:
            assert ana.get(path).status_code == 200
        assert seen.count <= 8, str(seen)
