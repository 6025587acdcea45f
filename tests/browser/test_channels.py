"""A newcomer connects a channel by hand on a phone, sees what is missing, and reads what its provider sent."""

import json
import urllib.request
from collections.abc import Callable

from playwright.sync_api import Page, expect

from messaging.models import Channel
from messaging.services import events
from tenants.context import tenant_context
from tests.browser.conftest import Site, overflows
from tests.factories.messaging import make_channel

Open = Callable[..., Page]
SAID = {
    "event": "message_created", "id": 101, "content": "Hola desde Chatwoot", "message_type": "incoming",
    "private": False, "created_at": "2026-11-21T14:00:00Z", "account": {"id": 3}, "inbox": {"id": 8},
    "sender": {"id": 7, "name": "Zoe", "type": "contact"},
    "conversation": {"id": 51, "inbox_id": 8, "account_id": 3, "status": "open", "pubsub_token": "s3cr3t-0123"},
}  # fmt: skip


def deliver(address: str, body: object) -> int:
    wanted = urllib.request.Request(
        address, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(wanted, timeout=10) as answer:
        return int(answer.status)


def test_a_channel_is_connected_by_hand_and_its_first_webhook_is_seen_live(open_as: Open, site: Site) -> None:
    page = open_as("ana", "/canales/", phone=True)
    assert not overflows(page)
    page.get_by_role("link", name="A mano Chatwoot").click()
    page.get_by_label("Nombre").fill("Mesa de entrada")
    page.get_by_label("Qué canal es en Chatwoot").select_option("instagram")
    page.locator("#id_account_id").fill("3")
    page.locator("#id_inbox_id").fill("8")
    page.get_by_role("button", name="Guardar").click()
    steps = page.get_by_role("region", name="Para que funcione")
    expect(steps).to_contain_text("Falta: chatwoot/BASE_URL")
    assert not overflows(page)

    address = page.locator("#hook-title ~ .copy-line .copy-value").inner_text()
    assert site.do(deliver, address, SAID) == 200
    site.do(events.drain, tenant=site.cast.acme)
    seen = page.get_by_role("region", name="Últimos avisos recibidos")
    expect(seen).to_contain_text("Procesado")
    seen.get_by_role("link").first.click()
    expect(page.locator("pre")).to_contain_text("Hola desde Chatwoot")
    expect(page.locator("pre")).not_to_contain_text("s3cr3t")
    assert not overflows(page)
    page.get_by_role("button", name="Procesar de nuevo").click()
    expect(page.get_by_text("Se procesa de nuevo").first).to_be_visible()
    assert page.complaints == []  # type: ignore[attr-defined]  # set by the fixture


def test_what_a_provider_says_can_be_read_on_a_phone(open_as: Open, site: Site) -> None:
    def make() -> Channel:
        with tenant_context(site.cast.acme):
            facts = {
                "limit": "TIER_250",
                "number": "+54 9 11 5555 0101",
                "name": "Tienda Ana del Centro",
                "coexistence": True,
            }
            return make_channel(provider="ycloud", channel_source="whatsapp", facts=facts, status="disabled")

    channel = site.do(make)
    page = open_as("ana", f"/canales/{channel.pk}/", phone=True)
    widths = page.locator("#channel .facts dd").evaluate_all(
        "all => all.map(each => each.getBoundingClientRect().width)"
    )
    assert min(widths) > 120, widths
    assert not overflows(page)
    expect(page.get_by_role("button", name="Encender").first).to_be_visible()
    page.get_by_role("link", name="Eliminar").click()
    page.get_by_role("button", name="Eliminar").click()
    expect(page.get_by_text("Canal eliminado.").first).to_be_visible()
    assert page.complaints == []  # type: ignore[attr-defined]  # set by the fixture
