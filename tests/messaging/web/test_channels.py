"""Pages of channels: what a company sees and does about where its customers write."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import resolve
from django.utils import timezone

from messaging.forms.channels import KINDS
from messaging.models import Channel, Message
from messaging.providers import provider_class
from messaging.views import channel_kinds
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Credential, SystemEvent, Tenant
from tenants.services import vault
from tests.factories.messaging import (
    make_channel,
    make_conversation,
    make_inbound_event,
    make_message,
    make_notice,
    make_template,
)
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


# --- the hub and a channel's own page -------------------------------------------------------------------------


def test_the_hub_offers_the_six_kinds_and_only_to_whoever_may_connect(client_as: Callable[..., Client]) -> None:
    owner, reader = (client_as(name).get("/canales/").content.decode() for name in ("ana", "rita"))
    for kind in KINDS:
        assert f"/canales/nuevo/{kind}/" in owner
        assert f"/canales/nuevo/{kind}/" not in reader
    for each in channel_kinds.KINDS:
        if each.guided:
            assert each.guided in owner
            resolve(each.guided)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_made_by_hand(client_as: Callable[..., Client], kind: str) -> None:
    page = client_as("ana").get(f"/canales/nuevo/{kind}/")
    assert page.status_code == 200
    account = provider_class(*KINDS[kind]).config.account_field
    assert not account or f'name="{account}"' in page.content.decode()


def test_what_chatwoot_brings_is_chosen(acme: Tenant, client_as: Callable[..., Client]) -> None:
    form = {"name": "Mesa", "channel_source": "instagram", "account_id": "3", "inbox_id": "8"}
    browser = client_as("ana")
    answer = browser.post("/canales/nuevo/chatwoot/", form)
    with tenant_context(acme):
        channel = Channel.objects.get(name="Mesa")
    assert (channel.provider, channel.channel_source) == ("chatwoot", "instagram")
    page = browser.get(answer.headers["Location"]).content.decode()
    assert "llegan sin firma" in page
    assert "chatwoot/WEBHOOK_SECRET" in page

    browser.post(f"/canales/{channel.pk}/credencial/", {"name": "chatwoot/WEBHOOK_SECRET", "value": "whsec-0123456789"})
    assert "llegan sin firma" not in browser.get(f"/canales/{channel.pk}/").content.decode()


def test_a_card_says_what_needs_a_look(acme: Tenant, client_as: Callable[..., Client]) -> None:
    now = timezone.now()
    with tenant_context(acme):
        channel = make_channel(
            **WHATSAPP,
            facts={"quality": "RED", "limit": "TIER_1K", "name": "Tienda Ana"},
            resting_until=now + timedelta(minutes=5),
            token_expires_at=now + timedelta(days=3),
        )
        chat = make_conversation(channel=channel)
        for status in ("failed", "unknown", "sent"):
            make_message(conversation=chat, direction="out", status=status)
    browser = client_as("ana")
    card, page = (browser.get(path).content.decode() for path in ("/canales/", f"/canales/{channel.pk}/"))
    assert f"/entregas/?canal={channel.pk}" in card
    assert "2 sin salir" in card
    assert "Calidad: mala" in card
    assert "El proveedor no responde" in card
    assert "La conexión vence el" in card
    for words in ("Tienda Ana", "1.000 personas por día", "El proveedor no responde", "La conexión vence el"):
        assert words in page


def test_the_steps_follow_what_is_known(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        channel = make_channel(**WHATSAPP, status="pending")
    browser = client_as("ana")

    def steps() -> tuple[list[bool], Any]:
        context = browser.get(f"/canales/{channel.pk}/").context
        return [step.done for step in context["steps"]], context["next_step"]

    done, following = steps()
    assert done == [False] * 5
    assert "whatsapp_cloud/ACCESS_TOKEN" in following.help

    with tenant_context(acme):
        for category, name in (("whatsapp_cloud", "ACCESS_TOKEN"), ("meta", "APP_SECRET"), ("meta", "VERIFY_TOKEN")):
            vault.put_credential(category=category, name=name, value="v-0123456789", by=Actor.system("Prueba"))
        now = timezone.now()
        proven = {"proven": now.isoformat()}
        Channel.objects.filter(pk=channel.pk).update(last_webhook_at=now, facts=proven, status="connected")
        chat = make_conversation(channel=channel, last_inbound_at=now)
    assert steps()[0] == [True, True, True, True, False]

    with tenant_context(acme):
        make_message(conversation=chat, direction="out", status="sent", sent_at=now)
    assert steps() == ([True] * 5, None)


def test_a_verify_token_is_made_and_shown_once(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        channel = make_channel(**WHATSAPP, route=True)
    browser = client_as("ana")
    token = browser.post(f"/canales/{channel.pk}/token-de-verificacion/").context["verify_token"]
    assert len(token) > 20
    assert token not in browser.get(f"/canales/{channel.pk}/").content.decode()
    assert vault.get_tenant_credential(acme.pk, "meta", "VERIFY_TOKEN", channel.pk) == token
    assert client_as("rita").post(f"/canales/{channel.pk}/token-de-verificacion/").status_code == 403


def test_a_replacement_is_another_channel_of_the_same_kind(acme: Tenant, client_as: Callable[..., Client]) -> None:
    with tenant_context(acme):
        channel, web = make_channel(**WHATSAPP), make_channel()
        spare = make_channel(provider="ycloud", channel_source="whatsapp", name="De repuesto")
    browser, path = client_as("ana"), f"/canales/{channel.pk}/editar/"
    form = {"name": "Ventas", "phone_number_id": "101"}
    assert browser.post(path, {**form, "fallback": str(web.pk)}).status_code == 422
    assert browser.post(path, {**form, "fallback": str(channel.pk)}).status_code == 422
    assert browser.post(path, {**form, "fallback": str(spare.pk)}).status_code == 303
    assert "De repuesto" in browser.get(f"/canales/{channel.pk}/").content.decode()
    with tenant_context(acme):
        assert Channel.objects.get(pk=channel.pk).fallback_id == spare.pk


def test_a_test_message_leaves_by_the_one_door(acme: Tenant, client_as: Callable[..., Client], queued: Queue) -> None:
    with tenant_context(acme):
        channel = make_channel(**WHATSAPP)
        template = make_template(channel=channel)
    browser, path = client_as("ana"), f"/canales/{channel.pk}/mensaje-de-prueba/"
    form = {"to": "+54 9 11 5555 7777", "text": "Prueba", "template": "", "key": str(uuid4())}
    refused = browser.post(path, form)
    assert refused.status_code == 422
    assert "5555 7777" in refused.content.decode()
    assert "Escribir primero desde ese teléfono" in refused.content.decode()
    assert 'href="/plantillas/"' not in refused.content.decode().partition("<form")[2].partition("</form>")[0]

    form["template"] = str(template.pk)
    for _each in range(2):  # a double click
        answer = browser.post(path, form)
        assert answer.status_code == 303
    with tenant_context(acme):
        message = Message.objects.get()
        assert answer.headers["Location"] == f"/bandeja/{message.conversation_id}/"
        assert (message.kind, message.status) == ("template", "queued")
        assert "Hola Ana" in message.text
        assert SystemEvent.objects.filter(action="channel.test_sent").exists()
    assert client_as("rita").get(path).status_code == 403


def test_where_nobody_can_be_written_to_first_no_test_message_is_offered(
    acme: Tenant, client_as: Callable[..., Client]
) -> None:
    with tenant_context(acme):
        channel = make_channel(provider="meta_direct", channel_source="instagram")
    browser = client_as("ana")
    assert "mensaje-de-prueba" not in browser.get(f"/canales/{channel.pk}/").content.decode()
    form = {"to": "+5491155557777", "text": "Prueba", "key": str(uuid4())}
    assert browser.post(f"/canales/{channel.pk}/mensaje-de-prueba/", form).status_code == 422


def test_storing_the_last_credential_tests_the_connection(
    acme: Tenant, client_as: Callable[..., Client], queued: Queue
) -> None:
    with tenant_context(acme):
        channel = make_channel(provider="chatwoot", channel_source="web", config={"account_id": "3", "inbox_id": "8"})
    browser, path = client_as("ana"), f"/canales/{channel.pk}/credencial/"
    browser.post(path, {"name": "chatwoot/BASE_URL", "value": "https://chat.example.com"})
    assert not queued.named("check_channel")
    browser.post(path, {"name": "chatwoot/API_TOKEN", "value": "t-0123456789"})
    assert queued.named("check_channel")
