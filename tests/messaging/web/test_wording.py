"""What the product wrote down is read in the reader's language; what people wrote stands as they wrote it."""

from collections.abc import Callable

import pytest
from django.test import Client

from messaging.models import Conversation
from messaging.services.conversations import note
from tenants.context import auth_scope, tenant_context
from tenants.models import Tenant, User
from tests.factories.crm import make_contact
from tests.factories.messaging import (
    make_attachment,
    make_channel,
    make_conversation,
    make_inbound_event,
    make_message,
    make_notice,
    make_template,
)
from tests.support.cast import Person

Browser = Callable[..., Client]
SPANISH, ENGLISH = "Una persona tomó el chat.", "A person took the chat."
LOST, LOST_IN_ENGLISH = "El contacto pidió no recibir mensajes.", "The contact asked not to receive messages."


@pytest.fixture
def reader(ana: Person, client_as: Browser) -> Callable[[str], Client]:
    def of(language: str) -> Client:
        with auth_scope():
            User.objects.filter(pk=ana.user.pk).update(locale=language)
        return client_as("ana")

    return of


def shown(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def chat(acme: Tenant) -> Conversation:
    with tenant_context(acme):
        made = make_conversation(contact=make_contact(name="Beto"), mode="human", mode_reason=LOST)
        note(made, SPANISH, cause=LOST)
        made.save()
        return made


def test_a_line_of_ours_is_read_in_either_language(chat: Conversation, reader: Callable[[str], Client]) -> None:
    spanish = shown(reader("es"), f"/bandeja/{chat.pk}/")
    english = shown(reader("en"), f"/bandeja/{chat.pk}/")
    for ours, theirs in ((SPANISH, ENGLISH), (LOST, LOST_IN_ENGLISH)):
        assert ours in spanish
        assert theirs not in spanish
        assert theirs in english
        assert ours not in english


def test_what_people_wrote_is_never_said_anew(acme: Tenant, reader: Callable[[str], Client]) -> None:
    with tenant_context(acme):
        chat = make_conversation(contact=make_contact(name="Beto"), last_message_preview=SPANISH)
        make_message(conversation=chat, text=SPANISH)
        make_message(conversation=chat, direction="out", author="user", author_name="Ana", text=SPANISH)
        make_message(conversation=chat, direction="out", author="system", text=SPANISH)  # as the customer got it
    page = shown(reader("en"), f"/bandeja/{chat.pk}/")
    assert page.count(SPANISH) >= 4
    assert ENGLISH not in page


def test_why_a_message_or_a_file_failed_and_who_answered_elsewhere(
    acme: Tenant, reader: Callable[[str], Client]
) -> None:
    with tenant_context(acme):
        chat = make_conversation(contact=make_contact(name="Beto"))
        phone = {"author": "user", "author_name": "Desde el teléfono", "payload": {"echo": True}}
        make_message(conversation=chat, direction="out", text="Va", **phone)
        make_message(conversation=chat, direction="out", text="Va", status="failed", error=LOST, cause=SPANISH)
        message = make_message(conversation=chat, kind="audio", text="")
        make_attachment(message=message, state="failed", error="El archivo ya no está.")
    page = shown(reader("en"), f"/bandeja/{chat.pk}/")
    assert "From the phone" in page
    assert LOST_IN_ENGLISH in page
    assert LOST not in shown(reader("en"), "/entregas/")


def test_the_pages_of_a_channel_and_of_a_template(acme: Tenant, reader: Callable[[str], Client]) -> None:
    with tenant_context(acme):
        channel = make_channel(
            provider="meta_direct",
            channel_source="whatsapp",
            config={"phone_number_id": "1"},
            status_detail="Falta la credencial meta/TOKEN. Se carga en Ajustes, Credenciales.",
        )
        event = make_inbound_event(tenant_id=acme.pk, channel_id=channel.pk)
        make_notice(channel=channel, event_id=event.pk, text="Cambió el estado de una plantilla: aviso · APPROVED")
        template = make_template(channel=channel, status="gone", reason="Ya no está en WhatsApp.")
    browser = reader("en")
    for path in (
        f"/canales/{channel.pk}/",
        f"/canales/{channel.pk}/eventos/",
        f"/canales/{channel.pk}/eventos/{event.pk}/",
    ):
        assert "The state of a template changed: aviso · APPROVED" in shown(browser, path)
    assert "The credential meta/TOKEN is missing." in shown(browser, f"/canales/{channel.pk}/")
    for path in (f"/plantillas/{template.pk}/", "/plantillas/"):
        assert "Ya no está en WhatsApp." not in shown(browser, path)
