"""A new key in VAULT_KEYS takes over without a pause, and the old one may go afterwards."""

import base64
import os
from functools import partial
from io import StringIO

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from config import env
from config.lib.errors import Invalid
from tenants.context import platform_scope, tenant_context
from tenants.domain.actor import Actor
from tenants.models import Credential, DataKey, SystemEvent, Tenant
from tenants.services.vault import VaultUnreadable, get_tenant_credential, put_credential
from tests.support.cast import Cast
from tests.support.together import at_once

BY = Actor.system("test")


def key(name: str) -> str:
    return f"{name}:{base64.b64encode(os.urandom(32)).decode()}"


def put(tenant: Tenant, value: str, *, name: str = "API_KEY") -> Credential:
    with tenant_context(tenant):
        return put_credential(category="openai", name=name, value=value, by=BY)


def read(tenant: Tenant) -> str:
    return get_tenant_credential(tenant.pk, "openai", "API_KEY")


def key_ids(tenant: Tenant) -> set[str]:
    with tenant_context(tenant):
        return set(DataKey.objects.values_list("key_id", flat=True))


def rotate() -> str:
    out = StringIO()
    call_command("rotate_vault_keys", stdout=out)
    return out.getvalue()


@pytest.fixture
def stored(acme: Tenant, globex: Tenant) -> None:
    put(acme, "sk-acme-0123456789")
    put(globex, "sk-globex-0123456789")


@pytest.fixture
def two_keys(stored: None, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """The new key first, the old one still there."""
    old, new = settings.VAULT_KEYS[0], key("new")
    monkeypatch.setattr(settings, "VAULT_KEYS", [new, old])
    return new, old


def test_secrets_are_read_before_during_and_after_and_then_without_the_old_key(
    acme: Tenant, globex: Tenant, two_keys: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (read(acme), read(globex)) == ("sk-acme-0123456789", "sk-globex-0123456789")
    rotate()
    assert key_ids(acme) == key_ids(globex) == {"new"}
    assert (read(acme), read(globex)) == ("sk-acme-0123456789", "sk-globex-0123456789")
    monkeypatch.setattr(settings, "VAULT_KEYS", [two_keys[0]])
    assert (read(acme), read(globex)) == ("sk-acme-0123456789", "sk-globex-0123456789")


def test_a_process_that_still_has_the_old_order_reads_what_was_rotated(
    acme: Tenant, two_keys: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rotate()
    monkeypatch.setattr(settings, "VAULT_KEYS", list(reversed(two_keys)))
    assert read(acme) == "sk-acme-0123456789"
    put(acme, "sk-later-0123456789")
    assert read(acme) == "sk-later-0123456789"


def test_the_sealed_secret_itself_does_not_change(acme: Tenant, two_keys: tuple[str, str]) -> None:
    with tenant_context(acme):
        before = bytes(Credential.objects.get().sealed)
    rotate()
    with tenant_context(acme):
        assert bytes(Credential.objects.get().sealed) == before


def test_a_second_run_changes_nothing(acme: Tenant, two_keys: tuple[str, str]) -> None:
    assert " 2 wrapped anew" in rotate()
    with tenant_context(acme):
        wrapped = bytes(DataKey.objects.get().wrapped)
        told = SystemEvent.objects.filter(action="vault.rotated").count()
    assert " 0 wrapped anew, 2 already" in rotate()
    with tenant_context(acme):
        assert bytes(DataKey.objects.get().wrapped) == wrapped
        assert SystemEvent.objects.filter(action="vault.rotated").count() == told == 1


def test_what_does_not_open_is_named_left_alone_and_stops_nobody_else(
    acme: Tenant, globex: Tenant, two_keys: tuple[str, str]
) -> None:
    with tenant_context(acme):
        DataKey.objects.update(key_id="lost")
    with pytest.raises(CommandError, match=f"{acme.pk}/1"):
        rotate()
    assert key_ids(acme) == {"lost"}
    assert key_ids(globex) == {"new"}
    assert read(globex) == "sk-globex-0123456789"


def test_a_suspended_companys_keys_rotate_too(acme: Tenant, two_keys: tuple[str, str]) -> None:
    with platform_scope("test"):
        Tenant.objects.filter(pk=acme.pk).update(status=Tenant.Status.SUSPENDED)
    rotate()
    assert key_ids(acme) == {"new"}


def test_neither_the_output_nor_the_audit_shows_a_key(acme: Tenant, two_keys: tuple[str, str]) -> None:
    said = rotate()
    with tenant_context(acme):
        said += str(list(SystemEvent.objects.values()))
    for each in two_keys:
        assert each.partition(":")[2] not in said
    assert "sk-acme" not in said


def test_without_a_usable_key_it_stops(stored: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "VAULT_KEYS", ["broken"])
    with pytest.raises(CommandError):
        rotate()


def test_one_name_for_two_keys_is_refused(acme: Tenant, stored: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "VAULT_KEYS", [key("same"), key("same")])
    with pytest.raises(VaultUnreadable):
        read(acme)


@pytest.mark.parametrize(
    "value",
    ["x", "a:b", "a:c2hvcnQ=", ":" + key("")[1:], ",".join([key("a")] * 2), "a:%%%%"],
    ids=["plain", "short", "5 bytes", "no id", "twice", "no base64"],
)
def test_an_unusable_key_stops_the_start_and_is_not_quoted(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("VAULT_KEYS", value)
    with pytest.raises(ImproperlyConfigured, match="VAULT_KEYS") as refusal:
        env.keys("VAULT_KEYS")
    assert value not in str(refusal.value)


def test_usable_keys_are_taken_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [key("b"), key("a")]
    monkeypatch.setenv("VAULT_KEYS", ", ".join(keys))
    assert env.keys("VAULT_KEYS") == keys


def test_many_first_values_at_once_end_as_versions_of_one_secret(live_tenants: Cast) -> None:
    acme = live_tenants.acme
    works = [
        partial(put_credential, category="openai", name="API_KEY", value=f"sk-{number}-0123456789", by=BY)
        for number in range(6)
    ]
    answers = at_once(works, partial(tenant_context, acme))
    assert all(isinstance(answer, Credential) for answer in answers), answers
    assert sorted(answer.version for answer in answers) == [1, 2, 3, 4, 5, 6]
    last = max(answers, key=lambda answer: answer.version)
    assert read(acme)[-4:] == last.last_four


@pytest.mark.parametrize(
    "name", ["API_KEY@" + "x" * 100, "API_KEY@a\x00b", "A" * 81, "ÑANDÚ", "a_key", "", "@x", "API KEY"]
)
def test_a_name_that_does_not_fit_is_refused(acme: Tenant, name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        put(acme, "sk-acme-0123456789", name=name)
    assert "name" in refusal.value.fields


def test_a_value_of_half_letters_is_refused_without_being_quoted(acme: Tenant) -> None:
    with pytest.raises(Invalid) as refusal:
        put(acme, "sk-secret-\ud800")
    assert refusal.value.__cause__ is None
    assert "sk-secret" not in str(refusal.value.message)
