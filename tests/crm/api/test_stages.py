"""Pipelines, stages, steps, reasons and approvals through the API."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from crm.models import Lead, Stage, StageRequest, StageTransition
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_lead, make_seller, make_stage_change

Api = Callable[..., APIClient]


@pytest.fixture
def lead(acme: Tenant) -> Lead:
    with tenant_context(acme):
        return make_lead()


def stage_of(acme: Tenant, lead: Lead) -> str:
    with tenant_context(acme):
        return Lead.objects.select_related("stage").get(pk=lead.pk).stage.code


@pytest.fixture
def asked(acme: Tenant, api_as: Api, lead: Lead) -> str:
    """The id of a request for a step that the company's head approves."""
    with tenant_context(acme):
        StageTransition.objects.filter(source__code="nuevo", target__code="contactado").update(approver_role="ceo")
    answer = api_as("sol").post(f"/api/v1/leads/{lead.pk}/stage/", {"stage": "contactado", "comment": "Ya hablamos"})
    assert answer.status_code == 202, answer.content
    assert answer.json()["code"] == "approval_needed"
    return str(answer.json()["request"]["id"])


def test_a_step_that_needs_approval_is_asked_for_and_does_not_move(acme: Tenant, lead: Lead, asked: str) -> None:
    assert stage_of(acme, lead) == "nuevo"
    with tenant_context(acme):
        assert StageRequest.objects.get(pk=asked).comment == "Ya hablamos"


def test_whoever_decides_lets_it_pass(acme: Tenant, api_as: Api, lead: Lead, asked: str) -> None:
    ana = api_as("ana")
    assert [row["id"] for row in ana.get("/api/v1/stage-requests/?status=pending").json()["results"]] == [asked]

    done = ana.post(f"/api/v1/stage-requests/{asked}/approve/", {})

    assert (done.status_code, done.json()["status"]) == (200, "approved")
    assert stage_of(acme, lead) == "contactado"
    assert ana.post(f"/api/v1/stage-requests/{asked}/refuse/", {"comment": "no"}).status_code == 409


def test_a_refusal_needs_words(acme: Tenant, api_as: Api, lead: Lead, asked: str) -> None:
    ana = api_as("ana")
    assert ana.post(f"/api/v1/stage-requests/{asked}/refuse/", {}).status_code == 422

    assert ana.post(f"/api/v1/stage-requests/{asked}/refuse/", {"comment": "Todavía no"}).json()["status"] == "refused"
    assert stage_of(acme, lead) == "nuevo"


def test_nobody_decides_for_another_role_or_company(api_as: Api, asked: str) -> None:
    for name in ("sol", "gus"):
        other = api_as(name)
        assert other.get("/api/v1/stage-requests/").json()["results"] == []
        assert other.post(f"/api/v1/stage-requests/{asked}/approve/", {}).status_code == 404


def test_a_stage_of_another_pipeline_is_entered_only_when_asked_for(acme: Tenant, api_as: Api, lead: Lead) -> None:
    ana = api_as("ana")
    pipeline = ana.post("/api/v1/pipelines/", {"name": "Alquileres"}).json()
    stage = ana.post("/api/v1/stages/", {"pipeline": pipeline["id"], "name": "Visita"}).json()

    refused = ana.post(f"/api/v1/leads/{lead.pk}/stage/", {"stage": stage["id"]})
    moved = ana.post(f"/api/v1/leads/{lead.pk}/stage/", {"stage": stage["id"], "change_pipeline": True})

    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "other_pipeline")
    assert (moved.status_code, moved.json()["stage"]) == (200, stage["id"])


def test_stages_are_made_changed_and_taken_away(acme: Tenant, api_as: Api) -> None:
    ana = api_as("ana")
    made = ana.post("/api/v1/stages/", {"name": "Propuesta", "color": "blue", "probability": 50}).json()
    assert (made["code"], made["kind"], made["color"]) == ("propuesta", "open", "blue")

    changed = ana.patch(f"/api/v1/stages/{made['id']}/", {"name": "Oferta", "cold_after_days": 3}).json()
    assert (changed["name"], changed["code"], changed["cold_after_days"]) == ("Oferta", "propuesta", 3)
    assert ana.delete(f"/api/v1/stages/{made['id']}/").status_code == 204
    assert ana.get(f"/api/v1/stages/{made['id']}/").status_code == 404


def test_a_stage_with_leads_goes_only_with_somewhere_named(acme: Tenant, api_as: Api) -> None:
    with tenant_context(acme):
        held = Stage.objects.get(code="calificado")
        lead = make_lead(stage=held)
        make_stage_change(lead=lead)
    ana = api_as("ana")

    refused = ana.delete(f"/api/v1/stages/{held.pk}/")
    done = ana.delete(f"/api/v1/stages/{held.pk}/?move_to=contactado")

    assert (refused.status_code, "move_to" in refused.json()["error"]["fields"]) == (409, True)
    assert done.status_code == 204
    assert stage_of(acme, lead) == "contactado"
    assert "calificado" not in {row["code"] for row in ana.get("/api/v1/stages/").json()["results"]}


def test_steps_are_set_whole(acme: Tenant, api_as: Api) -> None:
    ana = api_as("ana")
    pipeline = ana.post("/api/v1/pipelines/", {"name": "Alquileres"}).json()
    rows = [row for row in ana.get("/api/v1/stages/").json()["results"] if row["pipeline"] == pipeline["id"]]
    by_kind = {row["kind"]: row["id"] for row in rows}
    step = {"source": by_kind["open"], "target": by_kind["lost"], "requires_comment": True}

    done = ana.put(f"/api/v1/pipelines/{pipeline['id']}/steps/", {"steps": [step]})
    refused = ana.put(
        f"/api/v1/pipelines/{pipeline['id']}/steps/", {"steps": [{"source": by_kind["open"], "target": by_kind["won"]}]}
    )

    assert done.json()["results"] == [{**step, "label": "", "approver_role": ""}]
    assert refused.status_code == 422


def test_reasons_are_listed_and_changed(api_as: Api) -> None:
    ana = api_as("ana")
    assert "Precio" in {row["name"] for row in ana.get("/api/v1/lost-reasons/").json()["results"]}
    made = ana.post("/api/v1/lost-reasons/", {"name": "Sin stock"}).json()

    assert ana.patch(f"/api/v1/lost-reasons/{made['id']}/", {"is_active": False}).json()["is_active"] is False
    assert ana.delete(f"/api/v1/lost-reasons/{made['id']}/").status_code == 204


@pytest.mark.parametrize("path", ["stages", "pipelines", "lost-reasons"])
def test_whoever_sells_reads_the_pipeline_and_does_not_change_it(api_as: Api, path: str) -> None:
    sol = api_as("sol")
    assert sol.get(f"/api/v1/{path}/").status_code == 200
    assert sol.post(f"/api/v1/{path}/", {"name": "Mío"}).status_code == 403


def test_the_score_is_corrected_with_a_reason(api_as: Api, lead: Lead) -> None:
    ana = api_as("ana")
    refused = ana.post(f"/api/v1/leads/{lead.pk}/score/", {"score": 90})
    done = ana.post(f"/api/v1/leads/{lead.pk}/score/", {"score": 90, "reason": "Vino recomendada"}).json()

    assert (refused.status_code, "reason" in refused.json()["error"]["fields"]) == (422, True)
    assert (done["score"], done["score_adjustment"]) == (90, 90)
    assert done["score_reasons"][-1]["said"] == "Vino recomendada"


def test_an_empty_assignment_asks_the_rules_and_null_frees(acme: Tenant, api_as: Api, lead: Lead) -> None:
    with tenant_context(acme):
        seller = make_seller()
    ana = api_as("ana")
    assert ana.post(f"/api/v1/leads/{lead.pk}/assign/", {"owner": str(seller.pk)}).json()["owner"] == str(seller.pk)
    assert ana.post(f"/api/v1/leads/{lead.pk}/assign/", {"owner": None}).json()["owner"] is None

    rule = {"name": "Todos", "strategy": "round_robin", "sellers": [str(seller.pk)], "filters": {}, "priority": 1}
    made = ana.post("/api/v1/assignment-rules/", rule)
    assert made.status_code == 201, made.content
    assert ana.post(f"/api/v1/leads/{lead.pk}/assign/", {}).json()["owner"] == str(seller.pk)
