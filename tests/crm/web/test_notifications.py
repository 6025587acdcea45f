"""The bell and the list behind it."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils.html import strip_tags

from crm.models import Contact, Notification
from crm.services.notifications import notify
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_contact
from tests.support.cast import Person

ClientAs = Callable[..., Client]


@pytest.fixture
def contact(acme: Tenant, sol: Person) -> Contact:
    with tenant_context(acme):
        contact = make_contact(name="Marta")
        for number in range(3):
            notify(
                user_id=sol.user.pk,
                kind=Notification.Kind.MENTION,
                key=str(number),
                contact=contact,
                href=f"/contactos/{contact.pk}/",
                facts={"by": "Ana"},
            )
        return contact


def test_the_bell_counts_what_is_unread(client_as: ClientAs, contact: Contact, statements: Callable) -> None:
    sol = client_as("sol")
    with statements() as seen:
        bell = sol.get("/avisos/campana/").content.decode()

    assert "3 avisos sin leer" in bell
    assert 'id="bell-head"' in sol.get("/avisos/campana/?en=head").content.decode()
    assert seen.count <= 5, str(seen)
    assert "0 avisos sin leer" in client_as("ana").get("/avisos/campana/").content.decode()


def test_every_page_has_a_bell_that_costs_it_nothing(
    client_as: ClientAs, contact: Contact, statements: Callable
) -> None:
    with statements() as seen:
        page = client_as("sol").get("/sesion/").content.decode()

    assert 'hx-get="/avisos/campana/"' in page
    assert not [sql for sql in seen.sql if "crm_notification" in sql]


def test_opening_one_marks_it_and_leads_to_what_it_is_about(
    client_as: ClientAs, acme: Tenant, contact: Contact
) -> None:
    sol = client_as("sol")
    with tenant_context(acme):
        pk = Notification.objects.filter(key="1").get().pk

    assert sol.get(f"/avisos/{pk}/abrir/")["Location"] == "/avisos/"  # a look changes nothing
    answer = sol.post(f"/avisos/{pk}/abrir/")

    assert answer["Location"] == f"/contactos/{contact.pk}/"
    with tenant_context(acme):
        assert list(Notification.objects.filter(read_at=None).order_by("key").values_list("key", flat=True)) == [
            "0",
            "2",
        ]


def test_the_list_shows_the_unread_then_all(client_as: ClientAs, acme: Tenant, contact: Contact) -> None:
    sol = client_as("sol")
    assert strip_tags(sol.get("/avisos/").content.decode()).count("Ana le nombró en una nota sobre Marta.") == 3

    sol.post("/avisos/leidos/")

    assert "No hay avisos sin leer." in sol.get("/avisos/").content.decode()
    assert sol.get("/avisos/?ver=todos").content.decode().count("Ana le nombró") == 3


def test_somebody_elses_are_not_there(client_as: ClientAs, acme: Tenant, contact: Contact) -> None:
    with tenant_context(acme):
        pk = Notification.objects.filter(key="1").get().pk
    for name in ("ana", "gus"):
        client = client_as(name)
        assert "Marta" not in client.get("/avisos/?ver=todos").content.decode()
        assert client.post(f"/avisos/{pk}/abrir/").status_code == 404
    with tenant_context(acme):
        assert Notification.objects.filter(read_at=None).count() == 3


def test_an_empty_list_says_when_something_will_come(client_as: ClientAs) -> None:
    assert "Todavía no hay avisos" in client_as("ana").get("/avisos/?ver=todos").content.decode()


def test_the_list_costs_the_same_for_many(
    client_as: ClientAs, acme: Tenant, contact: Contact, sol: Person, statements: Callable
) -> None:
    client, counts = client_as("sol"), []
    for more in (0, 60):
        with tenant_context(acme):
            for number in range(more):
                notify(
                    user_id=sol.user.pk, kind=Notification.Kind.ASSIGNED, key=f"more{number}", contact=make_contact()
                )
        with statements() as seen:
            client.get("/avisos/")
        counts.append(seen.count)

    assert max(counts) <= 8
    assert counts[1] <= counts[0]
