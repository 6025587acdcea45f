"""Services, and what sellers attend, through the API."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from crm.models import Seller, Service
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.agenda import make_event, make_service
from tests.factories.crm import make_seller

Api = Callable[..., APIClient]
SERVICES, SELLERS = "/api/v1/services/", "/api/v1/sellers/"


@pytest.fixture
def api(api_as: Api) -> APIClient:
    return api_as("ana")


def test_a_service_has_a_length_and_a_price(api: APIClient, acme: Tenant) -> None:
    made = api.post(SERVICES, {"name": "Consulta", "duration_minutes": 45, "price": "1500.00", "currency": "ARS"})
    assert made.status_code == 201, made.json()
    said = made.json()
    assert (said["duration_minutes"], said["price"], said["currency"]) == (45, "1500.00", "ARS")
    assert (said["buffer_before"], said["buffer_after"], said["notice_minutes"]) == (0, 0, 0)
    assert (said["daily_limit"], said["step_minutes"], said["sellers"]) == (None, 60, [])
    assert said["horizon_days"] >= 21
    assert api.get(f"{SERVICES}{said['id']}/").json() == said
    with tenant_context(acme):
        assert Service.objects.get().name == "Consulta"


def test_it_is_changed_archived_and_taken_away(api: APIClient, acme: Tenant) -> None:
    with tenant_context(acme):
        service, booked, seller = make_service(), make_service(), make_seller()
        make_event(service=booked)
    at = f"{SERVICES}{service.pk}/"
    changed = api.patch(at, {"is_active": False, "sellers": [str(seller.pk)], "daily_limit": 4}).json()
    assert (changed["is_active"], changed["sellers"], changed["daily_limit"]) == (False, [str(seller.pk)], 4)
    assert {row["id"] for row in api.get(SERVICES).json()["results"]} == {str(service.pk), str(booked.pk)}
    assert api.delete(at).status_code == 204
    assert api.get(at).status_code == 404
    refused = api.delete(f"{SERVICES}{booked.pk}/")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "in_use")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "X", "duration_minutes": 0}, "duration_minutes"),
        ({"name": "X", "horizon_days": 1000}, "horizon_days"),
        ({"name": "X", "step_minutes": "a"}, "step_minutes"),
        ({"name": "X", "price": "-1"}, "price"),
        ({"name": "X", "currency": "pesos"}, "currency"),
        ({"name": "X", "color": "#fff"}, "color"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_beside_its_field(api: APIClient, body: dict[str, Any], field: str) -> None:
    answer = api.post(SERVICES, body)
    assert answer.status_code in (400, 422)
    assert set(answer.json()["error"]["fields"]) == {field}


def test_another_companys_service_does_not_exist(api: APIClient, globex: Tenant) -> None:
    with tenant_context(globex):
        foreign = make_service()
    assert api.patch(f"{SERVICES}{foreign.pk}/", {"name": "Y"}).status_code == 404
    refused = api.post(SELLERS, {"name": "Uno", "services": [str(foreign.pk)]})
    assert (refused.status_code, set(refused.json()["error"]["fields"])) == (422, {"services"})


def test_the_list_costs_the_same_however_many_there_are(api: APIClient, acme: Tenant, statements: Any) -> None:
    costs = []
    for number in (3, 40):
        with tenant_context(acme):
            for _each in range(number):
                make_service().sellers.add(make_seller())
        with statements() as seen:
            api.get(SERVICES, {"limit": 200})
        costs.append(seen.count)
    assert costs[0] == costs[1] <= 8


# --- sellers ---------------------------------------------------------------------------------------------------
def test_a_seller_has_services_and_a_weight(api: APIClient, acme: Tenant) -> None:
    with tenant_context(acme):
        service = make_service()
    hours = {"monday": {"enabled": True, "slots": [{"start": "09:00", "end": "13:00"}]}, "sunday": {"enabled": False}}
    body = {"name": "Uno", "working_hours": hours, "services": [str(service.pk)], "weight": 3}
    made = api.post(SELLERS, body).json()
    assert (made["services"], made["weight"], made["calendar"]) == ([str(service.pk)], 3, "")
    assert made["working_hours"] == {"0": [["09:00", "13:00"]]}
    at = f"{SELLERS}{made['id']}/"
    assert api.get(at).json() == made
    assert api.patch(at, {"services": []}).json()["services"] == []
    assert api.patch(at, {"name": "Dos"}).json()["weight"] == 3
    refused = api.patch(at, {"weight": 0})
    assert (refused.status_code, set(refused.json()["error"]["fields"])) == (422, {"weight"})


def test_what_is_not_named_stays(api: APIClient, acme: Tenant) -> None:
    with tenant_context(acme):
        seller, service = make_seller(), make_service()
        seller.services.add(service)
    assert api.patch(f"{SELLERS}{seller.pk}/", {"name": "Otro"}).json()["services"] == [str(service.pk)]
    with tenant_context(acme):
        assert list(Seller.objects.get(pk=seller.pk).services.all()) == [service]
