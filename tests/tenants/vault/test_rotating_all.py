"""Rotation reaches everything that is sealed, can be cut off anywhere, and nobody who reads meanwhile notices."""

import base64
import os
import threading
from collections.abc import Callable
from functools import partial
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from tenants.context import auth_scope, platform_scope, tenant_context
from tenants.keyring import Unreadable
from tenants.models import Credential, CredentialVersion, DataKey, PlatformCredential, SecondFactor, SystemEvent, Tenant
from tenants.services import platform_vault, sealed_columns, vault, vault_rotation, vault_versions
from tests.support.cast import Cast, Person
from tests.tenants.vault.conftest import BY, Store

VALUE = "sk-acme-0123456789"


def key(name: str) -> str:
    return f"{name}:{base64.b64encode(os.urandom(32)).decode()}"


def rotate(*arguments: str) -> str:
    out = StringIO()
    call_command("rotate_vault_keys", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def new_key(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Puts a new key before the present one; called once more, takes the old one away."""
    old, new = settings.VAULT_KEYS[0], key("new")

    def step() -> None:
        keys = [new] if settings.VAULT_KEYS[0] == new else [new, old]
        monkeypatch.setattr(settings, "VAULT_KEYS", keys)

    return step


def read(tenant: Tenant, name: str = "API_KEY") -> str:
    return vault.get_tenant_credential(tenant.pk, "openai", name)


def versions(tenant: Tenant) -> tuple[set[int], set[int], list[int]]:
    """Data key versions in use by values, by earlier values, and there."""
    with tenant_context(tenant):
        return (
            set(Credential.objects.values_list("data_key_version", flat=True)),
            set(CredentialVersion.objects.values_list("data_key_version", flat=True)),
            sorted(DataKey.objects.values_list("version", flat=True)),
        )


def test_what_the_platform_lends_is_read_without_the_old_key_afterwards(
    acme: Tenant, new_key: Callable[[], None]
) -> None:
    platform_vault.put(category="openai", name="API_KEY", value=VALUE, by=BY)
    platform_vault.lend(category="openai", name="API_KEY", everyone=True, tenant_ids=[], by=BY)
    new_key()
    assert "1 credentials of the platform" in rotate()
    assert "0 credentials of the platform" in rotate()
    new_key()
    assert read(acme) == VALUE


def test_second_factors_are_read_without_the_old_key_afterwards(
    sol: Person, ana: Person, new_key: Callable[[], None]
) -> None:
    with auth_scope():
        for person in (sol, ana):
            SecondFactor.objects.create(user=person.user, secret=f"JBSWY3DP-{person.name}", last_step=7)
    new_key()
    assert "2 in sealed columns" in rotate()
    assert "0 in sealed columns" in rotate()
    new_key()
    with auth_scope():
        rows = {row.secret: row.last_step for row in SecondFactor.objects.all()}
    assert rows == {"JBSWY3DP-sol": 7, "JBSWY3DP-ana": 7}


def test_a_sealed_column_that_does_not_open_is_named_and_stops_nobody(
    sol: Person, ana: Person, new_key: Callable[[], None]
) -> None:
    with auth_scope():
        for person in (sol, ana):
            SecondFactor.objects.create(user=person.user, secret="JBSWY3DP")
        with connection.cursor() as cursor:
            cursor.execute(
                "update tenants_secondfactor set secret = 'test\\000rubbish'::bytea where user_id = %s", [sol.user.pk]
            )
    new_key()
    with pytest.raises(CommandError, match=str(sol.user.pk)):
        rotate()
    new_key()
    with auth_scope():
        assert SecondFactor.objects.get(user_id=ana.user.pk).secret == "JBSWY3DP"
        with pytest.raises(Unreadable):
            SecondFactor.objects.get(user_id=sol.user.pk)


def test_every_sealed_column_is_found() -> None:
    assert ("secondfactor", "secret") in {(model._meta.model_name, name) for model, name in sealed_columns.columns()}


def test_a_new_data_key_seals_values_and_their_history(acme: Tenant, store: Store) -> None:
    store(acme, "openai", API_KEY="sk-first-0123456789")
    store(acme, "openai", API_KEY=VALUE)
    with tenant_context(acme):
        before = bytes(Credential.objects.get().sealed)
    said = rotate("--new-data-keys")
    assert "New data keys: 1; secrets and earlier values sealed anew: 3" in said
    assert versions(acme) == ({2}, {2}, [1, 2])
    assert read(acme) == VALUE
    with tenant_context(acme):
        assert bytes(Credential.objects.get().sealed) != before
        vault_versions.restore(category="openai", name="API_KEY", version=1, by=BY)
    assert read(acme) == "sk-first-0123456789"


def test_a_data_key_goes_once_nothing_needs_it(acme: Tenant, store: Store) -> None:
    store(acme, "openai", API_KEY=VALUE)
    for _each in range(3):
        rotate("--new-data-keys")
    assert versions(acme) == ({4}, {4}, [3, 4])
    assert read(acme) == VALUE
    assert store(acme, "openai", API_KEY="sk-later-0123456789").data_key_version == 4


def test_a_plain_run_makes_no_data_key(acme: Tenant, store: Store) -> None:
    store(acme, "openai", API_KEY=VALUE)
    rotate()
    assert versions(acme)[2] == [1]


@pytest.mark.parametrize("cut_after", [1, 2, 3, 4])
def test_cut_off_anywhere_everything_is_read_and_the_next_run_completes_it(
    cut_after: int, acme: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each batch is a transaction of its own: here the process dies after some of them."""
    names = [f"API_KEY@{number}" for number in range(5)]
    store(acme, "openai", {name: f"sk-{name}-0123456789" for name in names})
    monkeypatch.setattr(vault_rotation, "AT_ONCE", 2)
    left, seal = [2 * cut_after - 1], vault_rotation.seal

    def dying(*args: Any) -> bytes:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return seal(*args)

    monkeypatch.setattr(vault_rotation, "seal", dying)
    with pytest.raises(KeyboardInterrupt):
        rotate("--new-data-keys")
    monkeypatch.setattr(vault_rotation, "seal", seal)

    def all_read() -> bool:
        values = [vault.get_tenant_credential(acme.pk, "openai", "API_KEY", name[8:]) for name in names]
        return values == [f"sk-{name}-0123456789" for name in names]

    assert all_read()
    assert versions(acme)[2] == [1, 2]
    rotate()
    assert versions(acme) == ({2}, {2}, [1, 2])
    assert all_read()


def test_what_does_not_open_is_named_once_and_the_rest_moves(acme: Tenant, store: Store) -> None:
    store(acme, "openai", API_KEY=VALUE)
    store(acme, "meta", VERIFY_TOKEN="broken")
    with tenant_context(acme):
        Credential.objects.filter(category="meta").update(sealed=b"rubbish")
    with pytest.raises(CommandError) as refusal:
        rotate("--new-data-keys")
    assert str(refusal.value).count("meta/VERIFY_TOKEN") == 1
    assert read(acme) == VALUE
    assert versions(acme) == ({1, 2}, {2}, [1, 2])


def test_rotation_is_told_without_a_key(acme: Tenant, store: Store, new_key: Callable[[], None]) -> None:
    store(acme, "openai", API_KEY=VALUE)
    platform_vault.put(category="openai", name="API_KEY", value=VALUE, by=BY)
    new_key()
    said = rotate("--new-data-keys")
    with tenant_context(acme):
        said += str(list(SystemEvent.objects.values()))
        assert SystemEvent.objects.filter(action="vault.data_key_made").count() == 1
    with platform_scope("test"):
        said += str(list(SystemEvent.objects.filter(tenant=None).values()))
        assert PlatformCredential.objects.get().key_id == "new"
    assert VALUE not in said
    for each in settings.VAULT_KEYS:
        assert each.partition(":")[2] not in said


def test_nobody_who_reads_or_writes_meanwhile_fails(
    live_tenants: Cast, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four readers and a writer against three rotations with new data keys; the bench does it with 10,000 secrets."""
    acme = live_tenants.acme
    names = [f"API_KEY@{number}" for number in range(40)]
    store(acme, "openai", {name: f"sk-{name}-0123456789" for name in names})
    monkeypatch.setattr(vault_rotation, "AT_ONCE", 5)
    over, failed, reads = threading.Event(), [], []

    def work(step: Callable[[int], None]) -> None:
        number = 0
        try:
            while not over.is_set():
                step(number)
                number += 1
        except Exception as error:  # noqa: BLE001 (judged below)
            failed.append(error)
        finally:
            connection.close()

    def look(number: int) -> None:
        name = names[number % len(names)]
        assert vault.get_tenant_credential(acme.pk, "openai", "API_KEY", name[8:]).startswith(f"sk-{name}-")
        reads.append(1)

    def write(number: int) -> None:
        name = names[number % len(names)]
        store(acme, "openai", {name: f"sk-{name}-{number:010d}"})

    threads = [threading.Thread(target=partial(work, step), daemon=True) for step in (look, look, look, look, write)]
    for thread in threads:
        thread.start()
    done = [vault_rotation.rotate(by=BY, new_data_keys=True) for _each in range(3)]
    over.set()
    for thread in threads:
        thread.join(30)
    assert failed == []
    assert not [name for each in done for name in each.unreadable]
    assert reads
    assert vault_rotation.rotate(by=BY).unreadable == []
    for name in names:
        assert vault.get_tenant_credential(acme.pk, "openai", "API_KEY", name[8:]).startswith(f"sk-{name}-")
