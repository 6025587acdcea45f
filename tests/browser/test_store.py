"""The online store in a browser: connected by hand, read, looked through, let go."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, overflows
from tests.fakes.tiendanube import APP_ID, SECRET, STORE, TOKEN, TiendanubeFake, product, variant
from tests.support.thorough import dealt

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def nube(monkeypatch: pytest.MonkeyPatch) -> Iterator[TiendanubeFake]:
    with TiendanubeFake() as fake:
        monkeypatch.setattr(settings, "TIENDANUBE_BASE_URL", fake.base_url)
        monkeypatch.setattr(settings, "TIENDANUBE_AUTH_BASE_URL", fake.auth_url)
        long = "Termotanque eléctrico de pie de 150 litros con conexión superior y garantía extendida"
        ropa = [{"name": {"es": "Ropa"}}, {"name": {"es": "Verano"}}]
        fake.shop.add(product(1, "Remera lisa", variant(10, "2500.00", 3, "S"), categories=ropa))
        fake.shop.add(product(2, long, variant(20, "1234567.00", 0)), product(3, "Lámpara", variant(30, None, None)))
        yield fake


@pytest.mark.parametrize("phone", dealt([True, False], 0, share=2))
def test_a_store_is_connected_read_and_let_go(
    site: Site, open_as: Callable[..., Page], nube: TiendanubeFake, phone: bool
) -> None:
    page = open_as("ana", "/ajustes/", phone=phone, dark=not phone)
    page.get_by_role("link", name="Tienda en línea").click()
    assert not overflows(page)
    page.get_by_role("link", name="Conectar Tienda Nube").click()
    assert not overflows(page)
    page.get_by_label("Id de la app").fill(APP_ID)
    page.get_by_label("Secreto de la app").fill(SECRET)
    page.get_by_role("button", name="Guardar").click()
    expect(page.get_by_role("link", name="Ir a Tienda Nube")).to_be_visible()
    assert not overflows(page)
    page.goto("/ajustes/tienda/")
    page.get_by_role("link", name="Escribir un token").click()
    page.get_by_label("Número de tienda").fill(STORE)
    page.get_by_label("Token de acceso").fill(TOKEN)
    page.get_by_role("button", name="Conectar").click()
    expect(page.get_by_text("Leyendo…")).to_be_visible()
    site.work()
    expect(page.get_by_text("Conectada")).to_be_visible()  # by itself, a moment later
    expect(page.get_by_role("heading", name="Acme Ropa")).to_be_visible()
    assert not overflows(page)
    page.get_by_role("link", name=re.compile("^3$")).click()
    expect(page.get_by_role("listitem").filter(has_text="Remera lisa")).to_contain_text("2.500,00")
    assert not overflows(page)
    page.get_by_label("Buscar productos").fill("lampara")
    page.get_by_role("button", name="Buscar", exact=True).click()
    expect(page.get_by_text("consultar precio")).to_be_visible()
    expect(page.get_by_text("Remera lisa")).to_have_count(0)
    nube.shop.status = 401
    page.goto("/ajustes/tienda/")
    page.get_by_role("button", name="Probar y leer ahora").click()
    expect(page.get_by_text("Leyendo…")).to_be_visible()
    site.work()
    expect(page.get_by_text("Necesita atención")).to_be_visible()
    expect(page.get_by_text("Conectar la tienda de nuevo")).to_be_visible()
    assert not overflows(page)
    page.get_by_role("link", name="Desconectar").click()
    page.get_by_role("button", name="Desconectar").click()
    expect(page.get_by_text("La tienda quedó desconectada.")).to_be_visible()
    assert not page.complaints  # type: ignore[attr-defined]  # the browser's own errors
