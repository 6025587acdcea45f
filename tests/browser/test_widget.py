"""The web chat on somebody's site: a visitor writes, a person answers, nothing is lost on the way."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from playwright.sync_api import Page, Route, TimeoutError, expect

from messaging.models import Channel, Conversation, Message
from messaging.services import channels, outbound
from tenants.context import tenant_context
from tests.browser.conftest import Site, overflows

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def channel(site: Site) -> Channel:
    def make() -> Channel:
        with tenant_context(site.cast.acme):
            by = site.cast["ana"].actor
            return channels.create_channel(provider="web", channel_source="web", name="Sitio", config={}, by=by)

    return site.do(make)


def received(site: Site) -> list[tuple[str, str]]:
    def read() -> list[tuple[str, str]]:
        with tenant_context(site.cast.acme):
            rows = Message.objects.filter(direction="in").order_by("sequence")
            return list(rows.values_list("author_name", "text"))

    site.work()
    return site.do(read)


def answer(site: Site, text: str) -> None:
    def send() -> None:
        sol = site.cast["sol"]
        with tenant_context(site.cast.acme):
            outbound.send_as_person(conversation=Conversation.objects.get(), text=text, by=sol.actor, user=sol.user)

    site.do(send)
    site.work()


def wait_for(site: Site, count: int, page: Page) -> None:
    """Until the door has stored what was sent and woken a worker, which it does once it has answered."""
    expect(page.locator(".foot", has_text="Enviado")).to_have_count(count)
    for _try in range(100):
        if len(received(site)) >= count:
            return
        page.wait_for_timeout(50)
    raise AssertionError(received(site))


def test_a_visitor_and_a_person_talk(site: Site, channel: Channel, open_as: Callable[..., Page]) -> None:
    page = open_as(None, f"/demo/chat/{channel.pk}/")
    page.get_by_role("button", name="Abrir el chat").click()
    text = page.get_by_role("textbox", name="Mensaje")
    expect(text).to_be_focused()
    page.get_by_label("Nombre (opcional)").fill("Marina")
    text.fill("Hola, ¿hacen envíos?")
    text.press("Enter")
    wait_for(site, 1, page)
    assert received(site) == [("Marina", "Hola, ¿hacen envíos?")]
    answer(site, "Sí, a todo el país: https://ejemplo.test/envios.")
    expect(page.locator(".row:not(.mine) .bubble")).to_have_text("Sí, a todo el país: https://ejemplo.test/envios.")
    expect(page.get_by_role("link", name="https://ejemplo.test/envios", exact=True)).to_have_attribute(
        "rel", "noopener noreferrer nofollow"
    )
    page.reload()
    page.get_by_role("button", name="Abrir el chat").click()
    expect(page.locator(".row")).to_have_count(2)
    assert not page.complaints


def test_an_answer_with_the_chat_closed_is_counted(site: Site, channel: Channel, open_as: Callable[..., Page]) -> None:
    page = open_as(None, f"/demo/chat/{channel.pk}/")
    page.get_by_role("button", name="Abrir el chat").click()
    page.get_by_role("textbox", name="Mensaje").fill("Hola")
    page.keyboard.press("Enter")
    wait_for(site, 1, page)
    site.work()
    page.keyboard.press("Escape")
    launcher = page.get_by_role("button", name="Abrir el chat")
    expect(launcher).to_be_focused()
    answer(site, "Buenas")
    expect(page.get_by_role("button", name="Abrir el chat (1 sin leer)")).to_be_visible()
    launcher.click()
    page.get_by_role("button", name="Cerrar el chat").click()
    expect(page.get_by_role("button", name="Abrir el chat", exact=True)).to_be_visible()


def test_what_was_written_without_connection_is_sent_later_and_once(
    site: Site, channel: Channel, open_as: Callable[..., Page]
) -> None:
    page = open_as(None, f"/demo/chat/{channel.pk}/")
    page.get_by_role("button", name="Abrir el chat").click()
    cut = True

    def door(route: Route) -> None:
        route.abort() if cut else route.continue_()

    page.route("**/webchat/**", door)
    page.get_by_role("textbox", name="Mensaje").fill("Se cortó justo")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No se envió")).to_be_visible()
    cut = False
    with suppress(TimeoutError):  # the widget may have tried again by itself just now
        page.get_by_role("button", name="Reintentar").click(timeout=2_000)
    wait_for(site, 1, page)
    assert [text for _name, text in received(site)] == ["Se cortó justo"]
    expect(page.locator(".row.mine")).to_have_count(1)


def test_it_fills_a_phone_and_speaks_the_pages_language(
    site: Site, channel: Channel, open_as: Callable[..., Page]
) -> None:
    page = open_as(None, f"/demo/chat/{channel.pk}/", phone=True, dark=True)
    page.evaluate("document.documentElement.lang = 'en'")
    page.get_by_role("button", name="Abrir el chat").click()
    box = page.locator(".panel").bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (360, 740)
    assert not overflows(page)


def test_a_site_that_is_not_allowed_is_told_so(site: Site, channel: Channel, open_as: Callable[..., Page]) -> None:
    def allow_elsewhere() -> None:
        with tenant_context(site.cast.acme):
            by = site.cast["ana"].actor
            channels.update_channel(channel=channel, config={"allowed_domains": "otra-tienda.test"}, by=by)

    site.do(allow_elsewhere)
    page = open_as(None, f"/demo/chat/{channel.pk}/")
    page.get_by_role("button", name="Abrir el chat").click()
    page.get_by_role("textbox", name="Mensaje").fill("Hola")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Este chat no está disponible en este sitio.")).to_be_visible()


def test_a_strict_content_policy_of_the_host_is_no_trouble(
    site: Site, channel: Channel, open_as: Callable[..., Page]
) -> None:
    page = open_as(None, f"/demo/chat/{channel.pk}/")
    assert "unsafe-inline" not in str(
        page.evaluate("fetch(location).then(a => a.headers.get('content-security-policy'))")
    )
    page.get_by_role("button", name="Abrir el chat").click()
    assert page.locator(".panel").evaluate("element => getComputedStyle(element).position") != ""
    assert page.locator(".launcher").evaluate("element => getComputedStyle(element).borderRadius") == "50%"
    assert not page.complaints
