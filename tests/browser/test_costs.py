"""Costs in a browser: a limit is set, a number leads to what it counts, and nothing overflows a phone."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from tenants.context import tenant_context
from tests.browser.conftest import Site, overflows
from tests.factories.agents import make_agent, make_entry, make_run
from tests.factories.crm import make_contact
from tests.factories.messaging import make_conversation
from tests.support.thorough import dealt

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def spend(site: Site) -> None:
    handed = {"kind": "handoff", "text": "Derivado a una persona: pidió un descuento que nadie puede dar solo"}
    with tenant_context(site.cast.acme):
        vera = make_agent(name="Vera, ventas y consultas")
        chat = make_conversation(contact=make_contact(name="Ana"))
        for number, model in enumerate(["gpt-5-mini", "gpt-4o-mini", "gemini-2.5-flash-lite", "gpt-5-mini"]):
            usd = Decimal("0.00214") * (number + 1)
            run = make_run(
                agent=vera,
                provider="openai",
                model=model,
                status="handed_off" if number else "done",
                receipts=[handed] if number else [],
                reply="El termotanque de 150 litros cuesta lo que dice la lista.",
                conversation_id=chat.pk,
                cost_usd=usd,
                flags=["limit:steps"] if number == 2 else [],
            )
            kept = {"rate": "1450", "amount": usd * 1450, "conversation_id": chat.pk}
            make_entry(agent=vera, what=model, usd=usd, source=str(run.pk), tokens=31_245, **kept)
        make_entry(kind="message", what="marketing", usd="0.0618", amount="89.61", counted_usd=0, tokens=0)
        make_entry(kind="transcription", what="whisper-1", usd="0.0012", amount="1.74", tokens=0)
        make_entry(agent=vera, what="modelo-propio-del-taller", usd=None, counted_usd="0.02")


@pytest.mark.parametrize("phone", dealt([True, False], 0, share=2))
def test_a_number_leads_to_what_it_counts(site: Site, open_as: Callable[..., Page], phone: bool) -> None:
    site.do(spend, site)
    page = open_as("ana", "/agentes/costos/", phone=phone, dark=not phone)
    expect(page.get_by_text("Sin tope")).to_be_visible()
    assert not overflows(page)
    page.get_by_role("link", name="Tope y precios").click()
    assert not overflows(page)
    page.get_by_label("Tope de IA por día").fill("0,05")
    page.get_by_label("Cotización").fill("1.450,50")
    page.get_by_label("Marketing").fill("0,0618")
    priced = page.get_by_role("group", name="modelo-propio-del-taller")
    priced.get_by_label("De entrada (opcional)", exact=True).fill("1,75")
    priced.get_by_label("De salida").fill("14,5")
    page.get_by_role("button", name="Guardar").click()
    expect(page.get_by_text("Cerca del tope")).to_be_visible()
    page.get_by_role("link", name="Poner precios").click()
    expect(page.get_by_role("group", name="modelo-propio-del-taller").get_by_label("De salida")).to_have_value("14,5")
    page.go_back()
    page.get_by_role("row").filter(has_text="gpt-5-mini").get_by_role("link").click()
    expect(page.get_by_role("heading", name="Gastos")).to_be_visible()
    expect(page.locator(".number-big")).to_have_text("US$ 0.0107")
    assert page.locator("[data-row]").count() == 2
    assert not overflows(page)
    page.locator("[data-row] .row-link").first.click()
    expect(page.get_by_text("Datos del turno")).to_be_visible()
    assert not overflows(page)
    page.goto(page.url.rpartition("/agentes/")[0] + "/agentes/turnos/")
    page.get_by_label("Avisos").select_option("1")
    expect(page.locator("[data-row]")).to_have_count(1)
    assert not overflows(page)
    assert not page.complaints  # type: ignore[attr-defined]  # the browser's own errors
