"""The booking page as a stranger meets it: on a telephone, without scripts, with the keyboard alone."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from crm.models import AgendaEvent, Seller
from tenants.context import tenant_context
from tests.browser.conftest import Site, overflows
from tests.factories.agenda import make_agenda_settings, make_service
from tests.factories.crm import make_seller

pytestmark = [pytest.mark.browser, pytest.mark.slow]
EVERY_DAY = {str(day): [["09:00", "18:00"]] for day in range(7)}


def _publish(site: Site, *, services: int) -> None:
    with tenant_context(site.cast.acme):
        Seller.objects.update(is_active=False)
        make_seller(name="Sol Paz", working_hours=EVERY_DAY)
        make_agenda_settings(page_on=True, page_title="Visitas", page_color="violet")
        for number in range(services):
            make_service(name=f"Visita {number + 1}", place="Calle 1", position=number)


@pytest.fixture
def home(site: Site) -> str:
    site.do(_publish, site, services=2)
    return f"/reservar/{site.cast.acme.slug}/"


def booked(site: Site) -> list[tuple[str, int]]:
    def read() -> list[Any]:
        with tenant_context(site.cast.acme):
            return list(AgendaEvent.objects.values_list("status", "moves"))

    return site.do(read)


def fill(page: Page) -> None:
    page.get_by_label("Nombre").fill("Luz Vera")
    page.get_by_label("Teléfono").fill("11 5555-9876")
    page.get_by_label("Acepto que usen").check()


def test_a_visitor_books_moves_and_cancels_on_a_telephone_without_scripts(
    site: Site, open_as: Callable[..., Page], home: str
) -> None:
    page = open_as(None, home, phone=True, scripts=False)
    seen = [overflows(page)]
    page.get_by_role("link", name="Visita 1").click()
    seen.append(overflows(page))
    page.locator(".booking-time").last.click()
    seen.append(overflows(page))
    page.get_by_role("button", name="Agendar").click()
    expect(page.get_by_role("alert")).to_contain_text("Revisar lo marcado")
    fill(page)
    page.get_by_role("button", name="Agendar").click()
    expect(page.get_by_role("status")).to_contain_text("la cita está agendada")
    seen.append(overflows(page))
    page.get_by_role("link", name="Mover", exact=True).click()
    page.locator(".booking-time").first.click()
    page.get_by_role("button", name="Mover la cita").click()
    expect(page.get_by_role("status")).to_contain_text("cambió de horario")
    page.get_by_role("link", name="Cancelar la cita").click()
    page.get_by_role("button", name="Cancelar la cita").click()
    expect(page.get_by_role("status")).to_contain_text("está cancelada")
    assert booked(site) == [("cancelled", 1)]
    assert not any(seen)


def test_the_keyboard_alone_is_enough(site: Site, open_as: Callable[..., Page], home: str) -> None:
    page = open_as(None, home, dark=True)
    page.get_by_role("link", name="Visita 2").focus()
    page.keyboard.press("Enter")
    page.locator(".booking-time").last.focus()
    page.keyboard.press("Enter")
    page.get_by_label("Nombre").focus()
    for text in ("Luz Vera", "+54 11 5555 9876", ""):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Agendar")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("la cita está agendada")
    assert booked(site) == [("scheduled", 0)]
    assert page.complaints == []  # type: ignore[attr-defined]  # noted by open_as


def test_the_page_guesses_the_visitors_zone_and_lets_them_choose(site: Site, chromium: Browser, home: str) -> None:
    context = chromium.new_context(base_url=site.address, timezone_id="Asia/Tokyo", locale="es-ES")
    page = context.new_page()
    page.goto(home)
    page.get_by_role("link", name="Visita 1").click()
    page.wait_for_url("**zona=Asia*")
    zone = page.get_by_label("Horarios de")
    expect(zone).to_have_value("Asia/Tokyo")
    zone.select_option("Europe/Madrid")
    page.wait_for_url("**zona=Europe*")
    expect(page.get_by_label("Horarios de")).to_have_value("Europe/Madrid")
    expect(page.get_by_text("está en la zona de Buenos Aires")).to_be_visible()
    context.close()
