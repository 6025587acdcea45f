"""The inbox in a browser: live, without losing what is being written, and without scripts too."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from messaging.models import Channel, Conversation, Message
from messaging.providers import base
from messaging.services import inbound
from tenants.context import tenant_context
from tests.browser.conftest import Site, overflows
from tests.factories.crm import make_contact, make_lead
from tests.factories.messaging import make_channel, make_conversation, make_identity, make_message, make_scheduled
from tests.support.thorough import dealt

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def with_messages(site: Site, count: int, **over: object) -> Conversation:
    """A chat of a web visitor with `count` messages."""

    def make() -> Conversation:
        with tenant_context(site.cast.acme):
            channel = over.pop("channel", None) or make_channel()
            chat = make_conversation(
                channel=channel,
                contact=make_contact(name="Marta Peralta", phone=None),
                last_inbound_at=timezone.now(),
                address="visita-1",
                **over,
            )
            make_identity(channel=channel, contact=chat.contact, external_id="visita-1")
            make_lead(contact=chat.contact)
            for number in range(1, count + 1):
                make_message(conversation=chat, text=f"Mensaje número {number}")
            return chat

    return site.do(make)


def write_in(site: Site, chat: Conversation, text: str) -> None:
    """The customer writes."""
    item = base.InboundMessage(
        channel_ref="",
        message_id=f"m-{text}",
        sender=base.Sender(ids=(("visitor", "visita-1"),)),
        kind="text",
        text=text,
        timestamp=timezone.now(),
    )

    def accept() -> None:
        with tenant_context(site.cast.acme):
            inbound.accept_message(channel=Channel.objects.get(pk=chat.channel_id), item=item)

    site.do(accept)


def texts_out(site: Site, chat: Conversation) -> list[str]:
    def read() -> list[str]:
        with tenant_context(site.cast.acme):
            return list(Message.objects.filter(conversation=chat, direction="out").values_list("text", flat=True))

    return site.do(read)


def test_a_customers_message_appears_by_itself_and_the_draft_stays(site: Site, open_as: Callable[..., Page]) -> None:
    chat = with_messages(site, 3)
    page = open_as("ana", f"/bandeja/{chat.pk}/")
    box = page.get_by_role("textbox", name="Mensaje")
    box.fill("Borrador a medio escribir")
    write_in(site, chat, "Acabo de escribir")
    expect(page.locator("#thread").get_by_text("Acabo de escribir")).to_be_visible()
    expect(box).to_have_value("Borrador a medio escribir")
    expect(box).to_be_focused()
    expect(page.locator("#chat-column").get_by_text("Acabo de escribir")).to_be_visible()
    expect(page.locator("#announcer")).to_have_text("Marta Peralta: Acabo de escribir")
    assert not page.complaints


def test_a_draft_survives_leaving_and_goes_with_the_sending(site: Site, open_as: Callable[..., Page]) -> None:
    chat = with_messages(site, 1)
    page = open_as("ana", f"/bandeja/{chat.pk}/")
    box = page.get_by_role("textbox", name="Mensaje")
    box.fill("Lo termino después")
    page.goto("/mi-dia/")
    page.goto(f"/bandeja/{chat.pk}/")
    expect(box).to_have_value("Lo termino después")
    box.press("Enter")
    expect(page.locator(".bubble.person", has_text="Lo termino después")).to_be_visible()
    expect(box).to_have_value("")
    expect(box).to_be_focused()
    box.fill("Y esto es otro")
    box.press("Enter")
    expect(page.locator(".bubble.person", has_text="Y esto es otro")).to_be_visible()
    page.reload()
    expect(box).to_have_value("")
    assert texts_out(site, chat) == ["Lo termino después", "Y esto es otro"]
    assert not page.complaints


def test_who_reads_older_messages_is_not_thrown_to_the_end(site: Site, open_as: Callable[..., Page]) -> None:
    chat = with_messages(site, 120)
    page = open_as("ana", f"/bandeja/{chat.pk}/")
    thread = page.locator("#thread")
    expect(thread.get_by_text("Mensaje número 120", exact=True)).to_be_in_viewport()
    page.get_by_role("link", name="Ver mensajes anteriores").click()
    expect(thread.get_by_text("Mensaje número 21", exact=True)).to_be_attached()
    thread.evaluate("element => { element.scrollTop = 400 }")
    write_in(site, chat, "Lo nuevo")
    expect(thread.get_by_text("Lo nuevo", exact=True)).to_be_attached()
    assert thread.evaluate("element => element.scrollTop") == 400
    expect(thread.get_by_text("Mensaje número 21", exact=True)).to_be_attached()
    page.get_by_role("button", name="Mensajes nuevos").click()
    expect(thread.get_by_text("Lo nuevo", exact=True)).to_be_in_viewport()
    expect(page.get_by_role("button", name="Mensajes nuevos")).to_be_hidden()
    write_in(site, chat, "Lo último")
    expect(thread.get_by_text("Lo último", exact=True)).to_be_in_viewport()


def test_an_opened_chat_is_read_and_the_list_knows(site: Site, open_as: Callable[..., Page]) -> None:
    chat = with_messages(site, 1, unread_count=3)
    page = open_as("ana", f"/bandeja/{chat.pk}/")
    expect(page.locator("#chat-column .count")).to_have_count(0)
    write_in(site, chat, "Otra cosa")
    expect(page.locator("#thread").get_by_text("Otra cosa")).to_be_visible()
    expect(page.locator("#chat-column .count")).to_have_count(0)


def test_taking_the_chat_is_one_tap(site: Site, open_as: Callable[..., Page]) -> None:
    chat = with_messages(site, 2)
    page = open_as("ana", f"/bandeja/{chat.pk}/", phone=True)
    page.get_by_role("button", name="Tomar el chat").click()
    expect(page.get_by_text("La atiende Ana")).to_be_visible()
    page.get_by_role("button", name="Devolver a la IA").click()
    expect(page.get_by_text("Responde la IA")).to_be_visible()
    assert not overflows(page)


def test_a_chat_is_given_back_with_what_was_agreed(site: Site, open_as: Callable[..., Page]) -> None:
    chat = with_messages(site, 2)
    page = open_as("ana", f"/bandeja/{chat.pk}/", phone=True)
    page.locator("#take-for > summary").click()
    page.get_by_role("button", name="Tomar por 4 horas").click()
    expect(page.get_by_text("La atiende Ana")).to_be_visible()
    page.locator("#give-back > summary").click()
    page.get_by_label("Qué quedó acordado").fill("Va el martes")
    page.locator("#give-back").get_by_role("button").click()
    expect(page.get_by_text("Responde la IA")).to_be_visible()
    expect(page.locator("#thread").get_by_text("Va el martes")).to_be_visible()
    assert not page.complaints  # type: ignore[attr-defined]  # see `open_as`


# What a thumb has to hit; a row's link covers the row, a box has its label.
TOO_SMALL = """() => [...document.querySelectorAll("main a, main button, main summary, .page-head summary")]
  .filter((each) => each.checkVisibility({ contentVisibilityAuto: true }) && !each.matches(".row-link, .sr-only"))
  .map((each) => [each.innerText, each.getBoundingClientRect()])
  .filter(([words, box]) => box.width > 1 && (box.height < 40 || box.width < 40))
  .map(([words, box]) => `${words} ${box.width} x ${box.height}`)"""


def test_on_a_phone_the_thread_keeps_its_place_and_all_is_big_enough(site: Site, open_as: Callable[..., Page]) -> None:
    chat = with_messages(site, 12)
    site.do(_for_later, site, chat)
    page = open_as("ana", "/bandeja/", phone=True)
    page.locator(".page-head > .pop > summary").click()
    expect(page.get_by_role("link", name="Mensajes programados")).to_be_in_viewport(ratio=1)
    assert page.evaluate(TOO_SMALL) == []

    page.goto(f"/bandeja/{chat.pk}/")
    thread = page.locator("#thread")
    before = thread.bounding_box()
    assert before is not None
    assert before["height"] > 300
    page.locator("summary", has_text="Enviar más tarde").click()
    expect(page.get_by_role("button", name="Programar")).to_be_in_viewport(ratio=1)
    assert thread.bounding_box() == before
    assert page.evaluate(TOO_SMALL) == []
    page.locator("summary", has_text="Enviar más tarde").click()

    expect(page.get_by_role("link", name="Cambiar")).to_have_count(0)
    page.locator("summary", has_text="3 programados").click()
    expect(page.get_by_role("link", name="Cambiar").last).to_be_in_viewport(ratio=1)
    assert thread.bounding_box() == before
    assert page.evaluate(TOO_SMALL) == []
    assert not overflows(page)


def _for_later(site: Site, chat: Conversation) -> None:
    with tenant_context(site.cast.acme):
        for hours in (1, 2, 3):
            make_scheduled(conversation=chat, send_at=timezone.now() + timedelta(hours=hours))
        make_message(
            conversation=chat, direction="out", author="user", status="sent", provider_message_id="w-1", text="Ya está"
        )


def test_a_failed_message_is_retried_from_its_bubble(site: Site, open_as: Callable[..., Page]) -> None:
    chat = with_messages(site, 1)

    def fail() -> None:
        with tenant_context(site.cast.acme):
            make_message(
                conversation=chat, direction="out", author="user", status="failed", error="Sin red", text="Ojalá llegue"
            )

    site.do(fail)
    page = open_as("ana", f"/bandeja/{chat.pk}/")
    expect(page.get_by_text("Sin red")).to_be_visible()
    page.get_by_role("button", name="Reintentar").click()
    expect(page.locator(".bubble-foot", has_text="En cola")).to_be_visible()
    site.work()
    expect(page.get_by_role("button", name="Reintentar")).to_have_count(0)
    expect(page.locator(".tick.sent")).to_be_attached()


def test_reading_and_answering_work_without_scripts(site: Site, open_as: Callable[..., Page]) -> None:
    chat = with_messages(site, 60)
    page = open_as("ana", "/bandeja/", scripts=False)
    page.get_by_role("link", name="Marta Peralta").click()
    page.get_by_label("Mensaje", exact=True).fill("Escrito sin scripts")
    page.get_by_role("button", name="Enviar", exact=True).click()
    expect(page.locator(".bubble.person", has_text="Escrito sin scripts")).to_be_attached()
    page.get_by_role("link", name="Ver mensajes anteriores").click()
    expect(page.get_by_text("Mensaje número 1", exact=True)).to_be_attached()
    assert texts_out(site, chat) == ["Escrito sin scripts"]


@pytest.mark.parametrize("dark", dealt([False, True], 0, share=2))
@pytest.mark.parametrize("phone", dealt([False, True], 1, share=2))
def test_every_inbox_page_fits_and_complains_about_nothing(
    site: Site, open_as: Callable[..., Page], phone: bool, dark: bool
) -> None:
    late = with_messages(
        site, 3, last_message_preview="Un texto bastante largo que no cabe en una sola línea del teléfono"
    )
    whatsapp = with_messages(
        site,
        2,
        channel=site.do(_whatsapp, site),
        mode="human",
        waiting_since=timezone.now() - timedelta(hours=3),
    )
    site.do(_close_window, site, whatsapp)
    page = open_as("ana", "/bandeja/", phone=phone, dark=dark)
    for path in (
        "/bandeja/",
        f"/bandeja/{late.pk}/",
        f"/bandeja/{whatsapp.pk}/",
        f"/bandeja/{late.pk}/ficha/",
        f"/bandeja/{late.pk}/asignar/",
        "/canales/",
        f"/canales/{whatsapp.channel_id}/",
        f"/canales/{late.channel_id}/",
        "/canales/nuevo/whatsapp/",
        "/agentes/",
        "/agentes/nuevo/",
        "/conocimiento/",
        "/conocimiento/subir/",
        "/conocimiento/probar/?q=precio",
    ):
        answer = page.goto(path)
        assert answer is not None
        assert answer.ok, path
        assert not overflows(page), path
        assert not page.complaints, path  # type: ignore[attr-defined]  # see `open_as`


def _whatsapp(site: Site) -> Channel:
    with tenant_context(site.cast.acme):
        return make_channel(
            provider="meta_direct", channel_source="whatsapp", config={"phone_number_id": "1"}, route=True
        )


def _close_window(site: Site, chat: Conversation) -> None:
    with tenant_context(site.cast.acme):
        Conversation.objects.filter(pk=chat.pk).update(last_inbound_at=timezone.now() - timedelta(hours=40))


def test_the_keyboard_walks_the_list_and_opens(site: Site, open_as: Callable[..., Page]) -> None:
    chat = with_messages(site, 1)
    page = open_as("ana", "/bandeja/")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.get_by_role("searchbox").blur()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Marta Peralta")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/bandeja/{chat.pk}/")
