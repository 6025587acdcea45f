"""Becoming a member in a browser: registering, waiting, a copied link, a password of one's own; on a phone and without scripts."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tenants.context import auth_scope
from tenants.models import User
from tests.browser.conftest import Site, overflows
from tests.support.live import drop_companies
from tests.support.services import Services

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PASSWORD = "caballo-correcto-42"


@pytest.fixture
def newcomers(site: Site, test_services: Services) -> Any:
    """People who appear during the test, by address; they go with its companies."""
    yield lambda name: f"{name}@{site.cast.acme.slug}.test"

    def theirs() -> list[object]:
        with auth_scope():
            known = [person.user.pk for person in site.cast.people.values()]
            return list(
                User.objects.filter(tenant_ids__contains=[site.cast.acme.pk])
                .exclude(pk__in=known)
                .values_list("pk", flat=True)
            )

    drop_companies([], test_services, people=site.do(theirs))


def picture(page: Page, name: str) -> None:
    """For looking at by hand: SCREENSHOTS names a folder."""
    folder = os.environ.get("SCREENSHOTS", "")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.parametrize("scripts", [True, False])
def test_from_registering_to_the_first_day(
    scripts: bool, site: Site, open_as: Callable[..., Page], newcomers: Callable[[str], str]
) -> None:
    page = open_as(None, f"/registro/?empresa={site.cast.acme.slug}", phone=True, scripts=scripts)
    page.get_by_label("Nombre y apellido").fill("Nora Nueva")
    page.get_by_label("Correo").fill(newcomers("nora"))
    page.get_by_label("Contraseña").fill("corta")
    page.get_by_role("button", name="Pedir acceso").click()
    expect(page.get_by_role("alert")).to_contain_text("corta")
    expect(page.get_by_label("Nombre y apellido")).to_have_value("Nora Nueva")
    page.complaints.clear()  # type: ignore[attr-defined]  # the browser notes the refusal itself
    picture(page, "register")
    page.get_by_label("Contraseña").fill(PASSWORD)
    page.get_by_role("button", name="Pedir acceso").click()
    expect(page.get_by_role("heading", name="Pedido enviado")).to_be_visible()
    assert not scripts or not overflows(page)

    boss = open_as("ana", "/equipo/", phone=True, scripts=scripts)
    waiting = boss.get_by_role("listitem").filter(has_text="Nora Nueva")
    expect(waiting).to_contain_text("Correo sin confirmar")
    picture(boss, "team-phone")
    assert not scripts or not overflows(boss)
    waiting.get_by_role("combobox").select_option("secretary")
    waiting.get_by_role("button", name="Dar acceso").click()
    expect(boss.get_by_role("listitem").filter(has_text="Nora Nueva")).to_contain_text("Secretaría")

    page.goto("/login/")
    page.get_by_label("Correo").fill(newcomers("nora"))
    page.get_by_label("Contraseña").fill(PASSWORD)
    page.get_by_role("button", name="Ingresar").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Mi día")
    assert not page.complaints
    assert not boss.complaints


def test_a_copied_invitation_opens_in_another_browser(
    site: Site, open_as: Callable[..., Page], newcomers: Callable[[str], str]
) -> None:
    """The form of the link is sent with its Origin: a stricter Referrer-Policy would make browsers hide it."""
    boss = open_as("ana", "/equipo/invitaciones/nueva/")
    boss.get_by_label("Correo").fill(newcomers("noe"))
    boss.get_by_role("button", name="Invitar").click()
    site.work()
    boss.goto("/equipo/invitaciones/")
    expect(boss.get_by_role("listitem").filter(has_text="noe@")).to_contain_text("No hay un servidor de correo")
    picture(boss, "invitations")
    boss.get_by_role("button", name="Copiar enlace").click()
    url = boss.locator(".copy-value").inner_text()
    picture(boss, "link-once")
    page = open_as(None, url, phone=True)
    picture(page, "link-new-person")
    assert not overflows(page)
    page.get_by_label("Nombre y apellido").fill("Noé Nuevo")
    page.get_by_label("Contraseña").fill(PASSWORD)
    page.get_by_role("button", name="Crear la cuenta y entrar").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Mi día")
    assert not page.complaints
    assert not boss.complaints


def test_one_persons_page_and_ones_own(site: Site, open_as: Callable[..., Page]) -> None:
    boss = open_as("ana", "/equipo/")
    picture(boss, "team")
    boss.get_by_role("link", name="Sol", exact=True).click()
    picture(boss, "member")
    boss.get_by_role("button", name="Suspender el acceso").click()
    expect(boss.get_by_text("El acceso quedó suspendido.")).to_be_visible()
    own = open_as("teo", "/perfil/", phone=True)
    picture(own, "profile")
    assert not overflows(own)
    own.get_by_label("Nombre y apellido").fill("Teo Tapia")
    own.get_by_role("button", name="Guardar").click()
    expect(own.get_by_text("El nombre cambió.")).to_be_visible()
    assert not boss.complaints
    assert not own.complaints


def test_a_dead_link_says_what_to_do(open_as: Callable[..., Page]) -> None:
    page = open_as(None, "/login/", phone=True)
    page.goto("/enlace/mAAAAAAAAAAAAAAAA/")
    expect(page.get_by_role("heading", name="Este enlace ya no sirve")).to_be_visible()
    picture(page, "dead")
    assert not overflows(page)
