"""Results of the AI in a browser: a number leads to its list, a person puts one right, the chat shows it."""

import os
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tenants.context import tenant_context
from tests.browser.conftest import Site, overflows
from tests.factories.agents import make_agent, make_assessment, make_run
from tests.factories.crm import make_contact
from tests.factories.messaging import make_conversation, make_message
from tests.support.thorough import dealt

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def ends(site: Site) -> None:
    given = (
        ("resolved", "thanked", ["thanked", "closed"]),
        ("resolved", "booked", ["booked"]),
        ("handed_over", "person", ["handed:person", "unanswered"]),
        ("handed_over", "budget", ["handed:budget"]),
        ("unresolved", "complaint", ["complaint"]),
        ("unknown", "silence", ["closed"]),
    )
    with tenant_context(site.cast.acme):
        vera = make_agent(name="Vera, ventas y consultas")
        for n in range(24):
            chat = make_conversation(contact=make_contact(name=f"Marta Paz de las Mercedes {n}"))
            make_message(conversation=chat, text="Hola, cuánto sale el envío?")
            outcome, reason, facts = given[n % len(given)]
            make_assessment(
                agent=vera,
                conversation_id=chat.pk,
                outcome=outcome,
                reason=reason,
                facts=facts,
                ended_at=timezone.now() - timedelta(seconds=n),
                reported="0.90",
            )
            make_run(agent=vera, conversation_id=chat.pk, status="blocked" if n == 3 else "done")


@pytest.mark.parametrize("phone", dealt([True, False], 1, share=2))
def test_a_result_is_read_and_put_right(site: Site, open_as: Callable[..., Page], phone: bool) -> None:
    site.do(ends, site)
    page = open_as("ana", "/agentes/resultados/", phone=phone, dark=not phone)
    expect(page.get_by_role("heading", name="Resultados de la IA")).to_be_visible()
    assert not overflows(page)
    _look(page, f"results-{phone}")
    page.locator("#why-unresolved + dl a").first.click()
    expect(page.get_by_role("heading", name="Atenciones de la IA")).to_be_visible()
    assert page.locator("[data-row]").count() == 4
    assert not overflows(page)
    _look(page, f"list-{phone}")
    page.locator("[data-row] .row-link").first.click()
    expect(page.get_by_role("heading", name="Sin resolver")).to_be_visible()
    page.get_by_label("Derivado a una persona").check()
    page.get_by_label("Por qué").fill("Lo llamé y quedó conforme")
    assert not overflows(page)
    page.get_by_role("button", name="Guardar").click()
    expect(page.get_by_text("Corregido. Vale en todos los números.")).to_be_visible()
    expect(page.get_by_role("heading", name="Derivado a una persona")).to_be_visible()
    _look(page, f"detail-{phone}")
    page.get_by_role("link", name="Abrir la conversación").click()
    if phone:
        page.get_by_role("link", name="Ver la ficha").click()
    expect(page.get_by_text("Lo llamé y quedó conforme")).to_be_visible()
    assert not overflows(page)
    _look(page, f"chat-{phone}")


def _look(page: Page, name: str) -> None:
    """A picture for people who want one: LOOK names the folder."""
    if folder := os.environ.get("LOOK"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
