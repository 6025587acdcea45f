"""Trying an agent out in a browser: the answer arrives by itself, the trial becomes a case, and a regression is named."""

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from agents.models import Agent
from agents.services import agents, test_sets
from tenants.context import tenant_context
from tests.agents.services.story import TEAM
from tests.browser.conftest import Site, overflows
from tests.support.thorough import dealt

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def employed(site: Site) -> Agent:
    with tenant_context(site.cast.acme):
        Agent.objects.all().delete()
        return agents.create_from_template(
            template_type="leads", by=TEAM, name="Vera", channels=["web"], is_active=True
        )


def shot(page: Page, name: str) -> None:
    """For looking at: `SHOTS=/tmp/shots pytest …`."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.parametrize("phone", dealt([True, False], 1, share=2))
def test_a_trial_is_answered_and_kept_and_guards_the_publication(
    site: Site, open_as: Callable[..., Page], phone: bool
) -> None:
    agent, size = site.do(employed, site), "360" if phone else "1280"
    page = open_as("ana", f"/agentes/{agent.pk}/", phone=phone, dark=not phone)
    page.get_by_role("link", name="Probar", exact=True).click()
    assert not overflows(page)
    shot(page, f"new-{size}")
    page.get_by_label("Nombre").fill("Lara Otero")
    page.get_by_label("Mensaje del cliente").fill(
        "Hola, soy Lara Otero y me interesa mucho el plan grande. ¿Cuánto sale?"
    )
    page.get_by_role("button", name="Enviar como cliente").click()
    expect(page.get_by_text("Está contestando…")).to_be_visible()
    shot(page, f"waiting-{size}")
    site.work()
    expect(page.get_by_text("Está contestando…")).to_be_hidden(timeout=15_000)
    expect(page.get_by_text("Simulado: Datos guardados: nombre")).to_be_visible()
    assert not overflows(page)
    shot(page, f"answered-{size}")
    page.get_by_role("button", name="Guardar como caso").click()
    expect(page.get_by_text("Guardado como caso de prueba.")).to_be_visible()
    assert not overflows(page)
    shot(page, f"case-{size}")

    def breaks() -> None:
        with tenant_context(site.cast.acme):
            row = Agent.objects.get(pk=agent.pk)
            case = row.test_cases.get()
            test_sets.create_case(
                agent=row,
                name="Pide algo que no existe",
                turns=["Hola"],
                expects={"says": ["abracadabra"]},
                scene={},
                by=TEAM,
            )
            agents.update_agent(agent=row, by=TEAM, enabled_tools=[name for name in row.enabled_tools if name not in case.expects["calls"]])  # fmt: skip

    site.do(breaks)
    page.goto(f"{site.address}/agentes/{agent.pk}/")
    page.get_by_role("button", name="Publicar").click()
    expect(page.get_by_text("Se publica al terminar si no se rompe nada.", exact=False).first).to_be_visible()
    shot(page, f"checking-{size}")
    site.work()
    expect(page.get_by_text("Se rompe", exact=True)).to_be_visible(timeout=15_000)
    expect(page.get_by_text("Falla, también antes")).to_be_visible()
    assert not overflows(page)
    shot(page, f"refused-{size}")
    page.locator("[data-row] .row-link").first.click()
    expect(page.get_by_text("copia de trabajo")).to_be_visible()
    shot(page, f"result-{size}")
    page.get_by_role("link", name="Pasos del mensaje 1").first.click()
    expect(page.get_by_text("Datos del turno")).to_be_visible()
    assert not overflows(page)
    assert not page.complaints  # type: ignore[attr-defined]  # the browser's own errors
