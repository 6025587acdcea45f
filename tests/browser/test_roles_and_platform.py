"""Roles, teams and the platform's pages as somebody meets them, on a phone and on a desk."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, overflows

pytestmark = [pytest.mark.browser, pytest.mark.slow]
REASON = "No llegan los mensajes de WhatsApp"


@pytest.mark.parametrize("path", ["/permisos/", "/equipo/equipos/", "/visitas/"])
def test_the_companys_pages_fit_a_phone(path: str, site: Site, open_as: Callable[..., Page]) -> None:
    page = open_as("ana", path, phone=True)
    assert not overflows(page)
    assert not page.complaints


def test_the_staff_look_into_a_company_and_the_company_ends_it(site: Site, open_as: Callable[..., Page]) -> None:
    slug = site.cast.acme.slug
    staff = open_as("root", "/plataforma/", phone=True)
    assert not overflows(staff)
    staff.goto(f"/plataforma/empresas/{slug}/")
    assert not overflows(staff)
    staff.get_by_label("Motivo").first.fill(REASON)
    staff.get_by_role("button", name="Abrir la visita").click()
    expect(staff.get_by_text("solo se mira")).to_be_visible()
    expect(staff.get_by_role("heading", name="Canales")).to_be_visible()
    assert not overflows(staff)
    owner = open_as("ana", "/visitas/")
    expect(owner.get_by_text(REASON)).to_be_visible()
    owner.get_by_role("button", name="Terminar").click()
    expect(owner.get_by_text("Visita terminada.")).to_be_visible()
    staff.goto("/canales/")
    expect(staff.get_by_text("solo se mira")).to_have_count(0)
    assert not owner.complaints
