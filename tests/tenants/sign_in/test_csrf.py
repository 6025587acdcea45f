"""Cookies alone change nothing: every unsafe verb of every address, with a session and with an access cookie."""

import json
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from itertools import product

import pytest
from django.test import Client
from django.urls import Resolver404, resolve
from rest_framework.test import APIClient

from tenants.services import tokens
from tests.isolation.urltable import UNSAFE, Address, addresses
from tests.support.cast import PASSWORD, Cast, Person
from tests.support.clients import HOST, browser
from tests.support.thorough import dealt

# They take no cookie for anything: who comes says who they are in the body.
OWN_PROOF = {"api/v1/auth/login", "api/v1/auth/token", "api/v1/auth/register"}
# With a page's session alone there is no token of theirs to renew or end.
NOTHING_CARRIED = {"api/v1/auth/refresh": 401, "api/v1/auth/logout": 204}
CSRF_FREE = {
    "csp-report/",  # browsers themselves send it, and it changes nothing
    "webhooks/tiendanube/%(route_key)s/",  # its proof is a signature (tests/crm/store/test_notices)
    "webhooks/google-calendar/",  # its proof is the token of the channel (tests/crm/agenda/sync/test_watching)
    # Open to anybody from any site, or for a token; they look at no cookie (tests/crm/web/test_public_form, test_webhook).
    "f/%(company)s/%(form)s/",
    "entrada/%(company)s/%(form)s/",
    "entrada/%(company)s/%(form)s/%(token)s/",
    # Likewise, and a link of the customer's own for one appointment (tests/crm/web/test_public_booking).
    "reservar/%(company)s/",
    "reservar/%(company)s/%(service)s/",
    "reservar/%(company)s/%(service)s/datos/",
    "reservar/%(company)s/cita/%(token)s/",
    "reservar/%(company)s/cita/%(token)s/cita.ics",
    "reservar/%(company)s/cita/%(token)s/mover/",
    "reservar/%(company)s/cita/%(token)s/cancelar/",
}
PAGES = [each for each in addresses() if not each.is_api]
API = [each for each in addresses() if each.is_api and each.cls is not None]


def signed_in(person: Person, way: str) -> Client:
    client = browser(person if way == "session" else None, csrf=True, raise_request_exception=False)
    if way == "cookie":
        client.cookies["access_token"] = tokens.access_token(person.user)
    return client


FILLINGS = ("00000000-0000-7000-8000-000000000000", "1", "tenants", "openai")


@cache
def path_of(address: Address) -> str:
    """The address filled in so that it leads to its view."""
    for values in product(FILLINGS, repeat=len(address.params)):
        path = "/" + address.route % dict(zip(address.params, values, strict=True))
        with suppress(Resolver404):
            resolve(path)
            return path
    raise AssertionError(f"nothing fits {address}")


def sent(client: Client, verb: str, address: Address) -> int:
    path = path_of(address)
    kind = "application/json" if address.is_api else "application/x-www-form-urlencoded"
    return client.generic(verb, path, json.dumps({}) if address.is_api else "", content_type=kind).status_code


def unsafe_verbs(way: str) -> Iterator[tuple[Address, str]]:
    """What the API takes; of a page POST, as forms do, and one of the verbs that no form sends."""
    for place, address in enumerate([*PAGES, *API]):
        other = [verb for verb in UNSAFE if verb != "POST"]
        verbs = [each for each in UNSAFE if each in address.verbs]
        if way == "cookie" and not address.is_api:
            verbs = ["POST"] if dealt([address], place, share=3) else []  # pages do not look at that cookie
        elif not address.is_api:
            verbs = ["POST", *dealt(other, place, share=6)]
        elif way == "session":
            verbs = [each for each in verbs if each == "POST" or each in dealt(other, place, share=2)]
        for verb in verbs:
            yield address, verb


@pytest.mark.parametrize("way", ["session", "cookie"])
def test_no_unsafe_verb_of_any_address_acts_on_cookies_alone(cast: Cast, way: str) -> None:
    client, acted, asked = signed_in(cast["ana"], way), [], 0
    for address, verb in unsafe_verbs(way):
        if address.route in OWN_PROOF | CSRF_FREE:
            continue
        asked += 1
        status = sent(client, verb, address)
        idle = way == "session" and status == NOTHING_CARRIED.get(address.route)
        if status not in (403, 405) and not idle:
            acted.append(f"{verb} {address} → {status}")
    assert not acted, "\n".join(acted)
    assert asked > 300
    assert client.get("/sesion/").status_code == 200


@pytest.mark.parametrize("way", ["session", "cookie"])
def test_an_api_that_forgets_to_ask_is_noticed(cast: Cast, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: cookies pass without their token."""
    monkeypatch.setattr("tenants.api.authentication.has_csrf_token", lambda request: True)
    client = signed_in(cast["ana"], way)
    assert [each for each in API if "POST" in each.verbs and sent(client, "POST", each) not in (403, 405)]


def test_a_bearer_token_needs_no_csrf_token_and_gives_none_to_the_cookie_beside_it(cast: Cast) -> None:
    client = signed_in(cast["ana"], "session")
    token = tokens.access_token(cast["gus"].user)
    answer = client.post(
        "/api/v1/contacts/", '{"name": "x"}', content_type="application/json", HTTP_AUTHORIZATION=f"Bearer {token}"
    )
    assert answer.status_code == 201
    assert client.post("/api/v1/contacts/", "{}", content_type="application/json").status_code == 403


def test_a_spoilt_bearer_token_does_not_fall_back_to_the_cookie(cast: Cast) -> None:
    client = signed_in(cast["ana"], "session")
    for header in ("Bearer x", "Bearer ", "bearer", "BEARER a.b.c"):
        assert client.get("/api/v1/stages/", HTTP_AUTHORIZATION=header).status_code == 401, header


def test_signing_out_with_only_an_access_cookie_needs_proof_too_and_ends_that_token(ana: Person) -> None:
    client = with_cookies(ana)
    access = client.cookies["access_token"].value
    del client.cookies["refresh_token"]
    assert client.post("/api/v1/auth/logout").status_code == 403
    assert client.cookies["access_token"].value == access
    assert client.post("/api/v1/auth/logout", HTTP_ORIGIN="http://localhost").status_code == 204
    assert Client().get("/api/v1/stages/", HTTP_AUTHORIZATION=f"Bearer {access}").status_code == 401


# --- the refresh cookie ---------------------------------------------------------------------------------------------
def with_cookies(person: Person) -> APIClient:
    client = APIClient(SERVER_NAME=HOST, enforce_csrf_checks=True)
    client.post("/api/v1/auth/login", {"email": person.user.email, "password": PASSWORD})
    return client


PROOFS = [
    ({"HTTP_ORIGIN": "http://localhost"}, True),
    ({"HTTP_SEC_FETCH_SITE": "same-origin"}, True),
    ({"HTTP_ORIGIN": "http://localhost", "HTTP_SEC_FETCH_SITE": "same-origin"}, True),
    ({}, False),
    ({"HTTP_SEC_FETCH_SITE": "same-site"}, False),
    ({"HTTP_SEC_FETCH_SITE": "cross-site"}, False),
    ({"HTTP_SEC_FETCH_SITE": "none"}, False),
    ({"HTTP_ORIGIN": "null"}, False),
    ({"HTTP_ORIGIN": "null", "HTTP_SEC_FETCH_SITE": "same-origin"}, False),
    ({"HTTP_ORIGIN": ""}, False),
    ({"HTTP_ORIGIN": "http://[::1"}, False),
    ({"HTTP_ORIGIN": "https://evil.example"}, False),
    ({"HTTP_ORIGIN": "https://evil.example", "HTTP_SEC_FETCH_SITE": "same-origin"}, False),
    ({"HTTP_ORIGIN": "http://localhost.evil.example"}, False),
    ({"HTTP_ORIGIN": "http://localhost@evil.example"}, False),
    ({"HTTP_REFERER": "http://localhost/sesion/"}, False),
    ({"HTTP_X_CSRFTOKEN": "x" * 32}, False),
]


@pytest.mark.parametrize("door", ["refresh", "logout"])
@pytest.mark.parametrize(("headers", "passes"), PROOFS, ids=str)
def test_the_refresh_cookie_counts_only_with_proof_of_our_own_page(
    ana: Person, door: str, headers: dict[str, str], passes: bool
) -> None:
    client = with_cookies(ana)
    before = client.cookies["refresh_token"].value
    answer = client.post(f"/api/v1/auth/{door}", **headers)
    assert answer.status_code == ((200 if door == "refresh" else 204) if passes else 403)
    assert (client.cookies["refresh_token"].value == before) is not passes


@pytest.mark.parametrize("door", ["refresh", "logout"])
def test_its_csrf_token_is_proof_too(ana: Person, door: str) -> None:
    client = with_cookies(ana)
    token = client.cookies["csrftoken"].value
    assert client.post(f"/api/v1/auth/{door}", HTTP_X_CSRFTOKEN=token).status_code < 300


def test_a_refresh_token_in_the_body_is_its_own_proof(ana: Person) -> None:
    refresh = with_cookies(ana).cookies["refresh_token"].value
    integration = APIClient(SERVER_NAME=HOST, enforce_csrf_checks=True)
    assert integration.post("/api/v1/auth/refresh", {"refresh": refresh}).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_of_another_site_cannot_speak_to_the_api(ana: Person, kind: str) -> None:
    """What a form can send without asking first is not read."""
    body = json.dumps({"email": ana.user.email, "password": PASSWORD})
    answer = Client(SERVER_NAME=HOST).generic("POST", "/api/v1/auth/login", body, content_type=kind)
    assert answer.status_code == 415
    assert "access_token" not in answer.cookies
