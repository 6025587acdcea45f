"""Entregas: what did not leave, why, and sending it again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from messaging.models import Channel, Message
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.services import teams
from tests.factories.crm import make_contact
from tests.factories.messaging import make_channel, make_conversation, make_message
from tests.support.cast import Cast, Person
from tests.support.tasks import Queue

Browser = Callable[..., Client]
MOST = 8


def left(channel: Channel, *, name: str = "Ana Paz", **over: Any) -> Message:
    """A message that did not leave over the channel."""
    chat = over.pop("conversation", None) or make_conversation(channel=channel, contact=make_contact(name=name))
    fields = {"status": "failed", "error_code": "131026", "error": "No se pudo entregar.", **over}
    return make_message(conversation=chat, direction="out", **fields)


@pytest.fixture
def ventas(acme: Tenant) -> Channel:
    with tenant_context(acme):
        return make_channel(name="Ventas")


def page(browser: Client, query: str = "") -> str:
    answer = browser.get(f"/entregas/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def status_of(acme: Tenant, message: Message) -> str:
    with tenant_context(acme):
        return Message.objects.get(pk=message.pk).status


def test_what_did_not_leave_is_listed_with_its_reason_and_its_customer(
    acme: Tenant, ventas: Channel, client_as: Browser
) -> None:
    with tenant_context(acme):
        failed = left(ventas, text="Su turno es mañana")
        left(ventas, name="Beto", text="¿Le sirve?", status="unknown", error="No se sabe si llegó.")
        left(ventas, name="Carla", text="Este sí salió", status="sent", error="")
    shown = page(client_as("ana"))

    assert "No se pudo entregar." in shown
    assert "No se sabe si llegó." in shown
    assert f"/bandeja/{failed.conversation_id}/" in shown
    assert "Beto" in shown
    assert "Este sí salió" not in shown
    assert "Beto" not in page(client_as("ana"), "?estado=failed")


def test_it_is_narrowed_by_channel_and_what_makes_no_sense_is_ignored(
    acme: Tenant, ventas: Channel, client_as: Browser
) -> None:
    with tenant_context(acme):
        left(ventas, text="por ventas")
        left(make_channel(name="Soporte"), text="por soporte")
    browser = client_as("ana")

    assert "por soporte" not in page(browser, f"?canal={ventas.pk}")
    assert "por soporte" in page(browser, "?canal=nada&estado=raro")


def test_older_than_a_month_is_over_and_an_empty_list_says_so(
    acme: Tenant, ventas: Channel, client_as: Browser
) -> None:
    with tenant_context(acme):
        Message.objects.filter(pk=left(ventas).pk).update(created_at=timezone.now() - timedelta(days=31))

    assert "salió" in page(client_as("ana"))


def test_one_is_sent_again(acme: Tenant, ventas: Channel, client_as: Browser, queued: Queue) -> None:
    with tenant_context(acme):
        message = left(ventas)
    answer = client_as("ana").post(f"/entregas/{message.pk}/reenviar/", {"query": "estado=failed"})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/entregas/?estado=failed")
    assert status_of(acme, message) == "queued"
    queued.drain()
    assert status_of(acme, message) == "sent"


def test_what_nobody_confirmed_needs_somebody_who_looked(acme: Tenant, ventas: Channel, client_as: Browser) -> None:
    with tenant_context(acme):
        message = left(ventas, status="unknown")
    browser = client_as("ana")

    browser.post(f"/entregas/{message.pk}/reenviar/")
    assert status_of(acme, message) == "unknown"
    browser.post(f"/entregas/{message.pk}/reenviar/", {"looked": "1"})
    assert status_of(acme, message) == "queued"


def test_an_agents_words_leave_when_a_person_sends_them_again(
    acme: Tenant, ventas: Channel, client_as: Browser, queued: Queue
) -> None:
    with tenant_context(acme):
        message = left(ventas, conversation=make_conversation(channel=ventas, mode="human"))
    client_as("ana").post(f"/entregas/{message.pk}/reenviar/")
    queued.drain()

    assert status_of(acme, message) == "sent"


def test_all_of_one_channel_and_reason_are_sent_again_and_nothing_else(
    acme: Tenant, ventas: Channel, client_as: Browser
) -> None:
    with tenant_context(acme):
        same = [left(ventas), left(ventas, name="Beto")]
        others = [
            left(ventas, name="Carla", error_code="window_closed"),
            left(ventas, name="Dina", status="unknown"),
            left(make_channel(), name="Elsa"),
        ]
    browser = client_as("ana")
    assert "Reenviar 2 mensajes" in page(browser)
    browser.post(f"/entregas/canal/{ventas.pk}/reenviar/", {"code": "131026"})

    assert {status_of(acme, each) for each in same} == {"queued"}
    assert [status_of(acme, each) for each in others] == ["failed", "unknown", "failed"]


def test_whose_message_it_is_stays_with_those_who_may_see_it(
    acme: Tenant, ventas: Channel, ana: Person, cast: Cast, client_as: Browser
) -> None:
    with tenant_context(acme):
        chat = make_conversation(channel=ventas, contact=make_contact(name="Ana Paz"), assignee=ana.user)
        message = left(ventas, conversation=chat, text="privado")
        teams.set_scope(member=cast["rita"].member, scope="own", team=None, by=ana.actor)
    browser = client_as("rita")
    shown = page(browser)

    assert "De otra persona del equipo" in shown
    assert "No se pudo entregar." not in shown  # a provider may quote whom it speaks of
    assert "Ana Paz" not in shown
    assert "privado" not in shown
    assert browser.post(f"/entregas/{message.pk}/reenviar/").status_code in (403, 404)
    assert status_of(acme, message) == "failed"


def test_the_page_costs_the_same_with_many(
    acme: Tenant, ventas: Channel, client_as: Browser, statements: Callable[..., Any]
) -> None:
    counts = []
    for rows in (1, 29):
        with tenant_context(acme):
            for number in range(rows):
                left(ventas, name=f"Persona {rows} {number}")
        browser = client_as("ana")
        with statements() as seen:
            page(browser)
        assert seen.count <= MOST, str(seen)
        counts.append(seen.count)
    assert counts[0] == counts[1]


def test_the_api_lists_what_the_caller_may_see(acme: Tenant, ventas: Channel, api_as: Callable[..., APIClient]) -> None:
    with tenant_context(acme):
        failed, unknown = left(ventas), left(ventas, name="Beto", status="unknown")
    api = api_as("ana")

    def listed(query: str = "") -> list[str]:
        return [each["id"] for each in api.get(f"/api/v1/messages/{query}").json()["results"]]

    assert set(listed()) == {str(failed.pk), str(unknown.pk)}
    assert listed("?status=failed") == [str(failed.pk)]
    assert listed(f"?status=unknown&channel={ventas.pk}") == [str(unknown.pk)]
    assert api.get("/api/v1/messages/?status=sent").status_code in (400, 422)
    assert api.post(f"/api/v1/messages/{failed.pk}/retry/").json()["status"] == "queued"
