"""Leads through the API."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from crm.models import Contact, StageChange
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_lead, make_seller
from tests.support.cast import Person

Api = Callable[..., APIClient]
SHAPE = {
    "id",
    "contact",
    "stage",
    "owner",
    "score",
    "score_reasons",
    "interest",
    "source",
    "value",
    "currency",
    "social_links",
    "tags",
    "custom",
    "created_at",
    "updated_at",
}


def stages(api: APIClient) -> dict[str, dict[str, Any]]:
    return {row["code"]: row for row in api.get("/api/v1/stages/").json()["results"]}


def new_lead(api: APIClient, **over: object) -> dict[str, Any]:
    answer = api.post("/api/v1/leads/", {"contact": {"name": "Ada", "phone": "+5491155551111"}, **over})
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_lead_is_created_with_its_person(api_as: Api) -> None:
    api = api_as("ana")
    person = {"name": "Ada Lovelace", "phone": "11 5555-1111", "email": "ada@example.test"}
    lead = new_lead(api, contact=person, source="feria", interest="high", value="1500.50", tags=["vip"])
    assert set(lead) >= SHAPE
    assert lead["contact"]["phone"].startswith("+54")
    assert lead["contact"]["name"] == "Ada Lovelace"
    assert (lead["value"], lead["currency"], lead["tags"]) == ("1500.50", "ARS", ["vip"])
    assert lead["stage"] == stages(api)["nuevo"]["id"]
    assert lead["score"] == 40
    assert api.get(f"/api/v1/leads/{lead['id']}/").json() == lead


def test_a_contact_may_be_named_by_its_id_or_by_a_known_phone(api_as: Api, acme: Tenant) -> None:
    api = api_as("ana")
    first = new_lead(api)
    contact = first["contact"]["id"]
    assert new_lead(api, contact=contact)["contact"]["id"] == contact
    assert new_lead(api, contact={"id": contact})["contact"]["id"] == contact
    again = new_lead(api, contact={"name": "Otra", "phone": "+541155551111", "email": "ada@example.test"})
    assert again["contact"] == {**first["contact"], "email": "ada@example.test"}
    with tenant_context(acme):
        assert Contact.objects.count() == 1


@pytest.mark.parametrize(
    ("over", "status", "field"),
    [
        ({"contact": {}}, 422, "contact"),
        ({"contact": None}, 400, "contact"),
        ({"contact": 7}, 400, "contact"),
        ({"contact": "not-an-id"}, 400, "contact"),
        ({"contact": {"name": "x" * 201}}, 400, "contact"),
        ({"contact": {"phone": "hello"}}, 422, "phone"),
        ({"value": "much"}, 400, "value"),
        ({"value": "1e999"}, 400, "value"),
        ({"value": -1}, 400, "value"),
        ({"currency": "pesos"}, 400, "currency"),
        ({"interest": "huge"}, 400, "interest"),
        ({"tags": "vip"}, 400, "tags"),
        ({"custom": []}, 400, "custom"),
        ({"stage": "ganado"}, 422, "stage"),
    ],
)
def test_a_wrong_lead_is_refused_by_the_name_of_the_field(api_as: Api, over: Any, status: int, field: str) -> None:
    answer = api_as("ana").post("/api/v1/leads/", {"contact": {"name": "Ada"}, **over})
    assert answer.status_code == status
    assert field in answer.json()["error"]["fields"]
    assert api_as("ana").get("/api/v1/contacts/").json()["results"] == []


@pytest.mark.parametrize("over", [{"owner": "0190a0b0-0000-7000-8000-000000000000"}, {"stage": "nowhere"}])
def test_an_owner_or_stage_that_does_not_exist_is_a_404(api_as: Api, over: dict[str, str]) -> None:
    assert api_as("ana").post("/api/v1/leads/", {"contact": {"name": "Ada"}, **over}).status_code == 404


def test_a_lead_moves_along_the_pipeline_by_id_or_code(api_as: Api, acme: Tenant) -> None:
    api = api_as("ana")
    lead = new_lead(api)
    known = stages(api)
    moved = api.post(f"/api/v1/leads/{lead['id']}/stage", {"stage": known["contactado"]["id"]})
    assert moved.json()["stage"] == known["contactado"]["id"]
    assert api.post(f"/api/v1/leads/{lead['id']}/stage/", {"stage": "reunion"}).status_code == 200
    with tenant_context(acme):
        assert StageChange.objects.filter(lead_id=lead["id"]).count() == 3


@pytest.mark.parametrize(
    ("body", "field"),
    [({"stage": "reunion"}, "stage"), ({"stage": "ganado"}, ""), ({"stage": "perdido"}, "lost_reason")],
)
def test_a_step_that_the_pipeline_does_not_know_is_refused(api_as: Api, body: dict[str, str], field: str) -> None:
    api = api_as("ana")
    lead = new_lead(api)
    answer = api.post(f"/api/v1/leads/{lead['id']}/stage", body)
    assert answer.status_code == 422
    assert field == "" or field in answer.json()["error"]["fields"]
    assert api.get(f"/api/v1/leads/{lead['id']}/").json()["stage"] == lead["stage"]


def test_a_lost_lead_keeps_its_reason(api_as: Api) -> None:
    api = api_as("ana")
    lead = new_lead(api)
    lost = api.post(f"/api/v1/leads/{lead['id']}/stage", {"stage": "perdido", "lost_reason": "Precio"})
    assert lost.json()["lost_reason"] == "Precio"


def test_a_lead_is_given_to_a_seller_and_taken_back(api_as: Api, acme: Tenant) -> None:
    api = api_as("ana")
    lead = new_lead(api)
    seller = api.post("/api/v1/sellers/", {"name": "Vera"}).json()["id"]
    url = f"/api/v1/leads/{lead['id']}/assign"
    assert api.post(url, {"owner": seller}).json()["owner"] == seller
    assert api.post(url, {}).json()["owner"] == seller
    assert api.post(url, {"owner": None}).json()["owner"] is None


def test_a_lead_is_qualified_with_reasons(api_as: Api) -> None:
    api = api_as("ana")
    lead = new_lead(api)
    said = {"interest": "high", "budget": "2 M", "timeline": "esta semana", "needs": "Una casa"}
    done = api.post(f"/api/v1/leads/{lead['id']}/qualify", said).json()
    assert done["score"] == 100
    assert {reason["factor"] for reason in done["score_reasons"]} == {"interest", "budget", "timeline", "needs"}
    assert {name: done[name] for name in said} == said


def test_a_lead_is_changed_field_by_field(api_as: Api) -> None:
    api = api_as("ana")
    lead = new_lead(api)
    done = api.patch(
        f"/api/v1/leads/{lead['id']}/", {"value": "10", "custom": {"document": "30111222"}, "stage": "perdido"}
    )
    assert done.json()["value"] == "10.00"
    assert done.json()["custom"] == {"document": "30111222"}
    assert done.json()["stage"] == lead["stage"]
    url = f"/api/v1/leads/{lead['id']}/"
    assert api.patch(url, {"needs": "Una casa"}).json()["score"] == 15
    assert api.patch(url, {"needs": ""}).json()["score"] == 0


def test_leads_are_found_by_stage_owner_source_contact_and_words(api_as: Api, acme: Tenant) -> None:
    api = api_as("ana")
    ada = new_lead(api, contact={"name": "Ádá Ñandú"}, source="feria")
    bob = new_lead(api, contact={"name": "Bob"}, source="web")
    seller = api.post("/api/v1/sellers/", {"name": "Vera"}).json()["id"]
    api.post(f"/api/v1/leads/{bob['id']}/assign", {"owner": seller})
    api.post(f"/api/v1/leads/{bob['id']}/stage", {"stage": "contactado"})

    def found(**query: str) -> list[str]:
        return [row["id"] for row in api.get("/api/v1/leads/", query).json()["results"]]

    assert found() == [bob["id"], ada["id"]]
    assert found(search="ada nandu") == [ada["id"]]
    assert found(stage="contactado") == [bob["id"]] == found(stage=stages(api)["contactado"]["id"])
    assert found(owner=seller) == [bob["id"]]
    assert found(owner="none") == [ada["id"]]
    assert found(source="feria") == [ada["id"]]
    assert found(contact=bob["contact"]["id"]) == [bob["id"]]
    assert found(stage="nowhere") == found(search="zzz") == []
    assert api.get("/api/v1/leads/", {"owner": "nobody"}).status_code == 400


def test_closers_see_their_own_leads_and_those_of_nobody(api_as: Api, acme: Tenant, sol: Person) -> None:
    with tenant_context(acme):
        mine = make_lead(owner=make_seller(user=sol.user))
        free = make_lead()
        other = make_lead(owner=make_seller())
    api = api_as("sol")
    assert {row["id"] for row in api.get("/api/v1/leads/").json()["results"]} == {str(mine.pk), str(free.pk)}
    for path in ("", "stage", "assign", "qualify"):
        url = f"/api/v1/leads/{other.pk}/{path}"
        assert (api.post(url, {}) if path else api.get(url)).status_code == 404
    assert api.patch(f"/api/v1/leads/{other.pk}/", {"source": "x"}).status_code == 404


def test_another_companys_lead_does_not_exist(api_as: Api) -> None:
    lead = new_lead(api_as("ana"))
    api = api_as("gus")
    assert api.get(f"/api/v1/leads/{lead['id']}/").status_code == 404
    assert api.patch(f"/api/v1/leads/{lead['id']}/", {"source": "x"}).status_code == 404
    assert api.post("/api/v1/leads/", {"contact": lead["contact"]["id"]}).status_code == 404
    assert api.get("/api/v1/leads/", {"contact": lead["contact"]["id"]}).json()["results"] == []
