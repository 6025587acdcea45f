"""The board in a browser: dragging, keys, plain forms, and the chat beside it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from crm.models import Lead
from tenants.context import tenant_context
from tests.browser.conftest import Site, overflows
from tests.factories.crm import make_contact, make_lead
from tests.factories.messaging import make_channel, make_conversation, make_message
from tests.support.thorough import dealt

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def marta(site: Site) -> Any:
    """A lead in the first stage, with a chat."""

    def made() -> Lead:
        with tenant_context(site.cast.acme):
            contact = make_contact(name="Marta Giménez", city="Rosario")
            lead = make_lead(contact=contact, value="1500.00", currency="ARS", tags=["vip"])
            make_lead(contact=make_contact(name="Luis Ferreyra"))
            chat = make_conversation(contact=contact, channel=make_channel())
            make_message(conversation=chat, text="Hola, quiero un presupuesto")
            return lead

    return site.do(made)


def stage_of(site: Site, lead: Lead) -> str:
    def read() -> str:
        with tenant_context(site.cast.acme):
            return Lead.objects.select_related("stage").get(pk=lead.pk).stage.code

    return site.do(read)


def column(page: Page, name: str) -> Any:
    return page.locator(".board-column").filter(has=page.get_by_role("heading", name=name, exact=True))


def drag(page: Page, lead: Lead, to: str) -> None:
    """As a hand does it: in steps, so that the library notices."""
    box = page.locator(f"#card-{lead.pk} .card-step").bounding_box()
    target = column(page, to).locator("[data-stage]").bounding_box()
    assert box
    assert target
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 30, box["y"] + 15, steps=4)
    page.mouse.move(target["x"] + target["width"] / 2, target["y"] + 20, steps=12)
    page.mouse.up()


def test_a_card_is_dragged_and_what_is_not_allowed_goes_back(
    site: Site, marta: Lead, open_as: Callable[..., Page]
) -> None:
    page = open_as("ana", "/embudo/")
    drag(page, marta, "Contactado")
    expect(page.locator("#announcer")).to_contain_text("pasó a «Contactado»")
    expect(column(page, "Contactado").locator("header .mark")).to_have_text("1")
    expect(column(page, "Contactado")).to_contain_text("Marta Giménez")
    assert stage_of(site, marta) == "contactado"

    page.wait_for_load_state("networkidle")  # the live line has drawn the move by then
    page.locator(".board").evaluate("board => board.scrollLeft = 250")
    drag(page, marta, "Negociación")
    expect(page.locator(".toast-note")).to_contain_text("no se pasa a")
    expect(column(page, "Contactado")).to_contain_text("Marta Giménez")
    expect(column(page, "Negociación")).not_to_contain_text("Marta Giménez")
    assert stage_of(site, marta) == "contactado"


def test_keys_alone_move_a_card_and_ask_for_the_lost_reason(
    site: Site, marta: Lead, open_as: Callable[..., Page]
) -> None:
    page = open_as("ana", "/embudo/")
    page.locator(f"#card-{marta.pk} a.row-link").focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator("a.row-link:focus")).to_have_text("Luis Ferreyra")
    page.keyboard.press("ArrowDown")
    expect(page.locator("a.row-link:focus")).to_have_text("Marta Giménez")
    page.keyboard.press("m")
    menu = page.locator(f"#card-{marta.pk} select")
    expect(menu).to_be_focused()
    menu.select_option(label="Perdido")
    page.locator(f"#card-{marta.pk} form button").press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Marta Giménez pasa a Perdido")
    reason = dialog.get_by_label("Motivo de la pérdida")
    expect(reason).to_be_focused()
    reason.fill("Precio")
    reason.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator(f"#card-{marta.pk}")).to_have_count(0)
    assert stage_of(site, marta) == "perdido"


def test_a_card_opens_its_chat_beside_the_board(marta: Lead, open_as: Callable[..., Page]) -> None:
    page = open_as("ana", "/embudo/")
    page.get_by_role("link", name="Marta Giménez").click()
    panel = page.locator("#board-panel")
    expect(panel).to_contain_text("Hola, quiero un presupuesto")
    expect(page).to_have_url(re.compile(f"ver={marta.pk}"))
    expect(column(page, "Nuevo")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.locator("a.row-link:focus")).to_have_text("Marta Giménez")
    assert not page.complaints  # type: ignore[attr-defined]


@pytest.mark.parametrize("dark", dealt([False, True], 1, share=2))
def test_on_a_phone_without_scripts_a_card_moves_by_a_plain_form(
    dark: bool, site: Site, marta: Lead, open_as: Callable[..., Page]
) -> None:
    page = open_as("ana", "/embudo/", phone=True, dark=dark, scripts=False)
    card = page.locator(f"#card-{marta.pk}")
    card.locator("summary").click()
    card.locator("select").select_option(label="Contactado")
    card.get_by_role("button", name="Mover").click()
    expect(page.locator(".toasts")).to_contain_text("pasó a «Contactado»")
    assert stage_of(site, marta) == "contactado"


def test_nothing_runs_over_the_edge_of_a_phone(site: Site, marta: Lead, open_as: Callable[..., Page]) -> None:
    for path in ("/embudo/", f"/embudo/?ver={marta.pk}", "/leads/", "/vistas/"):
        page = open_as("ana", path, phone=True)
        assert not overflows(page), path


def test_somebody_elses_move_shows_by_itself(site: Site, marta: Lead, open_as: Callable[..., Page]) -> None:
    first, second = open_as("ana", "/embudo/"), open_as("rita", "/embudo/")
    drag(first, marta, "Contactado")
    expect(column(second, "Contactado")).to_contain_text("Marta Giménez")
