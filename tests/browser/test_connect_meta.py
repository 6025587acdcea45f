"""Connecting a number at Meta as a newcomer does it, on a phone: the app, Meta's page, the choice, the outcome."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, overflows
from tests.fakes.graph_login import APP_ID, APP_SECRET, LoginFake

Open = Callable[..., Page]


@pytest.fixture
def meta(settings: Any) -> Iterator[LoginFake]:
    with LoginFake() as fake:
        fake.point(settings)
        yield fake


def test_a_newcomer_connects_a_number_and_sees_every_step_done(open_as: Open, site: Site, meta: LoginFake) -> None:
    meta.add_number("1065", "+54 9 11 5555-0000")
    meta.add_number("1066", "+54 9 11 5555-0001", name="Acme Norte", quality_rating="YELLOW")
    page = open_as("ana", "/canales/meta/whatsapp/conectar/", phone=True)
    assert not overflows(page)
    page.get_by_label("Id de la app").fill(APP_ID)
    page.get_by_label("Clave secreta de la app").fill(APP_SECRET)
    page.get_by_role("button", name="Guardar").click()
    page.get_by_role("link", name="Ir a Meta", exact=True).click()
    page.get_by_role("link", name="Permitir").click()
    expect(page.locator("#meta-choose")).to_contain_text("Preguntando a Meta")
    site.work()
    page.get_by_label("Acme Norte").check()
    assert not overflows(page)
    page.get_by_role("button", name="Conectar lo elegido").click()
    expect(page.locator("#meta-setup")).to_contain_text("En curso")
    site.work()
    expect(page.locator("#meta-setup").get_by_text("Hecho")).to_have_count(4)
    assert not overflows(page)
    assert page.complaints == []  # type: ignore[attr-defined]  # set by the fixture
