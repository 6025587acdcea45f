"""Help with writing in a browser: the text lands in the composer, is changed there, and only a person sends it."""

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from agents.models import Agent
from messaging.models import Conversation
from tenants.context import tenant_context
from tests.agents.services.story import employ
from tests.browser.conftest import Site, overflows
from tests.browser.test_inbox import texts_out, with_messages, write_in
from tests.fakes.llm import FakeLLM
from tests.support.thorough import dealt

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def shot(page: Page, name: str) -> None:
    """For looking at: `SHOTS=/tmp/shots pytest …`."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/copilot-{name}.png")


def staffed(site: Site, llm: FakeLLM | None) -> Conversation:
    chat = with_messages(site, 2)

    def hire() -> None:
        with tenant_context(site.cast.acme):
            Agent.objects.all().delete()
        employ(site.cast.acme, llm)

    site.do(hire)
    return chat


@pytest.mark.parametrize("phone", dealt([True, False], 1, share=2))
def test_a_draft_lands_in_the_composer_is_edited_and_sent(
    site: Site, open_as: Callable[..., Page], llm: FakeLLM, phone: bool
) -> None:
    chat, size = staffed(site, llm), "360" if phone else "1280"
    llm.say("Hola Marta, sí: lo tenemos en azul por 4.500 pesos.")
    llm.say("Sí, en azul.")
    page = open_as("ana", f"/bandeja/{chat.pk}/", phone=phone, dark=phone)
    box = page.get_by_role("textbox", name="Mensaje")
    box.fill("que sí, en azul")
    page.get_by_role("button", name="Redactar").click()
    expect(page.get_by_text("Escribiendo…")).to_be_visible()
    shot(page, f"waiting-{size}")
    site.work()
    expect(box).to_have_value("Hola Marta, sí: lo tenemos en azul por 4.500 pesos.")
    panel = page.locator("#copilot")
    expect(panel.get_by_text("Está en el mensaje: leerlo y corregirlo antes de enviar.")).to_be_visible()
    expect(page.locator("#announcer")).to_contain_text("Está en el mensaje")
    expect(panel.get_by_text("Revisar: 4.500 no sale del chat ni del conocimiento.")).to_be_visible()
    assert not overflows(page)
    shot(page, f"draft-{size}")
    assert texts_out(site, chat) == [], "nothing is sent by itself"
    page.get_by_role("button", name="Deshacer").click()
    expect(box).to_have_value("que sí, en azul")
    shot(page, f"undone-{size}")
    page.get_by_role("button", name="Poner en el mensaje").click()
    expect(box).to_have_value("Hola Marta, sí: lo tenemos en azul por 4.500 pesos.")
    page.get_by_text("Mejorar o resumir").click()
    shot(page, f"more-{size}")
    page.get_by_role("button", name="Más corto").click()
    site.do(lambda: None)
    expect(page.get_by_text("Escribiendo…")).to_be_visible()
    site.work()
    expect(box).to_have_value("Sí, en azul.")
    box.fill("Sí, en azul claro.")
    page.get_by_role("button", name="Enviar", exact=True).click()
    expect(page.locator(".bubble.person", has_text="Sí, en azul claro.")).to_be_visible()
    expect(box).to_have_value("")
    expect(panel.get_by_text("Está en el mensaje")).to_have_count(0)
    assert texts_out(site, chat) == ["Sí, en azul claro."]
    assert not page.complaints


def test_what_is_typed_meanwhile_is_not_replaced_and_news_are_told(
    site: Site, open_as: Callable[..., Page], llm: FakeLLM
) -> None:
    chat = staffed(site, llm)
    llm.say("Hola Marta.")
    page = open_as("ana", f"/bandeja/{chat.pk}/")
    box = page.get_by_role("textbox", name="Mensaje")
    box.focus()
    page.keyboard.press("Alt+r")
    expect(page.get_by_text("Escribiendo…")).to_be_visible()
    box.fill("Ya le escribo yo")
    write_in(site, chat, "Y otra cosa")
    expect(page.locator("#thread").get_by_text("Y otra cosa")).to_be_visible()
    site.work()
    expect(page.get_by_role("button", name="Poner en el mensaje")).to_be_visible()
    expect(page.locator("#copilot").get_by_text("Mientras tanto hubo 1 mensaje más en el chat")).to_be_visible()
    expect(box).to_have_value("Ya le escribo yo")
    shot(page, "moved-1280")
    page.locator("#copilot").get_by_role("button", name="Cerrar").click()
    expect(page.locator("#copilot").get_by_text("Mientras tanto")).to_have_count(0)
    expect(box).to_have_value("Ya le escribo yo")
    assert not page.complaints


def test_a_summary_stays_beside_and_becomes_a_note(site: Site, open_as: Callable[..., Page]) -> None:
    chat = staffed(site, None)
    page = open_as("ana", f"/bandeja/{chat.pk}/", phone=True)
    page.keyboard.press("Alt+s")
    site.do(lambda: None)
    expect(page.get_by_text("Leyendo el chat…")).to_be_visible()
    site.work()
    expect(page.locator("#copilot").get_by_text("Qué quiere:")).to_be_visible()
    assert not overflows(page)
    shot(page, "summary-360")
    page.get_by_role("button", name="Guardar como nota interna").click()
    expect(page.locator("#copilot").get_by_text("Quedó como nota interna")).to_be_visible()
    expect(page.locator("#thread").get_by_text("Resumen de la IA guardado por")).to_be_visible()
    expect(page.get_by_role("textbox", name="Mensaje")).to_have_value("")
    shot(page, "noted-360")
    assert [text.splitlines()[0][:6] for text in texts_out(site, chat)] == ["Quién:"], "the note, and nothing else"
    assert not page.complaints


def test_without_scripts_too(site: Site, open_as: Callable[..., Page]) -> None:
    chat = staffed(site, None)
    page = open_as("ana", f"/bandeja/{chat.pk}/", scripts=False, phone=True)
    page.get_by_role("textbox", name="Mensaje").fill("hola ,si")
    page.get_by_text("Mejorar o resumir").click()
    page.get_by_role("button", name="Corregir la ortografía").click()
    page.wait_for_load_state()
    site.work()
    page.get_by_role("link", name="Actualizar").click()
    box = page.get_by_role("textbox", name="Mensaje")
    expect(box).to_have_value("Hola, si")
    assert not overflows(page)
    shot(page, "plain-360")
    box.fill("Hola, sí")
    page.get_by_role("button", name="Enviar").click()
    expect(page.locator(".bubble.person", has_text="Hola, sí")).to_be_visible()
