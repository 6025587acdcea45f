"""The inbox as people meet it: who waits, one conversation, and what a row costs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from messaging.models import Channel, Conversation, Message
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead
from tests.factories.messaging import (
    make_attachment,
    make_channel,
    make_conversation,
    make_identity,
    make_message,
)
from tests.support.cast import Person

MOST = 8


def whatsapp(**over: Any) -> Channel:
    return make_channel(provider="meta_direct", channel_source="whatsapp", config={"phone_number_id": "1"}, **over)


def waiting(minutes: int, name: str, **over: Any) -> Conversation:
    since = timezone.now() - timedelta(minutes=minutes)
    return make_conversation(
        contact=make_contact(name=name),
        **{"mode": "human", "waiting_since": since, "last_message_at": since, "last_message_preview": "Hola", **over},
    )


def fill(count: int) -> Conversation:
    channel = whatsapp()
    for number in range(count):
        chat = make_conversation(
            channel=channel, contact=make_contact(name=f"Fila {number}"), mode="human" if number % 2 else "ai"
        )
        Conversation.objects.filter(pk=chat.pk).update(waiting_since=timezone.now() if number % 2 else None)
        make_lead(contact=chat.contact)
        make_identity(channel=channel, contact=chat.contact)
    for _number in range(count):
        make_attachment(message=make_message(conversation=chat, kind="image"), state="ready")
    return chat


def test_who_waits_longest_for_a_person_comes_first(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        waiting(5, "Recién llegada")
        waiting(300, "Espera hace rato")
        make_conversation(contact=make_contact(name="La atiende la IA"))
    page = client_as("ana").get("/bandeja/").content.decode()
    places = [page.index(name) for name in ("Espera hace rato", "Recién llegada", "La atiende la IA")]
    assert places == sorted(places)
    assert "5 h" in page


@pytest.mark.parametrize(
    ("address", "shown", "hidden"),
    [
        ("?ver=mias", ["De Ana"], ["De nadie", "De la IA", "Cerrada"]),
        ("?ver=libres", ["De nadie"], ["De Ana", "De la IA"]),
        ("?ver=ia", ["De la IA"], ["De Ana", "De nadie"]),
        ("?ver=cerradas", ["Cerrada"], ["De Ana", "De nadie"]),
        ("?ver=esperan", ["De nadie"], ["De la IA", "Cerrada"]),
        ("?q=pérez", ["De Ana"], ["De nadie"]),
        ("?canal=whatsapp", ["De Ana"], ["De nadie"]),
    ],
)
def test_filters_stand_in_the_address(
    acme: Tenant, ana: Person, client_as: Callable[..., Client], address: str, shown: list[str], hidden: list[str]
) -> None:
    with tenant_context(acme):
        make_conversation(
            channel=whatsapp(), contact=make_contact(name="De Ana Perez"), mode="human", assignee=ana.user
        )
        waiting(3, "De nadie")
        make_conversation(contact=make_contact(name="De la IA"))
        make_conversation(contact=make_contact(name="Cerrada"), status="closed")
    page = client_as("ana").get(f"/bandeja/{address}").content.decode()
    assert all(name in page for name in shown)
    assert not any(
        name in page.partition('id="inbox"')[2].partition("tabs-line")[2].partition("</nav>")[2] for name in hidden
    )


def test_the_list_goes_on_with_a_cursor(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        for number in range(53):
            make_conversation(
                contact=make_contact(name=f"Persona {number:02}"),
                last_message_at=timezone.now() - timedelta(minutes=number),
            )
    browser = client_as("ana")
    first = browser.get("/bandeja/")
    assert "Persona 49" in first.content.decode()
    assert "Persona 52" not in first.content.decode()
    following = browser.get("/bandeja/", {"cursor": first.context["chats"].page.next}).content.decode()
    assert "Persona 52" in following
    assert "Persona 00" not in following


def test_a_contact_in_the_address_opens_their_conversation(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        chat = make_conversation()
        alone = make_contact()
    browser = client_as("ana")
    assert browser.get(f"/bandeja/?contact={chat.contact_id}").headers["Location"] == f"/bandeja/{chat.pk}/"
    assert "todavía no tiene conversaciones" in browser.get(f"/bandeja/?contact={alone.pk}").content.decode()


@pytest.mark.parametrize(
    "path", ["/bandeja/", "/bandeja/?ver=esperan", "/bandeja/?q=fila", "chat", "chat live", "chat older", "card"]
)
def test_a_page_costs_the_same_with_few_and_with_many_rows(
    acme: Tenant, client_as: Callable[..., Client], statements: Callable[..., Any], path: str
) -> None:
    counts = []
    for rows in (3, 60):
        with tenant_context(acme):
            chat = fill(rows)
        base = f"/bandeja/{chat.pk}/"
        address = {
            "chat": base,
            "chat live": f"{base}?desde=1",
            "chat older": f"{base}anteriores/?antes=2",
            "card": f"{base}ficha/",
        }.get(path, path)
        browser = client_as("ana")
        headers = {"HX-Request": "true"} if path == "chat live" else {}
        with statements() as seen:
            assert browser.get(address, headers=headers).status_code == 200
        counts.append(seen.count)
    assert counts[0] == counts[1] <= MOST, str(seen)


def test_a_thread_says_who_wrote_each_message(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        chat = make_conversation(contact=make_contact(name="Marta"))
        make_message(conversation=chat, text="¿Cuánto sale?")
        make_message(conversation=chat, direction="out", author="agent", author_name="Ventas", text="Sale 100.")
        make_message(conversation=chat, direction="out", author="user", author_name="Sol", text="Soy Sol.")
        make_message(conversation=chat, direction="out", author="system", kind="note", text="Derivada", cause="pedido")
    page = client_as("ana").get(f"/bandeja/{chat.pk}/").content.decode()
    agent = page[page.index("Sale 100.") - 700 : page.index("Sale 100.")]
    assert "IA" in agent
    assert "Ventas" in agent
    assert 'class="bubble person' in page
    assert "Automático · pedido" in page


def test_receipts_stand_under_the_reply_and_lead_only_to_our_own_pages(
    acme: Tenant, client_as: Callable[..., Client]
) -> None:
    receipts = [{"text": "Cita guardada", "url": "/leads/"}, {"text": "Ajeno", "url": "https://malo.test"}, "roto"]
    with tenant_context(acme):
        chat = make_conversation()
        make_message(conversation=chat, direction="out", author="agent", payload={"receipts": receipts})
    page = client_as("ana").get(f"/bandeja/{chat.pk}/").content.decode()
    assert '<a href="/leads/">Cita guardada</a>' in page
    assert "Ajeno" in page
    assert "malo.test" not in page


def test_odd_messages_stay_readable(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        chat = make_conversation()
        make_message(conversation=chat, kind="unsupported", text="Encuesta", payload={"placeholder": True})
        make_message(conversation=chat, text="", payload={"revoked": True})
        make_message(conversation=chat, text="Corregido", payload={"edited": True})
        make_message(conversation=chat, text="<script>alert(1)</script>")
    page = client_as("ana").get(f"/bandeja/{chat.pk}/").content.decode()
    assert "todavía no se puede mostrar" in page
    assert "Mensaje eliminado" in page
    assert "Editado" in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_end_of_a_long_conversation_is_shown_and_the_rest_on_demand(
    acme: Tenant, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        chat = make_conversation()
        for number in range(1, 71):
            make_message(conversation=chat, text=f"Texto {number:03}")
    browser = client_as("ana")
    page = browser.get(f"/bandeja/{chat.pk}/").content.decode()
    assert "Texto 070" in page
    assert "Texto 020" not in page
    older = browser.get(f"/bandeja/{chat.pk}/anteriores/?antes=21").content.decode()
    assert "Texto 020" in older
    assert "Texto 001" in older
    assert "Texto 020" in browser.get(f"/bandeja/{chat.pk}/?antes=21").content.decode()
    live = browser.get(f"/bandeja/{chat.pk}/?desde=21", headers={"HX-Request": "true"}).content.decode()
    assert "Texto 021" in live
    assert "<html" not in live


def test_the_head_says_who_has_it_and_offers_the_one_button(
    acme: Tenant, ana: Person, sol: Person, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        ai = make_conversation()
        mine = make_conversation(
            mode="human", assignee=ana.user, human_override_until=timezone.now() + timedelta(hours=2)
        )
        hers = make_conversation(mode="human", assignee=sol.user)
        nobodys = make_conversation(mode="human", mode_reason="Pidió una persona")
    browser = client_as("ana")
    for chat, words, button in (
        (ai, "Responde la IA", "tomar/"),
        (mine, "La atiende Ana", "devolver/"),
        (hers, "La atiende Sol", "tomar/"),
        (nobodys, "Nadie la tiene", "tomar/"),
    ):
        head = (
            browser.get(f"/bandeja/{chat.pk}/")
            .content.decode()
            .partition("chat-head-acts")[0]
            .rpartition("chat-head")[2]
        )
        page = browser.get(f"/bandeja/{chat.pk}/").content.decode()
        assert words in page, head
        assert f'action="/bandeja/{chat.pk}/{button}"' in page
    assert "Hasta" in browser.get(f"/bandeja/{mine.pk}/").content.decode()


def test_a_closed_window_explains_itself_and_offers_a_template(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        channel = whatsapp()
        late = make_conversation(channel=channel, last_inbound_at=timezone.now() - timedelta(hours=30))
        fresh = make_conversation(channel=channel, last_inbound_at=timezone.now() - timedelta(hours=1))
        web = make_conversation(last_inbound_at=timezone.now() - timedelta(hours=30))
    browser = client_as("ana")
    page = browser.get(f"/bandeja/{late.pk}/").content.decode()
    assert "Pasaron más de 24 horas" in page
    assert "/plantilla/" in page
    assert 'name="text"' not in page
    assert "Se puede responder hasta" in browser.get(f"/bandeja/{fresh.pk}/").content.decode()
    assert 'name="text"' in browser.get(f"/bandeja/{web.pk}/").content.decode()


def test_gathering_and_writing_are_said(acme: Tenant, client_as: Callable[..., Client]) -> None:
    soon = timezone.now() + timedelta(seconds=20)
    with tenant_context(acme):
        gathering = make_conversation(reply_due_at=soon)
        writing = make_conversation(turn_token="00000000-0000-4000-8000-000000000000", turn_until=soon)
    browser = client_as("ana")
    assert "Agrupando mensajes" in browser.get(f"/bandeja/{gathering.pk}/").content.decode()
    assert "La IA está escribiendo" in browser.get(f"/bandeja/{writing.pk}/").content.decode()


def test_a_closer_sees_neither_another_ones_chat_nor_its_files(
    acme: Tenant, ana: Person, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        chat = make_conversation(contact=make_contact(name="Reservada"), mode="human", assignee=ana.user)
        file = make_attachment(message=make_message(conversation=chat), state="ready", file="x")
    browser = client_as("sol")
    assert "Reservada" not in browser.get("/bandeja/").content.decode()
    for path in (
        f"/bandeja/{chat.pk}/",
        f"/bandeja/{chat.pk}/ficha/",
        f"/bandeja/{chat.pk}/anteriores/?antes=9",
        f"/archivos/{file.pk}/",
    ):
        assert browser.get(path).status_code == 404, path
    assert browser.post(f"/bandeja/{chat.pk}/tomar/").status_code == 404


def test_the_outsider_gets_nothing(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        chat = make_conversation(contact=make_contact(name="Secreta"))
        message = make_message(conversation=chat, direction="out", status="failed")
    browser = client_as("gus")
    assert "Secreta" not in browser.get("/bandeja/").content.decode()
    assert browser.get(f"/bandeja/{chat.pk}/").status_code == 404
    assert browser.post(f"/bandeja/{chat.pk}/enviar/", {"text": "hola"}).status_code == 404
    assert browser.post(f"/bandeja/{chat.pk}/mensajes/{message.pk}/reintentar/").status_code == 404
    with tenant_context(acme):
        assert Message.objects.filter(direction="out").count() == 1


@pytest.mark.parametrize("name", ["pia", None])
def test_who_is_not_an_active_member_is_kept_out(
    acme: Tenant, client_as: Callable[..., Client], name: str | None
) -> None:
    answer = client_as(name).get("/bandeja/")
    assert answer.status_code in (302, 403)


def test_a_chat_whose_last_message_did_not_leave_says_so(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        chat = make_conversation(mode="human")
        make_message(conversation=chat, direction="out", author="user", status="failed", text="Ojalá llegue")
    for path in ("/bandeja/", f"/bandeja/{chat.pk}/"):
        assert "El último mensaje no salió" in client_as("ana").get(path).content.decode(), path
    with tenant_context(acme):
        make_message(conversation=chat, direction="out", author="user", status="sent", text="Ahora sí")
    assert "El último mensaje no salió" not in client_as("ana").get("/bandeja/").content.decode()


def test_messages_for_later_and_templates_are_found_from_the_list(
    acme: Tenant, client_as: Callable[..., Client]
) -> None:
    page = client_as("ana").get("/bandeja/").content.decode()
    assert '<a class="nav-link" href="/bandeja/programados/">' in page
    assert '<a class="nav-link" href="/plantillas/">' in page


def test_who_answers_in_chatwoot_is_named_as_there(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        channel = make_channel(provider="chatwoot", channel_source="whatsapp")
        chats = [make_conversation(channel=channel, mode="human", mode_reason=f"echo:{name}") for name in ("Leo", "")]
    pages = [client_as("ana").get(f"/bandeja/{chat.pk}/").content.decode() for chat in chats]
    assert "La atiende Leo desde Chatwoot" in pages[0]
    assert "La atiende alguien desde Chatwoot" in pages[1]
