"""Each provider is asked its own cheapest question: right key, wrong key, its trouble, its silence, and no leak anywhere."""

import logging
import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from tenants.context import tenant_context
from tenants.models import Credential, Health, SystemEvent, Tenant
from tenants.providers_check import base, supabase
from tenants.providers_check.registry import KINDS
from tenants.services import smtp, vault_health
from tests.tenants.vault.conftest import Store
from tests.tenants.vault.providers import CANARY, EXPIRES, SECRET_NAMES, MailServer, Providers

HTTP_SETS = (
    "openai",
    "gemini",
    "consent",
    "service account",
    "meta",
    "whatsapp",
    "facebook",
    "instagram",
    "ycloud",
    "chatwoot",
    "tiendanube",
    "webhook",
)
each_set = pytest.mark.parametrize("name", HTTP_SETS)


def outcome(tenant: Tenant, row: Credential) -> Credential:
    vault_health.check(tenant=tenant, credential_id=str(row.pk))
    with tenant_context(tenant):
        found = Credential.objects.get(pk=row.pk)
        told = f"{found.health_detail} {list(SystemEvent.objects.values())}"
    assert CANARY not in told
    return found


def with_wrong_secret(values: dict[str, str]) -> dict[str, str]:
    if "SERVICE_ACCOUNT_JSON" in values:
        return {"SERVICE_ACCOUNT_JSON": values["SERVICE_ACCOUNT_JSON"].replace("/token", "/nothing-here")}
    return {name: f"{value}-wrong" if name in SECRET_NAMES else value for name, value in values.items()}


def test_every_kind_that_can_be_tested_is_tested_here(providers: Providers) -> None:
    known = {category for category, _values in providers.sets().values()} | {"smtp", "supabase"}
    assert known == set(KINDS)


@each_set
def test_the_right_key_works(name: str, acme: Tenant, providers: Providers, store: Store) -> None:
    category, values = providers.sets()[name]
    row = outcome(acme, store(acme, category, values))
    assert row.health == Health.OK, row.health_detail
    assert row.health_detail.startswith(("Conectado como", "El proveedor la aceptó"))
    assert row.checked_at is not None
    assert len(providers.asked) == 1


@each_set
def test_a_wrong_key_fails_and_says_so(
    name: str, acme: Tenant, providers: Providers, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    category, values = providers.sets()[name]
    with caplog.at_level(logging.DEBUG):
        row = outcome(acme, store(acme, category, with_wrong_secret(values)))
    assert row.health == Health.FAILING
    assert row.health_detail
    assert CANARY not in caplog.text


@each_set
@pytest.mark.parametrize("mode", ["broken", "busy", "silent"])
def test_a_provider_in_trouble_says_nothing_about_the_key(
    name: str,
    mode: str,
    acme: Tenant,
    providers: Providers,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(base, "SECONDS", 0.15)
    category, values = providers.sets()[name]
    row = store(acme, category, values)
    providers.mode = mode
    with caplog.at_level(logging.DEBUG):
        untested = outcome(acme, row)
    assert untested.health == Health.UNKNOWN
    assert untested.health_detail
    assert untested.checked_at is not None
    for known in (Health.OK, Health.FAILING):
        with tenant_context(acme):
            Credential.objects.filter(category=category).update(health=known)
        assert outcome(acme, row).health == known
    assert CANARY not in caplog.text


@each_set
@pytest.mark.parametrize("mode", ["page", "moved"])
def test_something_else_at_that_address_is_not_taken_for_the_provider(
    name: str, mode: str, acme: Tenant, providers: Providers, store: Store
) -> None:
    if (name, mode) == ("webhook", "page"):
        return  # any yes will do for a system of the company's own
    category, values = providers.sets()[name]
    row = store(acme, category, values)
    providers.mode = mode
    assert outcome(acme, row).health == Health.FAILING


@pytest.mark.parametrize("name", ["whatsapp", "facebook"])
def test_the_day_a_token_ends_is_taken_from_meta(name: str, acme: Tenant, providers: Providers, store: Store) -> None:
    store(acme, *providers.sets()["meta"])
    row = outcome(acme, store(acme, *providers.sets()[name]))
    assert row.health == Health.OK
    assert row.expires_at == datetime.fromtimestamp(EXPIRES, UTC)


def test_a_token_that_meta_calls_dead_fails(acme: Tenant, providers: Providers, store: Store) -> None:
    store(acme, *providers.sets()["meta"])
    row = outcome(acme, store(acme, "whatsapp_cloud", ACCESS_TOKEN="another-token-of-old"))
    assert row.health == Health.FAILING


def test_a_throttled_call_of_metas_is_no_refusal(acme: Tenant, store: Store, settings: Any, httpserver: Any) -> None:
    settings.META_GRAPH_BASE_URL = httpserver.url_for("")
    httpserver.expect_request("/v25.0/me").respond_with_json({"error": {"code": 4, "message": CANARY}}, status=400)
    assert outcome(acme, store(acme, "facebook", PAGE_ACCESS_TOKEN=CANARY)).health == Health.UNKNOWN


def test_a_channels_own_key_is_tested_on_its_own(acme: Tenant, providers: Providers, store: Store) -> None:
    general = store(acme, "whatsapp_cloud", ACCESS_TOKEN="wrong-for-everybody")
    own = store(acme, "whatsapp_cloud", {"ACCESS_TOKEN@7f": CANARY})
    assert outcome(acme, own).health == Health.OK
    with tenant_context(acme):
        assert Credential.objects.get(pk=general.pk).health == Health.UNKNOWN


@pytest.mark.parametrize("path", ["/etc", "127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "localhost"])
def test_an_address_inside_is_refused_when_it_is_stored_or_when_it_is_called(
    path: str, acme: Tenant, store: Store, settings: Any
) -> None:
    settings.ALLOW_PRIVATE_PROVIDER_URLS = True
    row = store(
        acme, "chatwoot", BASE_URL=f"https://{path}" if path[0] != "/" else "https://localhost", API_TOKEN=CANARY
    )
    settings.ALLOW_PRIVATE_PROVIDER_URLS = False
    found = outcome(acme, row)
    assert found.health == Health.FAILING
    assert "no está permitida" in found.health_detail


# --- mail ----------------------------------------------------------------------------------------------------
Mail = Callable[..., MailServer]


def test_mail_signs_in_without_sending(acme: Tenant, mail_server: Mail, store: Store) -> None:
    server = mail_server()
    row = outcome(acme, store(acme, "smtp", server.values()))
    assert row.health == Health.OK, row.health_detail
    assert not [words for words in server.said if words.upper().startswith(("MAIL", "RCPT", "DATA"))]


def test_a_wrong_mail_password_fails(acme: Tenant, mail_server: Mail, store: Store, caplog: Any) -> None:
    values = mail_server().values() | {"PASSWORD": f"{CANARY}-wrong"}
    with caplog.at_level(logging.DEBUG):
        row = outcome(acme, store(acme, "smtp", values))
    assert row.health == Health.FAILING
    assert CANARY not in caplog.text


@pytest.mark.parametrize("options", [{"answer": "451"}, {"silent": True}], ids=["busy", "silent"])
def test_a_mail_server_in_trouble_says_nothing_about_the_password(
    options: dict[str, Any], acme: Tenant, mail_server: Mail, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "ANSWER_SECONDS", 0.3)
    row = outcome(acme, store(acme, "smtp", mail_server(**options).values()))
    assert row.health == Health.UNKNOWN
    assert row.health_detail


def test_a_mail_server_that_is_not_there_says_nothing_about_the_password(
    acme: Tenant, mail_server: Mail, store: Store
) -> None:
    server = mail_server()
    server.close()
    assert outcome(acme, store(acme, "smtp", server.values())).health == Health.UNKNOWN


def test_a_mail_server_inside_is_not_called(acme: Tenant, mail_server: Mail, store: Store, settings: Any) -> None:
    server = mail_server()
    row = store(acme, "smtp", server.values())
    settings.ALLOW_PRIVATE_PROVIDER_URLS = False
    assert outcome(acme, row).health == Health.FAILING
    assert not server.said


# --- PostgreSQL ------------------------------------------------------------------------------------------------
def database(password: str = "") -> str:
    parts = urlsplit(os.environ["DATABASE_URL"])
    return f"postgresql://{parts.username}:{password or parts.password}@127.0.0.1:{parts.port}{parts.path}"


def test_a_database_that_lets_us_in_works(acme: Tenant, store: Store) -> None:
    assert outcome(acme, store(acme, "supabase", DSN=database())).health == Health.OK


def test_a_database_that_refuses_the_password_fails(acme: Tenant, store: Store, caplog: Any) -> None:
    with caplog.at_level(logging.DEBUG):
        row = outcome(acme, store(acme, "supabase", DSN=database(CANARY)))
    assert row.health == Health.FAILING
    assert CANARY not in caplog.text


@pytest.mark.parametrize("listens", [True, False], ids=["silent", "nobody"])
def test_a_database_that_does_not_answer_says_nothing_about_the_password(
    listens: bool, acme: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supabase, "SECONDS", 2)  # the least that libpq waits
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if not listens:
            server.close()
        row = outcome(acme, store(acme, "supabase", DSN=f"postgresql://crm:{CANARY}@127.0.0.1:{port}/crm"))
    assert row.health == Health.UNKNOWN
    assert row.health_detail


def test_a_database_inside_is_not_called(acme: Tenant, store: Store, settings: Any) -> None:
    row = store(acme, "supabase", DSN=database())
    settings.ALLOW_PRIVATE_PROVIDER_URLS = False
    assert outcome(acme, row).health == Health.FAILING


def test_an_answer_that_drips_in_for_ever_is_cut(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, supabase.Watch(ours.fileno(), 0.05):
        ours.settimeout(20)
        assert ours.recv(1) == b""  # the end, and not the time limit of the test
