"""More than a thousand ciphertexts carried to another place of the database: none opens there, whatever came along."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import IntegrityError

from tenants.context import platform_scope, tenant_context
from tenants.keyring import binding
from tenants.models import Credential, CredentialVersion, DataKey, PlatformCredential, Tenant
from tenants.ring import VaultUnreadable
from tenants.services import platform_vault, vault, vault_rotation, vault_versions
from tests.tenants.vault.conftest import BY, Store

NAMES = (("openai", "API_KEY"), ("openai", "BASE_URL"), ("meta", "VERIFY_TOKEN"), ("meta", "VERIFY_TOKEN@7"))
LENT = (("ycloud", "API_KEY"), ("instagram", "ACCESS_TOKEN"))


@dataclass(frozen=True)
class Place:
    """A row that holds a ciphertext. `fields`: what an intruder would carry along with it."""

    model: Any
    tenant: Tenant | None
    category: str
    name: str
    row: Any

    def fields(self, *, all: bool) -> dict[str, object]:
        if not all:
            return {"sealed": self.row.sealed}
        along = ("sealed", "version", "key_id") if self.tenant is None else ("sealed", "version", "data_key_version")
        return {name: getattr(self.row, name) for name in along}

    def write(self, fields: dict[str, object]) -> None:
        usable = {name: value for name, value in fields.items() if hasattr(self.row, name)}
        with platform_scope("test") if self.tenant is None else tenant_context(self.tenant):
            self.model.objects.filter(pk=self.row.pk).update(**usable)

    def read(self, reader: Tenant) -> str:
        if self.model is not CredentialVersion:
            owner = self.tenant or reader
            name, _at, channel = self.name.partition("@")
            return vault.get_tenant_credential(owner.pk, self.category, name, channel)
        assert self.tenant is not None
        with tenant_context(self.tenant):
            row = vault.with_keys(CredentialVersion.objects.filter(pk=self.row.pk)).get()
            return vault_versions.open_version(row, self.category, self.name)


@pytest.fixture
def places(acme: Tenant, globex: Tenant, store: Store) -> list[Place]:
    """Two companies, four names, three values each, two of the platform's."""
    for tenant in (acme, globex):
        for (category, name), number in itertools.product(NAMES, range(3)):
            store(tenant, category, {name: f"https://{tenant.slug}-{name[:3]}-{number}.example/0123456789"})
    for category, name in LENT:
        platform_vault.put(category=category, name=name, value=f"sk-platform-{category}-0123456789", by=BY)
        platform_vault.lend(category=category, name=name, everyone=True, tenant_ids=[], by=BY)
    return list(_found([acme, globex]))


def _found(tenants: list[Tenant]) -> Iterator[Place]:
    for tenant in tenants:
        with tenant_context(tenant):
            for row in Credential.objects.all():
                yield Place(Credential, tenant, row.category, row.name, row)
            for old in CredentialVersion.objects.select_related("credential"):
                yield Place(CredentialVersion, tenant, old.credential.category, old.credential.name, old)
    with platform_scope("test"):
        for lent in PlatformCredential.objects.all():
            yield Place(PlatformCredential, None, lent.category, lent.name, lent)


def opens(place: Place, acme: Tenant) -> bool:
    try:
        place.read(acme)
    except VaultUnreadable:
        return False
    return True


def carried(places: list[Place], acme: Tenant) -> tuple[int, list[tuple[Place, Place]]]:
    """Every ciphertext to every other place, alone and with its numbers; how many, and which opened there."""
    tried, opened = 0, []
    for source, target in itertools.permutations(places, 2):
        before = target.fields(all=True)
        for all in (False, True):
            try:
                target.write(source.fields(all=all))
            except IntegrityError:  # a history with the same number twice: the database itself says no
                continue
            tried += 1
            if opens(target, acme):
                opened.append((source, target))
        target.write(before)
    return tried, opened


def test_more_than_a_thousand_transplants_are_all_rejected(places: list[Place], acme: Tenant) -> None:
    assert all(opens(place, acme) for place in places)
    assert {place.model for place in places} == {Credential, CredentialVersion, PlatformCredential}
    tried, opened = carried(places, acme)
    assert [f"{one.row} → {two.row}" for one, two in opened] == []
    assert tried >= 1000, tried
    assert all(opens(place, acme) for place in places)  # all of them were put back


def test_a_ciphertext_that_is_bound_to_less_would_be_noticed(
    acme: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the name left out of what a value is bound to, the test above would fail."""
    monkeypatch.setattr(vault, "bound", lambda tenant_id, category, name, version: binding(tenant_id, category))
    store(acme, "openai", API_KEY="sk-0123456789", CUSTOM_API_KEY="sk-9876543210")
    _tried, opened = carried([place for place in _found([acme]) if place.model is Credential], acme)
    assert opened


def test_data_keys_carried_to_another_company_or_version_open_nothing(
    acme: Tenant, globex: Tenant, places: list[Place]
) -> None:
    vault_rotation.rotate(by=BY, new_data_keys=True)
    rows: list[tuple[Tenant, DataKey]] = []
    for tenant in (acme, globex):
        with tenant_context(tenant):
            rows += [(tenant, row) for row in DataKey.objects.order_by("version")]
    assert len(rows) == 4
    current = list(_found([acme, globex]))[:-2]
    rejected = 0
    for (_from, source), (tenant, target) in itertools.permutations(rows, 2):
        with tenant_context(tenant):
            DataKey.objects.filter(pk=target.pk).update(wrapped=source.wrapped, key_id=source.key_id)
        if target.version == 2:  # what everything is sealed with now
            mine = [place for place in current if place.tenant == tenant]
            assert not [place for place in mine if opens(place, acme)]
            rejected += len(mine)
        with tenant_context(tenant):
            DataKey.objects.filter(pk=target.pk).update(wrapped=target.wrapped, key_id=target.key_id)
    assert rejected >= 90
    assert all(opens(place, acme) for place in current)


@pytest.mark.parametrize("damage", ["bit flips", "truncated", "replaced", "empty"])
def test_damage_anywhere_is_an_error_and_never_words(damage: str, places: list[Place], acme: Tenant) -> None:
    for place in (places[0], places[10], places[-1]):
        good = bytes(place.row.sealed)
        broken = {
            "bit flips": [good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1 :] for at in range(len(good))],
            "truncated": [good[:length] for length in range(len(good))],
            "replaced": [b"plain words", b"https://acme.example", good + b"\0", good[::-1]],
            "empty": [b""],
        }[damage]
        for sealed in broken:
            place.write({"sealed": sealed})
            with pytest.raises(VaultUnreadable) as refusal:
                place.read(acme)
            assert good.hex() not in str(refusal.value.message)
            assert "https://" not in str(refusal.value.message)
        place.write({"sealed": good})
