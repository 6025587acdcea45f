"""Pages of channels: what a company sees and does about where its customers write."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from messaging.models import Channel
from tenants.context import tenant_context
from tenants.models import Credential, Tenant
from tests.factories.messaging import make_channel, make_inbound_event, make_notice
from tests.support.tasks import Queue

WHATSAPP = {"provider": "meta_direct", "channel_source": "whatsapp", "config": {"phone_number_id": "101"}}
MOST = 8


def test_a_whatsapp_number_is_connected_with_a_form(acme: Tenant, client_as: Callable[..., Client]) -> None:
    browser = client_as("ana")
    form = {"name": "Ventas", "phone_number_id": "4455", "waba_id": "", "display_phone_number": "+54 11 5555 0101"}
    answer = browser.post("/canales/nuevo/whatsapp/", form)
    assert answer.status_code == 303
    page = browser.get(answer.headers["Location"]).content.decode()
    with tenant_context(acme):
        channel = Channel.objects.get(name="Ventas")
    assert f"/webhooks/meta/{channel.route_key}/" in page
    assert "whatsapp_cloud/ACCESS_TOKEN" in page
    assert "Falta" in page


def test_wrong_data_is_told_beside_its_field_and_kept(client_as: Callable[..., Client]) -> None:
    answer = client_as("ana").post("/canales/nuevo/whatsapp/", {"name": "Ventas", "phone_number_id": "+54 11"})
    assert answer.status_code == 422
    body = answer.content.decode()
    assert "no tiene la forma esperada" in body
    assert "+54 11" in body


def test_a_web_chat_lists_its_sites_and_its_line_of_code(acme: Tenant, client_as: Callable[..., Client]) -> None:
    browser = client_as("ana")
    answer = browser.post("/canales/nuevo/web/", {"name": "Sitio", "allowed_domains": "tienda.test\n*.tienda.test"})
    page = browser.get(answer.headers["Location"]).content.decode()
    with tenant_context(acme):
        channel = Channel.objects.get(name="Sitio")
    assert channel.config["allowed_domains"] == ["tienda.test", "*.tienda.test"]
    assert f"/widget/{channel.pk}.js" in page
    assert "data-title=&quot;Acme&quot;" in page
    assert f"/demo/chat/{channel.pk}/" in page


def test_a_secret_is_stored_and_never_shown(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        channel = make_channel(**WHATSAPP, route=True)
    browser = client_as("ana")
    form = {"name": "meta/APP_SECRET", "value": "secreto-muy-largo-1234", "only_here": "on"}
    assert browser.post(f"/canales/{channel.pk}/credencial/", form).status_code == 303
    page = browser.get(f"/canales/{channel.pk}/").content.decode()
    assert "secreto-muy-largo" not in page
    assert "Cargada" in page
    with tenant_context(acme):
        assert Credential.objects.filter(tenant_id=acme.pk, name=f"APP_SECRET@{channel.pk}").exists()


def test_a_secret_the_channel_does_not_need_is_refused(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        channel = make_channel(**WHATSAPP, route=True)
    form = {"name": "openai/API_KEY", "value": "x" * 20}
    assert client_as("ana").post(f"/canales/{channel.pk}/credencial/", form).status_code == 422
    with tenant_context(acme):
        assert not Credential.objects.filter(tenant_id=acme.pk).exists()


def test_testing_asks_a_worker_and_switching_off_closes_the_door(
    acme: Tenant, client_as: Callable[..., Client], queued: Queue
) -> None:
    with tenant_context(acme):
        channel = make_channel(**WHATSAPP, route=True)
    browser = client_as("ana")
    browser.post(f"/canales/{channel.pk}/probar/")
    assert any(task.name == "messaging.tasks.check_channel" for task in queued.waiting)
    assert "Probando la conexión" in browser.get(f"/canales/{channel.pk}/").content.decode()
    browser.post(f"/canales/{channel.pk}/apagar/")
    with tenant_context(acme):
        assert Channel.objects.get(pk=channel.pk).status == "disabled"
    browser.post(f"/canales/{channel.pk}/encender/")
    with tenant_context(acme):
        assert Channel.objects.get(pk=channel.pk).status == "pending"


def test_what_went_wrong_is_on_the_page(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        channel = make_channel(**WHATSAPP)
        make_notice(channel=channel, text="La calidad del número bajó")
        make_inbound_event(channel=channel, state="failed", error="El contenido no es JSON.")
    page = client_as("ana").get(f"/canales/{channel.pk}/").content.decode()
    assert "La calidad del número bajó" in page
    assert "El contenido no es JSON." in page


@pytest.mark.parametrize("name", ["sol", "teo"])
def test_sellers_do_not_touch_channels(acme: Tenant, client_as: Callable[..., Client], name: str) -> None:
    with tenant_context(acme):
        channel = make_channel()
    browser = client_as(name)
    assert browser.get("/canales/").status_code == 403
    for path in ("apagar", "probar", "credencial"):
        assert browser.post(f"/canales/{channel.pk}/{path}/").status_code == 403


def test_a_secretary_reads_and_changes_nothing(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        channel = make_channel(**WHATSAPP)
    browser = client_as("rita")
    page = browser.get(f"/canales/{channel.pk}/").content.decode()
    assert "/credencial/" not in page
    assert browser.post(f"/canales/{channel.pk}/apagar/").status_code == 403


def test_the_outsider_gets_nothing(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        channel = make_channel(name="De Acme")
    browser = client_as("gus")
    assert "De Acme" not in browser.get("/canales/").content.decode()
    for path in ("", "editar/"):
        assert browser.get(f"/canales/{channel.pk}/{path}").status_code == 404
    assert browser.post(f"/canales/{channel.pk}/apagar/").status_code == 404


def test_pages_cost_the_same_with_few_and_with_many_rows(
    acme: Tenant, client_as: Callable[..., Client], statements: Callable[..., Any]
) -> None:
    counts = []
    for rows in (1, 30):
        with tenant_context(acme):
            channel = make_channel(**{**WHATSAPP, "config": {"phone_number_id": str(rows)}})
            for _number in range(rows):
                make_channel()
                make_notice(channel=channel)
                make_inbound_event(channel=channel)
        browser = client_as("ana")
        for path in ("/canales/", f"/canales/{channel.pk}/", f"/canales/{channel.pk}/editar/"):
            with statements() as seen:
                assert browser.get(path).status_code == 200
            assert seen.count <= MOST, f"{path}\n{seen}"
            counts.append(seen.count)
    assert counts[:3] == counts[3:]


def test_the_demo_page_needs_no_sign_in_and_loads_the_channels_script(client_as: Callable[..., Client]) -> None:
    answer = client_as(None).get("/demo/chat/01890000-0000-7000-8000-000000000001/")
    assert answer.status_code == 200
    assert 'src="/widget/01890000-0000-7000-8000-000000000001.js"' in answer.content.decode()
