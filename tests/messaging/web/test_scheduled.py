"""Writing for later in the chat: quick choices, a day and a time, the list under the box and the list of all."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from messaging.models import Conversation, Message, ScheduledMessage
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_contact
from tests.factories.messaging import make_channel, make_conversation, make_message, make_scheduled, make_template
from tests.support.cast import Person

MOST = 8
HX = {"HX-Request": "true"}


@pytest.fixture
def chat(acme: Tenant) -> Conversation:
    with tenant_context(acme):
        channel = make_channel(provider="meta_direct", channel_source="whatsapp", config={"phone_number_id": "1"})
        contact = make_contact(name="Marta Paz")
        return make_conversation(channel=channel, contact=contact, last_inbound_at=timezone.now())


def only(acme: Tenant) -> ScheduledMessage:
    with tenant_context(acme):
        return ScheduledMessage.objects.get()


@pytest.mark.parametrize("when", ["hour", "tomorrow", "monday"])
def test_a_quick_choice_keeps_the_words_for_later(
    acme: Tenant, chat: Conversation, client_as: Callable[..., Client], when: str
) -> None:
    form = {"text": "¿Cómo siguió?", "when": when, "stop_on_reply": "on"}
    answer = client_as("ana").post(f"/bandeja/{chat.pk}/programar/", form, headers=HX)
    row = only(acme)
    assert (answer.status_code, row.text, row.stop_on_reply) == (200, "¿Cómo siguió?", True)
    assert row.send_at > timezone.now()
    if when != "hour":
        assert row.send_at.astimezone(ZoneInfo(acme.timezone)).strftime("%H:%M") == "09:00"
    page = answer.content.decode()
    assert "¿Cómo siguió?" in page
    assert f"/bandeja/programados/{row.pk}/" in page
    with tenant_context(acme):
        assert not Message.objects.filter(conversation=chat).exists()


def test_a_day_and_a_time_are_those_of_the_companys_wall(
    acme: Tenant, chat: Conversation, client_as: Callable[..., Client]
) -> None:
    day = (timezone.now() + timedelta(days=3)).date()
    form = {"text": "Hola", "day": day.isoformat(), "clock": "15:30"}
    assert client_as("ana").post(f"/bandeja/{chat.pk}/programar/", form).status_code == 303
    here = only(acme).send_at.astimezone(ZoneInfo(acme.timezone))
    assert (here.date(), here.strftime("%H:%M"), only(acme).stop_on_reply) == (day, "15:30", False)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"text": "", "when": "hour"}, "Escribir algo"),
        ({"text": "Hola"}, "Elegir el día y la hora"),
        ({"text": "Hola", "day": "2020-01-01", "clock": "10:00"}, "ya pasó"),
        ({"text": "Hola", "day": "ayer", "clock": "10:00"}, "fecha"),
    ],
)
@pytest.mark.parametrize("script", [True, False])
def test_a_wrong_time_is_refused_and_the_words_stay(
    acme: Tenant, chat: Conversation, client_as: Callable[..., Client], form: dict[str, str], words: str, script: bool
) -> None:
    answer = client_as("ana").post(f"/bandeja/{chat.pk}/programar/", form, headers=HX if script else {})
    page = answer.content.decode()
    assert (answer.status_code, words in page, form["text"] in page) == (422, True, True)
    with tenant_context(acme):
        assert not ScheduledMessage.objects.exists()


def test_a_waiting_one_is_changed_and_cancelled(
    acme: Tenant, ana: Person, chat: Conversation, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        row = make_scheduled(conversation=chat, by=ana.user)
    browser, address = client_as("sol"), f"/bandeja/programados/{row.pk}/"
    assert "Mañana sigue en pie" in browser.get(address).content.decode()
    day = (timezone.now() + timedelta(days=9)).date()
    browser.post(address, {"text": "Otra cosa", "day": day.isoformat(), "clock": "10:00"})
    assert (only(acme).text, only(acme).send_at.date()) == ("Otra cosa", day)
    assert browser.post(address, {"text": "", "day": day.isoformat(), "clock": "10:00"}).status_code == 422
    browser.post(f"{address}cancelar/")
    assert (only(acme).status, only(acme).reason) == ("cancelled", "Lo canceló Sol.")
    assert browser.post(f"{address}cancelar/").status_code == 303
    assert "Lo canceló Sol." in browser.get(address).content.decode()


def test_what_will_be_too_late_for_whatsapp_is_said_beforehand(
    acme: Tenant, ana: Person, chat: Conversation, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        make_scheduled(conversation=chat, by=ana.user, send_at=timezone.now() + timedelta(days=2))
    page = client_as("ana").get(f"/bandeja/{chat.pk}/").content.decode()
    assert "A esa hora WhatsApp ya no acepta texto" in page


def test_the_list_of_all_shows_what_one_may_see_the_soonest_first(
    acme: Tenant, ana: Person, sol: Person, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        for name, hours, who in (("Segunda", 5, ana), ("Primera", 2, sol)):
            chat = make_conversation(contact=make_contact(name=name), assignee=who.user)
            make_scheduled(conversation=chat, by=who.user, send_at=timezone.now() + timedelta(hours=hours))
        make_scheduled(conversation=chat, by=ana.user, status="sent", text="Ya salió")
    page = client_as("ana").get("/bandeja/programados/").content.decode()
    assert page.index("Primera") < page.index("Segunda")
    assert "Ya salió" not in page
    mine = client_as("ana").get("/bandeja/programados/?ver=mios").content.decode()
    assert ("Primera" in mine, "Segunda" in mine) == (False, True)
    hers = client_as("sol").get("/bandeja/programados/").content.decode()
    assert ("Primera" in hers, "Segunda" in hers) == (True, False)


@pytest.mark.parametrize("path", ["/bandeja/programados/", "chat", "chat live", "one"])
def test_every_page_costs_the_same_with_few_and_with_many(
    acme: Tenant,
    ana: Person,
    chat: Conversation,
    client_as: Callable[..., Client],
    statements: Callable[..., Any],
    path: str,
) -> None:
    counts = []
    browser = client_as("ana")
    for rows in (2, 15):
        with tenant_context(acme):
            made = [make_scheduled(conversation=chat, by=ana.user) for _row in range(rows)]
        base = f"/bandeja/{chat.pk}/"
        address = {"chat": base, "chat live": f"{base}?desde=1", "one": f"/bandeja/programados/{made[0].pk}/"}
        with statements() as seen:
            answer = browser.get(address.get(path, path), headers=HX if path == "chat live" else {})
        assert answer.status_code == 200
        counts.append(seen.count)
    assert counts[0] == counts[1] <= MOST, str(seen)


def test_an_answer_to_one_message_names_it_to_the_provider(
    acme: Tenant, chat: Conversation, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        asked = make_message(conversation=chat, text="¿Cuánto sale?", provider_message_id="wamid.ASKED")
        foreign = make_message(provider_message_id="wamid.FOREIGN")
    browser = client_as("ana")
    page = browser.get(f"/bandeja/{chat.pk}/?responde={asked.pk}").content.decode()
    assert f'name="responde" value="{asked.pk}"' in page
    for number, message in enumerate((asked, foreign)):
        browser.post(f"/bandeja/{chat.pk}/enviar/", {"text": f"Sale {number}", "responde": str(message.pk)})
    with tenant_context(acme):
        sent = Message.objects.filter(conversation=chat, direction="out").order_by("sequence")
        assert list(sent.values_list("reply_to", flat=True)) == ["wamid.ASKED", ""]


def test_scheduling_by_the_api(acme: Tenant, chat: Conversation, api_as: Callable[..., APIClient]) -> None:
    api, base = api_as("ana"), f"/api/v1/conversations/{chat.pk}/scheduled"
    at = (timezone.now() + timedelta(hours=2)).isoformat()
    made = api.post(base, {"text": "Hola", "send_at": at})
    assert made.status_code == 201, made.content
    pk = made.json()["id"]
    with tenant_context(acme):
        template = make_template(channel=chat.channel, values=["{{nombre}}", "martes"])
    second = api.post(base, {"template": str(template.pk), "send_at": at})
    assert second.json()["text"] == "Hola Marta Paz, lo esperamos el martes."
    assert len(api.get(base).json()["results"]) == 2
    assert api.patch(f"{base}/{pk}", {"text": "Chau"}).json()["text"] == "Chau"
    assert api.delete(f"{base}/{pk}").status_code == 204
    assert api.delete(f"{base}/{pk}").status_code == 409
    assert api.get(f"{base}/{pk}").json()["status"] == "cancelled"
    with tenant_context(acme):
        other = make_scheduled()
    assert api.get(f"{base}/{other.pk}").status_code == 404
    assert api.post(base, {"text": "x", "send_at": "2020-01-01T00:00:00Z"}).status_code in (400, 422)
