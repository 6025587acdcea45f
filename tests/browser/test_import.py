"""A spreadsheet comes in through a real browser: with the keyboard, on a phone, and with scripts blocked."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from crm.models import Contact
from tenants.context import tenant_context
from tests.browser.conftest import Site, overflows
from tests.support.thorough import dealt

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Open = Callable[..., Page]
ROWS = "Nombre;Teléfono;Ciudad\nJosé Ñandú;+54 9 11 5555-0001;Córdoba\nInés;=1+1;Lima\n"


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "personas de la feria.csv"
    path.write_bytes(ROWS.encode("latin-1"))
    return path


def people(site: Site) -> list[str]:
    def read() -> list[str]:
        with tenant_context(site.cast.acme):
            return list(Contact.objects.filter(city="Córdoba").values_list("name", flat=True))

    return site.do(read)


@pytest.mark.parametrize("phone", dealt([False, True], 1, share=2))
def test_a_spreadsheet_comes_in_and_goes_again(site: Site, open_as: Open, sheet: Path, phone: bool) -> None:
    page = open_as("ana", "/importaciones/", phone=phone, dark=phone)
    page.get_by_role("link", name="Importar planilla").first.click()
    page.get_by_label("Archivo").set_input_files(sheet)
    page.get_by_role("button", name="Subir").press("Enter")
    expect(page.get_by_label("Teléfono")).to_have_value("phone")
    assert not overflows(page)
    page.get_by_label("Origen").fill("Feria")
    page.get_by_label("Origen").press("Enter")
    expect(page.get_by_text("Revisando")).to_be_visible()
    site.work()  # the page asks again by itself
    expect(page.get_by_text("Todavía no se guardó nada")).to_be_visible()
    expect(page.get_by_text("El teléfono no se entiende")).to_be_visible()
    assert not overflows(page)
    assert people(site) == []
    page.get_by_role("button", name="Importar", exact=True).press("Enter")
    site.work()
    expect(page.get_by_text("Importado", exact=True)).to_be_visible()
    assert people(site) == ["José Ñandú"]
    page.get_by_role("button", name="Deshacer la importación").click()
    site.work()
    expect(page.get_by_text("Se deshizo por completo")).to_be_visible()
    assert people(site) == []


def test_it_works_without_scripts(site: Site, open_as: Open, sheet: Path) -> None:
    page = open_as("ana", "/importaciones/nueva/", scripts=False)
    page.get_by_label("Archivo").set_input_files(sheet)
    page.get_by_role("button", name="Subir").click()
    page.get_by_role("button", name="Revisar sin guardar").click()
    site.work()
    page.get_by_role("link", name="Actualizar").click()
    page.get_by_role("button", name="Importar", exact=True).click()
    site.work()
    page.reload()
    assert people(site) == ["José Ñandú"]


def test_the_list_leaves_as_a_file(site: Site, open_as: Open) -> None:
    page = open_as("ana", "/leads/exportar/?status=open")
    expect(page.get_by_text("Estado: Abiertos")).to_be_visible()
    page.get_by_label("CSV con punto y coma").check()
    with page.expect_download() as coming:
        page.get_by_role("button", name="Descargar").click()
    assert Path(coming.value.path()).read_text(encoding="utf-8-sig").startswith("Id de contacto;Nombre;")
