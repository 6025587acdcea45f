"""Secrets of the platform: only for whom they are lent to, and never to an address that a company wrote."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client
from rest_framework.test import APIClient

from config.lib.errors import Invalid, NotFound
from tenants.context import platform_scope, tenant_context
from tenants.domain.actor import Actor
from tenants.models import PlatformCredential, SystemEvent, Tenant
from tenants.services import platform_vault
from tenants.services.vault import MissingCredential, get_tenant_credential, get_tenant_set
from tests.support.statements import Statements
from tests.tenants.vault.conftest import Store

Browser = Callable[..., Client]
Api = Callable[..., APIClient]
LENT = "sk-platform-0123456789-wxyz"
BY = Actor("platform", "0", "Root")


def lend(*tenants: Tenant, category: str = "openai", name: str = "API_KEY", value: str = LENT, **over: bool) -> None:
    platform_vault.put(category=category, name=name, value=value, by=BY)
    platform_vault.lend(
        category=category,
        name=name,
        everyone=over.get("everyone", False),
        tenant_ids=[tenant.pk for tenant in tenants],
        by=BY,
    )


def read(tenant: Tenant, category: str = "openai", name: str = "API_KEY") -> str:
    return get_tenant_credential(tenant.pk, category, name)


@pytest.fixture(autouse=True)
def _database(db: None) -> None:
    """All of these read and write."""


def test_what_is_stored_is_lent_to_nobody_until_somebody_says_so(acme: Tenant) -> None:
    platform_vault.put(category="openai", name="API_KEY", value=LENT, by=BY)
    with pytest.raises(MissingCredential):
        read(acme)


def test_only_the_named_companies_use_it(acme: Tenant, globex: Tenant) -> None:
    lend(acme)
    assert read(acme) == LENT
    with pytest.raises(MissingCredential):
        read(globex)
    with tenant_context(globex):
        assert not PlatformCredential.objects.exists()  # the database itself says so


def test_everybody_uses_what_is_lent_to_everybody_until_it_is_taken_back(acme: Tenant, globex: Tenant) -> None:
    lend(everyone=True)
    assert (read(acme), read(globex)) == (LENT, LENT)
    platform_vault.lend(category="openai", name="API_KEY", everyone=False, tenant_ids=[globex.pk], by=BY)
    with pytest.raises(MissingCredential):
        read(acme)
    assert read(globex) == LENT
    platform_vault.remove(category="openai", name="API_KEY", by=BY)
    with pytest.raises(MissingCredential):
        read(globex)


def test_a_companys_own_comes_first_and_a_channels_own_before_it(acme: Tenant, store: Store) -> None:
    lend(acme, category="whatsapp_cloud", name="ACCESS_TOKEN")
    assert get_tenant_credential(acme.pk, "whatsapp_cloud", "ACCESS_TOKEN", "7f") == LENT
    store(acme, "whatsapp_cloud", {"ACCESS_TOKEN": "own-token-012345"})
    assert get_tenant_credential(acme.pk, "whatsapp_cloud", "ACCESS_TOKEN", "7f") == "own-token-012345"
    store(acme, "whatsapp_cloud", {"ACCESS_TOKEN@7f": "channel-token-01"})
    assert get_tenant_credential(acme.pk, "whatsapp_cloud", "ACCESS_TOKEN", "7f") == "channel-token-01"
    assert read(acme, "whatsapp_cloud", "ACCESS_TOKEN") == "own-token-012345"


def test_a_company_cannot_send_the_platforms_key_to_its_own_server(acme: Tenant, store: Store) -> None:
    lend(acme)
    store(acme, "openai", BASE_URL="https://collector.example/v1")
    with pytest.raises(MissingCredential):
        read(acme)
    assert read(acme, "openai", "BASE_URL") == "https://collector.example/v1"


def test_nor_with_the_address_of_one_channel(acme: Tenant, store: Store) -> None:
    lend(acme)
    store(acme, "openai", {"BASE_URL@7f": "https://collector.example/v1"})
    with pytest.raises(MissingCredential):
        get_tenant_credential(acme.pk, "openai", "API_KEY", "7f")
    assert read(acme) == LENT


def test_a_set_is_read_whole_from_one_owner(acme: Tenant, store: Store) -> None:
    lend(acme, category="smtp", name="HOST", value="mail.platform.example")
    lend(acme, category="smtp", name="PASSWORD", value="platform-password")
    assert get_tenant_set(acme.pk, "smtp", "HOST") == {"HOST": "mail.platform.example", "PASSWORD": "platform-password"}
    store(acme, "smtp", HOST="mail.acme.example")
    assert get_tenant_set(acme.pk, "smtp", "HOST") == {"HOST": "mail.acme.example"}


def test_names_of_another_set_of_the_same_provider_do_not_get_in_the_way(acme: Tenant, store: Store) -> None:
    lend(acme, category="meta", name="APP_SECRET")
    store(acme, "meta", VERIFY_TOKEN="own word")
    assert read(acme, "meta", "APP_SECRET") == LENT


def test_a_key_that_travels_to_any_address_is_not_lent(acme: Tenant) -> None:
    with pytest.raises(Invalid):
        platform_vault.put(category="openai", name="CUSTOM_API_KEY", value=LENT, by=BY)


@pytest.mark.parametrize(("category", "name"), [("openai", "API_KEY@7f"), ("openai", "OTHER"), ("nobody", "API_KEY")])
def test_a_name_that_nobody_reads_is_refused(category: str, name: str) -> None:
    with pytest.raises(Invalid):
        platform_vault.put(category=category, name=name, value=LENT, by=BY)


def test_an_unknown_company_or_credential_is_said(acme: Tenant) -> None:
    with pytest.raises(NotFound):
        platform_vault.remove(category="openai", name="API_KEY", by=BY)
    platform_vault.put(category="openai", name="API_KEY", value=LENT, by=BY)
    with pytest.raises(Invalid):
        platform_vault.lend(category="openai", name="API_KEY", everyone=False, tenant_ids=[acme.pk, 1], by=BY)


def test_every_change_is_in_the_platforms_own_trail_without_the_value(acme: Tenant) -> None:
    lend(acme)
    platform_vault.remove(category="openai", name="API_KEY", by=BY)
    with platform_scope("test"):
        rows = list(SystemEvent.objects.filter(tenant=None, action__startswith="platform_credential").order_by("id"))
    assert [row.action.partition(".")[2] for row in rows] == ["saved", "lent", "removed"]
    assert rows[1].diff["tenant_ids"] == [[], [acme.pk]]
    assert LENT not in str([row.diff for row in rows])


def test_a_company_may_not_write_them(acme: Tenant) -> None:
    with tenant_context(acme), pytest.raises(RuntimeError, match="inside a company"):
        lend(acme)


def test_the_company_sees_that_it_is_lent_and_nothing_more(acme: Tenant, client_as: Browser, api_as: Api) -> None:
    lend(acme)
    page = client_as("ana").get("/credenciales/").content.decode()
    assert "De la plataforma" in page
    listed = api_as("ana").get("/api/v1/credentials/lent").json()["results"]
    assert listed == [{"category": "openai", "name": "API_KEY", "scope": "global"}]
    assert "wxyz" not in page + str(listed)
    assert "De la plataforma" not in client_as("gus").get("/credenciales/").content.decode()


def test_what_is_lent_is_not_revealed(acme: Tenant, api_as: Api) -> None:
    lend(acme)
    answer = api_as("ana").post("/api/v1/credentials/openai/API_KEY/reveal", {"password": "demo-Sovereign-1"})
    assert answer.status_code == 404
    assert LENT not in answer.content.decode()


def test_the_list_for_the_platform_holds_no_value(acme: Tenant) -> None:
    lend(acme)
    (row,) = platform_vault.listed()
    assert (row.category, row.name, row.last_four, row.tenant_ids) == ("openai", "API_KEY", "wxyz", [acme.pk])
    assert "sealed" in row.get_deferred_fields()


def test_reading_an_own_secret_costs_one_statement_and_a_lent_one_two(
    acme: Tenant, store: Store, statements: Callable[[], AbstractContextManager[Statements]]
) -> None:
    """Nothing opened is kept between reads, so there is nothing to invalidate."""
    store(acme, "meta", VERIFY_TOKEN="own word")
    lend(acme)
    with tenant_context(acme):
        costs = []
        for category, name in (("meta", "VERIFY_TOKEN"), ("openai", "API_KEY")):
            with statements() as seen:
                read(acme, category, name)
            costs.append(len([sql for sql in seen.of("select") if "set_config" not in sql]))
    assert costs == [1, 2]
