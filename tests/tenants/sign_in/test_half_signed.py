"""Between the password and the code: whoever stands there reaches the page for the code, the way out, and nothing else."""

import json

import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client

from tenants.context import auth_scope
from tenants.models import User
from tenants.services import sign_in
from tenants.sessions import SessionStore
from tests.isolation.test_pages import PERSONAL
from tests.isolation.urltable import UNSAFE, Address, addresses
from tests.support.cast import PASSWORD, Person
from tests.support.clients import HOST
from tests.support.thorough import dealt
from tests.tenants.sign_in.factor import code, enrolled

ALL = addresses()
NIL = "00000000-0000-7000-8000-000000000000"


def paths(address: Address) -> list[str]:
    return address.paths({"x": NIL})[:1]


def half(person: Person) -> Client:
    client = Client(SERVER_NAME=HOST, raise_request_exception=False)
    client.post("/login/", {"email": person.user.email, "password": PASSWORD})
    return client


def answers(client: Client) -> dict[str, tuple[int, str]]:
    """Every address × verb: status and where it leads."""
    found = {}
    for address in dealt(ALL, 0, share=2):
        if address.route in ("logout/", "login/"):
            continue
        for verb in ("GET", *(UNSAFE if address.is_api else ("POST",))):
            for path in paths(address):
                body = json.dumps({}) if address.is_api else ""
                kind = "application/json" if address.is_api else "application/x-www-form-urlencoded"
                answer = client.generic(verb, path, body, content_type=kind)
                found[f"{verb} {address.route}"] = (answer.status_code, answer.get("Location", ""))
    return found


def test_half_signed_opens_exactly_what_a_stranger_opens(ana: Person) -> None:
    enrolled(ana)
    client, stranger = half(ana), Client(SERVER_NAME=HOST, raise_request_exception=False)
    key = client.cookies["session"].value
    got, expected = answers(client), answers(stranger)
    code_page = {f"{verb} login/codigo/" for verb in ("GET", "POST")}
    different = {name: (got[name], expected[name]) for name in got if got[name] != expected[name]}
    assert set(different) <= code_page, different
    assert len(got) > 150
    assert client.cookies["session"].value == key  # nothing on the way signed anybody in or out


def test_no_address_of_a_company_or_person_answers_the_half_signed(ana: Person) -> None:
    enrolled(ana)
    client, opened = half(ana), []
    for address in ALL:
        if address.permission("GET") is None and address.route not in PERSONAL:
            continue
        for path in paths(address):
            status = client.get(path).status_code
            if status not in (302, 301, 401, 403, 404, 405):
                opened.append(f"{path} → {status}")
    assert opened == []


def test_a_half_signed_that_looked_like_a_signed_in_session_would_be_noticed(
    ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: the half-way keeps the person where sessions keep theirs, and "asks later"."""

    def careless(request: object, user: object, wanted: str) -> None:
        sign_in.start_session(request, user, backend="tenants.backends.EmailBackend")  # type: ignore[arg-type]

    monkeypatch.setattr(sign_in, "_begin_half", careless)
    enrolled(ana)
    assert half(ana).get("/leads/").status_code == 200


def test_the_session_names_nobody_until_the_code(ana: Person) -> None:
    secret = enrolled(ana)
    client = half(ana)
    assert SESSION_KEY not in SessionStore(client.cookies["session"].value).load()
    client.post("/login/codigo/", {"code": code(secret)})
    assert SESSION_KEY in SessionStore(client.cookies["session"].value).load()


def test_the_way_out_forgets_the_password_that_was_given(ana: Person) -> None:
    secret = enrolled(ana)
    client = half(ana)
    assert client.post("/logout/").status_code == 302
    assert client.post("/login/codigo/", {"code": code(secret)})["Location"] == "/login/"


def test_somebody_elses_half_way_replaces_a_session_that_was_open(ana: Person, gus: Person) -> None:
    enrolled(ana)
    client = Client(SERVER_NAME=HOST)
    client.post("/login/", {"email": gus.user.email, "password": PASSWORD})
    client.post("/login/", {"email": ana.user.email, "password": PASSWORD})
    assert client.get("/sesion/").status_code == 302


def test_a_half_way_of_a_deactivated_person_ends(ana: Person) -> None:
    secret = enrolled(ana)
    client = half(ana)
    with auth_scope():
        User.objects.filter(pk=ana.user.pk).update(is_active=False)
    assert client.post("/login/codigo/", {"code": code(secret)})["Location"] == "/login/"
