"""Mi día: what waits for a person, in order, each with its act."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.messaging import make_conversation, make_message
from tests.support.cast import Person

ClientAs = Callable[..., Client]


def waiting(tenant: Tenant, name: str, minutes: int, **over: object) -> None:
    with tenant_context(tenant):
        since = timezone.now() - timedelta(minutes=minutes)
        fields = {"mode": "human", "waiting_since": since, **over}
        make_conversation(contact=make_contact(name=name), **fields)


def names(client: Client) -> list[str]:
    return [row.who for row in client.get("/mi-dia/").context["rows"]]


def test_the_longest_wait_comes_first(client_as: ClientAs, acme: Tenant) -> None:
    waiting(acme, "Hace poco", 3)
    waiting(acme, "Hace mucho", 300)

    assert names(client_as("ana")) == ["Hace mucho", "Hace poco"]


def test_what_the_ai_answers_does_not_wait_for_a_person(client_as: ClientAs, acme: Tenant) -> None:
    waiting(acme, "Con IA", 3, mode="ai")
    waiting(acme, "Ya respondida", 3, waiting_since=None)
    waiting(acme, "Cerrada", 3, status="closed")

    assert names(client_as("ana")) == []


def test_another_persons_conversation_is_hers(client_as: ClientAs, acme: Tenant, sol: Person) -> None:
    waiting(acme, "De Sol", 3, assignee_id=sol.user.pk)

    assert names(client_as("ana")) == []
    assert names(client_as("sol")) == ["De Sol"]


def test_failed_messages_and_leads_without_seller_follow(client_as: ClientAs, acme: Tenant) -> None:
    with tenant_context(acme):
        failed = make_conversation(contact=make_contact(name="No le llegó"))
        make_message(conversation=failed, direction="out", status="failed", error="El número no tiene WhatsApp")
        make_lead(contact=make_contact(name="Nueva"))
        make_lead(contact=make_contact(name="Con vendedor"), owner=make_seller())
    waiting(acme, "Espera", 3)

    page = client_as("ana").get("/mi-dia/").content.decode()

    assert names(client_as("ana")) == ["Espera", "No le llegó", "Nueva"]
    assert "El número no tiene WhatsApp" in page


def test_an_empty_day_says_so(client_as: ClientAs) -> None:
    assert "Nada espera por una persona" in client_as("ana").get("/mi-dia/").content.decode()


def test_an_outsider_sees_nothing_of_it(client_as: ClientAs, acme: Tenant) -> None:
    waiting(acme, "De Acme", 3)

    assert names(client_as("gus")) == []


@pytest.mark.parametrize("rows", [3, 30])
def test_it_costs_eight_statements_however_much_waits(
    client_as: ClientAs, acme: Tenant, statements: Callable, rows: int
) -> None:
    for number in range(rows):
        waiting(acme, f"Contacto {number}", number)
    ana = client_as("ana")

    with statements() as seen:
        ana.get("/mi-dia/")

    assert seen.count <= 8, str(seen)
