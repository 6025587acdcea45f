"""Tools as a person meets them: connecting a service on a phone, trying it, and approving what an agent proposed."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from agents.services.proposals import propose
from agents.services.tools import tools_named
from agents.tools.base import ToolContext
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tests.agents.services.story import make_story
from tests.agents.tools.services_of_acme import make_service, make_write
from tests.browser.conftest import Site, overflows
from tests.factories.agents import make_run, make_tool_call
from tests.fakes.http_service import HttpService, Said
from tests.support.thorough import dealt

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Open = Callable[..., Page]
HOME = "/agentes/herramientas/"


@pytest.fixture
def service() -> Any:
    with HttpService() as running:
        yield running


@pytest.mark.parametrize("phone", dealt([True, False], 1, share=2))
def test_a_service_is_connected_and_tried_while_one_watches(
    open_as: Open, site: Site, service: HttpService, phone: bool
) -> None:
    page = open_as("ana", HOME, phone=phone)
    assert not overflows(page)
    page.get_by_role("link", name="Conectar un servicio").click()
    page.get_by_label("Nombre para el agente").fill("consultar_precio")
    page.get_by_label("Título").fill("Consultar precio")
    page.get_by_label("Qué hace").fill("Dice cuánto sale un producto por su código.")
    page.get_by_label("Datos que completa el agente").fill("codigo; texto; obligatorio; Código del producto")
    page.get_by_label("Dirección").fill(f"{service.url}/precio/{{codigo}}")
    page.get_by_label("Cabeceras").fill("Authorization: Bearer {{secreto.CLAVE}}")
    assert not overflows(page)
    page.get_by_role("button", name="Guardar").click()
    expect(page.get_by_role("alert").first).to_contain_text("Escribir la clave CLAVE")
    page.get_by_label("Claves").fill("CLAVE: una-clave-muy-larga")
    page.get_by_role("button", name="Guardar").click()
    expect(page.get_by_role("heading", name="Consultar precio")).to_be_visible()
    assert not overflows(page)
    page.get_by_label("codigo", exact=True).fill("A1")
    service.say(Said(body={"precio": 1200}))
    page.get_by_role("button", name="Probar").click()
    expect(page.get_by_text("Consultando")).to_be_visible()
    site.work()
    expect(page.locator("#trial")).to_contain_text("1200")
    assert not overflows(page)
    complaints: list[str] = page.complaints  # type: ignore[attr-defined]  # set by the fixture
    assert [each for each in complaints if "422" not in each] == []  # the refused form


def _proposed(site: Site, service: HttpService) -> str:
    """A chat in which the agent wants to take an order, and the team has to allow it."""
    acme = site.cast.acme
    make_write(acme, service, confirmation="person")
    make_service(acme, service)
    story = make_story(acme, name="Ana Ruiz")
    story.customer_says("quiero el A1")
    with tenant_context(acme):
        run = make_run(conversation_id=story.conversation.pk)
        make_tool_call(run=run, tool="consultar_precio", ok=True, duration_ms=420)
    (tool,) = tools_named(["anotar_pedido"], acme)
    actor = Actor("agent", "", "IA: Sol")
    context = ToolContext(acme, actor, story.conversation.pk, story.conversation.contact_id, run.pk, None)
    with tenant_context(acme):
        propose(context, tool, {"codigo": "A1"}, key="k", upto_sequence=1)
    return f"/bandeja/{story.conversation.pk}/"


def test_the_card_follows_what_somebody_else_decides(open_as: Open, site: Site, service: HttpService) -> None:
    chat = site.do(_proposed, site, service)
    page = open_as("ana", chat)
    expect(page.get_by_role("button", name="Aprobar")).to_be_visible()
    other = open_as("rita", chat)
    other.get_by_role("button", name="Rechazar").click()
    expect(page.locator(".card-box", has_text="Anotar pedido")).to_contain_text("Rechazado")
    expect(page.get_by_role("button", name="Aprobar")).to_have_count(0)


@pytest.mark.parametrize("phone", dealt([True, False], 0, share=2))
def test_what_waits_is_decided_inside_the_chat(open_as: Open, site: Site, service: HttpService, phone: bool) -> None:
    chat = site.do(_proposed, site, service)
    page = open_as("ana", chat, phone=phone)
    box = page.locator(".card-box", has_text="Anotar pedido")
    expect(box).to_contain_text("Espera aprobación")
    expect(box).to_contain_text("A1")
    assert not overflows(page)
    box.get_by_role("button", name="Rechazar").click()
    expect(page.locator(".bubble", has_text="No se aprobó: Anotar pedido (codigo: A1)")).to_be_visible()
    expect(page.get_by_role("button", name="Aprobar")).to_have_count(0)
    for path in (HOME, f"{HOME}anotar_pedido/", f"{HOME}consultar_precio/usos/"):
        page.goto(site.address + path)
        assert not overflows(page), path
    assert page.complaints == []  # type: ignore[attr-defined]


def test_without_scripts_the_page_of_an_act_has_the_buttons(open_as: Open, site: Site, service: HttpService) -> None:
    chat = site.do(_proposed, site, service)
    page = open_as("ana", chat, scripts=False)
    page.get_by_role("link", name="Ver lo que propuso la IA").click()
    page.get_by_role("button", name="Aprobar").click()
    expect(page.locator(".bubble", has_text="La IA pide aprobar: Anotar pedido (codigo: A1)")).to_be_visible()
    site.work()
    assert service.asked == []  # the agent has no such tool any more: checked again before it is made
    page.reload()
    expect(page.locator(".bubble", has_text="No se pudo: Anotar pedido (codigo: A1)")).to_be_visible()
