"""Pages of the texts of the business."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from agents.models import BusinessAsset
from agents.services import agents
from agents.services.assets import create_asset
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.factories.agents import make_asset

ClientAs = Callable[..., Client]
BY = Actor.system("prueba")
FIELDS = {"title": "Quiénes somos", "key": "Marca", "kind": "branding", "content": "Desde 1990.", "is_active": "on"}
HOME = "/agentes/activos/"


@pytest.fixture
def asset(acme: Tenant) -> BusinessAsset:
    with tenant_context(acme):
        return create_asset(by=BY, **{**FIELDS, "is_active": True})


def test_a_text_is_written_listed_and_used(acme: Tenant, client_as: ClientAs) -> None:
    browser = client_as("ana")
    assert "Todavía no hay activos" in browser.get(HOME).content.decode()
    assert browser.post(f"{HOME}nuevo/", FIELDS).status_code == 303
    with tenant_context(acme):
        agents.create_agent(by=BY, name="Vera", system_prompt_template="{{activo.marca}}")
    page = browser.get(HOME).content.decode()
    for piece in ("Quiénes somos", "{{activo.marca}}", "Marca", "Vera"):
        assert piece in page
    assert "Nadie lo usa" not in page


def test_what_is_wrong_is_told_beside_its_field(acme: Tenant, asset: BusinessAsset, client_as: ClientAs) -> None:
    answer = client_as("ana").post(f"{HOME}nuevo/", FIELDS)
    assert answer.status_code == 422
    assert "Ya hay un activo con esa clave." in answer.content.decode()
    answer = client_as("ana").post(f"{HOME}{asset.pk}/guardar/", {**FIELDS, "key": "con espacio"})
    assert answer.status_code == 422
    assert "guion-de-cierre" in answer.content.decode()
    with tenant_context(acme):
        assert BusinessAsset.objects.get().key == "marca"


def test_one_in_use_is_not_deleted_and_says_by_whom(acme: Tenant, asset: BusinessAsset, client_as: ClientAs) -> None:
    with tenant_context(acme):
        agent = agents.create_agent(by=BY, name="Vera", system_prompt_template="{{activo.marca}}")
    browser = client_as("ana")
    assert "Para borrarlo hay que quitarlo antes" in browser.get(f"{HOME}{asset.pk}/").content.decode()
    assert browser.post(f"{HOME}{asset.pk}/borrar/").status_code == 303
    assert "«Vera»" in browser.get(f"{HOME}{asset.pk}/").content.decode()
    with tenant_context(acme):
        agents.remove_agent(agent=agent, by=BY)
    browser.post(f"{HOME}{asset.pk}/borrar/")
    with tenant_context(acme):
        assert not BusinessAsset.objects.exists()


def test_a_change_is_saved_and_the_address_of_saving_leads_back(
    acme: Tenant, asset: BusinessAsset, client_as: ClientAs
) -> None:
    browser = client_as("ana")
    assert browser.post(f"{HOME}{asset.pk}/guardar/", {**FIELDS, "content": "Desde 1985."}).status_code == 303
    with tenant_context(acme):
        assert BusinessAsset.objects.get().content == "Desde 1985."
    assert browser.get(f"{HOME}{asset.pk}/guardar/").headers["Location"] == f"{HOME}{asset.pk}/"


def test_the_list_costs_the_same_with_many(acme: Tenant, client_as: ClientAs, statements: Callable[..., Any]) -> None:
    counts = []
    for rows in (1, 25):
        with tenant_context(acme):
            for _number in range(rows):
                made = make_asset()
                agents.create_agent(by=BY, name="Vera", system_prompt_template=made.token)
        browser = client_as("ana")
        with statements() as seen:
            assert browser.get(HOME).status_code == 200
        counts.append(seen.count)
    assert counts[0] == counts[1] <= 6, str(seen)


def test_who_may_read_does_not_write_and_sellers_see_nothing(asset: BusinessAsset, client_as: ClientAs) -> None:
    reader = client_as("rita")
    assert "disabled" in reader.get(f"{HOME}{asset.pk}/").content.decode()
    for path in (f"{HOME}nuevo/", f"{HOME}{asset.pk}/guardar/", f"{HOME}{asset.pk}/borrar/"):
        assert reader.post(path, FIELDS).status_code == 403
    assert client_as("sol").get(HOME).status_code == 403
    assert client_as("gus").get(f"{HOME}{asset.pk}/").status_code == 404
