"""The agent editor in a browser: variables with one tap, the preview that follows the typing, assets, versions."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from agents.models import Agent
from agents.services import agents
from agents.services.assets import create_asset
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tests.browser.conftest import Site, overflows
from tests.support.thorough import dealt

pytestmark = [pytest.mark.browser, pytest.mark.slow]
BY = Actor.system("prueba")


def make(site: Site) -> Agent:
    with tenant_context(site.cast.acme):
        create_asset(by=BY, key="marca", kind="branding", title="Quiénes somos", content="Instalamos desde 1990.")
        return agents.create_from_template(template_type="sales", by=BY, name="Vera", is_active=True, channels=["web"])


@pytest.mark.parametrize("phone", dealt([False, True], 0, share=2))
def test_a_variable_is_put_where_the_cursor_is_and_the_preview_follows(
    site: Site, open_as: Callable[..., Page], phone: bool
) -> None:
    agent = site.do(make, site)
    page = open_as("ana", f"/agentes/{agent.pk}/", phone=phone)
    field = page.get_by_label("Instrucciones")
    field.fill("Antes  después")
    field.evaluate("field => field.setSelectionRange(6, 6)")
    page.get_by_text("Variables: tocar una").click()
    page.get_by_role("button", name="{{activo.marca}} Quiénes somos").click()
    expect(field).to_have_value("Antes {{activo.marca}} después")
    preview = page.locator("#agent-preview")
    expect(preview).to_contain_text("Antes Instalamos desde 1990. después")
    field.fill("{{precio}}")
    expect(preview).to_contain_text("{{precio}} no existe")
    assert not overflows(page)
    page.reload()
    expect(preview).not_to_contain_text("{{precio}}")
    assert not page.complaints  # type: ignore[attr-defined]  # set by open_as


def test_an_earlier_version_comes_back_and_the_return_is_undone(site: Site, open_as: Callable[..., Page]) -> None:
    agent = site.do(make, site)
    page = open_as("ana", f"/agentes/{agent.pk}/")
    page.get_by_label("Tono").fill("Muy serio")
    page.get_by_role("button", name="Guardar").click()
    page.get_by_role("button", name="Publicar 1 cambio").click()
    expect(page.get_by_text("Cambió: tono")).to_be_visible()
    page.get_by_role("link", name="Versión 1").click()
    page.get_by_role("button", name="Volver a esta versión").click()
    page.get_by_role("button", name="Deshacer").click()
    expect(page.get_by_label("Tono")).to_have_value("Muy serio")
    assert not page.complaints  # type: ignore[attr-defined]  # set by open_as


def test_without_scripts_the_preview_is_a_page(site: Site, open_as: Callable[..., Page]) -> None:
    agent = site.do(make, site)
    page = open_as("ana", f"/agentes/{agent.pk}/", scripts=False)
    page.get_by_label("Instrucciones").fill("Solo por probar {{activo.marca}}")
    page.get_by_role("button", name="Ver con lo escrito").click()
    expect(page.get_by_text("Solo por probar Instalamos desde 1990.")).to_be_visible()


def test_publishing_with_something_unsaved_asks_first(site: Site, open_as: Callable[..., Page]) -> None:
    agent = site.do(make, site)
    page = open_as("ana", f"/agentes/{agent.pk}/")
    tone, save = page.get_by_label("Tono"), page.get_by_role("button", name="Guardar")
    tone.fill("Muy serio")
    save.click()
    expect(page.get_by_role("button", name="Publicar 1 cambio")).to_be_visible()  # the page that comes back
    tone.fill("Muy alegre")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    publish = page.get_by_role("button", name="Publicar 1 cambio")
    publish.click(no_wait_after=True)
    expect(tone).to_have_value("Muy alegre")
    save.click()
    publish.click()
    expect(page.get_by_text("Cambió: tono")).to_be_visible()
    expect(tone).to_have_value("Muy alegre")
    assert asked == ["beforeunload"]
    assert not page.complaints  # type: ignore[attr-defined]  # set by open_as
