"""What was chosen of a sign-in at Meta becomes channels that Meta sends to, and is left again."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from messaging.connecting.meta_hooks import WHATSAPP_FIELDS
from messaging.models import Channel, Conversation, Message, MetaLogin
from messaging.services import channel_leaving, channels, meta_setup
from tenants.context import tenant_context
from tenants.models import Credential, Tenant
from tenants.services.vault import get_tenant_credential
from tests.fakes.graph_login import MARK, LoginFake
from tests.messaging.connecting.conftest import BY, SHOWN, WHATSAPP, steps, store_app, text
from tests.messaging.services.saying import Number
from tests.support.tasks import Queue

Connect = Callable[..., Channel]


def token_of(channel: Channel, acme: Tenant) -> str:
    with tenant_context(acme):
        return get_tenant_credential(acme.pk, *meta_setup.TOKENS[channel.channel_source], channel.pk)


# --- WhatsApp --------------------------------------------------------------------------------------------------
def test_a_number_becomes_a_channel_that_is_subscribed_and_registered(
    office: Client, connected: Connect, meta: LoginFake, acme: Tenant
) -> None:
    meta.add_number("1065", SHOWN)
    channel = connected("whatsapp", "1065")
    assert channel.config == {"phone_number_id": "1065", "waba_id": "100", "display_phone_number": SHOWN}
    assert steps(channel, acme) == {"token": "ok", "hook": "ok", "subscribe": "ok", "register": "ok"}
    for each in WHATSAPP_FIELDS.split(","):  # the app had none of them
        assert meta.delivers(WHATSAPP, each, "100") == channels.webhook_url(channel)
    assert meta.subscribed["100"]["override_callback_uri"] == channels.webhook_url(channel)
    assert token_of(channel, acme) in meta.tokens
    with tenant_context(acme):
        asked = meta.called("subscribed_apps", "POST")[1]
        assert asked["verify_token"] == get_tenant_credential(acme.pk, "meta", "VERIFY_TOKEN")
        assert meta.pins["1065"] == get_tenant_credential(acme.pk, "whatsapp_cloud", "PIN", channel.pk)
        assert channel.checked_at is not None
        assert channel.token_expires_at is not None
        assert not MetaLogin.objects.exists()
    page = text(office.get(f"/canales/{channel.pk}/conexion/"))
    assert "Registro del número" in page
    assert "/conexion/reintentar/" not in page
    for address in (f"/canales/{channel.pk}/conexion/", f"/canales/{channel.pk}/", "/canales/"):
        assert MARK not in text(office.get(address))


def test_a_wrong_pin_is_said_and_only_that_step_is_taken_again(
    office: Client, signed_in: Callable[..., str], meta: LoginFake, acme: Tenant, queued: Queue
) -> None:
    meta.add_number("1065", SHOWN)
    meta.pins["1065"] = "111111"
    choice = signed_in("whatsapp")
    assert office.post(choice, {"things": "1065", "pin": "12"}).status_code == 422
    assert office.post(choice, {"things": "1065", "pin": "222222"}).status_code == 303
    queued.drain()
    with tenant_context(acme):
        channel = Channel.objects.get(provider="meta_direct")
    assert steps(channel, acme) == {"token": "ok", "hook": "ok", "subscribe": "ok", "register": "failed"}
    page = text(office.get(f"/canales/{channel.pk}/conexion/"))
    assert "El PIN no es el de ese número" in page
    subscribed = len(meta.called("subscribed_apps", "POST"))
    meta.pins["1065"] = "222222"
    assert office.post(f"/canales/{channel.pk}/conexion/reintentar/").status_code == 303
    queued.drain()
    assert steps(channel, acme)["register"] == "ok"
    assert len(meta.called("subscribed_apps", "POST")) == subscribed


@pytest.mark.parametrize("code", [4, 133016, 190], ids=["throttled", "too-many-tries", "dead"])
def test_a_step_that_fails_does_not_stop_the_next_one(
    connected: Connect, meta: LoginFake, acme: Tenant, code: int
) -> None:
    meta.add_number("1065", SHOWN)
    meta.refuse("100/subscribed_apps", code)
    channel = connected("whatsapp", "1065")
    assert steps(channel, acme) == {"token": "ok", "hook": "ok", "subscribe": "failed", "register": "ok"}
    assert MARK not in str(channel.facts)


def test_a_number_that_stays_on_the_phone_is_not_registered_and_its_echo_silences_the_agent(
    office: Client, connected: Connect, meta: LoginFake, acme: Tenant
) -> None:
    meta.add_number("1065", SHOWN, is_on_biz_app=True, platform_type="CLOUD_API", status="CONNECTED")
    channel = connected("whatsapp", "1065")
    done = {"token": "ok", "hook": "ok", "subscribe": "ok", "contacts": "ok", "history": "ok"}
    assert steps(channel, acme) == done
    assert channel.config["coexistence"] is True
    assert meta.called("/register") == []
    assert meta.synced == [("1065", "smb_app_state_sync"), ("1065", "history")]
    assert meta.delivers(WHATSAPP, "smb_message_echoes", "100") == channels.webhook_url(channel)
    number = Number(acme, channel, "1065")
    number.says("Hola")
    assert number.conversation().mode == Conversation.Mode.AI
    number.echoes("Hola, soy Sol")
    assert number.conversation().mode == Conversation.Mode.HUMAN
    assert number.texts(author=Message.Author.USER) == ["Hola, soy Sol"]


def test_what_meta_sends_of_a_phone_only_once_is_not_asked_again(
    office: Client, connected: Connect, signed_in: Callable[..., str], meta: LoginFake, acme: Tenant, queued: Queue
) -> None:
    meta.add_number("1065", SHOWN, is_on_biz_app=True, platform_type="CLOUD_API", status="CONNECTED")
    meta.synced.append(("1065", "history"))  # asked by somebody else before
    channel = connected("whatsapp", "1065")
    assert (steps(channel, acme)["contacts"], steps(channel, acme)["history"]) == ("ok", "failed")
    assert "una sola vez" in text(office.get(f"/canales/{channel.pk}/conexion/"))
    asked = len(meta.called("smb_app_data"))
    office.post(signed_in("whatsapp", canal=str(channel.pk)), {})
    queued.drain()
    assert steps(channel, acme)["contacts"] == "ok"
    assert len(meta.called("smb_app_data")) == asked + 1


def test_several_are_connected_at_once_and_what_is_connected_is_marked(
    office: Client, signed_in: Callable[..., str], meta: LoginFake, acme: Tenant, queued: Queue
) -> None:
    meta.add_number("1065", SHOWN)
    meta.add_number("1066", "+54 9 11 5555-0001", name="Norte")
    assert office.post(signed_in("whatsapp"), {"things": ["1065", "1066"]})["Location"] == "/canales/"
    queued.drain()
    choice = signed_in("whatsapp")
    page = text(office.get(choice))
    assert page.count("Ya conectado") == 2
    assert "ya está conectado" in page
    for wrong in ({"things": "1065"}, {"things": "999"}, {}):
        assert office.post(choice, wrong).status_code == 422
    with tenant_context(acme):
        assert Channel.objects.filter(provider="meta_direct").count() == 2


# --- pages and Instagram ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("first", ["facebook", "instagram"])
def test_a_page_and_its_instagram_account_are_two_channels_on_one_address_of_the_app(
    connected: Connect, meta: LoginFake, acme: Tenant, first: str
) -> None:
    meta.add_page("20", "Acme", instagram="acme.tienda")
    accounts = {"facebook": "20", "instagram": "1720"}
    order = sorted(accounts, key=lambda source: source != first)
    made = {source: connected(source, accounts[source]) for source in order}
    page, instagram = made["facebook"], made["instagram"]
    assert page.config == {"page_id": "20"}
    assert instagram.config == {"ig_user_id": "1720", "page_id": "20"}
    assert steps(page, acme) == steps(instagram, acme) == {"token": "ok", "hook": "ok", "subscribe": "ok"}
    assert token_of(page, acme) == token_of(instagram, acme) == meta.pages[0]["access_token"]
    assert meta.hooks["page"]["callback_url"] == channels.webhook_url(page)
    assert meta.hooks["instagram"]["callback_url"] == channels.webhook_url(instagram)
    assert "message_echoes" in meta.subscribed["20"]["subscribed_fields"]


def test_the_address_of_an_app_that_serves_somebody_else_is_not_taken_from_them(
    office: Client, connected: Connect, meta: LoginFake, acme: Tenant
) -> None:
    meta.add_page("20", "Acme")
    theirs = {"object": "page", "callback_url": "https://other.test/hook", "active": True}
    meta.hooks["page"] = theirs
    channel = connected("facebook", "20")
    assert steps(channel, acme) == {"token": "ok", "hook": "failed", "subscribe": "ok"}
    assert meta.hooks["page"] == theirs
    assert channels.webhook_url(channel) in text(office.get(f"/canales/{channel.pk}/conexion/"))


def test_an_instagram_account_without_a_page_is_subscribed_by_itself(
    connected: Connect, meta: LoginFake, acme: Tenant
) -> None:
    with tenant_context(acme):
        store_app(instagram=True)
    meta.instagram = {"id": "1", "user_id": "17841400", "username": "acme.tienda"}
    channel = connected("instagram", "17841400", con="instagram")
    assert channel.config == {"ig_user_id": "17841400"}
    assert steps(channel, acme) == {"token": "ok", "hook": "manual", "subscribe": "ok"}
    assert "messages" in meta.subscribed["17841400"]["subscribed_fields"]


# --- again -----------------------------------------------------------------------------------------------------
def test_a_lost_channel_is_connected_again_and_what_waited_goes_on(
    office: Client, connected: Connect, signed_in: Callable[..., str], meta: LoginFake, acme: Tenant, queued: Queue
) -> None:
    meta.add_number("1065", SHOWN)
    channel = connected("whatsapp", "1065")
    number = Number(acme, channel, "1065")
    number.says("Hola")
    with tenant_context(acme):
        Channel.objects.update(status="needs_reconnect", failures=5, resting_until=timezone.now() + timedelta(hours=1))
        Message.objects.create(
            conversation=number.conversation(),
            channel=channel,
            direction="out",
            author="user",
            text="Va",
            status="queued",
            sequence=99,
        )
    old = token_of(channel, acme)
    queued.clear()  # the agent's turn is no part of this
    assert "Reconectar" in text(office.get(f"/canales/{channel.pk}/reconectar/"))
    choice = signed_in("whatsapp", canal=str(channel.pk))
    assert "Acme" in text(office.get(choice))
    queued.clear()
    assert office.post(choice, {})["Location"] == f"/canales/{channel.pk}/conexion/"
    assert [task.arguments for task in queued.named("deliver")] == [{"conversation_id": str(number.conversation().pk)}]
    assert token_of(channel, acme) != old
    with tenant_context(acme):
        channel.refresh_from_db()
    assert (channel.status, channel.failures, channel.resting_until) == ("connected", 0, None)


def test_another_account_does_not_take_a_channel_over(
    office: Client, connected: Connect, signed_in: Callable[..., str], meta: LoginFake, acme: Tenant
) -> None:
    meta.add_number("1065", SHOWN)
    channel = connected("whatsapp", "1065")
    old = token_of(channel, acme)
    meta.numbers.clear()
    meta.add_number("2000", "+54 9 11 5555-9999", waba="300", name="Otra")
    choice = signed_in("whatsapp", canal=str(channel.pk))
    assert "no da acceso a" in text(office.get(choice))
    assert office.post(choice, {"things": "2000"}).status_code == 422
    assert token_of(channel, acme) == old
    with tenant_context(acme):
        assert Channel.objects.filter(provider="meta_direct").count() == 1


def test_only_metas_channels_are_connected_again_here(office: Client, acme: Tenant) -> None:
    with tenant_context(acme):
        web = Channel.objects.get(provider="web")
    for address in (f"/canales/{web.pk}/reconectar/", f"/canales/{web.pk}/conexion/"):
        assert office.get(address).status_code == 404
    assert office.get("/canales/meta/fax/conectar/").status_code == 404


# --- leaving ---------------------------------------------------------------------------------------------------
def test_switched_off_meta_sends_no_more_and_switched_on_it_does_again(
    connected: Connect, meta: LoginFake, acme: Tenant, queued: Queue
) -> None:
    meta.add_number("1065", SHOWN)
    channel = connected("whatsapp", "1065")
    with tenant_context(acme):
        channels.set_enabled(channel=channel, enabled=False, by=BY)
    queued.drain()
    assert meta.subscribed == {}
    assert meta.hooks[WHATSAPP]["fields"]  # other companies' accounts may live on them
    with tenant_context(acme):
        channels.set_enabled(channel=channel, enabled=True, by=BY)
    queued.drain()
    assert meta.subscribed["100"]["override_callback_uri"] == channels.webhook_url(channel)
    assert len(meta.called("/register")) == 1


def test_an_account_that_another_channel_lives_on_goes_on_with_that_ones_address(
    office: Client, signed_in: Callable[..., str], meta: LoginFake, acme: Tenant, queued: Queue
) -> None:
    meta.add_number("1065", SHOWN)
    meta.add_number("1066", "+54 9 11 5555-0001")
    office.post(signed_in("whatsapp"), {"things": ["1065", "1066"]})
    queued.drain()
    with tenant_context(acme):
        first, second = Channel.objects.filter(provider="meta_direct").order_by("config__phone_number_id")
        meta.hook(WHATSAPP, channels.webhook_url(second), WHATSAPP_FIELDS)
        channel_leaving.remove(channel=second, by=BY)
    assert meta.subscribed["100"]["override_callback_uri"] == channels.webhook_url(first)
    assert meta.delivers(WHATSAPP, "account_update", "100") == channels.webhook_url(first)
    with tenant_context(acme):
        left = Credential.objects.filter(tenant_id=acme.pk, name__contains="@").values_list("name", flat=True)
        assert {name.partition("@")[2] for name in left} == {str(first.pk)}


def test_the_apps_one_address_is_passed_on_to_another_page_and_taken_back_with_the_last(
    office: Client, signed_in: Callable[..., str], meta: LoginFake, acme: Tenant, queued: Queue
) -> None:
    meta.add_page("20", "Acme")
    meta.add_page("21", "Norte")
    office.post(signed_in("facebook"), {"things": ["20", "21"]})
    queued.drain()
    with tenant_context(acme):
        made = {channels.webhook_url(each): each for each in Channel.objects.filter(provider="meta_direct")}
    first = made.pop(meta.hooks["page"]["callback_url"])
    (address, second), *_none = made.items()
    for channel, hook in ((first, address), (second, None)):
        with tenant_context(acme):
            channels.set_enabled(channel=channel, enabled=False, by=BY)
        queued.drain()
        assert meta.hooks.get("page", {}).get("callback_url") == hook
    assert meta.subscribed == {}


def test_leaving_a_meta_that_does_not_listen_harms_nothing(
    connected: Connect, meta: LoginFake, acme: Tenant, queued: Queue
) -> None:
    meta.add_page("20", "Acme")
    channel = connected("facebook", "20")
    meta.kill()
    with tenant_context(acme):
        channels.set_enabled(channel=channel, enabled=False, by=BY)
    queued.drain()
    with tenant_context(acme):
        channel_leaving.remove(channel=channel, by=BY)
    with tenant_context(acme):
        assert not Channel.objects.filter(provider="meta_direct").exists()
