"""Two contacts that are one person: found, looked at, united, taken apart; with scripts and without."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from crm.models import Contact
from crm.services import duplicates
from tenants.context import tenant_context
from tests.browser.conftest import Site, overflows
from tests.factories.crm import make_contact, make_lead

Open = Callable[..., Page]


def pair(site: Site) -> tuple[str, str]:
    def make() -> tuple[str, str]:
        with tenant_context(site.cast.acme):
            kept = make_contact(name="José Álvarez", email="jose@example.test", city="Rosario")
            other = make_contact(name="Jose Alvarez", email="jose@example.test")
            make_lead(contact=other)
            duplicates.find_for(kept.pk)
            return str(kept.pk), str(other.pk)

    return site.do(make)


def count(site: Site) -> int:
    def ask() -> int:
        with tenant_context(site.cast.acme):
            return Contact.objects.count()

    return site.do(ask)


@pytest.mark.browser
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_suggested_pair_is_united_and_taken_apart(site: Site, open_as: Open, scripts: bool) -> None:
    kept, other = pair(site)
    page = open_as("ana", "/contactos/duplicados/", phone=True, dark=True, scripts=scripts)
    expect(page.get_by_text("El mismo correo: jose@example.test")).to_be_visible()
    page.locator(f'a[href="/contactos/{kept}/unir/{other}/"]').click()
    expect(page.get_by_text("leads: 1")).to_be_visible()
    page.get_by_role("button", name="Unir", exact=True).click()
    page.wait_for_url(f"**/contactos/{kept}/")
    assert count(site) == 1
    page.goto(f"/contactos/{other}/")  # an old link leads to who was kept
    page.wait_for_url(f"**/contactos/{kept}/")
    expect(page.get_by_text("Unido con Jose Alvarez").first).to_be_visible()
    page.get_by_role("button", name="Deshacer").first.click()
    expect(page.get_by_text("Unión deshecha")).to_be_visible()
    assert count(site) == 2


@pytest.mark.browser
def test_the_pages_of_people_fit_a_phone_and_complain_about_nothing(site: Site, open_as: Open) -> None:
    kept, other = pair(site)
    page: Any = open_as("ana", "/contactos/", phone=True)
    for path in (
        "/contactos/", "/contactos/nuevo/", "/contactos/duplicados/", "/contactos/bloqueados/", f"/contactos/{kept}/unir/?q=jose",
        f"/contactos/{kept}/unir/{other}/", f"/contactos/{kept}/consentimientos/", f"/contactos/{kept}/bloquear/",
    ):  # fmt: skip
        page.goto(path)
        assert not overflows(page), path
    assert page.complaints == []


@pytest.mark.browser
def test_uniting_works_by_keyboard_alone(site: Site, open_as: Open) -> None:
    kept, _other = pair(site)
    page = open_as("ana", f"/contactos/{kept}/unir/")
    page.get_by_label("Buscar").first.focus()
    page.keyboard.type("jose alvarez")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Elegir").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Unir", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/contactos/{kept}/")
    assert count(site) == 1
