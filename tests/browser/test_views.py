"""The table of leads in a browser: filters, views, rows chosen by key, an act on many and its way back."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from crm.models import Lead
from tenants.context import tenant_context
from tests.browser.conftest import Site, overflows
from tests.factories.crm import make_contact, make_lead
from tests.support.thorough import dealt

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def leads(site: Site) -> Any:
    def made() -> list[Lead]:
        with tenant_context(site.cast.acme):
            names = ("Marta Giménez", "Luis Ferreyra", "Zoe Paz")
            found = [make_lead(contact=make_contact(name=name), source="feria") for name in names]
            return [*found, make_lead(contact=make_contact(name="Otra"), source="web")]

    return site.do(made)


def tagged(site: Site) -> int:
    def read() -> int:
        with tenant_context(site.cast.acme):
            return Lead.objects.filter(tags__contains=["vip"]).count()

    return site.do(read)


def test_filters_become_a_view_that_is_found_again(site: Site, leads: list[Lead], open_as: Callable[..., Page]) -> None:
    page = open_as("ana", "/leads/")
    page.get_by_label("Origen").select_option("feria")
    page.wait_for_url("**/leads/?source=feria")
    expect(page.get_by_role("link", name="Otra")).to_have_count(0)
    page.locator(".views-line summary").click()
    page.get_by_label("Guardar lo que se ve como").fill("De la feria")
    page.get_by_role("button", name="Guardar vista").click()
    expect(page.get_by_role("link", name="De la feria")).to_have_attribute("aria-current", "page")
    page.goto("/leads/")
    page.get_by_role("link", name="De la feria").click()
    expect(page.get_by_role("row")).to_have_count(4)
    assert not page.complaints  # type: ignore[attr-defined]


def test_rows_are_chosen_by_key_and_an_act_on_them_is_taken_back(
    site: Site, leads: list[Lead], open_as: Callable[..., Page]
) -> None:
    page = open_as("ana", "/leads/?source=feria")
    expect(page.get_by_role("button", name="Etiquetar")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+X")
    expect(page.locator("[data-selected-count]")).to_have_text("3")
    page.get_by_role("button", name="Etiquetar").click()
    expect(page.locator("main")).to_contain_text("3 leads")
    page.get_by_label("Etiqueta").fill("vip")
    page.get_by_role("button", name="Aplicar").click()
    expect(page.locator("#bulk")).to_contain_text("3 de 3 leads")
    assert tagged(site) == 3
    page.get_by_role("button", name="Deshacer").click()
    expect(page.locator("#bulk")).to_contain_text("Deshecho")
    assert tagged(site) == 0
    assert not page.complaints  # type: ignore[attr-defined]


def test_all_of_it_works_on_a_phone_without_scripts(
    site: Site, leads: list[Lead], open_as: Callable[..., Page]
) -> None:
    page = open_as("ana", "/leads/?source=feria", phone=True, scripts=False)
    page.get_by_label("Elegir Zoe Paz").check()
    page.get_by_role("button", name="Etiquetar").click()
    page.get_by_label("Etiqueta").fill("vip")
    page.get_by_role("button", name="Aplicar").click()
    expect(page.locator("#bulk")).to_contain_text("1 de 1 leads")
    assert tagged(site) == 1


@pytest.mark.parametrize("dark", dealt([False, True], 0, share=2))
def test_nothing_runs_over_the_edge_of_a_phone(
    dark: bool, site: Site, leads: list[Lead], open_as: Callable[..., Page]
) -> None:
    page = open_as("ana", "/leads/?source=feria&tag=vip", phone=True, dark=dark)
    assert not overflows(page)
    page.goto("/leads/")
    page.get_by_label("Elegir Zoe Paz").check()
    assert not overflows(page)
    page.locator(".more-filters summary").click()
    assert not overflows(page)
