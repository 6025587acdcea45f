"""The page of a person in a browser: live without losing a note, names offered after an @, the bell, and without scripts."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from crm.models import Lead, Notification
from crm.services import leads
from crm.services.notes import add_note
from crm.services.notifications import notify
from tenants.context import tenant_context
from tests.browser.conftest import Site, overflows
from tests.factories.crm import make_contact
from tests.factories.messaging import make_conversation, make_message
from tests.support.thorough import dealt

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def lead(site: Site) -> Lead:
    """Of Marta, with a chat and more of a story than one page shows."""

    def make() -> Lead:
        with tenant_context(site.cast.acme):
            contact = make_contact(name="Marta Peralta")
            lead = leads.create_lead(contact=contact, by=site.cast["ana"].actor)
            make_message(conversation=make_conversation(contact=contact), text="Quiero un termotanque")
            for number in range(32):
                add_note(contact=contact, text=f"Nota número {number:02}", by=site.cast["ana"].actor)
            return lead

    return site.do(make)


def write(site: Site, lead: Lead, text: str) -> None:
    def add() -> None:
        with tenant_context(site.cast.acme):
            add_note(contact=lead.contact, lead=lead, text=text, by=site.cast["sol"].actor)

    site.do(add)


def test_what_a_colleague_notes_appears_while_one_writes(site: Site, lead: Lead, open_as: Callable[..., Page]) -> None:
    page = open_as("ana", f"/contactos/{lead.contact_id}/")
    box = page.get_by_role("textbox", name="Nota")
    box.fill("A medio escribir")
    page.get_by_role("link", name="Ver lo anterior").click()
    expect(page.get_by_text("Nota número 00")).to_be_visible()
    box.focus()

    write(site, lead, "Llegó la factura")

    expect(page.locator("#story-new").get_by_text("Llegó la factura")).to_be_visible()
    expect(box).to_have_value("A medio escribir")
    expect(box).to_be_focused()
    expect(page.get_by_text("Nota número 00")).to_be_visible()  # what was opened stays open
    for number in range(32):
        expect(page.get_by_text(f"Nota número {number:02}")).to_have_count(1)
    assert not page.complaints


def test_a_name_is_chosen_with_the_keyboard_and_the_bell_rings(
    site: Site, lead: Lead, open_as: Callable[..., Page]
) -> None:
    sol = open_as("sol", "/sesion/")
    expect(sol.locator("#bell")).to_have_attribute("title", "0 avisos sin leer")
    ana = open_as("ana", f"/leads/{lead.pk}/")
    box = ana.get_by_role("textbox", name="Nota")

    box.press_sequentially("Mirá esto @so")
    expect(ana.locator("#mentions").get_by_text("Sol")).to_be_visible()
    box.press("Enter")
    expect(box).to_have_value("Mirá esto @Sol ")
    box.press_sequentially("@")
    box.press("Escape")
    expect(ana.locator("#mentions")).to_have_count(0)
    box.fill("Mirá esto @Sol")
    ana.get_by_role("button", name="Guardar nota").click()
    expect(ana.locator("#story-new").get_by_text("Mirá esto @Sol")).to_be_visible()

    expect(sol.locator("#bell")).to_have_attribute("title", "1 aviso sin leer")
    sol.locator("#bell").click()
    sol.get_by_role("button", name="Ana le nombró en una nota sobre Marta Peralta.").click()
    expect(sol.get_by_text("Mirá esto @Sol")).to_be_visible()
    expect(sol.locator("#bell")).to_have_attribute("title", "0 avisos sin leer")
    assert not [*ana.complaints, *sol.complaints]


@pytest.mark.parametrize("scripts", [True, False])
def test_a_note_is_written_removed_and_brought_back(lead: Lead, open_as: Callable[..., Page], scripts: bool) -> None:
    page = open_as("ana", f"/contactos/{lead.contact_id}/", phone=True, scripts=scripts)
    page.get_by_role("textbox", name="Nota").fill("Se borra y vuelve")
    page.get_by_role("button", name="Guardar nota").click()
    note = page.get_by_role("listitem").filter(has_text="Se borra y vuelve")
    note.get_by_role("button", name="Borrar").click()
    expect(page.get_by_text("Nota borrada.")).to_be_visible()
    expect(note).to_have_count(0)
    page.get_by_role("button", name="Deshacer").first.click()
    expect(note).to_be_visible()
    assert not overflows(page)


def test_without_scripts_the_story_is_read_narrowed_and_the_stage_moved(
    lead: Lead, open_as: Callable[..., Page]
) -> None:
    page = open_as("ana", f"/contactos/{lead.contact_id}/", scripts=False)
    page.get_by_role("link", name="Chats").click()
    expect(page.get_by_text("Quiero un termotanque")).to_be_visible()
    expect(page.get_by_text("Nota número 31")).to_have_count(0)
    page.get_by_role("link", name="Todo", exact=True).click()
    page.get_by_role("link", name="Ver lo anterior").click()
    expect(page.get_by_text("Nota número 00")).to_be_visible()
    page.get_by_text("Mover de etapa").click()
    page.get_by_role("button", name="Contactado").click()
    expect(page.get_by_text("De Nuevo a Contactado")).to_be_visible()


@pytest.mark.parametrize("dark", dealt([False, True], 0, share=2))
@pytest.mark.parametrize("path", ["/contactos/{contact}/", "/leads/{lead}/", "/avisos/"])
def test_nothing_sticks_out_on_a_phone(
    site: Site, lead: Lead, open_as: Callable[..., Page], path: str, dark: bool
) -> None:
    def tell() -> None:
        with tenant_context(site.cast.acme):
            notify(
                user_id=site.cast["ana"].user.pk,
                kind=Notification.Kind.DONE,
                key="x",
                facts={"title": "importación-de-contactos-de-la-feria-del-norte-2026-11-21-definitiva.csv"},
                urgent=True,
            )

    site.do(tell)
    page = open_as("ana", path.format(contact=lead.contact_id, lead=lead.pk), phone=True, dark=dark)
    expect(page.locator("#bell-head")).to_have_attribute("title", "1 aviso sin leer")
    assert not overflows(page)
    assert not page.complaints
