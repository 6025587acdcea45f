"""Knowledge and agents in a browser: states that change by themselves, forms that keep what was typed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from agents.models import Agent
from agents.services import agents
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tests.browser.conftest import Site, overflows

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_an_uploaded_file_becomes_ready_under_the_readers_eyes(
    site: Site, open_as: Callable[..., Page], tmp_path: Path
) -> None:
    prices = tmp_path / "precios.md"
    prices.write_text("# Precios\n\nEl termotanque solar de 150 litros sale $ 890.000.\n", encoding="utf-8")
    page = open_as("ana", "/conocimiento/subir/")
    page.get_by_label("Archivo").set_input_files(prices)
    page.get_by_role("button", name="Subir").click()
    expect(page.get_by_text("En cola")).to_be_visible()
    site.work()
    expect(page.get_by_text("Listo")).to_be_visible()
    page.get_by_role("link", name="Probar una pregunta").click()
    page.get_by_role("searchbox", name="Pregunta").fill("cuánto sale el de 150")
    page.keyboard.press("Enter")
    expect(page.get_by_text("$ 890.000")).to_be_visible()
    assert not page.complaints


def test_words_are_changed_compared_and_published(site: Site, open_as: Callable[..., Page]) -> None:
    def make() -> Agent:
        with tenant_context(site.cast.acme):
            by = Actor.system("prueba")
            return agents.create_from_template(template_type="sales", by=by, name="Vera", is_active=True)

    agent = site.do(make)
    page = open_as("ana", f"/agentes/{agent.pk}/")
    page.get_by_label("Instrucciones").fill("Responder en una sola frase.")
    page.get_by_label("Diccionario").fill("sin la forma esperada")
    page.get_by_role("button", name="Guardar").click()
    expect(page.get_by_label("Instrucciones")).to_have_value("Responder en una sola frase.")
    expect(page.get_by_role("alert")).to_contain_text("no tiene la forma")
    page.complaints.clear()  # type: ignore[attr-defined]  # the browser notes the refusal itself
    page.goto(page.url)  # the address of the refused form leads back to the agent
    page.get_by_label("Instrucciones").fill("Responder en una sola frase.")
    page.get_by_label("Diccionario").fill("termo: termotanque")
    page.get_by_role("button", name="Guardar").click()
    page.get_by_text("respecto de la versión publicada").click()
    expect(page.locator(".diff .new", has_text="Responder en una sola frase.")).to_be_visible()
    assert not overflows(page)
    page.get_by_role("button", name="Publicar").click()
    expect(page.get_by_role("link", name="Versión 2")).to_be_visible()
    assert not page.complaints
