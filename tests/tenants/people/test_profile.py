"""Name and address of one's own account."""

from collections.abc import Callable
from typing import Any

from django.test import Client

from tenants.context import auth_scope
from tenants.models import Tenant, User
from tests.fakes.smtp import Mailbox, text_of
from tests.support.cast import PASSWORD, Person
from tests.support.tasks import Queue
from tests.tenants.people.conftest import actions, emails, link_in, open_links

ClientAs = Callable[..., Client]
NEW = "ana.nueva@example.test"


def change_email(client: Client, email: str = NEW, password: str = PASSWORD) -> Any:
    return client.post("/perfil/", {"act": "email", "email": email, "password": password})


def address_of(person: Person) -> str:
    with auth_scope():
        return User.objects.get(pk=person.user.pk).email


def test_strangers_are_sent_to_sign_in(client_as: ClientAs) -> None:
    assert client_as(None).get("/perfil/")["Location"].startswith("/login/")


def test_the_page_is_open_to_who_waits(client_as: ClientAs) -> None:
    assert client_as("pia").get("/perfil/").status_code == 200


def test_the_name_changes(client_as: ClientAs, ana: Person, acme: Tenant) -> None:
    browser = client_as("ana")
    browser.post("/perfil/", {"act": "name", "name": "Ana Paz"})
    assert "Ana Paz" in browser.get("/sesion/").content.decode()
    assert "person.renamed" in actions(acme)
    assert browser.post("/perfil/", {"act": "name", "name": " "}).status_code == 422


def test_a_new_address_counts_once_its_link_was_opened(
    client_as: ClientAs, ana: Person, acme: Tenant, mailbox: Mailbox, queued: Queue
) -> None:
    browser = client_as("ana")
    assert change_email(browser).status_code == 302
    queued.drain()
    assert address_of(ana) == ana.user.email
    assert "Falta abrir el enlace" in browser.get("/perfil/").content.decode()
    [notice] = mailbox.to(ana.user.email)
    assert NEW in text_of(notice)
    assert "/recuperar/" in text_of(notice)
    assert "/enlace/" not in text_of(notice)
    path = link_in(mailbox, NEW)
    assert client_as(None).get(path).status_code == 200
    assert address_of(ana) == ana.user.email
    client_as(None).post(path)
    assert address_of(ana) == NEW
    assert {"email.change_asked", "email.changed"} <= set(actions(acme))
    queued.drain()
    assert mailbox.to(ana.user.email)[-1]["Subject"] == "El correo de la cuenta cambió"
    assert client_as(None).post("/login/", {"email": NEW, "password": PASSWORD}).status_code == 302


def test_it_needs_the_password(client_as: ClientAs, ana: Person) -> None:
    refused = change_email(client_as("ana"), password="otra-cosa-1")
    assert refused.status_code == 403
    assert "La contraseña no coincide" in refused.content.decode()
    assert NEW in refused.content.decode()
    assert (open_links(), emails()) == ([], [])


def test_an_address_in_use_gets_the_same_answer_and_opens_nothing(
    client_as: ClientAs, ana: Person, gus: Person, mailbox: Mailbox, queued: Queue
) -> None:
    browser = client_as("ana")
    free, taken = change_email(browser), change_email(browser, gus.user.email)
    assert (free.status_code, free["Location"]) == (taken.status_code, taken["Location"])
    queued.drain()
    assert client_as(None).post(link_in(mailbox, gus.user.email)).status_code == 410
    assert (address_of(ana), address_of(gus)) == (ana.user.email, gus.user.email)


def test_a_change_can_be_stopped(client_as: ClientAs, ana: Person, mailbox: Mailbox, queued: Queue) -> None:
    browser = client_as("ana")
    change_email(browser)
    queued.drain()
    browser.post("/perfil/", {"act": "stop"})
    assert client_as(None).post(link_in(mailbox, NEW)).status_code == 410
    assert "Falta abrir el enlace" not in browser.get("/perfil/").content.decode()


def test_a_new_password_stops_it(client_as: ClientAs, ana: Person, mailbox: Mailbox, queued: Queue) -> None:
    """What the notice to the old address says to do."""
    change_email(client_as("ana"))
    client_as(None).post("/recuperar/", {"email": ana.user.email})
    queued.drain()
    client_as(None).post(link_in(mailbox, ana.user.email), {"password": "caballo-correcto-42"})
    assert client_as(None).post(link_in(mailbox, NEW)).status_code == 410
    assert address_of(ana) == ana.user.email


def test_asking_twice_ends_the_first(client_as: ClientAs, ana: Person, mailbox: Mailbox, queued: Queue) -> None:
    browser = client_as("ana")
    for email in (NEW, "otra@example.test"):
        change_email(browser, email)
        queued.drain()
    assert client_as(None).post(link_in(mailbox, NEW)).status_code == 410
    client_as(None).post(link_in(mailbox, "otra@example.test"))
    assert address_of(ana) == "otra@example.test"


def test_a_token_of_an_integration_changes_nobodys_account(api_as: Any, ana: Person) -> None:
    api = api_as("ana")
    api.handler.enforce_csrf_checks = False
    answer = api.post("/perfil/", {"act": "name", "name": "Eve"}, format="multipart")
    assert answer.status_code == 302
    with auth_scope():
        assert User.objects.get(pk=ana.user.pk).name == "Ana"


def test_what_makes_no_sense_is_refused(client_as: ClientAs) -> None:
    assert client_as("ana").post("/perfil/", {"act": "explode"}).status_code == 422
    assert change_email(client_as("ana"), "no es").status_code == 422
