"""Mi día in a real browser: everything that waits is dealt with on the page, by mouse, by keyboard, and without scripts."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from crm.models import Lead, Task
from crm.services import steps, tasks
from tenants.context import tenant_context
from tests.browser.conftest import Site
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.support.thorough import dealt

pytestmark = pytest.mark.browser
Open = Callable[..., Page]


def day_of_sol(site: Site) -> None:
    """A late call about one lead, and one without a step."""

    def make() -> None:
        sol = site.cast["sol"]
        with tenant_context(site.cast.acme):
            seller = make_seller(name="Sol", user=sol.user)
            called = make_lead(contact=make_contact(name="Ferretería Ñandú"), owner=seller)
            late = timezone.now() - timedelta(hours=2)
            tasks.create_task(title="Llamar por la oferta", kind="call", due_at=late, lead=called, by=sol.actor)
            make_lead(contact=make_contact(name="Óptica del Río"), owner=seller)

    site.do(make)


def left(site: Site) -> tuple[int, int]:
    """(open tasks, leads without a step) of Sol's company."""

    def count() -> tuple[int, int]:
        with tenant_context(site.cast.acme):
            return Task.objects.open().count(), steps.lacking(Lead.objects.all()).count()

    return site.do(count)


@pytest.mark.parametrize("phone", dealt([False, True], 0, share=2), ids=lambda phone: "phone" if phone else "desk")
def test_the_day_is_worked_down_without_leaving_the_page(site: Site, open_as: Open, phone: bool) -> None:
    day_of_sol(site)
    page = open_as("sol", "/mi-dia/", phone=phone)
    call = page.locator("li[data-row]", has_text="Ferretería Ñandú")
    expect(call).to_contain_text("Llamar por la oferta")

    call.get_by_role("button", name="Hecha").click()
    asked = page.locator("li[data-row]", has_text="Ferretería Ñandú").locator("details[open]")
    expect(asked).to_be_visible()  # the last step of an open lead asks for the next one
    asked.get_by_label("Qué sigue").fill("Mandar la oferta")
    asked.get_by_role("button", name="+3 días").click()
    expect(page.locator("li[data-row]", has_text="Ferretería Ñandú")).to_have_count(0)

    other = page.locator("li[data-row]", has_text="Óptica del Río")
    other.get_by_text("Planear paso").click()
    other.get_by_role("button", name="Mañana 9:00").click()

    expect(page.get_by_text("Nada espera por una persona")).to_be_visible()
    assert page.url.split("?")[0].endswith("/mi-dia/")
    assert left(site) == (2, 0)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_the_same_by_plain_forms_when_scripts_are_blocked(site: Site, open_as: Open) -> None:
    day_of_sol(site)
    page = open_as("sol", "/mi-dia/", scripts=False)

    page.locator("li[data-row]", has_text="Ferretería Ñandú").get_by_role("button", name="Hecha").click()
    page.locator("details[open]").get_by_role("link", name="Otra fecha, o no hace falta un paso").click()
    page.get_by_text("No hace falta un paso").click()
    page.get_by_label("Por qué").fill("Viaja hasta marzo")
    page.get_by_label("Hasta").fill((timezone.localdate() + timedelta(days=30)).isoformat())
    page.get_by_role("button", name="Guardar").click()

    expect(page.get_by_role("heading", name="Mi día")).to_be_visible()
    expect(page.locator("li[data-row]")).to_have_count(1)
    assert left(site) == (0, 1)


def test_a_promise_is_put_off_by_keyboard_alone(site: Site, open_as: Open) -> None:
    day_of_sol(site)
    page = open_as("sol", "/mi-dia/")
    later = page.locator("li[data-row]", has_text="Llamar por la oferta").get_by_role("button", name="+1 día")

    for _each in range(80):
        if later.evaluate("node => node === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Llamar por la oferta")).to_have_count(0)
    assert left(site) == (1, 1)


def test_what_a_colleague_does_appears_by_itself(site: Site, open_as: Open) -> None:
    page = open_as("sol", "/mi-dia/")
    expect(page.get_by_text("Nada espera por una persona")).to_be_visible()

    day_of_sol(site)

    expect(page.locator("li[data-row]")).to_have_count(2)
