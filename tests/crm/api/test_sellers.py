"""Sellers, absences, hand-overs and rules through the API."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from crm.models import AssignmentRule, Lead
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_lead, make_pipeline, make_seller
from tests.factories.crm_more import make_custom_field, make_rule, make_rule_seller

Api = Callable[..., APIClient]
RULES = "/api/v1/assignment-rules/"


def test_a_seller_has_hours_capacity_and_specialties(api_as: Api) -> None:
    api = api_as("ana")
    body = {
        "name": "Uno",
        "working_hours": {"monday": {"enabled": True, "slots": [{"start": "09:00", "end": "13:00"}]}},
        "timezone": "America/Bogota",
        "capacity": 30,
        "specialties": ["Vida"],
        "is_active": True,
    }
    made = api.post("/api/v1/sellers/", body).json()
    assert made["working_hours"] == {"0": [["09:00", "13:00"]]}
    changed = api.patch(f"/api/v1/sellers/{made['id']}/", {"capacity": None, "is_active": False}).json()
    assert (changed["capacity"], changed["is_active"], changed["specialties"]) == (None, False, ["Vida"])
    wrong = api.patch(f"/api/v1/sellers/{made['id']}/", {"working_hours": {"0": [["13:00", "09:00"]]}})
    assert (wrong.status_code, set(wrong.json()["error"]["fields"])) == (422, {"working_hours"})


def test_absences_are_added_listed_and_taken_back(api_as: Api, acme: Tenant) -> None:
    api = api_as("ana")
    with tenant_context(acme):
        seller, cover = make_seller(), make_seller()
    at = f"/api/v1/sellers/{seller.pk}/absences/"
    body = {"starts_at": "2031-01-10T09:00:00-03:00", "ends_at": "2031-01-12T09:00:00-03:00", "cover": str(cover.pk)}
    made = api.post(at, body)
    assert made.status_code == 201
    assert [row["id"] for row in api.get(at).json()["results"]] == [made.json()["id"]]
    assert api.post(at, body).status_code == 422
    assert api.delete(f"/api/v1/absences/{made.json()['id']}/").status_code == 204
    assert api.get(at).json()["results"] == []


def test_a_rule_decides_for_leads_created_without_owner(api_as: Api, acme: Tenant) -> None:
    api = api_as("ana")
    with tenant_context(acme):
        sellers = [make_seller(), make_seller()]
    rule = api.post(
        RULES,
        {
            "name": "Todos",
            "strategy": "round_robin",
            "sellers": [str(each.pk) for each in sellers],
            "filters": {"source": "web"},
            "priority": 1,
            "is_active": True,
        },
    )
    assert rule.status_code == 201
    owners = [
        api.post("/api/v1/leads/", {"contact": {"name": f"P{n}"}, "source": "web"}).json()["owner"] for n in range(4)
    ]
    assert owners == [str(sellers[n % 2].pk) for n in range(4)]
    assert api.post("/api/v1/leads/", {"contact": {"name": "Q"}, "source": "feria"}).json()["owner"] is None
    given = {row["seller"]: row["given"] for row in api.get(f"{RULES}{rule.json()['id']}/").json()["members"]}
    assert given == {str(each.pk): 2 for each in sellers}


def test_assign_without_a_body_asks_the_rules(api_as: Api, acme: Tenant) -> None:
    with tenant_context(acme):
        lead, seller, rule = make_lead(), make_seller(), make_rule(is_active=True)
        make_rule_seller(rule=rule, seller=seller)
    assert api_as("ana").post(f"/api/v1/leads/{lead.pk}/assign/", {}).json()["owner"] == str(seller.pk)


def test_a_rule_keeps_turns_and_order_when_its_sellers_change(api_as: Api, acme: Tenant) -> None:
    api = api_as("ana")
    with tenant_context(acme):
        first, second, third = make_seller(), make_seller(), make_seller()
        rule = make_rule()
        make_rule_seller(rule=rule, seller=first, position=0, given=10)
        make_rule_seller(rule=rule, seller=second, position=1, given=11)
    said = [{"seller": str(third.pk), "weight": 2}, str(first.pk)]
    changed = api.patch(f"{RULES}{rule.pk}/", {"sellers": said, "is_active": True}).json()
    assert changed["sellers"] == [str(third.pk), str(first.pk)]
    assert [(row["weight"], row["given"]) for row in changed["members"]] == [(2, 20), (1, 10)]
    assert api.delete(f"{RULES}{rule.pk}/").status_code == 204
    with tenant_context(acme):
        assert not AssignmentRule.objects.exists()


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"filters": {"status": "nuevo"}}, "filters"),
        ({"filters": {"value_min": "mucho"}}, "filters.value_min"),
        ({"filters": {"interest": "enorme"}}, "filters.interest"),
        ({"filters": {"pipeline": "0190a0b0-0000-7000-8000-000000000000"}}, "filters.pipeline"),
        ({"filters": {"custom.nada": "x"}}, "filters.custom.nada"),
        ({"filters": {"source": {"es": "web"}}}, "filters.source"),
        ({"sellers": ["0190a0b0-0000-7000-8000-000000000000"]}, "sellers"),
        ({"sellers": [{"seller": "x"}]}, "sellers"),
        ({"sellers": "todos"}, "sellers"),
        ({"strategy": "suerte"}, "strategy"),
        ({"name": ""}, "name"),
    ],
)
def test_a_wrong_rule_is_refused_beside_its_field(api_as: Api, said: dict[str, Any], field: str) -> None:
    answer = api_as("ana").post(RULES, {"name": "R", **said})
    assert answer.status_code in (400, 422)
    assert set(answer.json()["error"]["fields"]) == {field}


def test_conditions_on_pipelines_and_own_fields_are_kept(api_as: Api, acme: Tenant) -> None:
    with tenant_context(acme):
        pipeline = make_pipeline()
        make_custom_field(key="zona")
    filters = {"pipeline": [str(pipeline.pk)], "custom.zona": "norte", "tag": ["vip"], "value_max": 10, "city": ""}
    made = api_as("ana").post(RULES, {"name": "R", "filters": filters}).json()
    del filters["city"]
    assert made["filters"] == filters


def test_trying_the_rules_says_who_and_why(api_as: Api, acme: Tenant) -> None:
    with tenant_context(acme):
        lead = make_lead()
    said = api_as("ana").post(f"{RULES}try/", {"lead": str(lead.pk)}).json()
    assert (said["seller"], said["reason"]) == (None, {"code": "no_rule"})
    assert "queda sin asignar" in said["words"]


def test_a_portfolio_is_handed_over_and_back(api_as: Api, acme: Tenant) -> None:
    api = api_as("ana")
    with tenant_context(acme):
        giver, taker = make_seller(), make_seller()
        lead = make_lead(owner=giver)
    done = api.post(f"/api/v1/sellers/{giver.pk}/handover/", {"to": [str(taker.pk)]})
    assert (done.status_code, done.json()["status"], done.json()["done"]) == (202, "done", 1)
    assert api.get(f"/api/v1/handovers/{done.json()['id']}/").json()["total"] == 1
    assert api.post(f"/api/v1/handovers/{done.json()['id']}/undo/").json()["status"] == "undone"
    with tenant_context(acme):
        assert Lead.objects.get(pk=lead.pk).owner == giver
    assert api.post(f"/api/v1/sellers/{giver.pk}/handover/", {"to": []}).status_code == 422


def test_whoever_only_sells_changes_nothing_of_it(api_as: Api, acme: Tenant) -> None:
    with tenant_context(acme):
        seller = make_seller()
    api = api_as("sol")
    assert api.post(RULES, {"name": "R"}).status_code == 403
    assert api.post(f"/api/v1/sellers/{seller.pk}/handover/", {"by_rule": True}).status_code == 403
    assert api.post(f"/api/v1/sellers/{seller.pk}/absences/", {}).status_code == 403


def test_the_companys_hours_and_target_are_settings(api_as: Api) -> None:
    api = api_as("ana")
    assert api.get("/api/v1/settings/").json()["first_response_minutes"] == 15
    said = {"business_hours": {"monday": {"enabled": True, "slots": [{"start": "08:00", "end": "12:00"}]}}}
    assert api.patch("/api/v1/settings/", said).json()["business_hours"] == {"0": [["08:00", "12:00"]]}
    wrong = api.patch("/api/v1/settings/", {"business_hours": {"0": [["12:00", "08:00"]]}})
    assert (wrong.status_code, set(wrong.json()["error"]["fields"])) == (422, {"business_hours"})
