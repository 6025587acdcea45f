"""The pages of the templates and the picker in the chat, as people use them: plain forms and links."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from crm.models import Contact
from messaging.models import Channel, Conversation, Message, MessageTemplate, ScheduledMessage
from messaging.services import template_values
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.agenda import make_event
from tests.factories.crm import make_contact, make_lead
from tests.factories.crm_more import make_custom_field
from tests.factories.messaging import make_channel, make_conversation, make_message, make_template
from tests.support.cast import Person
from tests.support.tasks import Queue

MOST = 8
WRITTEN = {
    "name": "aviso_turno",
    "language": "es_AR",
    "category": "utility",
    "header": "",
    "body": "Hola {{nombre}}, lo esperamos.",
    "samples": "Ana",
    "b0_kind": "quick_reply",
    "b0_text": "Confirmo",
}


@pytest.fixture
def number(acme: Tenant) -> Channel:
    with tenant_context(acme):
        config = {"phone_number_id": "1", "waba_id": "7"}
        return make_channel(provider="meta_direct", channel_source="whatsapp", config=config, name="WhatsApp Ventas")


@pytest.fixture
def chat(acme: Tenant, number: Channel) -> Conversation:
    """On WhatsApp, with the reply window closed."""
    with tenant_context(acme):
        contact = make_contact(name="Marta Paz", city="")
        return make_conversation(channel=number, contact=contact, last_inbound_at=timezone.now() - timedelta(hours=40))


def only(acme: Tenant) -> MessageTemplate:
    with tenant_context(acme):
        return MessageTemplate.objects.get()


# --- writing -----------------------------------------------------------------------------------------------------------


def test_a_template_is_written_seen_and_handed_over(
    acme: Tenant, number: Channel, client_as: Callable[..., Client], queued: Queue
) -> None:
    browser = client_as("ana")
    answer = browser.post("/plantillas/nueva/", {**WRITTEN, "channel": str(number.pk)})
    row = only(acme)
    assert answer.headers["Location"] == f"/plantillas/{row.pk}/"
    page = browser.get(f"/plantillas/{row.pk}/").content.decode()
    assert "Hola Ana, lo esperamos." in page
    assert "Borrador" in page
    assert (row.values, row.components[1]["buttons"]) == (["{{nombre}}"], [{"type": "QUICK_REPLY", "text": "Confirmo"}])
    browser.post(f"/plantillas/{row.pk}/enviar-a-revision/")
    assert only(acme).status == "pending"
    assert queued.named("submit_template")


def test_a_wrong_template_keeps_what_was_typed_and_says_what_is_wrong(
    acme: Tenant, number: Channel, client_as: Callable[..., Client]
) -> None:
    given = {**WRITTEN, "channel": str(number.pk), "body": "{{1}} hola", "name": "Con Espacios", "b0_text": "a" * 30}
    answer = client_as("ana").post("/plantillas/nueva/", given)
    page = answer.content.decode()
    assert answer.status_code == 422
    for words in ("principio ni al final", "minúsculas, números", "hasta 25 letras", "Con Espacios", "{{1}} hola"):
        assert words in page
    with tenant_context(acme):
        assert not MessageTemplate.objects.exists()


def test_a_draft_is_edited_copied_and_deleted_and_an_approved_one_is_not(
    acme: Tenant, number: Channel, client_as: Callable[..., Client]
) -> None:
    browser = client_as("ana")
    browser.post("/plantillas/nueva/", {**WRITTEN, "channel": str(number.pk)})
    row = only(acme)
    assert "Hola {{nombre}}, lo esperamos." in browser.get(f"/plantillas/{row.pk}/editar/").content.decode()
    browser.post(f"/plantillas/{row.pk}/editar/", {**WRITTEN, "body": "Hola {{nombre}}, hasta pronto."})
    assert only(acme).components[0]["text"] == "Hola {{nombre}}, hasta pronto."
    browser.post(f"/plantillas/{row.pk}/datos/", {"v0": "{{vendedor}}"})
    assert only(acme).values == ["{{vendedor}}"]
    copy = browser.post(f"/plantillas/{row.pk}/duplicar/").headers["Location"]
    browser.post(copy.replace("editar", "eliminar"))
    with tenant_context(acme):
        MessageTemplate.objects.update(status="approved")
    assert browser.post(f"/plantillas/{row.pk}/editar/", WRITTEN).status_code == 422
    browser.post(f"/plantillas/{row.pk}/eliminar/")
    assert only(acme).status == "approved"


def test_the_list_says_state_reason_and_what_the_last_sync_brought(
    acme: Tenant, number: Channel, client_as: Callable[..., Client], queued: Queue
) -> None:
    with tenant_context(acme):
        make_template(channel=number, name="buena", quality="GREEN")
        make_template(channel=number, name="mala", status="rejected", reason="El formato no es válido.")
        Channel.objects.filter(pk=number.pk).update(facts={"templates": {"error": "La conexión venció."}})
    browser = client_as("ana")
    page = browser.get("/plantillas/").content.decode()
    for words in ("buena", "Aprobada", "Calidad alta", "Rechazada", "El formato no es válido.", "La conexión venció."):
        assert words in page
    only_bad = browser.get("/plantillas/?estado=rejected").content.decode()
    assert "mala" in only_bad
    assert "/buena" not in only_bad
    assert ">buena<" not in only_bad
    browser.post("/plantillas/traer/")
    assert [each.arguments for each in queued.named("sync_templates")] == [{"channel_id": str(number.pk)}]


def test_what_could_not_be_updated_is_one_notice_with_its_reasons_inside_for_who_looks_after_channels(
    acme: Tenant, number: Channel, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        for name in ("Uno", "Dos"):
            make_channel(
                provider="ycloud", channel_source="whatsapp", name=name, facts={"templates": {"error": "Está cortado."}}
            )
    page = client_as("rita").get("/plantillas/").content.decode()
    assert page.count("2 números no se pudieron actualizar") == 1
    assert page.count("Está cortado.") == 2
    assert "notice fail" not in page
    assert f'href="/canales/{number.pk}/"' in page

    seller = client_as("sol").get("/plantillas/").content.decode()
    for hidden in ("no se pudieron actualizar", "Está cortado.", "/canales/"):
        assert hidden not in seller
    assert "Última actualización" in seller


def test_a_value_that_names_nothing_is_refused_with_what_can_be_named(
    acme: Tenant, number: Channel, client_as: Callable[..., Client], api_as: Callable[..., APIClient]
) -> None:
    with tenant_context(acme):
        row = make_template(channel=number, values=["{{nombre}}", "lunes"])
        make_custom_field(key="zona")
    path = f"/plantillas/{row.pk}/datos/"
    answer = client_as("ana").post(path, {"v0": "{{nombre}}", "v1": "{{inexistente}}"})
    page = answer.content.decode()
    assert answer.status_code == 422
    for words in ("No existe {{inexistente}}", "{{vendedor}}", "{{campo.zona}}", "{{agenda.fecha}}"):
        assert words in page
    with tenant_context(acme):
        assert MessageTemplate.objects.get(pk=row.pk).values == ["{{nombre}}", "lunes"]

    refused = api_as("ana").patch(f"/api/v1/templates/{row.pk}", {"values": ["{{campo.otro}}", "x"]})
    assert refused.status_code == 422
    assert "{{campo.zona}}" in str(refused.json()["error"]["fields"]["values"])
    for named in ("{{ Contact.Name }}", "{{campo.zona}}", "{{agenda.hora}}", "Ana"):
        assert client_as("ana").post(path, {"v0": named, "v1": "x"}).status_code == 303


def test_what_may_be_named_is_what_is_known_of_a_person(acme: Tenant, ana: Person) -> None:
    with tenant_context(acme):
        make_custom_field(key="zona")
        contact = make_contact(name="Marta Paz")
        make_lead(contact=contact)
        make_event(contact=contact, starts_at=timezone.now() + timedelta(days=2))
        known = template_values.known_of(contact, member=ana.member, values=["{{agenda.fecha}}"])
        assert set(template_values.known_names()) | set(template_values.ALSO) == set(known)


def test_a_draft_that_never_left_counts_nothing(
    acme: Tenant, number: Channel, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        draft, used = make_template(channel=number, status="draft"), make_template(channel=number)
    browser = client_as("ana")
    counted = re.compile(r"<dt>Entregados</dt><dd>(.*?)</dd>")
    for row, said in ((draft, "—"), (used, "0")):
        assert counted.findall(browser.get(f"/plantillas/{row.pk}/").content.decode()) == [said]


def test_without_a_number_the_pages_lead_to_connecting_one(client_as: Callable[..., Client], acme: Tenant) -> None:
    for path in ("/plantillas/", "/plantillas/nueva/"):
        assert 'href="/canales/"' in client_as("ana").get(path).content.decode()


def test_a_preview_shows_a_visible_contacts_data_and_names_what_lacks(
    acme: Tenant, number: Channel, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        row = make_template(channel=number, values=["{{nombre}}", "{{ciudad}}"])
        make_contact(name="Otra Persona")
        make_contact(name="Marta Paz", city="")
    page = client_as("ana").get(f"/plantillas/{row.pk}/vista/?q=marta").content.decode()
    assert "Hola Marta Paz, lo esperamos el {{ciudad}}." in page
    assert "<code>ciudad</code>" in page
    assert "Otra Persona" not in page


def test_numbers_are_those_of_the_messages_of_thirty_days(
    acme: Tenant, number: Channel, chat: Conversation, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        row = make_template(channel=number)
        payload = {"template": {"name": row.name, "language": row.language}}
        for status in ("sent", "delivered", "read", "failed"):
            make_message(conversation=chat, direction="out", kind="template", status=status, payload=payload)
        old = make_message(conversation=chat, direction="out", kind="template", status="read", payload=payload)
        Message.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=31))
    outcome = client_as("ana").get(f"/plantillas/{row.pk}/").context["outcome"]
    assert (outcome.sent, outcome.delivered, outcome.read, outcome.failed) == (3, 2, 1, 1)


@pytest.mark.parametrize("path", ["nueva/", "traer/", "{pk}/editar/", "{pk}/datos/", "{pk}/enviar-a-revision/"])
def test_who_sells_may_read_and_send_but_not_write_them(
    acme: Tenant, number: Channel, client_as: Callable[..., Client], path: str
) -> None:
    with tenant_context(acme):
        row = make_template(channel=number, status="draft")
    browser = client_as("sol")
    assert browser.get(f"/plantillas/{row.pk}/").status_code == 200
    assert browser.post("/plantillas/" + path.format(pk=row.pk), {"v0": "x"}).status_code == 403


# --- in the chat -------------------------------------------------------------------------------------------------------


def test_the_picker_takes_the_place_of_the_closed_composer_and_offers_only_the_channels_approved(
    acme: Tenant, number: Channel, chat: Conversation, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        make_template(channel=number, name="buena")
        make_template(channel=number, name="pausada", status="paused")
        make_template(name="de_otro_canal")
    browser = client_as("ana")
    page = browser.get(f"/bandeja/{chat.pk}/").content.decode()
    assert f'hx-get="/bandeja/{chat.pk}/plantilla/"' in page
    assert "<textarea" not in page
    picker = browser.get(f"/bandeja/{chat.pk}/plantilla/").content.decode()
    assert "buena" in picker
    assert "pausada" not in picker
    assert "de_otro_canal" not in picker
    assert "buena" not in browser.get(f"/bandeja/{chat.pk}/plantilla/?q=zzz").content.decode()


def test_a_chosen_template_is_seen_filled_and_sent_once(
    acme: Tenant, number: Channel, chat: Conversation, client_as: Callable[..., Client], queued: Queue
) -> None:
    with tenant_context(acme):
        row = make_template(channel=number, values=["{{nombre}}", ""])
    browser = client_as("ana")
    page = browser.get(f"/bandeja/{chat.pk}/plantilla/?plantilla={row.pk}").content.decode()
    assert "Hola Marta Paz, lo esperamos el {{2}}." in page
    live = browser.get(
        f"/bandeja/{chat.pk}/plantilla/?plantilla={row.pk}&v0={{{{nombre}}}}&v1=martes", headers={"HX-Request": "true"}
    ).content.decode()
    assert "lo esperamos el martes." in live
    form = {"template": str(row.pk), "v0": "{{nombre}}", "v1": "", "key": str(uuid4())}
    hole = browser.post(f"/bandeja/{chat.pk}/plantilla/", form)
    assert (hole.status_code, "no se envía con un hueco" in hole.content.decode()) == (422, True)
    for _twice in range(2):
        assert browser.post(f"/bandeja/{chat.pk}/plantilla/", {**form, "v1": "martes"}).status_code == 303
    with tenant_context(acme):
        assert [each.text for each in Message.objects.filter(conversation=chat)] == [
            "Hola Marta Paz, lo esperamos el martes."
        ]
        assert Conversation.objects.get(pk=chat.pk).mode == "human"
    assert queued.named("deliver")


def test_a_template_can_be_sent_later(
    acme: Tenant, number: Channel, chat: Conversation, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        row = make_template(channel=number, values=["{{nombre}}", "martes"])
    form = {"template": str(row.pk), "v0": "{{nombre}}", "v1": "martes", "when": "tomorrow", "stop_on_reply": "on"}
    answer = client_as("ana").post(f"/bandeja/{chat.pk}/plantilla/?mas_tarde=1", form)
    assert answer.status_code == 303
    with tenant_context(acme):
        later = ScheduledMessage.objects.get()
        assert (later.text, later.template["name"]) == ("Hola Marta Paz, lo esperamos el martes.", row.name)
        assert not Message.objects.filter(conversation=chat).exists()


@pytest.mark.parametrize("foreign", ["paused", "other channel", "nothing"])
def test_what_is_not_offered_cannot_be_sent(
    acme: Tenant, number: Channel, chat: Conversation, client_as: Callable[..., Client], foreign: str
) -> None:
    with tenant_context(acme):
        row = make_template(**({"channel": number, "status": "paused"} if foreign == "paused" else {}))
    pk = "x" if foreign == "nothing" else str(row.pk)
    answer = client_as("ana").post(f"/bandeja/{chat.pk}/plantilla/", {"template": pk, "v0": "a", "v1": "b"})
    assert answer.status_code == 404
    with tenant_context(acme):
        assert not Message.objects.filter(conversation=chat).exists()


def test_one_named_by_hand_is_refused_too_when_it_is_known_to_be_paused(
    acme: Tenant, number: Channel, chat: Conversation, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        make_template(channel=number, name="floja", status="paused", reason="Muchas personas la rechazaron.")
    form = {"name": "floja", "language": "es_AR", "parameters": "Ana\nlunes"}
    answer = client_as("ana").post(f"/bandeja/{chat.pk}/plantilla/", form)
    assert answer.status_code == 422
    assert "Muchas personas la rechazaron." in answer.content.decode()


@pytest.mark.parametrize("by_hand", [False, True])
def test_who_asked_to_be_left_alone_is_sent_none(
    acme: Tenant, number: Channel, chat: Conversation, client_as: Callable[..., Client], by_hand: bool
) -> None:
    with tenant_context(acme):
        row = make_template(channel=number, values=["Ana", "martes"])
        Contact.objects.filter(pk=chat.contact_id).update(opted_out_at=timezone.now())
    named = {"name": "otra", "language": "es_AR", "parameters": ""}
    form = named if by_hand else {"template": str(row.pk), "v0": "Ana", "v1": "martes"}
    answer = client_as("ana").post(f"/bandeja/{chat.pk}/plantilla/", form)
    assert answer.status_code == 422
    assert "El contacto pidió no recibir mensajes." in answer.content.decode()
    with tenant_context(acme):
        assert not Message.objects.filter(conversation=chat).exists()


@pytest.mark.parametrize("path", ["list", "one", "preview", "picker", "chosen"])
def test_every_page_costs_the_same_with_few_and_with_many(
    acme: Tenant,
    number: Channel,
    chat: Conversation,
    client_as: Callable[..., Client],
    statements: Callable[..., Any],
    path: str,
) -> None:
    counts = []
    browser = client_as("ana")
    for rows in (2, 40):
        with tenant_context(acme):
            made = [make_template(channel=number, values=["{{nombre}}", "{{agenda.fecha}}"]) for _row in range(rows)]
        one = made[0].pk
        address = {
            "list": "/plantillas/",
            "one": f"/plantillas/{one}/",
            "preview": f"/plantillas/{one}/vista/",
            "picker": f"/bandeja/{chat.pk}/plantilla/",
            "chosen": f"/bandeja/{chat.pk}/plantilla/?plantilla={one}",
        }[path]
        with statements() as seen:
            assert browser.get(address).status_code == 200
        counts.append(seen.count)
    assert counts[0] == counts[1] <= MOST, str(seen)


# --- by the API --------------------------------------------------------------------------------------------------------


def test_templates_by_the_api(
    acme: Tenant, number: Channel, chat: Conversation, api_as: Callable[..., APIClient], queued: Queue
) -> None:
    api = api_as("ana")
    given = {
        "channel": str(number.pk),
        "name": "aviso",
        "language": "es_AR",
        "category": "utility",
        "body": "Hola {{nombre}}, gracias.",
        "samples": ["Ana"],
        "buttons": [{"kind": "url", "text": "Ver", "value": "https://acme.test/{{1}}", "sample": "a"}],
    }
    made = api.post("/api/v1/templates", given)
    assert made.status_code == 201, made.content
    pk = made.json()["id"]
    assert [each["name"] for each in api.get("/api/v1/templates?status=draft").json()["results"]] == ["aviso"]
    seen = api.post(f"/api/v1/templates/{pk}/preview", {"contact": str(chat.contact_id)}).json()
    assert (seen["body"], seen["buttons"], seen["lacking"]) == ("Hola Marta Paz, gracias.", ["Ver"], [])
    assert api.post(f"/api/v1/templates/{pk}/submit").json()["status"] == "pending"
    assert api.post("/api/v1/templates/sync", {}).status_code == 202
    assert len(queued.named("sync_templates")) == 1
    wrong = api.post("/api/v1/templates", {**given, "name": "otra", "body": "{{nombre}}"})
    assert wrong.status_code == 400 or wrong.status_code == 422
    assert "body" in str(wrong.json())
