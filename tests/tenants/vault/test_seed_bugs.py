"""What was wrong with the vaults this one replaces, each shown to be absent."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.test import Client
from rest_framework.test import APIClient

from agents.llm.base import LLMError
from agents.services.llms import llm_for
from messaging.providers.meta_direct import signature
from tenants.context import tenant_context
from tenants.keyring import NONCE
from tenants.models import Credential, DataKey, Tenant
from tenants.ring import VaultUnreadable
from tenants.services import platform_vault, vault, vault_keys, vault_rotation
from tests.tenants.vault.conftest import BY, Store
from tests.tenants.vault.test_rotating_all import key

SECRET = "sk-seed-0123456789-abcd"
Browser = Callable[..., Client]
Api = Callable[..., APIClient]


def read(tenant: Tenant) -> str:
    return vault.get_tenant_credential(tenant.pk, "openai", "API_KEY")


def test_a_without_a_key_nothing_is_stored_and_what_does_not_open_is_not_given_out_as_the_secret(
    acme: Tenant, store: Store, settings: Any
) -> None:
    row = store(acme, "openai", API_KEY=SECRET)
    sealed = bytes(row.sealed)
    kept, settings.VAULT_KEYS = settings.VAULT_KEYS, []
    for act in (lambda: store(acme, "openai", API_KEY="sk-other-0123456789"), lambda: read(acme)):
        with pytest.raises(VaultUnreadable):
            act()
    settings.VAULT_KEYS = kept
    with tenant_context(acme):
        assert bytes(Credential.objects.get().sealed) == sealed
        Credential.objects.update(sealed=SECRET.encode())  # as the old one would have left it
    with pytest.raises(VaultUnreadable):
        read(acme)


def test_b_the_cipher_is_aes_256_gcm_with_what_it_belongs_to_as_associated_data(acme: Tenant, store: Store) -> None:
    row = store(acme, "openai", API_KEY=SECRET)
    with tenant_context(acme):
        data_key = vault_keys.data_key(acme.pk, 1)
        wrapped = bytes(DataKey.objects.get().wrapped)
    assert len(data_key) * 8 == 256
    assert len(wrapped) == NONCE + 32 + 16
    bound = vault.bound(acme.pk, "openai", "API_KEY", 1)
    sealed = bytes(row.sealed)
    assert AESGCM(data_key).decrypt(sealed[:NONCE], sealed[NONCE:], bound).decode() == SECRET


def test_c_no_list_gives_a_value_to_the_browser(acme: Tenant, store: Store, client_as: Browser, api_as: Api) -> None:
    row = store(acme, "openai", API_KEY=SECRET)
    pages = ["/credenciales/", "/credenciales/openai/", "/credenciales/openai/API_KEY/", "/admin/tenants/credential/"]
    pages += [f"/admin/tenants/credential/{row.pk}/change/", f"/admin/tenants/credential/{row.pk}/history/"]
    said = [client_as("ana").get(path).content.decode() for path in pages]
    api = ["credentials", "credentials/openai/API_KEY", "credentials/openai/API_KEY/versions", "credentials/lent"]
    said += [api_as("ana").get(f"/api/v1/{path}/").content.decode() for path in api]
    assert all("API_KEY" in each for each in said[:6])
    assert not [each for each in said if SECRET in each]


def test_d_a_webhooks_secret_is_opened_and_compared_not_looked_up_by_what_is_stored(acme: Tenant, store: Store) -> None:
    first = bytes(store(acme, "meta", APP_SECRET=SECRET).sealed)
    assert bytes(store(acme, "meta", APP_SECRET=SECRET).sealed) != first  # no lookup by ciphertext could ever match
    raw = b'{"entry": []}'
    signed = {"x-hub-signature-256": "sha256=" + hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()}
    assert signature.verify(raw, signed, [vault.get_tenant_credential(acme.pk, "meta", "APP_SECRET")])


def test_e_a_key_under_a_name_that_nobody_reads_is_refused_with_the_right_ones(acme: Tenant, api_as: Api) -> None:
    answer = api_as("ana").put("/api/v1/credentials/openai/OPENAI_API_KEY", {"value": SECRET})
    assert answer.status_code == 422
    assert "API_KEY, BASE_URL" in answer.json()["error"]["fields"]["name"]
    with tenant_context(acme):
        assert not Credential.objects.exists()


def test_f_after_the_master_key_was_replaced_everything_is_still_read(
    acme: Tenant, store: Store, settings: Any
) -> None:
    store(acme, "openai", API_KEY=SECRET)
    new = key("new")
    settings.VAULT_KEYS = [new, *settings.VAULT_KEYS]
    vault_rotation.rotate(by=BY)
    settings.VAULT_KEYS = [new]
    assert read(acme) == SECRET


def test_g_neither_the_environment_nor_the_platform_nor_another_company_pays_for_a_missing_key(
    acme: Tenant, globex: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.setenv(name, SECRET)
    store(globex, "openai", API_KEY=SECRET)
    platform_vault.put(category="openai", name="API_KEY", value=SECRET, by=BY)
    platform_vault.lend(category="openai", name="API_KEY", everyone=False, tenant_ids=[globex.pk], by=BY)
    with pytest.raises(vault.MissingCredential):
        read(acme)
    with pytest.raises(LLMError) as refusal:
        llm_for(acme, {"model_provider": "openai", "model_version": "any"})
    assert refusal.value.kind == "auth"
