"""Bulk acts, saved views and the list's filters through the API."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from crm.models import Lead
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.support.cast import Person
from tests.support.tasks import Queue

Api = Callable[..., APIClient]


@pytest.fixture
def leads(acme: Tenant) -> list[Lead]:
    with tenant_context(acme):
        return [make_lead(contact=make_contact(name=f"Lead {n}", city="Rosario"), source="feria") for n in range(3)]


def bulk(api: APIClient, **body: Any) -> Any:
    return api.post("/api/v1/leads/bulk/", body)


def test_a_label_goes_on_the_named_leads_and_off_again(api_as: Api, acme: Tenant, leads: list[Lead]) -> None:
    api = api_as("ana")

    answer = bulk(api, action="tag", ids=[str(lead.pk) for lead in leads], tag="vip")

    assert answer.status_code == 202, answer.content
    told = answer.json()
    assert {name: told[name] for name in ("action", "status", "total", "done", "refused", "left")} == {
        "action": "tag",
        "status": "done",
        "total": 3,
        "done": 3,
        "refused": 0,
        "left": [],
    }
    assert api.get(f"/api/v1/leads/bulk/{told['id']}/").json()["done"] == 3
    assert api.post(f"/api/v1/leads/bulk/{told['id']}/undo/").json()["status"] == "undone"
    with tenant_context(acme):
        assert not Lead.objects.filter(tags__contains=["vip"]).exists()
    assert api.post(f"/api/v1/leads/bulk/{told['id']}/undo/").status_code == 409


def test_all_that_a_query_finds(api_as: Api, acme: Tenant, leads: list[Lead]) -> None:
    with tenant_context(acme):
        seller = make_seller()
        make_lead(source="web")

    answer = bulk(api_as("ana"), action="assign", query="source=feria", owner=str(seller.pk))

    assert answer.json()["done"] == 3
    with tenant_context(acme):
        assert Lead.objects.filter(owner=seller).count() == 3


def test_what_is_refused_is_told_with_its_reason(api_as: Api, leads: list[Lead]) -> None:
    answer = bulk(api_as("ana"), action="stage", ids=[str(leads[0].pk)], stage="negociacion")

    assert answer.json()["refused"] == 1
    assert "no se pasa" in answer.json()["left"][0]["error"]


@pytest.mark.parametrize(
    "body",
    [
        {"action": "explode", "ids": []},
        {"action": "tag", "tag": "vip"},
        {"action": "tag", "tag": "vip", "ids": []},
        {"action": "tag", "query": "source=feria"},
        {"action": "tag", "query": "owner=zzz", "tag": "vip"},
        {"action": "assign", "query": "", "owner": "00000000-0000-7000-8000-000000000000"},
        {"action": "stage", "query": "", "stage": "no-existe"},
        {"action": "task", "query": "", "title": "Llamar"},
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is(
    api_as: Api, acme: Tenant, leads: list[Lead], body: dict[str, object]
) -> None:
    answer = bulk(api_as("ana"), **body)

    assert answer.status_code in (400, 404, 422), answer.content
    with tenant_context(acme):
        assert set(Lead.objects.values_list("owner", "stage__code")) == {(None, "nuevo")}


def test_an_outsider_sees_and_changes_nothing(api_as: Api, acme: Tenant, leads: list[Lead]) -> None:
    made = bulk(api_as("ana"), action="tag", ids=[str(leads[0].pk)], tag="vip").json()["id"]
    gus = api_as("gus")

    assert bulk(gus, action="tag", ids=[str(leads[1].pk)], tag="suyo").status_code == 422
    assert gus.get(f"/api/v1/leads/bulk/{made}/").status_code == 404
    assert gus.post(f"/api/v1/leads/bulk/{made}/undo/").status_code == 404
    assert api_as("sol").get(f"/api/v1/leads/bulk/{made}/").status_code == 404


def test_many_are_left_to_a_worker(api_as: Api, acme: Tenant, queued: Queue) -> None:
    with tenant_context(acme):
        contact = make_contact()
        for _each in range(101):
            make_lead(contact=contact)
    api = api_as("ana")

    told = bulk(api, action="tag", query="", tag="vip").json()

    assert (told["status"], told["total"], told["done"]) == ("waiting", 101, 0)
    queued.drain()
    assert api.get(f"/api/v1/leads/bulk/{told['id']}/").json()["done"] == 101


# --- saved views ------------------------------------------------------------------------------------------------
def test_a_view_is_made_changed_listed_and_deleted(api_as: Api) -> None:
    api = api_as("ana")
    made = api.post("/api/v1/saved-views/", {"list": "leads", "name": "Feria", "query": "source=feria&cursor=x"})
    assert made.status_code == 201, made.content
    key = made.json()["id"]
    assert made.json()["query"] == "source=feria"

    assert api.patch(f"/api/v1/saved-views/{key}/", {"name": "Ferias"}).json()["name"] == "Ferias"
    assert [row["id"] for row in api.get("/api/v1/saved-views/?list=leads").json()["results"]] == [key]
    assert api.get("/api/v1/saved-views/?list=tasks").json()["results"] == []
    assert api_as("sol").get("/api/v1/saved-views/").json()["results"] == []
    assert api_as("sol").patch(f"/api/v1/saved-views/{key}/", {"name": "Mía"}).status_code == 404
    assert api.delete(f"/api/v1/saved-views/{key}/").status_code == 204
    assert api.get("/api/v1/saved-views/").json()["results"] == []


def test_sharing_needs_its_permission_and_names_are_ones_own(api_as: Api) -> None:
    body = {"list": "leads", "name": "Feria", "is_shared": True}
    assert api_as("sol").post("/api/v1/saved-views/", body).status_code == 403
    assert api_as("ana").post("/api/v1/saved-views/", body).status_code == 201
    assert api_as("ana").post("/api/v1/saved-views/", body).status_code == 409
    assert api_as("sol").post("/api/v1/saved-views/", {**body, "is_shared": False}).status_code == 201
    assert api_as("ana").post("/api/v1/saved-views/", {**body, "list": "nada"}).status_code == 400


# --- filters ----------------------------------------------------------------------------------------------------
def test_the_list_of_leads_takes_the_words_of_the_page(
    api_as: Api, acme: Tenant, leads: list[Lead], sol: Person
) -> None:
    with tenant_context(acme):
        mine = make_lead(owner=make_seller(user_id=sol.user.pk), value="10", currency="ARS")
    api = api_as("sol")

    def keys(query: str) -> set[str]:
        answer = api.get(f"/api/v1/leads/?{query}")
        assert answer.status_code == 200, answer.content
        return {row["id"] for row in answer.json()["results"]}

    assert keys("owner=me") == {str(mine.pk)}
    assert keys("city=Rosario&status=open") == {str(lead.pk) for lead in leads}
    assert keys("search=lead 1") == {str(leads[1].pk)}
    assert keys("value_min=5&sort=value") == {str(mine.pk)}
    wrong = api.get("/api/v1/leads/?owner=zzz")
    assert (wrong.status_code, list(wrong.json()["error"]["fields"])) == (400, ["owner"])


def test_pages_in_another_order_follow_one_another(api_as: Api, acme: Tenant) -> None:
    with tenant_context(acme):
        contact = make_contact()
        for n in (5, None, 1, 3, 5, None):
            make_lead(contact=contact, value=n, currency="ARS" if n else "")
    api, seen = api_as("ana"), []
    url = "/api/v1/leads/?sort=value&limit=2"
    while url:
        page = api.get(url).json()
        seen += [row["value"] for row in page["results"]]
        url = page["next"]

    assert seen == ["5.00", "5.00", "3.00", "1.00", None, None]
    assert api.get(f"/api/v1/leads/?sort=score&cursor={_cursor(api)}").status_code == 400


def _cursor(api: APIClient) -> str:
    """Of a page in another order."""
    return str(api.get("/api/v1/leads/?sort=value&limit=2").json()["next"]).split("cursor=")[1].split("&")[0]
