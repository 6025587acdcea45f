"""A stored value comes out in one place only: for a person, with their password, once, and never unnoticed."""

import hashlib
from collections.abc import Callable

import pytest
from django.test import Client
from rest_framework.test import APIClient

from config.lib.errors import Forbidden
from tenants.context import tenant_context
from tenants.domain import roles
from tenants.live.models import IdempotentRequest
from tenants.models import Membership, SystemEvent, Tenant
from tenants.services import vault_reveal
from tests.support.cast import PASSWORD, Person
from tests.tenants.vault.conftest import BY, Store

VALUE = "sk-once-0123456789-abcd"
PAGE = "/credenciales/openai/API_KEY/mostrar/"
API = "/api/v1/credentials/openai/API_KEY/reveal"
Browser = Callable[..., Client]
Api = Callable[..., APIClient]


@pytest.fixture(autouse=True)
def _stored(acme: Tenant, store: Store) -> None:
    store(acme, "openai", API_KEY=VALUE)


def trail(tenant: Tenant) -> list[tuple[str, str]]:
    with tenant_context(tenant):
        rows = SystemEvent.objects.filter(action="credential.revealed").order_by("id")
        assert VALUE not in str(list(rows.values()))
        return [(row.outcome, row.actor_label) for row in rows]


def test_the_api_gives_the_value_for_the_password_and_forbids_keeping_it(api_as: Api, acme: Tenant) -> None:
    answer = api_as("ana").post(API, {"password": PASSWORD})
    assert (answer.status_code, answer.json()) == (200, {"value": VALUE})
    assert answer["Cache-Control"] == "no-store"
    assert trail(acme) == [("ok", "Ana")]


def test_a_wrong_password_gives_nothing_and_is_in_the_trail(api_as: Api, acme: Tenant) -> None:
    answer = api_as("ana").post(API, {"password": "not-hers-at-all"})
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "reauthentication_failed"
    assert VALUE not in answer.content.decode()
    assert trail(acme) == [("refused", "Ana")]


def test_guessing_the_password_ends_after_a_few_tries(api_as: Api, acme: Tenant) -> None:
    api = api_as("ana")
    answers = [api.post(API, {"password": f"guess-{number}"}).status_code for number in range(6)]
    assert answers == [403] * 5 + [429]
    assert api.post(API, {"password": PASSWORD}).status_code == 429
    assert len(trail(acme)) == 7


def test_the_page_asks_shows_once_and_forgets(client_as: Browser, acme: Tenant) -> None:
    ana = client_as("ana")
    assert VALUE not in ana.get(PAGE).content.decode()
    shown = ana.post(PAGE, {"password": PASSWORD})
    assert VALUE in shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    for path in (PAGE, "/credenciales/", "/credenciales/openai/", "/credenciales/openai/API_KEY/"):
        assert VALUE not in ana.get(path).content.decode()


def test_the_page_refuses_a_wrong_password_beside_its_box(client_as: Browser, acme: Tenant) -> None:
    refused = client_as("ana").post(PAGE, {"password": "not-hers-at-all"})
    assert refused.status_code == 403
    assert "La contraseña no coincide" in refused.content.decode()
    assert VALUE not in refused.content.decode()
    assert refused["Cache-Control"] == "no-store"
    assert trail(acme) == [("refused", "Ana")]


@pytest.mark.parametrize("name", ["sol", "teo", "rita", "paz", "pia", "iris", "gus", None])
def test_nobody_else_sees_it_even_with_their_own_password(
    name: str | None, api_as: Api, client_as: Browser, acme: Tenant
) -> None:
    api, page = api_as(name).post(API, {"password": PASSWORD}), client_as(name).post(PAGE, {"password": PASSWORD})
    for answer in (api, page):
        assert answer.status_code in (302, 401, 403, 404)
        assert VALUE not in answer.content.decode()


@pytest.mark.parametrize("how", ["an API key", "a visit of the platform"])
def test_neither_an_api_key_nor_a_visitor_of_the_platform_sees_it(how: str, acme: Tenant, ana: Person) -> None:
    with tenant_context(acme):
        member = Membership.objects.select_related("user").get(user_id=ana.user.pk)
        if how == "an API key":
            member.narrowed_to = frozenset({"credentials.read", "credentials.write"})
        else:
            member.role = roles.SUPPORT
        with pytest.raises(Forbidden):
            vault_reveal.reveal(
                category="openai", name="API_KEY", member=member, password=PASSWORD, address=None, by=BY
            )


def test_a_repeated_request_is_not_answered_from_a_kept_copy(api_as: Api, acme: Tenant) -> None:
    """What is kept for an Idempotency-Key would be the value, in the open, for a day."""
    api = api_as("ana")
    for _each in range(2):
        assert api.post(API, {"password": PASSWORD}, HTTP_IDEMPOTENCY_KEY="k1").status_code == 200
    with tenant_context(acme):
        assert not IdempotentRequest.objects.exists()
    assert len(trail(acme)) == 2


def test_a_repeated_put_stores_once_and_leaves_no_hash_to_try_words_on(api_as: Api, acme: Tenant) -> None:
    api, body = api_as("ana"), {"value": "short-1"}
    first = api.put("/api/v1/credentials/smtp/PASSWORD", body, HTTP_IDEMPOTENCY_KEY="k1")
    again = api.put("/api/v1/credentials/smtp/PASSWORD", body, HTTP_IDEMPOTENCY_KEY="k1")
    assert first.json() == again.json()
    assert first.json()["version"] == 1
    other = api.put("/api/v1/credentials/smtp/PASSWORD", {"value": "short-2"}, HTTP_IDEMPOTENCY_KEY="k1")
    assert other.json()["error"]["code"] == "idempotency_mismatch"
    with tenant_context(acme):
        kept = IdempotentRequest.objects.get()
    assert kept.body_hash != _plain_hash(b'{"value":"short-1"}')
    assert "short-1" not in kept.response


def _plain_hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def test_what_is_not_stored_is_not_found(api_as: Api) -> None:
    assert api_as("ana").post("/api/v1/credentials/openai/BASE_URL/reveal", {"password": PASSWORD}).status_code == 404
