"""In a real browser: a template chosen where the text box was, an answer kept for later, a reply to one message."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from messaging.models import Conversation, Message, ScheduledMessage
from tenants.context import tenant_context
from tests.browser.conftest import Site, overflows
from tests.factories.crm import make_contact
from tests.factories.messaging import make_channel, make_conversation, make_message, make_template

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def whatsapp(site: Site, **over: Any) -> Conversation:
    def make() -> Conversation:
        with tenant_context(site.cast.acme):
            channel = make_channel(provider="meta_direct", channel_source="whatsapp", config={"phone_number_id": "1"})
            make_template(channel=channel, name="recordatorio", values=["{{nombre}}", ""])
            chat = make_conversation(channel=channel, contact=make_contact(name="Marta Peralta"), **over)
            make_message(conversation=chat, text="¿Cuánto sale?", provider_message_id="wamid.ASKED")
            return chat

    return site.do(make)


def rows(site: Site, model: Any) -> list[Any]:
    def read() -> list[Any]:
        with tenant_context(site.cast.acme):
            return list(model.objects.order_by("created_at"))

    return site.do(read)


def test_a_template_is_chosen_seen_and_sent_where_the_text_box_was(site: Site, open_as: Callable[..., Page]) -> None:
    chat = whatsapp(site, last_inbound_at=timezone.now() - timedelta(hours=40))
    page = open_as("ana", f"/bandeja/{chat.pk}/", phone=True)
    page.get_by_role("link", name="recordatorio").click()
    page.get_by_label("{{2}}").press_sequentially("martes", delay=20)
    expect(page.locator("#template-preview")).to_contain_text("Hola Marta Peralta, lo esperamos el martes.")
    assert not overflows(page)
    page.get_by_role("button", name="Enviar plantilla").click()
    expect(page.locator(".bubble.person")).to_contain_text("lo esperamos el martes.")
    assert rows(site, Message)[-1].kind == "template"
    assert page.complaints == []


def test_an_answer_is_kept_for_later_and_the_box_is_free_again(site: Site, open_as: Callable[..., Page]) -> None:
    chat = whatsapp(site, last_inbound_at=timezone.now())
    page = open_as("ana", f"/bandeja/{chat.pk}/")
    page.get_by_label("Mensaje", exact=True).fill("¿Cómo siguió?")
    page.get_by_text("Enviar más tarde").click()
    page.get_by_role("button", name="Programar").click()
    expect(page.get_by_text("Elegir el día y la hora.")).to_be_visible()
    expect(page.get_by_label("Mensaje", exact=True)).to_have_value("¿Cómo siguió?")
    page.complaints.clear()  # type: ignore[attr-defined]  # the browser tells of every 422
    page.get_by_role("button", name="Mañana 9:00").click()
    expect(page.locator(".composer-coming")).to_contain_text("¿Cómo siguió?")
    expect(page.get_by_label("Mensaje", exact=True)).to_have_value("")
    assert [row.text for row in rows(site, ScheduledMessage)] == ["¿Cómo siguió?"]
    page.get_by_role("link", name="Responder").click()
    expect(page.locator(".composer-quote")).to_contain_text("¿Cuánto sale?")
    page.get_by_label("Mensaje", exact=True).fill("Sale 100")
    page.get_by_role("button", name="Enviar", exact=True).click()
    expect(page.locator(".bubble.person")).to_contain_text("Sale 100")
    expect(page.locator(".composer-quote")).to_have_count(0)
    assert rows(site, Message)[-1].reply_to == "wamid.ASKED"
    assert page.complaints == []
