"""Converting, taking back and clients through the API."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from crm.models import Client, Conversion
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_lead, make_seller
from tests.support.cast import Person

Api = Callable[..., APIClient]
EVERY = {"name", "phone", "email", "interest", "budget", "timeline", "needs"}


def ready(api: APIClient, phone: str = "+5491155551111") -> str:
    """A lead of whom everything is known; its id."""
    person = {"name": "Ada", "phone": phone, "email": "ada@ejemplo.test"}
    made = api.post("/api/v1/leads/", {"contact": person, "interest": "high", "value": "1500.00"})
    assert made.status_code == 201, made.content
    facts = {"interest": "high", "budget": "100 mil", "timeline": "hoy", "needs": "remeras"}
    assert api.post(f"/api/v1/leads/{made.json()['id']}/qualify/", facts).status_code == 200
    return str(made.json()["id"])


def test_what_is_missing_is_named(api_as: Api) -> None:
    ana = api_as("ana")
    lead = ana.post("/api/v1/leads/", {"contact": {"phone": "+5491155551111"}}).json()["id"]

    answer = ana.post(f"/api/v1/leads/{lead}/convert/", {})

    assert answer.status_code == 422
    assert set(answer.json()["error"]["fields"]) == EVERY - {"phone"}


def test_a_lead_becomes_a_client_once_and_comes_back(api_as: Api, acme: Tenant) -> None:
    ana = api_as("ana")
    lead = ready(ana)

    done = ana.post(f"/api/v1/leads/{lead}/convert/", {}).json()
    again = ana.post(f"/api/v1/leads/{lead}/convert/", {}).json()
    client = ana.get(f"/api/v1/clients/{done['client']}/").json()
    assert (done["id"], done["value"], done["currency"]) == (again["id"], "1500.00", "ARS")
    assert (client["contact"]["name"], client["status"]) == ("Ada", "active")
    assert ana.get(f"/api/v1/leads/{lead}/").json()["closed_at"] is not None

    back = ana.post(f"/api/v1/leads/{lead}/unconvert/", {"reason": "Se arrepintió"}).json()
    assert (back["client"], back["undone_at"] is not None) == (None, True)
    assert ana.get("/api/v1/clients/").json()["results"] == []
    with tenant_context(acme):
        assert Conversion.objects.count() == 1


def test_a_lead_never_converted_cannot_be_taken_back(api_as: Api, acme: Tenant) -> None:
    with tenant_context(acme):
        lead = make_lead()
    assert api_as("ana").post(f"/api/v1/leads/{lead.pk}/unconvert/", {"reason": "x"}).status_code == 404


@pytest.fixture
def clients(api_as: Api, acme: Tenant, sol: Person) -> dict[str, str]:
    """Two clients: Sol's and another seller's."""
    with tenant_context(acme):
        owners = {"sol": make_seller(user=sol.user), "other": make_seller()}
    ana, made = api_as("ana"), {}
    for number, (name, owner) in enumerate(owners.items()):
        lead = ready(ana, phone=f"+549115555200{number}")
        ana.post(f"/api/v1/leads/{lead}/assign/", {"owner": str(owner.pk)})
        made[name] = ana.post(f"/api/v1/leads/{lead}/convert/", {}).json()["client"]
    return made


def test_each_person_sees_their_own_clients(api_as: Api, clients: dict[str, str]) -> None:
    def seen(name: str) -> set[str]:
        return {row["id"] for row in api_as(name).get("/api/v1/clients/").json()["results"]}

    assert seen("ana") == set(clients.values())
    assert seen("sol") == {clients["sol"]}
    assert seen("gus") == set()
    assert api_as("sol").get(f"/api/v1/clients/{clients['other']}/").status_code == 404
    assert api_as("gus").patch(f"/api/v1/clients/{clients['sol']}/", {"status": "inactive"}).status_code == 404


def test_clients_are_found_by_words_owner_and_state(api_as: Api, clients: dict[str, str]) -> None:
    ana = api_as("ana")
    assert ana.patch(f"/api/v1/clients/{clients['other']}/", {"status": "inactive"}).json()["status"] == "inactive"

    def found(query: str) -> set[str]:
        return {row["id"] for row in ana.get(f"/api/v1/clients/?{query}").json()["results"]}

    assert found("status=inactive") == {clients["other"]}
    assert found("search=ADÁ") == set(clients.values())
    assert found("search=nadie") == set()
    assert found("owner=none") == set()


def test_a_reader_of_leads_who_may_not_convert_is_refused(api_as: Api, acme: Tenant) -> None:
    with tenant_context(acme):
        lead = make_lead()
    assert api_as("pia").post(f"/api/v1/leads/{lead.pk}/convert/", {}).status_code == 403
    with tenant_context(acme):
        assert not Client.objects.exists()
