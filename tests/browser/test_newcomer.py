"""Somebody new, from asking for access to losing it again, on a phone and in both languages."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tenants.context import auth_scope
from tenants.models import User
from tests.browser.conftest import Site, overflows
from tests.browser.test_second_factor import forget_code, secret_of
from tests.support.live import drop_companies
from tests.support.services import Services
from tests.tenants.sign_in.factor import code

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PASSWORD = "caballo-correcto-42"
ES = {
    "name": "Nombre y apellido",
    "mail": "Correo",
    "password": "Contraseña",
    "ask": "Pedir acceso",
    "asked": "Pedido enviado",
    "enter": "Ingresar",
    "waits": "Pendiente",
    "day": "Mi día",
    "give": "Dar acceso",
    "factor": "Activar",
    "code": "Código",
    "kept": "Listo, están guardados",
    "code_page": "Código de seguridad",
    "save": "Guardar",
    "suspend": "Suspender el acceso",
    "suspended": "suspendido",
}
EN = {
    "name": "Full name",
    "mail": "E-mail",
    "password": "Password",
    "ask": "Ask for access",
    "asked": "Request sent",
    "enter": "Sign in",
    "waits": "Pending",
    "day": "My day",
    "give": "Give access",
    "factor": "Switch on",
    "code": "Code",
    "kept": "Done, they are kept",
    "code_page": "Security code",
    "save": "Save",
    "suspend": "Suspend access",
    "suspended": "suspended",
}


@pytest.fixture
def address(site: Site, test_services: Services) -> Iterator[str]:
    mail = f"nora@{site.cast.acme.slug}.test"
    yield mail

    def theirs() -> list[object]:
        with auth_scope():
            return list(User.objects.filter(email=mail).values_list("pk", flat=True))

    drop_companies([], test_services, people=site.do(theirs))


def fits(page: Page) -> None:
    assert not overflows(page), page.url


def in_english(page: Page, site: Site) -> None:
    page.context.add_cookies([{"name": "django_language", "value": "en", "url": site.address}])
    page.reload()


def sign_in(page: Page, mail: str, words: dict[str, str]) -> None:
    page.goto("/login/")
    page.get_by_label(words["mail"]).fill(mail)
    page.get_by_label(words["password"]).fill(PASSWORD)
    page.get_by_role("button", name=words["enter"]).click()


@pytest.mark.parametrize("words", [ES, EN], ids=["es", "en"])
def test_asked_approved_with_a_second_factor_at_work_and_suspended(
    words: dict[str, str], site: Site, open_as: Callable[..., Page], address: str
) -> None:
    nora = open_as(None, f"/registro/?empresa={site.cast.acme.slug}", phone=True)
    ana = open_as("ana", "/equipo/", phone=True)
    if words is EN:
        in_english(nora, site)
        in_english(ana, site)
    nora.get_by_label(words["name"]).fill("Nora Nueva")
    nora.get_by_label(words["mail"]).fill(address)
    nora.get_by_label(words["password"]).fill(PASSWORD)
    fits(nora)
    nora.get_by_role("button", name=words["ask"]).click()
    expect(nora.get_by_role("heading", name=words["asked"])).to_be_visible()

    sign_in(nora, address, words)
    expect(nora.get_by_text(words["waits"]).first).to_be_visible()
    fits(nora)

    ana.goto("/equipo/")
    waiting = ana.get_by_role("listitem").filter(has_text="Nora Nueva")
    waiting.get_by_role("combobox").select_option("closer")
    waiting.get_by_role("button", name=words["give"]).click()
    expect(ana.get_by_role("listitem").filter(has_text="Nora Nueva")).to_contain_text("Closer")

    nora.goto("/mi-dia/")
    expect(nora.get_by_role("heading", level=1)).to_contain_text(words["day"])
    nora.goto("/seguridad/")
    nora.get_by_role("button", name=words["factor"]).click()
    person = site.do(_person, address)
    nora.get_by_label(words["code"]).fill(code(site.do(secret_of, person)))
    nora.get_by_label(words["code"]).press("Enter")
    expect(nora.get_by_role("listitem")).to_have_count(10)
    fits(nora)
    nora.get_by_role("link", name=words["kept"]).click()
    site.do(forget_code, person)
    nora.context.clear_cookies(name="session")
    sign_in(nora, address, words)
    expect(nora.get_by_role("heading", name=words["code_page"])).to_be_visible()
    nora.get_by_label(words["code"]).fill(code(site.do(secret_of, person)))
    nora.get_by_label(words["code"]).press("Enter")
    nora.wait_for_url("**/mi-dia/")

    nora.goto("/leads/nuevo/")
    nora.locator("#id_name").fill("Marta Quiroga")
    nora.get_by_role("button", name=words["save"]).click()
    expect(nora.get_by_text("Marta Quiroga").first).to_be_visible()
    fits(nora)

    ana.get_by_role("link", name="Nora Nueva").click()
    ana.get_by_role("button", name=words["suspend"]).click()
    expect(ana.get_by_role("button", name=words["give"])).to_be_visible()
    nora.goto("/leads/")
    expect(nora.get_by_text(words["suspended"]).first).to_be_visible()
    expect(nora.get_by_text("Marta Quiroga")).to_have_count(0)
    fits(nora)


def _person(mail: str) -> User:
    with auth_scope():
        return User.objects.get(email=mail)
