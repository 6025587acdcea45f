"""Testing on demand, every day, and being warned in time."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from tenants.context import auth_scope, tenant_context
from tenants.models import Credential, Email, Health, Membership, SystemEvent, Tenant
from tenants.services import vault_health
from tests.support.cast import Cast
from tests.support.tasks import Queue
from tests.tenants.vault.conftest import Store
from tests.tenants.vault.providers import CANARY, Providers

Browser = Callable[..., Client]
Api = Callable[..., APIClient]
API = "/api/v1/credentials/openai/API_KEY"
TEST = "/credenciales/openai/API_KEY/probar/"


def test_the_api_answers_at_once_and_the_result_follows(
    api_as: Api, acme: Tenant, store: Store, providers: Providers, queued: Queue
) -> None:
    store(acme, "openai", API_KEY=CANARY)
    api = api_as("ana")
    asked = api.post(f"{API}/test")
    assert asked.status_code == 202
    assert (asked.json()["state"], asked.json()["health"]) == ("testing", "unknown")
    assert api.get(API).json()["state"] == "testing"
    assert not providers.asked  # no request waits on a provider
    queued.drain()
    after = api.get(API).json()
    assert (after["state"], after["health"]) == ("idle", "ok")
    assert after["checked_at"]
    assert CANARY not in str(after)
    with tenant_context(acme):
        assert SystemEvent.objects.filter(action="credential.tested").count() == 1


def test_the_page_polls_while_a_test_runs_and_works_by_reloading(
    client_as: Browser, acme: Tenant, store: Store, providers: Providers, queued: Queue
) -> None:
    store(acme, "openai", API_KEY=f"{CANARY}-wrong")
    ana = client_as("ana")
    assert ana.post(TEST).status_code == 303
    page = ana.get("/credenciales/").content.decode()
    assert "Probando" in page
    assert 'hx-get="/credenciales/openai/tarjeta/" hx-trigger="every 2s"' in page
    queued.drain()
    part = ana.get("/credenciales/openai/tarjeta/", HTTP_HX_REQUEST="true").content.decode()
    assert "Falla" in part
    assert "OpenAI no aceptó la credencial (401)." in part
    assert "hx-trigger" not in part
    assert "Falla" in ana.get("/credenciales/").content.decode()


def test_a_test_pressed_with_scripts_gives_back_the_card_alone(client_as: Browser, acme: Tenant, store: Store) -> None:
    store(acme, "openai", API_KEY=CANARY)
    part = client_as("ana").post(TEST, HTTP_HX_REQUEST="true").content.decode()
    assert part.strip().startswith("<section")
    assert "Probando" in part


def test_a_provider_may_be_asked_ten_times_a_minute(api_as: Api, acme: Tenant, store: Store) -> None:
    store(acme, "openai", API_KEY=CANARY)
    api = api_as("ana")
    assert [api.post(f"{API}/test").status_code for _each in range(11)] == [202] * 10 + [429]


def test_a_word_of_ones_own_has_nothing_to_test(api_as: Api, acme: Tenant, store: Store) -> None:
    store(acme, "meta", VERIFY_TOKEN="a word")
    answer = api_as("ana").post("/api/v1/credentials/meta/VERIFY_TOKEN/test")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "not_testable")


def test_a_half_of_a_set_says_what_is_missing(acme: Tenant, store: Store, providers: Providers) -> None:
    row = store(acme, "meta", APP_ID="4711")
    vault_health.check(tenant=acme, credential_id=str(row.pk))
    with tenant_context(acme):
        assert "APP_SECRET" in Credential.objects.get().health_detail
    assert not providers.asked


def test_what_was_replaced_meanwhile_keeps_its_own_state(
    acme: Tenant, store: Store, providers: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = store(acme, "openai", API_KEY=CANARY)
    run = vault_health.base.run

    def slow(*args: Any) -> Any:
        store(acme, "openai", API_KEY="sk-newer-0123456789")
        return run(*args)

    monkeypatch.setattr(vault_health.base, "run", slow)
    vault_health.check(tenant=acme, credential_id=str(row.pk))
    with tenant_context(acme):
        assert Credential.objects.get().health == Health.UNKNOWN


def test_what_does_not_open_fails_without_asking_anybody(acme: Tenant, store: Store, providers: Providers) -> None:
    row = store(acme, "openai", API_KEY=CANARY)
    with tenant_context(acme):
        Credential.objects.update(sealed=b"rubbish")
    vault_health.check(tenant=acme, credential_id=str(row.pk))
    with tenant_context(acme):
        assert Credential.objects.get().health == Health.FAILING
    assert not providers.asked


def test_a_task_of_another_company_does_nothing(
    acme: Tenant, globex: Tenant, store: Store, providers: Providers
) -> None:
    row = store(globex, "openai", API_KEY=CANARY)
    vault_health.check(tenant=acme, credential_id=str(row.pk))
    with tenant_context(globex):
        assert Credential.objects.get().checked_at is None
    assert not providers.asked


def test_no_transaction_is_open_while_the_provider_thinks(
    acme: Tenant, store: Store, providers: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = store(acme, "openai", API_KEY=CANARY)
    seen: list[bool] = []
    run = vault_health.base.run

    def looking(*args: Any) -> Any:
        seen.append(connection.in_atomic_block)
        return run(*args)

    monkeypatch.setattr(vault_health.base, "run", looking)
    vault_health.check(tenant=acme, credential_id=str(row.pk))
    assert seen == [False]


def test_without_redis_a_test_still_runs(
    acme: Tenant, store: Store, providers: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Any:
        raise redis.ConnectionError

    row = store(acme, "openai", API_KEY=CANARY)
    monkeypatch.setattr(vault_health, "client", away)
    vault_health.note_asked(row)
    assert vault_health.being_tested([row]) == set()
    vault_health.check(tenant=acme, credential_id=str(row.pk))
    with tenant_context(acme):
        assert Credential.objects.get().health == Health.OK


# --- every day -------------------------------------------------------------------------------------------------
def a_day(queued: Queue) -> int:
    """All the quarters of six hours; how many tests they queued."""
    return sum(vault_health.look_after(turn) for turn in range(vault_health.TURNS))


def test_every_stored_set_is_tested_once_a_day(
    acme: Tenant, globex: Tenant, store: Store, providers: Providers, queued: Queue
) -> None:
    store(acme, *providers.sets()["meta"])
    store(acme, "meta", VERIFY_TOKEN="a word")
    store(acme, *providers.sets()["openai"])
    store(globex, *providers.sets()["ycloud"])
    assert a_day(queued) == 3
    queued.drain()
    assert len(providers.asked) == 3
    assert a_day(queued) == 0
    with tenant_context(acme):
        Credential.objects.update(checked_at=timezone.now() - timedelta(hours=21))
    assert a_day(queued) == 2


def test_companies_have_their_turns_apart(acme: Tenant, globex: Tenant, store: Store, queued: Queue) -> None:
    store(acme, "openai", API_KEY=CANARY)
    mine = acme.pk % vault_health.TURNS
    assert vault_health.look_after(mine + 1) == 0
    assert vault_health.look_after(mine) == 1


# --- warnings --------------------------------------------------------------------------------------------------
def expiring(tenant: Tenant, store: Store, **left: int) -> Credential:
    row = store(tenant, "instagram", ACCESS_TOKEN=CANARY)
    with tenant_context(tenant):
        Credential.objects.filter(pk=row.pk).update(expires_at=timezone.now() + timedelta(**left))
    return row


def mails() -> list[Email]:
    with auth_scope():
        return list(Email.objects.filter(kind="credential_expiring").order_by("created_at"))


def test_the_owner_is_warned_once_for_each_threshold(
    acme: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = expiring(acme, store, days=20)
    with tenant_context(acme):
        ends = Credential.objects.get(pk=row.pk).expires_at
    assert ends is not None
    sent = []
    for days in (15, 13.5, 13, 6.9, 6, 2, 0.9, 0.5, -1):
        monkeypatch.setattr(vault_health, "now", lambda days=days: ends - timedelta(days=days))
        with tenant_context(acme):
            sent.append(vault_health.warn())
    assert sent == [0, 1, 0, 1, 0, 0, 1, 0, 0]
    assert [mail.to for mail in mails()] == ["ana@acme.test"] * 3
    assert CANARY not in str([mail.context for mail in mails()])


def test_only_active_owners_are_written_to(acme: Tenant, store: Store, cast: Cast) -> None:
    expiring(acme, store, days=5)
    with auth_scope():
        Membership.objects.filter(user_id=cast["sol"].user.pk).update(role="ceo")
    with tenant_context(acme):
        assert vault_health.warn() == 1
    assert {mail.to for mail in mails()} == {"ana@acme.test", "sol@acme.test"}  # iris is suspended


def test_another_end_is_warned_of_anew(acme: Tenant, store: Store) -> None:
    row = expiring(acme, store, days=5)
    sent = []
    for later in (None, None, timezone.now() + timedelta(days=6)):
        with tenant_context(acme):
            if later is not None:
                Credential.objects.filter(pk=row.pk).update(expires_at=later)
            sent.append(vault_health.warn())
    assert sent == [1, 0, 1]


def test_the_end_is_set_by_hand_and_shown(acme: Tenant, store: Store, client_as: Browser, api_as: Api) -> None:
    store(acme, "instagram", ACCESS_TOKEN=CANARY)
    ana, day = client_as("ana"), (timezone.now() + timedelta(days=3)).date()
    answer = ana.post("/credenciales/instagram/ACCESS_TOKEN/", {"expires_on": day.isoformat()})
    assert answer.status_code == 303
    assert "ACCESS_TOKEN vence" in ana.get("/credenciales/").content.decode()
    assert api_as("ana").get("/api/v1/credentials/instagram/ACCESS_TOKEN").json()["expires_at"]
    assert ana.post("/credenciales/instagram/ACCESS_TOKEN/", {"expires_on": "soon"}).status_code == 422
    assert ana.post("/credenciales/instagram/ACCESS_TOKEN/", {"expires_on": ""}).status_code == 303
    assert api_as("ana").get("/api/v1/credentials/instagram/ACCESS_TOKEN").json()["expires_at"] is None
