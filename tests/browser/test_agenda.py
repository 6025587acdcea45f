"""The agenda in a browser: the calendar, dragging, keys alone, the team, a phone, and no scripts at all."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from crm.models import AgendaEvent
from tenants.context import tenant_context
from tests.browser.conftest import Site, overflows
from tests.factories.agenda import make_event
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.support.thorough import dealt

pytestmark = [pytest.mark.browser, pytest.mark.slow]
HOURS = {str(day): [["09:00", "18:00"]] for day in range(7)}


def monday(site: Site, hour: int, *, days: int = 0) -> datetime:
    """That hour of a day of next week, by the company's clock."""
    now = timezone.now().astimezone(ZoneInfo(site.cast.acme.timezone))
    day = now + timedelta(days=7 - now.weekday() + days)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


@pytest.fixture
def booked(site: Site) -> AgendaEvent:
    """Sol's appointment with Marta next Monday at ten, and a lunch of hers on Tuesday at noon."""

    def made() -> AgendaEvent:
        with tenant_context(site.cast.acme):
            seller = make_seller(user=site.cast["sol"].user, name="Sol", working_hours=HOURS)
            contact = make_contact(name="Marta Giménez", phone="+5493415550001")
            lead = make_lead(contact=contact, owner=seller)
            make_event(seller=seller, contact=None, kind="busy", title="Almuerzo", starts_at=monday(site, 12, days=1))
            starts = monday(site, 10)
            return make_event(seller=seller, contact=contact, lead=lead, starts_at=starts, title="Primera visita")

    return site.do(made)


def address(booked: AgendaEvent, look: str = "semana") -> str:
    return f"/agenda/?ver={look}&fecha={booked.starts_at.date().isoformat()}&vendedor={booked.seller_id}"


def starts_of(site: Site, event: AgendaEvent) -> datetime:
    def read() -> datetime:
        with tenant_context(site.cast.acme):
            return AgendaEvent.objects.get(pk=event.pk).starts_at

    return site.do(read).astimezone(ZoneInfo(site.cast.acme.timezone))


def drawn(page: Page, words: str) -> Locator:
    return page.locator("#agenda-calendar .fc-event", has_text=words)


def place(page: Page, moment: datetime) -> tuple[float, float]:
    """Where the calendar draws that time."""
    column = page.locator(f'.fc-timegrid-col[data-date="{moment.date().isoformat()}"]').bounding_box()
    row = page.locator(f'.fc-timegrid-slot-lane[data-time="{moment:%H:%M}:00"]').bounding_box()
    assert column
    assert row
    return column["x"] + column["width"] / 2, row["y"] + 4


def drag(page: Page, item: Locator, to: datetime) -> None:
    """By its upper edge, in steps, as a hand does it."""
    expect(item).to_be_visible()
    box = item.bounding_box()
    assert box
    x, y = place(page, to)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 8, box["y"] + 12, steps=4)
    page.mouse.move(x, y, steps=15)
    page.mouse.up()


def test_the_week_shows_what_is_booked_and_the_panel_confirms_it(
    site: Site, booked: AgendaEvent, open_as: Callable[..., Page]
) -> None:
    page = open_as("sol", address(booked))
    expect(drawn(page, "Marta Giménez")).to_contain_text("10:00")
    expect(page.locator("[data-agenda-lists]")).to_be_hidden()

    drawn(page, "Marta Giménez").click()

    panel = page.locator("#agenda-panel")
    expect(panel).to_contain_text("Primera visita")
    expect(panel).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.locator(".fc-event:focus")).to_contain_text("Marta Giménez")
    page.keyboard.press("Enter")
    panel.get_by_role("button", name="Confirmar").click()
    expect(page.locator(".toast-note")).to_contain_text("Cita confirmada.")
    expect(page).to_have_url(re.compile("ver=semana"))
    assert not page.complaints  # type: ignore[attr-defined]


def test_a_drag_moves_it_and_a_refused_one_goes_back(
    site: Site, booked: AgendaEvent, open_as: Callable[..., Page]
) -> None:
    page = open_as("sol", address(booked))
    drag(page, drawn(page, "Marta Giménez"), monday(site, 15, days=2))
    expect(page.locator("#announcer")).to_contain_text("Cita movida")
    assert starts_of(site, booked) == monday(site, 15, days=2)
    expect(drawn(page, "Marta Giménez")).to_contain_text("15:00")

    page.wait_for_load_state("networkidle")  # the live line has drawn the move by then
    drag(page, drawn(page, "Marta Giménez"), monday(site, 12, days=1))
    expect(page.locator(".toast-note")).to_contain_text("Ese horario ya no está libre.")
    expect(drawn(page, "Marta Giménez")).to_have_count(1)
    expect(drawn(page, "Marta Giménez")).to_contain_text("15:00")
    assert starts_of(site, booked) == monday(site, 15, days=2)


def test_what_a_colleague_books_shows_by_itself(site: Site, booked: AgendaEvent, open_as: Callable[..., Page]) -> None:
    page = open_as("sol", address(booked))
    expect(drawn(page, "Marta Giménez")).to_be_visible()
    second = open_as("ana", f"/agenda/nueva/?contact={booked.contact_id}&seller={booked.seller_id}")
    second.get_by_label("Empieza").fill(monday(site, 16).strftime("%Y-%m-%dT%H:%M"))
    second.get_by_label("Título").fill("Segunda visita")
    second.get_by_role("button", name="Agendar a esa hora").click()
    expect(second.locator(".toast-note")).to_contain_text("Agendada")
    expect(drawn(page, "Segunda visita")).to_be_visible()


def test_keys_alone_find_the_person_and_book(site: Site, booked: AgendaEvent, open_as: Callable[..., Page]) -> None:
    page = open_as("sol", "/mi-dia/")
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page).to_have_url(re.compile("/agenda/"))
    page.get_by_role("link", name="Agendar", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Buscar un contacto")).to_be_focused()
    page.keyboard.type("gimenez")
    page.keyboard.press("Enter")
    page.locator("a.row-link").focus()
    page.keyboard.press("Enter")
    slot = page.locator('button[name="offer"]').nth(2)
    slot.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".toast-note")).to_contain_text("Agendada")

    def count() -> int:
        with tenant_context(site.cast.acme):
            return AgendaEvent.objects.filter(contact=booked.contact_id).count()

    assert site.do(count) == 2


def test_the_team_has_columns_where_there_is_room(
    site: Site, booked: AgendaEvent, open_as: Callable[..., Page]
) -> None:
    def others() -> None:
        with tenant_context(site.cast.acme):
            make_seller(name="Abel", working_hours=HOURS)

    site.do(others)
    page = open_as("ana", address(booked, "equipo"))
    boxes: dict[str, Any] = {
        name: page.locator(".team-column", has_text=name).bounding_box() for name in ("Abel", "Sol")
    }
    assert boxes["Abel"]["y"] == boxes["Sol"]["y"]
    assert boxes["Abel"]["x"] < boxes["Sol"]["x"]
    page.get_by_role("link", name="Marta Giménez").click()
    expect(page.locator("#agenda-panel")).to_contain_text("Primera visita")
    narrow = open_as("ana", address(booked, "equipo"), phone=True)
    stacked: dict[str, Any] = {
        name: narrow.locator(".team-column", has_text=name).bounding_box() for name in ("Abel", "Sol")
    }
    assert stacked["Abel"]["x"] == stacked["Sol"]["x"]


@pytest.mark.parametrize("dark", dealt([False, True], 1, share=2))
def test_on_a_phone_without_scripts_it_is_read_and_moved(
    dark: bool, site: Site, booked: AgendaEvent, open_as: Callable[..., Page]
) -> None:
    page = open_as("sol", address(booked), phone=True, dark=dark, scripts=False)
    assert not overflows(page)
    page.get_by_role("link", name="Marta Giménez").click()
    page.get_by_role("link", name="Mover").click()
    page.locator('button[name="offer"]', has_text="17:00").last.click()
    expect(page.locator(".toasts")).to_contain_text("Cita movida")
    assert starts_of(site, booked).hour == 17


def test_nothing_runs_over_the_edge_of_a_phone(site: Site, booked: AgendaEvent, open_as: Callable[..., Page]) -> None:
    for path in (
        address(booked),
        address(booked, "dia"),
        address(booked, "equipo"),
        f"/agenda/citas/{booked.pk}/",
        f"/agenda/citas/{booked.pk}/mover/",
        "/agenda/nueva/",
        f"/agenda/nueva/?contact={booked.contact_id}",
        "/agenda/nueva/?tipo=ocupado",
    ):
        page = open_as("ana", path, phone=True)
        assert not overflows(page), path
        assert not page.complaints  # type: ignore[attr-defined]
