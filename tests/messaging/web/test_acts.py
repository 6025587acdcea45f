"""What a person does in a conversation, through the forms of the page."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from crm.services.custom_fields import create_field
from messaging.models import Conversation, Message
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead, make_seller, make_stage
from tests.factories.messaging import make_channel, make_conversation, make_message
from tests.support.cast import Cast, Person
from tests.support.tasks import Queue


@pytest.fixture
def chat(acme: Tenant) -> Conversation:
    with tenant_context(acme):
        return make_conversation(last_inbound_at=timezone.now(), waiting_since=timezone.now(), unread_count=2)


def fresh(acme: Tenant, chat: Conversation) -> Conversation:
    with tenant_context(acme):
        return Conversation.objects.select_related("assignee").get(pk=chat.pk)


def late_chat(**over: object) -> Conversation:
    """On WhatsApp, with the reply window closed."""
    channel = make_channel(provider="meta_direct", channel_source="whatsapp", config={"phone_number_id": "1"})
    return make_conversation(channel=channel, last_inbound_at=timezone.now() - timedelta(hours=40), **over)


def sent(acme: Tenant, chat: Conversation) -> list[str]:
    with tenant_context(acme):
        return list(
            Message.objects.filter(conversation=chat, direction="out")
            .order_by("sequence")
            .values_list("text", flat=True)
        )


def test_an_answer_is_queued_and_the_chat_becomes_the_persons(
    acme: Tenant, ana: Person, chat: Conversation, client_as: Callable[..., Client], queued: Queue
) -> None:
    answer = client_as("ana").post(f"/bandeja/{chat.pk}/enviar/", {"text": " Hola, soy Ana. ", "key": str(uuid4())})
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/bandeja/{chat.pk}/"
    assert sent(acme, chat) == ["Hola, soy Ana."]
    after = fresh(acme, chat)
    assert (after.mode, after.assignee, after.unread_count, after.waiting_since) == ("human", ana.user, 0, None)
    assert any(task.name == "messaging.tasks.deliver" for task in queued.waiting)


def test_pressing_twice_sends_once(acme: Tenant, chat: Conversation, client_as: Callable[..., Client]) -> None:
    browser, form = client_as("ana"), {"text": "Una vez", "key": str(uuid4())}
    browser.post(f"/bandeja/{chat.pk}/enviar/", form)
    browser.post(f"/bandeja/{chat.pk}/enviar/", form)
    assert sent(acme, chat) == ["Una vez"]


def test_a_script_gets_the_refreshed_chat_back(
    acme: Tenant, chat: Conversation, client_as: Callable[..., Client]
) -> None:
    headers = {"HX-Request": "true"}
    answer = client_as("ana").post(f"/bandeja/{chat.pk}/enviar/", {"text": "Al toque", "desde": "1"}, headers=headers)
    assert answer.status_code == 200
    body = answer.content.decode()
    assert "Al toque" in body
    assert "La atiende Ana" in body
    assert "<html" not in body


@pytest.mark.parametrize("script", [True, False])
def test_an_empty_answer_is_refused_in_words(
    acme: Tenant, chat: Conversation, client_as: Callable[..., Client], script: bool
) -> None:
    headers = {"HX-Request": "true"} if script else {}
    answer = client_as("ana").post(f"/bandeja/{chat.pk}/enviar/", {"text": "   "}, headers=headers)
    assert answer.status_code == 422
    assert "Escribir algo antes de enviar." in answer.content.decode()
    assert sent(acme, chat) == []


def test_a_text_outside_the_window_comes_back_with_the_reason(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        late = late_chat()
    answer = client_as("ana").post(f"/bandeja/{late.pk}/enviar/", {"text": "Texto que no se pierde"})
    assert answer.status_code == 422
    body = answer.content.decode()
    assert "Texto que no se pierde" in body
    assert "plantilla" in body
    assert sent(acme, late) == []


def test_a_template_goes_out_when_the_window_is_closed(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        late = late_chat()
    form = {"name": "recordatorio", "language": "es_AR", "parameters": "Marta\nmartes 10 h\n", "key": str(uuid4())}
    browser = client_as("ana")
    assert browser.post(f"/bandeja/{late.pk}/plantilla/", form).status_code == 303
    assert browser.post(f"/bandeja/{late.pk}/plantilla/", form).status_code == 303
    with tenant_context(acme):
        message = Message.objects.get(conversation=late, direction="out")
    template = message.payload["template"]
    assert (template["name"], template["language"]) == ("recordatorio", "es_AR")
    assert [each["text"] for each in template["components"][0]["parameters"]] == ["Marta", "martes 10 h"]
    assert fresh(acme, late).mode == "human"


def test_a_templates_data_is_filled_from_the_contact_and_the_lead(
    acme: Tenant, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        create_field(by=Actor.system("test"), on="lead", label="Zona", kind="text")
        late = late_chat(contact=make_contact(name="Marta Paz", city="La\tPlata"))
        won = make_stage(kind="won")
        make_lead(contact=late.contact, custom={"zona": "Sur"}, closed_at=timezone.now(), stage=won)
        make_lead(contact=late.contact, custom={"zona": "Norte"})
    form = {"name": "aviso", "language": "es", "parameters": "{{ nombre }}\n{{Ciudad}}, zona {{campo.zona}}"}
    assert client_as("ana").post(f"/bandeja/{late.pk}/plantilla/", form).status_code == 303
    with tenant_context(acme):
        message = Message.objects.get(conversation=late, direction="out")
    values = message.payload["template"]["components"][0]["parameters"]
    assert [each["text"] for each in values] == ["Marta Paz", "La Plata, zona Norte"]


def test_a_template_with_a_hole_is_not_sent(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        late = late_chat(contact=make_contact(name="Marta", city=""))
    form = {"name": "aviso", "language": "es", "parameters": "{{nombre}} de {{ciudad}} y {{campo.nada}}"}
    answer = client_as("ana").post(f"/bandeja/{late.pk}/plantilla/", form)
    assert answer.status_code == 422
    assert "No hay dato para {{ciudad}}, {{campo.nada}} en este contacto" in answer.content.decode()
    assert sent(acme, late) == []


def test_a_sellers_template_says_nothing_of_a_lead_that_is_not_his(
    acme: Tenant, cast: Cast, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        late = late_chat(assignee=cast["sol"].user)
        make_lead(contact=late.contact, owner=make_seller(name="Otra"))
    form = {"name": "aviso", "language": "es", "parameters": "{{vendedor}}"}
    assert client_as("sol").post(f"/bandeja/{late.pk}/plantilla/", form).status_code == 422
    assert sent(acme, late) == []


def test_a_wrong_template_name_is_told_beside_the_field(chat: Conversation, client_as: Callable[..., Client]) -> None:
    form = {"name": "Recordatorio Visita", "language": "español"}
    answer = client_as("ana").post(f"/bandeja/{chat.pk}/plantilla/", form)
    assert answer.status_code == 422
    assert "minúsculas, números y guion bajo" in answer.content.decode()


def test_taking_and_giving_back(
    acme: Tenant, ana: Person, chat: Conversation, client_as: Callable[..., Client]
) -> None:
    browser = client_as("ana")
    browser.post(f"/bandeja/{chat.pk}/tomar/")
    taken = fresh(acme, chat)
    assert (taken.mode, taken.assignee) == ("human", ana.user)
    assert taken.human_override_until is not None
    browser.post(f"/bandeja/{chat.pk}/devolver/")
    assert fresh(acme, chat).mode == "ai"


def test_reading_takes_the_count_away(acme: Tenant, chat: Conversation, client_as: Callable[..., Client]) -> None:
    assert client_as("ana").post(f"/bandeja/{chat.pk}/leido/", headers={"HX-Request": "true"}).status_code == 204
    assert fresh(acme, chat).unread_count == 0


def test_opening_a_conversation_changes_nothing_by_itself(
    acme: Tenant, chat: Conversation, client_as: Callable[..., Client]
) -> None:
    client_as("ana").get(f"/bandeja/{chat.pk}/")
    assert fresh(acme, chat).unread_count == 2


def test_assigning_offers_active_members_only(
    acme: Tenant, sol: Person, pia: Person, gus: Person, chat: Conversation, client_as: Callable[..., Client]
) -> None:
    browser = client_as("ana")
    page = browser.get(f"/bandeja/{chat.pk}/asignar/").content.decode()
    assert "Sol" in page
    assert "Pia" not in page
    browser.post(f"/bandeja/{chat.pk}/asignar/", {"assignee": str(sol.user.pk)})
    assert fresh(acme, chat).assignee == sol.user
    for wrong in (pia.user.pk, gus.user.pk, "nadie"):
        assert browser.post(f"/bandeja/{chat.pk}/asignar/", {"assignee": str(wrong)}).status_code == 404
    browser.post(f"/bandeja/{chat.pk}/asignar/", {"assignee": ""})
    assert fresh(acme, chat).assignee is None


def test_closing_and_reopening(acme: Tenant, chat: Conversation, client_as: Callable[..., Client]) -> None:
    browser = client_as("ana")
    browser.post(f"/bandeja/{chat.pk}/cerrar/")
    assert fresh(acme, chat).status == "closed"
    browser.post(f"/bandeja/{chat.pk}/reabrir/")
    assert fresh(acme, chat).status == "open"


def test_a_failed_message_is_sent_again_from_its_bubble(
    acme: Tenant, chat: Conversation, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        failed = make_message(conversation=chat, direction="out", author="user", status="failed", error="Sin red")
        other = make_message(direction="out", author="user", status="failed")
    browser = client_as("ana")
    path = f"/bandeja/{chat.pk}/mensajes/{failed.pk}/reintentar/"
    page = browser.get(f"/bandeja/{chat.pk}/").content.decode()
    assert "Sin red" in page
    assert path in page
    browser.post(path)
    with tenant_context(acme):
        assert Message.objects.get(pk=failed.pk).status == "queued"
    assert browser.post(f"/bandeja/{chat.pk}/mensajes/{other.pk}/reintentar/").status_code == 404


def test_what_nobody_confirmed_is_sent_again_by_who_has_looked(
    acme: Tenant, chat: Conversation, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        message = make_message(conversation=chat, direction="out", author="user", status="unknown")
    browser = client_as("ana")
    path = f"/bandeja/{chat.pk}/mensajes/{message.pk}/reintentar/"
    assert 'name="looked"' in browser.get(f"/bandeja/{chat.pk}/").content.decode()
    for said, status in (({}, "unknown"), ({"looked": "1"}, "queued")):
        browser.post(path, said)
        with tenant_context(acme):
            assert Message.objects.get(pk=message.pk).status == status


def test_reloading_a_refused_form_leads_back(chat: Conversation, client_as: Callable[..., Client]) -> None:
    for act in ("enviar", "plantilla"):
        answer = client_as("ana").get(f"/bandeja/{chat.pk}/{act}/")
        assert answer.headers["Location"] == f"/bandeja/{chat.pk}/"


def test_acts_want_a_csrf_token(chat: Conversation, client_as: Callable[..., Client]) -> None:
    assert client_as("ana", csrf=True).post(f"/bandeja/{chat.pk}/tomar/").status_code == 403


def test_the_chat_is_taken_for_as_long_as_was_chosen(
    acme: Tenant, chat: Conversation, client_as: Callable[..., Client]
) -> None:
    browser = client_as("ana")
    assert browser.post(f"/bandeja/{chat.pk}/tomar/", {"hours": "4"}).status_code == 303
    until = fresh(acme, chat).human_override_until
    assert until is not None
    assert round((until - timezone.now()).total_seconds() / 3600, 1) == 4
    assert browser.post(f"/bandeja/{chat.pk}/tomar/", {"hours": "siempre"}).status_code == 422


def test_what_was_agreed_is_a_line_of_the_thread_with_who_gave_it_back(
    acme: Tenant, chat: Conversation, client_as: Callable[..., Client]
) -> None:
    browser = client_as("ana")
    browser.post(f"/bandeja/{chat.pk}/tomar/")
    assert "Qué quedó acordado" in browser.get(f"/bandeja/{chat.pk}/").content.decode()
    browser.post(f"/bandeja/{chat.pk}/devolver/", {"brief": "Va el martes.\r\nCon 10 %."})
    assert fresh(acme, chat).mode == "ai"
    with tenant_context(acme):
        line = Message.objects.get(conversation=chat, kind="note")
    assert line.text == "Va el martes.\nCon 10 %."
    page = browser.get(f"/bandeja/{chat.pk}/").content.decode()
    assert "Chat devuelto a la IA: Ana" in page
    assert "Automático" not in page


def test_given_back_with_one_press_nothing_is_written(
    acme: Tenant, chat: Conversation, client_as: Callable[..., Client]
) -> None:
    client_as("ana").post(f"/bandeja/{chat.pk}/tomar/")
    client_as("ana").post(f"/bandeja/{chat.pk}/devolver/")
    with tenant_context(acme):
        assert not Message.objects.filter(conversation=chat, kind="note").exists()
