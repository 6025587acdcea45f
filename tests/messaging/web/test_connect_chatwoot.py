"""Connecting Chatwoot as a person does: a server and a token, an inbox, and the webhook that follows by itself."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from config.lib.redis import client as redis_client
from messaging.ingest.models import InboundEvent
from messaging.models import Channel, Message
from messaging.services import events
from tenants.context import tenant_context
from tenants.models import Credential, Tenant
from tenants.services.vault import get_tenant_credential
from tests.fakes import chatwoot_events as wire
from tests.fakes.chatwoot import ChatwootFake, Rule
from tests.support.tasks import Queue

HOME, CHOOSE, AGAIN = (f"/canales/chatwoot/conectar/{rest}" for rest in ("", "bandeja/", "otro/"))


@pytest.fixture
def chatwoot() -> Iterator[ChatwootFake]:
    with ChatwootFake() as fake:
        fake.add_inbox(8, "Sitio web", "Channel::WebWidget")
        fake.add_inbox(9, "Correo de ventas", "Channel::Email")
        yield fake


@pytest.fixture
def ana_browser(client_as: Callable[[str], Client]) -> Client:
    return client_as("ana")


def look(browser: Client, chatwoot: ChatwootFake, queued: Queue, token: str = "user-token") -> str:
    """Type server and token, and see what a worker found."""
    answer = browser.post(HOME, {"base_url": f"{chatwoot.url}/", "token": token})
    assert answer.status_code == 303, answer.content
    assert "Preguntando a" in browser.get(HOME).content.decode()
    queued.drain()
    page = browser.get(HOME)
    assert page.status_code == 200
    assert token not in page.content.decode()
    return page.content.decode()


def test_a_person_connects_an_inbox(ana_browser: Client, chatwoot: ChatwootFake, queued: Queue, acme: Tenant) -> None:
    assert "Dirección de Chatwoot" in ana_browser.get(HOME).content.decode()
    found = look(ana_browser, chatwoot, queued)
    assert "WhatsApp Acme" in found
    assert "Sitio web" in found
    assert "Sin lugar aquí todavía:" in found
    assert "Correo de ventas" in found

    answer = ana_browser.post(CHOOSE, {"inbox": "8"})
    with tenant_context(acme):
        channel = Channel.objects.get(provider="chatwoot")
    assert answer.headers["Location"] == f"/canales/{channel.pk}/"
    assert (channel.channel_source, channel.name) == ("web", "Sitio web")
    assert channel.config == {"account_id": "1", "inbox_id": "8"}
    queued.drain()

    with tenant_context(acme):
        channel.refresh_from_db()
    (hook,) = chatwoot.webhooks
    assert hook["url"].endswith(f"/webhooks/chatwoot/{channel.route_key}/")
    assert (channel.status, "Chatwoot avisa" in channel.status_detail) == ("connected", True)
    assert channel.facts["subscribed"] is True
    assert get_tenant_credential(acme.pk, "chatwoot", "WEBHOOK_SECRET", channel.pk) == hook["secret"]
    assert get_tenant_credential(acme.pk, "chatwoot", "BASE_URL", channel.pk) == chatwoot.url
    assert "Dirección de Chatwoot" in ana_browser.get(HOME).content.decode(), "what was typed is forgotten"


def test_a_removed_channel_is_taken_off_chatwoots_webhooks(
    ana_browser: Client, chatwoot: ChatwootFake, queued: Queue, acme: Tenant
) -> None:
    look(ana_browser, chatwoot, queued)
    path = ana_browser.post(CHOOSE, {"inbox": "8"}).headers["Location"]
    queued.drain()
    assert ana_browser.post(f"{path}eliminar/").headers["Location"] == "/canales/"
    assert len(chatwoot.webhooks) == 1, "the page does not wait for Chatwoot"
    queued.drain()
    assert chatwoot.webhooks == []
    with tenant_context(acme):
        assert not Channel.objects.filter(provider="chatwoot").exists()
        assert not Credential.objects.filter(tenant_id=acme.pk, category="chatwoot").exists()


def test_connecting_it_again_gives_the_channel_the_new_token(
    ana_browser: Client, chatwoot: ChatwootFake, queued: Queue, acme: Tenant
) -> None:
    for token, before in (("user-token", ""), ("newer-token", "needs_reconnect"), ("newest-token", "disabled")):
        chatwoot.user_token = token
        with tenant_context(acme):
            Channel.objects.filter(provider="chatwoot").update(status=before)
        look(ana_browser, chatwoot, queued, token)
        ana_browser.post(CHOOSE, {"inbox": "7"})
        queued.drain()
    with tenant_context(acme):
        channel = Channel.objects.get(provider="chatwoot")
    assert channel.status == "connected"
    assert get_tenant_credential(acme.pk, "chatwoot", "API_TOKEN", channel.pk) == "newest-token"
    assert len(chatwoot.webhooks) == 1


def test_an_old_version_says_that_it_does_not_sign(
    ana_browser: Client, chatwoot: ChatwootFake, queued: Queue, acme: Tenant
) -> None:
    chatwoot.version = "3.13"
    look(ana_browser, chatwoot, queued)
    ana_browser.post(CHOOSE, {"inbox": "7"})
    queued.drain()
    with tenant_context(acme):
        channel = Channel.objects.get(provider="chatwoot")
        assert not Credential.objects.filter(name__startswith="WEBHOOK_SECRET").exists()
    assert (channel.status, "no firma" in channel.status_detail) == ("connected", True)


@pytest.mark.parametrize("trouble", ["agent", "refused"])
def test_who_may_not_add_a_webhook_is_told_what_to_paste(
    ana_browser: Client, chatwoot: ChatwootFake, queued: Queue, acme: Tenant, trouble: str
) -> None:
    look(ana_browser, chatwoot, queued)
    if trouble == "agent":
        chatwoot.role = "agent"
    else:
        chatwoot.script(Rule("error", path="/webhooks", status=422, body={"message": "Url is invalid"}, times=-1))
    ana_browser.post(CHOOSE, {"inbox": "7"})
    queued.drain()
    with tenant_context(acme):
        channel = Channel.objects.get(provider="chatwoot")
    assert channel.status == "pending"
    assert "la dirección de abajo" in channel.status_detail


@pytest.mark.parametrize(
    "path, token, words",
    [("", "wrong-token", "no acepta el token"), ("/nothing", "user-token", "no responde un Chatwoot")],
)
def test_what_does_not_work_is_said_and_the_address_stays(
    ana_browser: Client, chatwoot: ChatwootFake, queued: Queue, acme: Tenant, path: str, token: str, words: str
) -> None:
    ana_browser.post(HOME, {"base_url": chatwoot.url + path, "token": token})
    queued.drain()
    page = ana_browser.get(HOME).content.decode()
    assert words in page
    assert chatwoot.url + path in page
    assert token not in page
    with tenant_context(acme):
        assert not Credential.objects.filter(category="chatwoot").exists()


def test_where_nobody_answers_the_address_is_what_to_look_at(ana_browser: Client, queued: Queue) -> None:
    ana_browser.post(HOME, {"base_url": "http://127.0.0.1:9", "token": "x"})
    queued.drain()
    assert "No se pudo llegar a esa dirección" in ana_browser.get(HOME).content.decode()


@pytest.mark.parametrize("given", [{"base_url": "", "token": "x"}, {"base_url": "chat.acme.test", "token": "x"}, {}])
def test_a_bad_form_keeps_what_was_typed(ana_browser: Client, given: dict[str, str]) -> None:
    answer = ana_browser.post(HOME, given)
    assert answer.status_code == 422
    assert given.get("base_url", "") in answer.content.decode()


def test_only_a_listed_inbox_may_be_chosen(
    ana_browser: Client, chatwoot: ChatwootFake, queued: Queue, acme: Tenant
) -> None:
    assert ana_browser.post(CHOOSE, {"inbox": "7"}).headers["Location"] == HOME  # nothing was begun
    look(ana_browser, chatwoot, queued)
    for inbox in ("9", "55", ""):
        assert ana_browser.post(CHOOSE, {"inbox": inbox}).status_code == 422
    ana_browser.post(AGAIN)
    assert "Dirección de Chatwoot" in ana_browser.get(HOME).content.decode()
    with tenant_context(acme):
        assert not Channel.objects.filter(provider="chatwoot").exists()


def test_what_waits_is_sealed_and_ones_own(
    ana_browser: Client, chatwoot: ChatwootFake, queued: Queue, client_as: Callable[[str], Client], ana: Any
) -> None:
    look(ana_browser, chatwoot, queued)
    kept = [redis_client().get(key) for key in redis_client().keys("chatwoot:connecting:*")]
    assert kept
    assert not any("user-token" in value or "WhatsApp Acme" in value for value in kept)
    assert "Dirección de Chatwoot" in client_as("gus").get(HOME).content.decode()
    assert client_as("sol").get(HOME).status_code == 403


def test_the_page_costs_what_a_page_may(
    ana_browser: Client, chatwoot: ChatwootFake, queued: Queue, statements: Any
) -> None:
    look(ana_browser, chatwoot, queued)
    with statements() as seen:
        assert ana_browser.get(HOME).status_code == 200
    assert seen.count <= 8


def test_an_inbox_that_is_a_channel_says_so(
    ana_browser: Client, chatwoot: ChatwootFake, queued: Queue, acme: Tenant
) -> None:
    look(ana_browser, chatwoot, queued)
    ana_browser.post(CHOOSE, {"inbox": "7"})
    queued.drain()
    assert "WhatsApp Acme · Acme · ya conectado" in look(ana_browser, chatwoot, queued)


def test_whoever_reads_english_is_answered_in_english(
    ana_browser: Client, chatwoot: ChatwootFake, queued: Queue, acme: Tenant
) -> None:
    english = {"headers": {"accept-language": "en"}}
    ana_browser.post(HOME, {"base_url": chatwoot.url, "token": "wrong"}, **english)
    queued.drain()
    assert "does not accept the token" in ana_browser.get(HOME, **english).content.decode()
    ana_browser.post(HOME, {"base_url": chatwoot.url, "token": "user-token"}, **english)
    queued.drain()
    answer = ana_browser.post(CHOOSE, {"inbox": "7"}, **english)
    queued.drain()
    assert (
        "Connected: Chatwoot reports every message." in ana_browser.get(answer["Location"], **english).content.decode()
    )


def test_two_servers_with_the_same_numbers_never_mix(
    ana_browser: Client, chatwoot: ChatwootFake, queued: Queue, acme: Tenant
) -> None:
    """The inbox 7 of another Chatwoot is another inbox: neither its token nor its messages reach this channel."""
    look(ana_browser, chatwoot, queued)
    ana_browser.post(CHOOSE, {"inbox": "7"})
    queued.drain()
    with ChatwootFake() as other:
        other.add_inbox(8, "Sitio del otro", "Channel::WebWidget")
        look(ana_browser, other, queued)
        refused = ana_browser.post(CHOOSE, {"inbox": "7"})
        assert (refused.status_code, chatwoot.url in refused.content.decode()) == (422, True)
        ana_browser.post(CHOOSE, {"inbox": "8"})
        queued.drain()
        with tenant_context(acme):
            first, second = (Channel.objects.get(config__inbox_id=each) for each in ("7", "8"))
            raw = wire.dump(wire.message("Hola")).decode()  # of the other server's inbox 7
            event = InboundEvent.objects.create(
                tenant_id=acme.pk, channel_id=second.pk, provider="chatwoot", event_key="x", raw=raw
            )
        events.process(tenant=acme, event_id=event.pk)
    with tenant_context(acme):
        assert get_tenant_credential(acme.pk, "chatwoot", "BASE_URL", first.pk) == chatwoot.url
        assert not Message.objects.exists()
