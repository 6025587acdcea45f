"""Earlier values stay sealed for a while, can be taken back, and go with the credential."""

from collections.abc import Callable

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tenants.context import tenant_context
from tenants.models import Credential, CredentialVersion, SystemEvent, Tenant
from tenants.services import vault
from tests.tenants.vault.conftest import Store

Browser = Callable[..., Client]
Api = Callable[..., APIClient]
VALUES = [f"sk-value-number-{number:04d}" for number in range(1, 14)]


def read(tenant: Tenant) -> str:
    return vault.get_tenant_credential(tenant.pk, "openai", "API_KEY")


@pytest.fixture
def row(acme: Tenant, store: Store) -> Credential:
    return [store(acme, "openai", API_KEY=value) for value in VALUES[:3]][-1]


def test_the_page_lists_who_wrote_what_when_without_the_values(
    row: Credential, client_as: Browser, acme: Tenant
) -> None:
    page = client_as("ana").get("/credenciales/openai/API_KEY/").content.decode()
    assert all(f"Versión {number}" in page for number in (1, 2, 3))
    assert all(f"termina en {value[-4:]}" in page for value in VALUES[:3])
    assert "Ana" in page
    assert not [value for value in VALUES if value in page]


def test_going_back_makes_a_new_version_with_the_old_value(row: Credential, client_as: Browser, acme: Tenant) -> None:
    answer = client_as("ana").post("/credenciales/openai/API_KEY/volver/", {"version": 1})
    assert answer.status_code == 303
    assert read(acme) == VALUES[0]
    with tenant_context(acme):
        assert Credential.objects.get().version == 4
        event = SystemEvent.objects.get(action="credential.restored")
    assert event.diff == {"name": "openai/API_KEY", "version": 4, "restored": 1}


def test_the_api_lists_and_restores(row: Credential, api_as: Api, acme: Tenant) -> None:
    api = api_as("ana")
    listed = api.get("/api/v1/credentials/openai/API_KEY/versions").json()["results"]
    assert [each["version"] for each in listed] == [3, 2, 1]
    assert set(listed[0]) == {"version", "last_four", "written_by", "written_at"}
    assert api.post("/api/v1/credentials/openai/API_KEY/restore", {"version": 2}).json()["version"] == 4
    assert read(acme) == VALUES[1]


@pytest.mark.parametrize(("version", "status"), [(3, 409), (9, 404), (0, 400), ("x", 400)])
def test_what_cannot_be_taken_back_is_said(row: Credential, api_as: Api, version: object, status: int) -> None:
    answer = api_as("ana").post("/api/v1/credentials/openai/API_KEY/restore", {"version": version})
    assert answer.status_code == status


def test_ten_values_before_the_present_one_are_kept(acme: Tenant, store: Store) -> None:
    for value in VALUES:
        store(acme, "openai", API_KEY=value)
    with tenant_context(acme):
        kept = sorted(CredentialVersion.objects.values_list("version", flat=True))
    assert kept == list(range(len(VALUES) - 10, len(VALUES) + 1))


def test_removing_a_credential_removes_its_earlier_values(row: Credential, acme: Tenant, api_as: Api) -> None:
    assert api_as("ana").delete("/api/v1/credentials/openai/API_KEY").status_code == 204
    with tenant_context(acme):
        assert not CredentialVersion.objects.exists()


def test_another_companys_history_is_not_there(row: Credential, globex: Tenant, api_as: Api, store: Store) -> None:
    gus = api_as("gus")
    assert gus.get("/api/v1/credentials/openai/API_KEY/versions").status_code == 404
    assert gus.post("/api/v1/credentials/openai/API_KEY/restore", {"version": 1}).status_code == 404
    store(globex, "openai", API_KEY="sk-globex-0123456789")
    assert gus.post("/api/v1/credentials/openai/API_KEY/restore", {"version": 2}).status_code == 404
    assert read(globex) == "sk-globex-0123456789"


def test_a_new_value_starts_untested_and_without_an_end(row: Credential, acme: Tenant, api_as: Api) -> None:
    with tenant_context(acme):
        Credential.objects.update(health="failing", health_detail="…")
    api_as("ana").patch("/api/v1/credentials/openai/API_KEY", {"expires_at": "2030-01-01T00:00:00Z"})
    after = api_as("ana").put("/api/v1/credentials/openai/API_KEY", {"value": "sk-fresh-0123456789"}).json()
    assert (after["health"], after["health_detail"], after["expires_at"]) == ("unknown", "", None)
