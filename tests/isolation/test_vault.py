"""A sealed secret opens for its owner, under its name, in its version, with its key; otherwise not at all."""

import base64
import itertools

import pytest
from django.conf import settings
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.keyring import Unreadable, binding, seal, unseal
from tenants.models import Credential, DataKey, SystemEvent, Tenant
from tenants.services import vault
from tenants.services.vault import MissingCredential, VaultUnreadable, get_tenant_credential, put_credential

BY = Actor.system("test")
SECRET = "sk-acme-0123456789abcdef"


def put(tenant: Tenant, value: str = SECRET, *, category: str = "openai", name: str = "API_KEY") -> Credential:
    with tenant_context(tenant):
        return put_credential(category=category, name=name, value=value, by=BY)


def change(tenant: Tenant, row: Credential, **fields: object) -> None:
    with tenant_context(tenant):
        Credential.objects.filter(pk=row.pk).update(**fields)


def test_the_owner_reads_it_and_the_other_company_has_none(acme: Tenant, globex: Tenant) -> None:
    put(acme)
    assert get_tenant_credential(acme.pk, "openai", "API_KEY") == SECRET
    with pytest.raises(MissingCredential):
        get_tenant_credential(globex.pk, "openai", "API_KEY")


def test_asking_for_another_companys_secret_from_inside_gives_nothing_of_the_present_one(
    acme: Tenant, globex: Tenant
) -> None:
    put(acme)
    with tenant_context(globex), pytest.raises(MissingCredential):
        get_tenant_credential(globex.pk, "openai", "API_KEY")
    with tenant_context(globex):
        assert get_tenant_credential(acme.pk, "openai", "API_KEY") == SECRET  # enters acme by itself
        assert not Credential.objects.exists()


def test_a_ciphertext_carried_to_another_company_does_not_open(acme: Tenant, globex: Tenant) -> None:
    mine, theirs = put(acme), put(globex, "sk-globex-0123456789")
    change(globex, theirs, sealed=mine.sealed)
    with pytest.raises(VaultUnreadable):
        get_tenant_credential(globex.pk, "openai", "API_KEY")


def test_a_ciphertext_and_its_data_key_carried_together_do_not_open(acme: Tenant, globex: Tenant) -> None:
    mine, theirs = put(acme), put(globex, "sk-globex-0123456789")
    with tenant_context(acme):
        key = DataKey.objects.get()
    change(globex, theirs, sealed=mine.sealed)
    with tenant_context(globex):
        DataKey.objects.update(wrapped=key.wrapped, key_id=key.key_id)
    with pytest.raises(VaultUnreadable):
        get_tenant_credential(globex.pk, "openai", "API_KEY")


@pytest.mark.parametrize(("category", "name"), [("openai", "CUSTOM_API_KEY"), ("google", "API_KEY")])
def test_a_ciphertext_under_another_name_does_not_open(acme: Tenant, category: str, name: str) -> None:
    mine, other = put(acme), put(acme, "another-secret-value", category=category, name=name)
    change(acme, other, sealed=mine.sealed)
    with pytest.raises(VaultUnreadable):
        get_tenant_credential(acme.pk, category, name)


def test_an_old_version_does_not_come_back(acme: Tenant) -> None:
    old = put(acme)
    new = put(acme, "sk-new-0123456789")
    assert new.version == old.version + 1
    change(acme, new, sealed=old.sealed)
    with pytest.raises(VaultUnreadable):
        get_tenant_credential(acme.pk, "openai", "API_KEY")


@pytest.mark.parametrize("place", [0, 11, 12, -17, -1])
def test_one_changed_byte_is_noticed(acme: Tenant, place: int) -> None:
    row = put(acme)
    changed = bytearray(row.sealed)
    changed[place] ^= 1
    change(acme, row, sealed=bytes(changed))
    with pytest.raises(VaultUnreadable):
        get_tenant_credential(acme.pk, "openai", "API_KEY")


@pytest.mark.parametrize("sealed", [b"", b"short", SECRET.encode()])
def test_what_was_never_sealed_is_never_given_out(acme: Tenant, sealed: bytes) -> None:
    row = put(acme)
    change(acme, row, sealed=sealed)
    with pytest.raises(VaultUnreadable):
        get_tenant_credential(acme.pk, "openai", "API_KEY")


def test_another_key_of_the_same_name_does_not_open(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    put(acme)
    monkeypatch.setattr(settings, "VAULT_KEYS", [f"test:{base64.b64encode(b'x' * 32).decode()}"])
    with pytest.raises(VaultUnreadable):
        get_tenant_credential(acme.pk, "openai", "API_KEY")


@pytest.mark.parametrize(
    "keys", [[], ["nothing"], ["id:%%%"], ["id:c2hvcnQ="], [":" + base64.b64encode(b"x" * 32).decode()]]
)
def test_without_a_usable_key_nothing_is_read_or_written(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch, keys: list[str]
) -> None:
    put(acme)
    monkeypatch.setattr(settings, "VAULT_KEYS", keys)
    with pytest.raises(VaultUnreadable):
        get_tenant_credential(acme.pk, "openai", "API_KEY")
    with pytest.raises(VaultUnreadable):
        put(acme, "sk-new-0123456789")


def test_a_new_current_key_still_reads_what_the_old_one_sealed(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    put(acme)
    new = f"new:{base64.b64encode(b'n' * 32).decode()}"
    monkeypatch.setattr(settings, "VAULT_KEYS", [new, *settings.VAULT_KEYS])
    assert get_tenant_credential(acme.pk, "openai", "API_KEY") == SECRET


def test_a_channels_own_secret_wins(acme: Tenant) -> None:
    put(acme)
    put(acme, "sk-channel-0123456789", name="API_KEY@7f")
    assert get_tenant_credential(acme.pk, "openai", "API_KEY", "7f") == "sk-channel-0123456789"
    assert get_tenant_credential(acme.pk, "openai", "API_KEY", "80") == SECRET


def test_a_thousand_transplants_between_companies_names_and_versions_are_all_rejected(acme: Tenant) -> None:
    """Even under one and the same key: what a value is bound to is enough to keep it in its place."""
    places = list(itertools.product((1, 11, 111), ("openai", "meta"), ("API_KEY", "API_KEY@1", "PI_KEY"), (1, 12)))
    key = bytes(32)
    sealed = {place: seal(key, SECRET.encode(), vault.bound(*place)) for place in places}
    rejected = 0
    for source, target in itertools.permutations(places, 2):
        with pytest.raises(Unreadable):
            unseal(key, sealed[source], vault.bound(*target))
        rejected += 1
    assert rejected >= 1000


def test_the_secret_is_nowhere_in_the_database(acme: Tenant) -> None:
    put(acme)
    with tenant_context(acme), connection.cursor() as cursor:
        cursor.execute("select row_to_json(c)::text from tenants_credential c")
        rows = " ".join(row[0] for row in cursor.fetchall())
        notes = " ".join(str(event.diff) for event in SystemEvent.objects.all())
    for text in (rows, notes, repr(vault.ring)):
        assert SECRET not in text
        assert SECRET.encode().hex() not in text


def test_the_same_secret_twice_looks_different(acme: Tenant, globex: Tenant) -> None:
    assert put(acme).sealed != put(globex).sealed
    assert put(acme).sealed != put(acme).sealed


@given(st.binary(max_size=200), st.lists(st.text(max_size=20), max_size=4), st.lists(st.text(max_size=20), max_size=4))
def test_a_seal_opens_with_its_own_binding_only(plain: bytes, mine: list[str], theirs: list[str]) -> None:
    key = bytes(range(32))
    sealed = seal(key, plain, binding(*mine))
    assert unseal(key, sealed, binding(*mine)) == plain
    if mine != theirs:
        with pytest.raises(Unreadable):
            unseal(key, sealed, binding(*theirs))
