"""Keys of integrations: what they are given, what they never are, and when they end."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from tenants import identity
from tenants.context import auth_scope, platform_scope, tenant_context
from tenants.db.current import connection
from tenants.domain import api_keys, roles
from tenants.live.models import IdempotentRequest
from tenants.models import ApiKey, Membership, SystemEvent, Tenant, User
from tenants.services import keys, registry
from tests.isolation.urltable import UNSAFE, addresses
from tests.support.cast import Cast, Person
from tests.support.clients import HOST
from tests.support.thorough import dealt

Api = Callable[..., APIClient]
ClientAs = Callable[..., Client]
NIL = "00000000-0000-7000-8000-000000000000"
SHAPE = re.compile(r"sk_[A-Za-z0-9]{8}_[A-Za-z0-9_-]{43}")


def made(person: Person, *scopes: str, **more: Any) -> str:
    with tenant_context(person.tenant):
        row, key = keys.create(name="Planilla", scopes=scopes, member=person.member, by=person.actor, **more)
        assert row.pk
        return key


def with_key(key: str, host: str = HOST) -> APIClient:
    client = APIClient(SERVER_NAME=host, enforce_csrf_checks=True, raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client


# --- making one -------------------------------------------------------------------------------------------------
def test_a_key_is_shown_once_and_only_its_hash_is_kept(api_as: Api, ana: Person) -> None:
    answer = api_as("ana").post("/api/v1/api-keys/", {"name": "Planilla", "scopes": ["leads:read"]})
    assert answer.status_code == 201
    key = answer.json()["key"]
    assert SHAPE.fullmatch(key)
    assert with_key(key).get("/api/v1/leads/").status_code == 200
    listed = api_as("ana").get("/api/v1/api-keys/").json()["results"]
    assert listed[0]["prefix"] == key[:11]
    with tenant_context(ana.tenant):
        connection.run_before_commit()
        stored = str(list(ApiKey.objects.values())) + str(list(SystemEvent.objects.values()))
    assert key[12:] not in stored + json.dumps(listed)


def test_a_repeated_request_makes_one_key_and_keeps_none(api_as: Api, ana: Person) -> None:
    body, headers = {"name": "Planilla", "scopes": ["leads:read"]}, {"HTTP_IDEMPOTENCY_KEY": "k1"}
    first = api_as("ana").post("/api/v1/api-keys/", body, **headers)
    again = api_as("ana").post("/api/v1/api-keys/", body, **headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == {**first.json(), "key": None}
    with tenant_context(ana.tenant):
        assert ApiKey.objects.count() == 1
        assert first.json()["key"] not in str(list(IdempotentRequest.objects.values()))


def test_the_page_makes_lists_and_revokes(client_as: ClientAs, ana: Person) -> None:
    client = client_as("ana")
    assert "Todavía no hay claves" in client.get("/claves/").content.decode()
    page = client.post("/claves/", {"name": "Planilla", "scopes": ["leads:read", "contacts:read"]}).content.decode()
    (key,) = SHAPE.findall(page)
    assert with_key(key).get("/api/v1/leads/").status_code == 200
    assert key not in client.get("/claves/").content.decode()
    with tenant_context(ana.tenant):
        pk = ApiKey.objects.get().pk
    assert "deja de entrar" in client.get(f"/claves/{pk}/anular/").content.decode()
    assert client.post(f"/claves/{pk}/anular/")["Location"] == "/claves/"
    assert with_key(key).get("/api/v1/leads/").status_code == 401
    assert "Anulada" in client.get("/claves/").content.decode()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x", "scopes": ["leads:fly"]}, "scopes"),
        ({"name": "x", "scopes": ["leads.read"]}, "scopes"),
        ({"name": "x", "scopes": ["*"]}, "scopes"),
        ({"name": "x", "scopes": ["keys:write"]}, "scopes"),
        ({"name": "x", "scopes": ["members:write"]}, "scopes"),
        ({"name": "x", "scopes": ["admin:open"]}, "scopes"),
        ({"name": "x", "scopes": ["contacts:erase"]}, "scopes"),
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x"}, "scopes"),
        ({"name": " ", "scopes": ["leads:read"]}, "name"),
        ({"name": "x" * 81, "scopes": ["leads:read"]}, "name"),
        ({"name": "x", "scopes": ["leads:read"], "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"name": "x", "scopes": ["leads:read"], "expires_at": "soon"}, "expires_at"),
    ],
    ids=str,
)
def test_what_no_key_may_be_is_refused_with_its_field(api_as: Api, body: dict[str, Any], field: str) -> None:
    answer = api_as("ana").post("/api/v1/api-keys/", body)
    assert answer.status_code in (400, 422)
    assert field in answer.json()["error"]["fields"]


@pytest.mark.parametrize("name", ["sol", "teo", "rita", "paz"])
def test_only_who_may_make_keys_makes_or_sees_them(api_as: Api, client_as: ClientAs, name: str) -> None:
    assert api_as(name).post("/api/v1/api-keys/", {"name": "x", "scopes": ["leads:read"]}).status_code == 403
    assert api_as(name).get("/api/v1/api-keys/").status_code == 403
    assert client_as(name).get("/claves/").status_code == 403


def test_another_companys_key_is_not_there_to_be_revoked(api_as: Api, cast: Cast) -> None:
    key = made(cast["gus"], "leads:read")
    with tenant_context(cast.globex):
        pk = ApiKey.objects.get().pk
    assert api_as("ana").delete(f"/api/v1/api-keys/{pk}/").status_code == 404
    assert with_key(key).get("/api/v1/leads/").status_code == 200


# --- what it may ----------------------------------------------------------------------------------------------
def test_a_missing_scope_is_named(ana: Person) -> None:
    answer = with_key(made(ana, "leads:read")).post("/api/v1/leads/", {"contact": {"name": "x"}})
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "missing_scope"
    assert answer.json()["error"]["fields"] == {"scope": "leads:write"}
    assert "leads:write" in answer.json()["error"]["message"]


MATRIX = [
    (address, verb, address.permission(verb))
    for address in addresses()
    if address.is_api and address.scope == "tenant"
    for verb in address.verbs
    if address.permission(verb)
]


# A case made of a chat shows what the chat was: making one needs reading turns as well.
ALSO = {"api/v1/conversations/%(pk)s/test-case": "forbidden"}
SCOPES = sorted(roles.scopes_of(roles.TABLE[roles.CEO] - roles.PEOPLE_ONLY))


@pytest.mark.parametrize("scope", SCOPES)
def test_each_scope_opens_its_own_addresses_and_no_other(ana: Person, scope: str) -> None:
    """Address × verb of the API: 403 with the missing scope's name, or past the gate."""
    client, wrong = with_key(made(ana, scope)), []
    own = [row for row in MATRIX if row[2].replace(".", ":") == scope]
    for address, verb, wanted in own + dealt([row for row in MATRIX if row not in own], SCOPES.index(scope), share=12):
        path = address.paths({"x": NIL})[0]
        answer = client.generic(verb, path, "{}", content_type="application/json")
        people_only = wanted in roles.PEOPLE_ONLY or getattr(address.cls, "people_only", False)
        code = answer.json()["error"]["code"] if answer.status_code == 403 else ""
        expected = "people_only" if people_only else "" if wanted.replace(".", ":") == scope else "missing_scope"
        expected = expected or ALSO.get(address.route, "")
        if code != expected and not (expected == "" and answer.status_code != 403):
            wrong.append(f"{verb} {path} needs {wanted}: {answer.status_code} {code}")
    assert not wrong, "\n".join(wrong)


def test_a_scope_that_is_ignored_would_be_noticed(ana: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: a key acts with all that its maker may."""
    read = identity._from_key
    everything = roles.TABLE[roles.CEO]
    monkeypatch.setattr(identity, "_from_key", lambda key: replace(read(key), scopes=everything))
    assert with_key(made(ana, "leads:read")).get("/api/v1/settings/").status_code == 200


def test_a_key_opens_no_page_no_admin_and_nothing_about_the_person(ana: Person) -> None:
    scopes = roles.scopes_of(roles.TABLE[roles.CEO] - roles.PEOPLE_ONLY)
    client, opened = with_key(made(ana, *scopes)), []
    for address in addresses():
        if address.is_api and "/auth/" not in f"/{address.route}":
            continue
        for verb in ("GET", *UNSAFE) if address.is_api else ("GET",):
            path = address.paths({"x": NIL})[0]
            status = client.generic(verb, path, "{}", content_type="application/json").status_code
            permission = address.permission("GET")
            private = address.is_api or permission is not None
            if private and status not in (302, 401, 403, 404, 405):
                opened.append(f"{verb} {path} → {status}")
    assert opened == []


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("get", "auth/me"), ("get", "auth/sessions/"), ("delete", "auth/sessions/"), ("get", "auth/totp/"),
        ("post", "auth/totp/enrol"), ("post", "auth/refresh"), ("post", "auth/logout"), ("post", "auth/login"),
        ("get", "api-keys/"), ("post", "api-keys/"), ("delete", f"api-keys/{NIL}/"),
    ],
)  # fmt: skip
def test_a_key_is_told_that_this_needs_a_person(ana: Person, verb: str, path: str) -> None:
    scopes = roles.scopes_of(roles.TABLE[roles.CEO] - roles.PEOPLE_ONLY)
    answer = getattr(with_key(made(ana, *scopes)), verb)(f"/api/v1/{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "people_only")


def test_a_key_never_goes_beyond_its_maker_now(ana: Person) -> None:
    key = made(ana, "settings:read", "leads:read")
    with auth_scope():
        Membership.objects.filter(pk=ana.member.pk).update(role="setter")
    assert with_key(key).get("/api/v1/settings/").status_code == 403
    assert with_key(key).get("/api/v1/leads/").status_code == 200


# --- where it works ----------------------------------------------------------------------------------------------
def test_the_company_is_the_keys_own_whatever_else_is_named(cast: Cast) -> None:
    with auth_scope():
        Membership.objects.create(user=cast["ana"].user, tenant=cast.globex, role="ceo", status="active")
        User.objects.filter(pk=cast["ana"].user.pk).update(tenant_ids=[cast.acme.pk, cast.globex.pk])
    key = made(cast["ana"], "settings:read")
    own, other = cast.acme.slug, cast.globex.slug
    assert with_key(key).get("/api/v1/settings/").status_code == 200
    assert with_key(key).get("/api/v1/settings/", HTTP_X_TENANT=own).status_code == 200
    assert with_key(key, f"{own}.localhost").get("/api/v1/settings/").status_code == 200
    assert with_key(key).get("/api/v1/settings/", HTTP_X_TENANT=other).status_code == 403
    assert with_key(key, f"{other}.localhost").get("/api/v1/settings/").status_code == 403
    assert with_key(key, f"{own}.localhost").get("/api/v1/settings/", HTTP_X_TENANT=other).status_code == 403


def test_a_key_needs_no_csrf_token_and_borrows_no_cookie(client_as: ClientAs, cast: Cast) -> None:
    client = client_as("gus", csrf=True)
    header = {"HTTP_AUTHORIZATION": f"Bearer {made(cast['ana'], 'contacts:write')}"}
    answer = client.post("/api/v1/contacts/", '{"name": "Zoe"}', content_type="application/json", **header)
    assert answer.status_code == 201
    with tenant_context(cast.acme):
        connection.run_before_commit()
        event = SystemEvent.objects.filter(resource_type="contact").latest("id")
        assert event.actor_label == "Ana (clave «Planilla»)"
        assert (event.actor_kind, event.actor_id) == ("user", str(cast["ana"].user.pk))


# --- when it ends -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("what", ["revoked", "expired", "suspended", "pending", "removed", "deactivated", "company"])
def test_it_ends_at_the_very_next_request(api_as: Api, ana: Person, what: str) -> None:
    key = made(ana, "leads:read", expires_at=timezone.now() + timedelta(days=1))
    assert with_key(key).get("/api/v1/leads/").status_code == 200
    with tenant_context(ana.tenant):
        pk = ApiKey.objects.get().pk
    if what == "revoked":
        assert api_as("ana").delete(f"/api/v1/api-keys/{pk}/").status_code == 204
        assert api_as("ana").delete(f"/api/v1/api-keys/{pk}/").status_code == 204
    with auth_scope():
        if what == "expired":
            ApiKey.objects.filter(pk=pk).update(expires_at=timezone.now())
        elif what in ("suspended", "pending"):
            Membership.objects.filter(pk=ana.member.pk).update(status=what)
        elif what == "removed":
            Membership.objects.filter(pk=ana.member.pk).delete()
        elif what == "deactivated":
            User.objects.filter(pk=ana.user.pk).update(is_active=False)
    if what == "company":
        with platform_scope("test"):
            Tenant.objects.filter(pk=ana.tenant.pk).update(status="suspended")
        registry.changed()
    assert with_key(key).get("/api/v1/leads/").status_code in (401, 403)


def test_a_new_password_does_not_end_it(ana: Person) -> None:
    """A key is seen, named and revoked on its own page; a person's new password must not stop the company's programs."""
    key = made(ana, "leads:read")
    with auth_scope():
        user = User.objects.get(pk=ana.user.pk)
        user.set_password("another one altogether")
        user.save()
    assert with_key(key).get("/api/v1/leads/").status_code == 200


def test_its_last_use_is_known_to_within_five_minutes(ana: Person, statements: Callable[..., Any]) -> None:
    key = made(ana, "leads:read")
    with_key(key).get("/api/v1/leads/")
    with tenant_context(ana.tenant):
        first = ApiKey.objects.get().last_used_at
    assert first is not None
    with statements() as seen:
        with_key(key).get("/api/v1/leads/")
    assert not seen.of("update")
    with auth_scope():
        ApiKey.objects.update(last_used_at=timezone.now() - timedelta(minutes=6))
    with_key(key).get("/api/v1/leads/")
    with tenant_context(ana.tenant):
        assert ApiKey.objects.get().last_used_at >= first


@pytest.mark.parametrize(
    "key",
    ["sk_", "sk_aaaaaaaa_", f"sk_aaaaaaaa_{'a' * 43}", f"sk_aaaaaaaa_{'a' * 44}", f"SK_aaaaaaaa_{'a' * 43}", "sk_'--"],
)
def test_a_key_of_nobody_is_a_strangers(db: None, key: str) -> None:
    assert with_key(key).get("/api/v1/leads/").status_code == 401


def test_keys_are_all_different_and_only_whole_ones_count(ana: Person) -> None:
    assert len({api_keys.new_key()[1] for _each in range(1000)}) == 1000
    key = made(ana, "leads:read")
    for spoilt in (key[:-1], key + "x", key.swapcase(), key[:12] + "a" * 43, f" {key}x"):
        assert with_key(spoilt).get("/api/v1/leads/").status_code == 401


def test_a_hundred_are_enough(ana: Person, monkeypatch: pytest.MonkeyPatch, api_as: Api) -> None:
    monkeypatch.setattr(keys, "MOST", 2)
    codes = [
        api_as("ana").post("/api/v1/api-keys/", {"name": "x", "scopes": ["leads:read"]}).status_code for _ in range(3)
    ]
    assert codes == [201, 201, 409]
