"""Signing in at Meta: who may bring what back, and what the account has."""

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from config.lib.errors import ProviderError
from config.lib.link_tokens import without_token
from config.lib.redis import client as redis_client
from messaging.connecting import meta as signing_in
from messaging.connecting.meta_wire import Account
from messaging.models import Channel, MetaLogin
from tenants.context import tenant_context
from tenants.db.current import connection
from tenants.models import SystemEvent, Tenant
from tests.fakes import graph_login
from tests.fakes.graph_login import MARK, LoginFake
from tests.messaging.connecting.conftest import store_app
from tests.support.tasks import Queue

CONNECT = "/canales/meta/%s/conectar/"


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_newcomer_stores_the_app_and_is_then_led_to_meta(client_as: Any, meta: LoginFake, acme: Tenant) -> None:
    office, page = client_as("ana"), CONNECT % "facebook"
    steps = text(office.get(page))
    assert "/canales/meta/volver/</code>" in steps
    assert "/canales/meta/facebook/ir/" not in steps
    assert office.get("/canales/meta/facebook/ir/").status_code == 422
    bad = office.post(page, {"app_id": "abc", "app_secret": "s"})
    assert bad.status_code == 422
    keys = {"app_id": graph_login.APP_ID, "app_secret": graph_login.APP_SECRET}
    assert office.post(page, keys).status_code == 303
    steps = text(office.get(page))
    assert "/canales/meta/facebook/ir/" in steps
    assert graph_login.APP_SECRET not in steps


@pytest.mark.parametrize("source", ["whatsapp", "instagram", "facebook"])
def test_the_dialog_is_asked_for_what_the_channel_needs_and_no_more(office: Client, source: str) -> None:
    address = office.get(f"/canales/meta/{source}/ir/")["Location"]
    asked = parse_qs(urlsplit(address).query)
    assert urlsplit(address).path.endswith("/dialog/oauth")
    assert asked["scope"] == [",".join(signing_in.needed_scopes(source, direct=False))]
    assert asked["response_type"] == ["code"]
    assert graph_login.APP_SECRET not in address


def test_with_a_configuration_of_embedded_sign_up_that_is_what_is_asked(office: Client, acme: Tenant) -> None:
    keys = {"app_id": graph_login.APP_ID, "app_secret": graph_login.APP_SECRET, "config_id": "987"}
    office.post(CONNECT % "whatsapp", keys)
    asked = parse_qs(urlsplit(office.get("/canales/meta/whatsapp/ir/?app=1")["Location"]).query)
    assert asked["config_id"] == ["987"]
    assert json.loads(asked["extras"][0]) == {"featureType": "whatsapp_business_app_onboarding"}
    assert "scope" not in asked
    plain = parse_qs(urlsplit(office.get("/canales/meta/whatsapp/ir/")["Location"]).query)
    assert plain["config_id"] == ["987"]
    assert "extras" not in plain  # what a script's popup would be told has no place in a redirect


def test_pages_are_found_on_every_page_of_the_list_and_the_token_lasts(
    office: Client, signed_in: Callable[..., str], meta: LoginFake, acme: Tenant
) -> None:
    meta.page_size = 2
    for number in range(5):
        meta.add_page(f"20{number}", f"Página {number}")
    page = text(office.get(signed_in("facebook")))
    assert all(f"Página {number}" in page for number in range(5))
    assert not [path for _verb, path, _given in meta.calls if "steals" in path]
    with tenant_context(acme):
        login = MetaLogin.objects.get()
        assert login.token in meta.tokens
        assert meta.tokens[login.token].kind == "long"
        assert login.token_expires_at is not None
        assert login.token_expires_at > timezone.now() + timedelta(days=50)


@pytest.mark.parametrize("names", [True, False], ids=["named", "by-business"])
def test_numbers_are_found_whether_or_not_the_token_names_their_accounts(
    office: Client, signed_in: Callable[..., str], meta: LoginFake, names: bool
) -> None:
    meta.names_accounts, meta.knows_phone_app = names, names
    meta.add_number("1065", "+54 9 11 5555-0000")
    meta.add_number("1066", "+54 9 11 5555-0001", waba="101", name="Acme Norte", quality_rating="RED")
    page = text(office.get(signed_in("whatsapp")))
    assert "+54 9 11 5555-0000" in page
    assert "Acme Norte" in page
    assert "Calidad baja" in page


def test_one_account_that_cannot_be_read_does_not_hide_the_other(
    office: Client, signed_in: Callable[..., str], meta: LoginFake
) -> None:
    meta.add_number("1065", "+54 9 11 5555-0000")
    meta.add_number("1066", "+54 9 11 5555-0001", waba="101", name="Acme Norte")
    meta.refuse("100/phone_numbers", 10)
    page = text(office.get(signed_in("whatsapp")))
    assert "Acme Norte" in page
    assert "cuenta de WhatsApp 100" in page


def test_a_system_users_token_stays_as_it_is(signed_in: Callable[..., str], meta: LoginFake, acme: Tenant) -> None:
    meta.lasts = 0
    meta.add_number("1065", "+54 9 11 5555-0000")
    signed_in("whatsapp")
    with tenant_context(acme):
        login = MetaLogin.objects.get()
    assert (meta.tokens[login.token].kind, login.token_expires_at) == ("user", None)


def test_instagram_without_a_page_has_its_own_sign_in(
    office: Client, signed_in: Callable[..., str], meta: LoginFake, acme: Tenant
) -> None:
    with tenant_context(acme):
        store_app(instagram=True)
    meta.instagram = {"id": "1", "user_id": "17841400", "username": "acme.tienda"}
    page = text(office.get(signed_in("instagram", con="instagram")))
    assert "acme.tienda" in page
    assert meta.called("oauth/access_token", "POST")[0]["grant_type"] == "authorization_code"
    with tenant_context(acme):
        until = MetaLogin.objects.get().token_expires_at
    assert until is not None
    assert until > timezone.now() + timedelta(days=50)


def test_permissions_that_were_not_ticked_are_named(
    office: Client, signed_in: Callable[..., str], meta: LoginFake
) -> None:
    meta.granted = ["pages_show_list", "pages_manage_metadata"]
    meta.add_page("20", "Acme")
    page = text(office.get(signed_in("facebook")))
    assert "Faltan permisos" in page
    assert "<code>pages_messaging</code>" in page
    assert "<code>pages_show_list</code>" not in page


def test_what_meta_sends_back_is_taken_out_of_the_log() -> None:
    said = without_token("GET /canales/meta/volver/?code=AQcode12345&state=WzEsIjAxYSJd:1wX:abc HTTP/1.1")
    assert "AQcode" not in said
    assert "WzEsIjAxYSJd" not in said


# --- who may come back -----------------------------------------------------------------------------------------
def test_a_code_is_taken_once_from_whoever_asked_for_it(
    office: Client, client_as: Any, meta: LoginFake, acme: Tenant, globex: Tenant
) -> None:
    with tenant_context(globex):
        store_app()
    address = meta.consent(office.get("/canales/meta/facebook/ir/")["Location"])
    for other in (client_as("ana"), client_as("gus")):
        assert other.get(address)["Location"] == "/canales/"
    assert office.get(address.replace("state=", "state=x"))["Location"] == "/canales/"
    assert office.get("/canales/meta/volver/")["Location"] == "/canales/"
    assert meta.called("oauth/access_token") == []
    assert "/elegir/" in office.get(address)["Location"]
    again = office.get(address)
    assert again["Location"] == "/canales/"
    assert len(meta.called("oauth/access_token")) == 1
    with tenant_context(acme):
        assert MetaLogin.objects.count() == 1
    with tenant_context(globex):
        assert not MetaLogin.objects.exists()


def test_a_late_state_and_a_refusal_connect_nothing(
    office: Client, meta: LoginFake, monkeypatch: pytest.MonkeyPatch, acme: Tenant
) -> None:
    address = meta.consent(office.get("/canales/meta/facebook/ir/")["Location"])
    with monkeypatch.context() as late:
        late.setattr(signing_in, "STATE_SECONDS", -1)
        assert "venció" in text(office.get(address, follow=True))
    meta.denies = True
    address = meta.consent(office.get("/canales/meta/facebook/ir/")["Location"])
    assert "no se conectó nada" in text(office.get(address, follow=True))
    with tenant_context(acme):
        assert not MetaLogin.objects.exists()


def test_without_the_memory_of_used_states_nothing_is_connected(
    office: Client, meta: LoginFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = meta.consent(office.get("/canales/meta/facebook/ir/")["Location"])

    def away() -> Any:
        raise signing_in.redis.ConnectionError

    monkeypatch.setattr(signing_in, "redis_client", away)
    assert office.get(address)["Location"] == "/canales/"
    assert meta.called("oauth/access_token") == []


@pytest.mark.parametrize("spoil", ["old", "elsewhere", "busy", "dead"])
def test_a_code_that_meta_does_not_take_is_told_in_words(
    office: Client, meta: LoginFake, queued: Queue, spoil: str
) -> None:
    address = meta.consent(office.get("/canales/meta/facebook/ir/")["Location"])
    for code in meta.codes.values():
        code.at -= 31 if spoil == "old" else 0
        code.redirect = "https://elsewhere.test/" if spoil == "elsewhere" else code.redirect
    if spoil == "busy":
        meta.refuse("oauth/access_token", 4)
    if spoil == "dead":
        meta.refuse("debug_token", 190, status=401)
    choice = office.get(address)["Location"]
    queued.drain()
    page = text(office.get(choice))
    said = "no puede responder ahora" if spoil == "busy" else "Conectar de nuevo."
    assert said in page
    assert MARK not in page
    assert "Entrar otra vez" in page


@pytest.mark.parametrize(("code", "said"), [(1, ""), (4, "no puede responder ahora"), (190, "Conectar de nuevo.")])
def test_a_token_that_cannot_be_made_to_last_connects_nothing(
    office: Client, signed_in: Callable[..., str], meta: LoginFake, acme: Tenant, queued: Queue, code: int, said: str
) -> None:
    """The seed went on with the one of an hour, and the channel fell silent without a word."""
    meta.add_page("20", "Acme Centro")
    meta.no_exchange = code
    choice = signed_in("facebook")
    page = text(office.get(choice))
    assert said in page
    assert "Acme Centro" not in page
    assert meta.called("me/accounts") == []
    office.post(choice, {"things": "20"})
    queued.drain()
    with tenant_context(acme):
        assert not Channel.objects.filter(provider="meta_direct").exists()
    meta.no_exchange = 0
    office.post(f"{choice}buscar/")
    queued.drain()
    with tenant_context(acme):
        assert meta.tokens[MetaLogin.objects.get().token].kind == "long"


def test_code_0_is_a_dead_token_and_not_a_missing_code(meta: LoginFake) -> None:
    meta.refuse("me/accounts", 0)
    with pytest.raises(ProviderError) as caught:
        Account(meta.mint("user")).pages()
    assert (caught.value.kind, caught.value.code) == ("auth", "0")
    assert "Conectar de nuevo" in caught.value.message


def test_a_list_that_could_not_be_read_is_asked_for_again(
    office: Client, signed_in: Callable[..., str], meta: LoginFake, queued: Queue
) -> None:
    meta.add_page("20", "Acme")
    meta.refuse("me/accounts", 4)
    choice = signed_in("facebook")
    assert "no puede responder ahora" in text(office.get(choice))
    assert office.post(f"{choice}buscar/").status_code == 303
    queued.drain()
    assert "Acme" in text(office.get(choice))


def test_a_sign_in_is_its_persons_own_and_forgotten_after_an_hour(
    office: Client, client_as: Any, signed_in: Callable[..., str], meta: LoginFake, acme: Tenant
) -> None:
    meta.add_page("20", "Acme")
    choice = signed_in("facebook")
    assert client_as("gus").get(choice).status_code == 404
    assert client_as("sol").get(choice).status_code in (403, 404)
    with tenant_context(acme):
        MetaLogin.objects.update(created_at=timezone.now() - timedelta(minutes=61))
    assert office.get(choice).status_code == 404
    with tenant_context(acme):
        assert signing_in.forget_old() == 1


def test_no_token_and_no_code_is_in_a_page_a_log_an_event_or_a_row_that_can_be_read(
    office: Client, signed_in: Callable[..., str], meta: LoginFake, acme: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    meta.add_page("20", "Acme")
    meta.refuse("debug_token", 4)
    choice = signed_in("facebook")
    page = text(office.get(choice))
    connection.run_before_commit()
    with tenant_context(acme):
        events = str(list(SystemEvent.objects.filter(tenant_id=acme.pk).values()))
        login = MetaLogin.objects.get()
        with connection.cursor() as cursor:
            cursor.execute("SELECT token::text || page_tokens::text || found::text FROM messaging_metalogin")
            stored = str(cursor.fetchall())
    kept = str(redis_client().keys("*"))
    ours = [each.getMessage() for each in caplog.records if not each.name.startswith("httpcore")]
    for place in (page, events, stored, kept, choice, str(login.found), "\n".join(ours)):
        assert MARK not in place
        assert "AQcode" not in place
        assert graph_login.APP_SECRET not in place
