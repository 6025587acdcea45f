"""Whoever registers waits for a CEO; nobody learns from it who has an account."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client

from tenants.context import auth_scope, platform_scope, tenant_context
from tenants.models import Membership, Password, SystemEvent, Tenant, User
from tenants.services import registry
from tests.fakes.smtp import Mailbox, text_of
from tests.support.cast import Cast, Person
from tests.support.tasks import Queue
from tests.tenants.people.conftest import PASSWORD, actions, emails, link_in, state_of

ClientAs = Callable[..., Client]


def fields(company: Tenant, **over: str) -> dict[str, str]:
    return {"tenant": company.slug, "name": "Nora Nueva", "email": "nora@example.test", "password": PASSWORD, **over}


def register(client: Client, company: Tenant, **over: str) -> Any:
    return client.post("/registro/", fields(company, **over))


def words(answer: Any) -> str:
    return re.sub(r'(csrf-token" content|csrfmiddlewaretoken" value)="[^"]*"', "", answer.content.decode())


def person(email: str) -> User | None:
    with auth_scope():
        return User.objects.filter(email=email).first()


def test_who_registers_waits(client_as: ClientAs, acme: Tenant) -> None:
    answer = register(client_as(None), acme)
    assert answer.status_code == 200
    assert "Pedido enviado" in answer.content.decode()
    assert state_of(acme, "nora@example.test") == ("setter", "pending")
    assert {"member.added", "person.registered"} <= set(actions(acme))


def test_a_waiting_person_opens_nothing_and_is_told_why(client_as: ClientAs, acme: Tenant) -> None:
    browser = client_as(None)
    register(browser, acme)
    browser.post("/login/", {"email": "nora@example.test", "password": PASSWORD})
    refused = browser.get("/mi-dia/")
    assert refused.status_code == 403
    assert "espera la aprobación" in refused.content.decode()


def test_before_the_right_password_nobody_learns_that_somebody_waits(client_as: ClientAs, pia: Person) -> None:
    waiting = client_as(None).post("/login/", {"email": pia.user.email, "password": "otra-cosa-1"})
    unknown = client_as(None).post("/login/", {"email": "nadie@example.test", "password": "otra-cosa-1"})
    assert waiting.status_code == unknown.status_code == 401
    assert "aprobación" not in waiting.content.decode()


def test_an_address_that_has_an_account_gets_the_same_answer(client_as: ClientAs, acme: Tenant, gus: Person) -> None:
    fresh = register(client_as(None), acme)
    taken = register(client_as(None), acme, email=gus.user.email.upper(), name="Otra")
    assert fresh.status_code == taken.status_code
    assert words(fresh) == words(taken)
    assert state_of(acme, gus.user.email) is None
    known = person(gus.user.email)
    assert known is not None
    assert known.name == "Gus"


def test_both_answers_cost_one_password_hash(
    client_as: ClientAs, acme: Tenant, gus: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hashing is what takes time: without it the wait would tell who has an account."""
    assert [hashes(client_as, acme, email, monkeypatch) for email in ("nora@example.test", gus.user.email)] == [1, 1]


def test_an_answer_without_a_hash_would_be_seen(
    client_as: ClientAs, acme: Tenant, gus: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenants.services.registration.make_password", lambda password: "")
    assert hashes(client_as, acme, gus.user.email, monkeypatch) == 0


def hashes(client_as: ClientAs, tenant: Tenant, email: str, monkeypatch: pytest.MonkeyPatch) -> int:
    counted, encode = [], MD5PasswordHasher.encode

    def count(self: Any, *args: Any, **kwargs: Any) -> str:
        counted.append(1)
        return encode(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(MD5PasswordHasher, "encode", count)
        register(client_as(None), tenant, email=email)
    return len(counted)


def test_the_owner_of_the_account_hears_of_it_and_may_ask(
    client_as: ClientAs, acme: Tenant, gus: Person, mailbox: Mailbox, queued: Queue
) -> None:
    register(client_as(None), acme, email=gus.user.email)
    queued.drain()
    [told] = mailbox.to(gus.user.email)
    assert f"/registro/?empresa={acme.slug}" in text_of(told)
    browser = client_as("gus")
    assert acme.slug in browser.get(f"/registro/?empresa={acme.slug}").content.decode()
    assert browser.post("/registro/", {"tenant": acme.slug}).status_code == 200
    assert state_of(acme, gus.user.email) == ("setter", "pending")


def test_who_belongs_already_is_told(client_as: ClientAs, acme: Tenant) -> None:
    answer = client_as("sol").post("/registro/", {"tenant": acme.slug})
    assert answer.status_code == 409
    assert "ya pertenece" in answer.content.decode()


def test_the_address_is_confirmed_by_the_link_in_the_mail(
    client_as: ClientAs, acme: Tenant, mailbox: Mailbox, queued: Queue
) -> None:
    register(client_as(None), acme)
    queued.drain()
    fresh = person("nora@example.test")
    assert fresh is not None
    assert fresh.email_confirmed_at is None
    path = link_in(mailbox, "nora@example.test")
    assert client_as(None).post(path).status_code == 302
    fresh = person("nora@example.test")
    assert fresh is not None
    assert fresh.email_confirmed_at is not None
    assert state_of(acme, "nora@example.test") == ("setter", "pending")  # that alone lets nobody in


def test_every_ceo_is_told_once_in_a_while(
    client_as: ClientAs, acme: Tenant, ana: Person, mailbox: Mailbox, queued: Queue
) -> None:
    for number in range(3):
        register(client_as(None), acme, email=f"n{number}@example.test")
    queued.drain()
    told = mailbox.to(ana.user.email)
    assert [each["Subject"] for each in told] == ["Nora Nueva pide acceso a Acme"]
    assert mailbox.to("iris@acme.test") == []  # suspended
    assert "/equipo/" in text_of(told[0])


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"tenant": "no-such-company"}, "No hay ninguna empresa con ese identificador"),
        ({"password": "corta"}, "demasiado corta"),
        ({"password": "nora@example.test"}, "similar"),
        ({"password": "contrasena1234567890", "email": "no es"}, "correo"),
        ({"name": ""}, "id_name_error"),
    ],
)
def test_what_is_wrong_stands_beside_the_field(
    over: dict[str, str], field: str, client_as: ClientAs, acme: Tenant
) -> None:
    answer = register(client_as(None), acme, **over)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert field in page
    assert person("nora@example.test") is None
    if "name" not in over:
        assert 'value="Nora Nueva"' in page
    assert PASSWORD not in page


def test_a_bad_password_is_refused_alike_for_a_known_address(client_as: ClientAs, acme: Tenant, gus: Person) -> None:
    fresh = register(client_as(None), acme, password="corta")
    taken = register(client_as(None), acme, password="corta", email=gus.user.email)
    assert fresh.status_code == taken.status_code == 422


def test_the_companies_are_not_listed(client_as: ClientAs, cast: Cast) -> None:
    page = client_as(None).get("/registro/").content.decode()
    assert cast.acme.name not in page
    assert cast.globex.name not in page


def test_a_suspended_company_is_none(client_as: ClientAs, acme: Tenant) -> None:
    with platform_scope("test"):
        Tenant.objects.filter(pk=acme.pk).update(status="suspended")
    registry.changed()
    assert register(client_as(None), acme).status_code == 422


def test_three_a_minute_from_one_address_page_and_api_together(client_as: ClientAs, api_as: Any, acme: Tenant) -> None:
    answers = [register(client_as(None), acme, email=f"n{number}@example.test").status_code for number in range(2)]
    api = api_as(None)
    answers.append(api.post("/api/v1/auth/register", fields(acme, email="n3@example.test")).status_code)
    refused = api.post("/api/v1/auth/register", fields(acme, email="n4@example.test"))
    page = register(client_as(None), acme, email="n5@example.test")
    assert answers == [200, 200, 202]
    assert refused.status_code == page.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 60
    assert 0 < int(page["Retry-After"]) <= 60
    assert person("n4@example.test") is None


def test_the_api_answers_the_same_for_known_and_unknown(api_as: Any, acme: Tenant, gus: Person) -> None:
    api = api_as(None)
    fresh = api.post("/api/v1/auth/register", fields(acme))
    taken = api.post("/api/v1/auth/register", fields(acme, email=gus.user.email))
    assert (fresh.status_code, fresh.json()) == (taken.status_code, taken.json())
    assert fresh.json()["status"] == "pending"
    wrong = api.post("/api/v1/auth/register", fields(acme, tenant="nope"))
    assert wrong.status_code == 422
    assert "tenant" in wrong.json()["error"]["fields"]


def test_registering_works_without_any_mail(client_as: ClientAs, acme: Tenant, no_mail: None, queued: Queue) -> None:
    register(client_as(None), acme)
    queued.drain()
    assert {row.state for row in emails()} == {"undeliverable"}
    page = client_as("ana").get("/equipo/").content.decode()
    assert "nora@example.test" in page
    assert "Correo sin confirmar" in page


def test_the_password_is_in_no_row_but_its_hash(client_as: ClientAs, acme: Tenant) -> None:
    register(client_as(None), acme)
    with auth_scope():
        rows = str(list(User.objects.values())) + str(list(Membership.objects.values()))
        hashed = Password.objects.get(user__email="nora@example.test").hash
    with tenant_context(acme):
        rows += str(list(SystemEvent.objects.values()))
    assert PASSWORD not in rows + hashed
