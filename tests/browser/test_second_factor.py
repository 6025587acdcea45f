"""Signing in with a second factor and making a key, in a real browser on a phone, in both languages."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tenants.context import auth_scope
from tenants.models import SecondFactor, User
from tests.browser.conftest import Site, overflows
from tests.support.cast import PASSWORD
from tests.tenants.sign_in.factor import code

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Open = Callable[..., Page]


def secret_of(user: User) -> str:
    with auth_scope():
        return SecondFactor.objects.get(user=user).secret


def forget_code(user: User) -> None:
    """As if the half-minute of the last code were over."""
    with auth_scope():
        SecondFactor.objects.filter(user=user).update(last_step=0)


def fits(page: Page) -> None:
    assert not overflows(page), page.url
    assert page.complaints == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("scripts", [True, False])
def test_from_the_password_alone_to_password_and_code(open_as: Open, site: Site, scripts: bool) -> None:
    sol = site.cast["sol"].user
    page = open_as("sol", "/seguridad/", phone=True, scripts=scripts)
    fits(page)
    page.get_by_role("button", name="Activar").click()
    expect(page.get_by_role("img", name="Imagen para la cámara del teléfono")).to_be_visible()
    fits(page)
    secret = site.do(secret_of, sol)
    page.get_by_label("Código").fill("000000")
    page.get_by_label("Código").press("Enter")
    expect(page.get_by_text("El código no es correcto o ya se usó.").first).to_be_visible()
    page.get_by_label("Código").fill(code(secret))
    page.get_by_label("Código").press("Enter")
    expect(page.get_by_role("listitem")).to_have_count(10)
    assert not overflows(page)
    page.get_by_role("link", name="Listo, están guardados").click()
    expect(page.get_by_text("Quedan 10 códigos de recuperación.")).to_be_visible()
    site.do(forget_code, sol)

    stranger = open_as(None, "/login/?next=/leads/", phone=True, scripts=scripts)
    stranger.get_by_label("Correo").fill(sol.email)
    stranger.get_by_label("Contraseña").fill(PASSWORD)
    stranger.get_by_label("Contraseña").press("Enter")
    expect(stranger.get_by_role("heading", name="Código de seguridad")).to_be_visible()
    fits(stranger)
    stranger.goto("/leads/")
    assert "/login/" in stranger.url
    stranger.goto("/login/codigo/")
    stranger.get_by_label("Código").fill(code(secret))
    stranger.get_by_label("Código").press("Enter")
    stranger.wait_for_url("**/leads/**")


def test_the_list_of_sessions_ends_another_one(open_as: Open, site: Site) -> None:
    pages = []
    for _turn in range(2):
        page = open_as(None, "/login/", phone=True)
        page.get_by_label("Correo").fill(site.cast["sol"].user.email)
        page.get_by_label("Contraseña").fill(PASSWORD)
        page.get_by_label("Contraseña").press("Enter")
        page.wait_for_url("**/mi-dia/")
        pages.append(page)
    here, other = pages
    here.goto("/seguridad/")
    expect(here.get_by_text("Chrome en Linux")).to_have_count(2)
    assert not overflows(here)
    here.get_by_role("button", name="Terminar las demás").click()
    expect(here.get_by_text("1 sesión terminada.")).to_be_visible()
    other.goto("/mi-dia/")
    assert "/login/" in other.url


def test_a_key_is_shown_once_in_english_too(open_as: Open, site: Site) -> None:
    page = open_as("ana", "/claves/", phone=True)
    page.context.add_cookies([{"name": "django_language", "value": "en", "url": site.address}])
    page.goto("/claves/")
    fits(page)
    page.get_by_label("Name").fill("Sheet")
    page.get_by_label("leads:read").check()
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("Copy the key now: it is not shown again.")).to_be_visible()
    assert page.locator("code", has_text="sk_").count() >= 1
    assert not overflows(page)
    page.goto("/claves/")
    expect(page.get_by_text("Copy the key now")).to_have_count(0)
    page.get_by_role("link", name="Revoke Sheet").click()
    fits(page)
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("Revoked")).to_be_visible()
