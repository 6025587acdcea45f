"""Storing, testing and seeing a credential as a person does it, on a phone and without scripts."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, overflows
from tests.support.cast import PASSWORD
from tests.tenants.vault.providers import CANARY, Providers

Open = Callable[..., Page]


@pytest.fixture
def providers(settings: Any) -> Iterator[Providers]:
    made = Providers()
    made.point(settings)
    yield made
    made.close()


def test_a_key_is_stored_tested_while_one_watches_and_shown_for_the_password(
    open_as: Open, site: Site, providers: Providers
) -> None:
    page = open_as("ana", "/credenciales/", phone=True)
    assert not overflows(page)
    page.get_by_role("link", name="Cargar OpenAI").click()
    page.get_by_label("Clave", exact=True).fill(CANARY)
    page.get_by_role("button", name="Guardar").click()
    card = page.locator("#c-openai")
    expect(card).to_contain_text("Sin probar")
    card.get_by_role("button", name="Probar Modelos").click()
    expect(card).to_contain_text("Probando")
    site.work()
    expect(card).to_contain_text("Funciona")
    assert not overflows(page)
    card.get_by_role("link", name="Ver API_KEY").click()
    assert not overflows(page)
    page.get_by_role("link", name="Mostrar el valor").click()
    page.get_by_label("Su contraseña").fill(PASSWORD)
    page.get_by_role("button", name="Mostrar el valor").click()
    expect(page.locator("pre")).to_have_text(CANARY)
    assert not overflows(page)
    assert page.complaints == []  # type: ignore[attr-defined]  # set by the fixture


def test_without_scripts_reloading_shows_the_result(open_as: Open, site: Site, providers: Providers) -> None:
    page = open_as("ana", "/credenciales/meta/", scripts=False)
    page.get_by_label("Id de la app").fill("4711")
    page.get_by_label("Clave secreta de la app").fill(f"{CANARY}-wrong")
    page.get_by_role("button", name="Guardar").click()
    card = page.locator("#c-meta")
    card.get_by_role("button", name="Probar App").click()
    expect(card).to_contain_text("Probando")
    site.work()
    page.reload()
    expect(card).to_contain_text("Falla")
