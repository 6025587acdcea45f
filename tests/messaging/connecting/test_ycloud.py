"""Connecting YCloud: a key that proves itself, a number, and an address that YCloud calls."""

import re

import pytest
import redis

from messaging.connecting import draft, ycloud
from messaging.models import Channel
from messaging.services import channels
from messaging.services.adapters import adapter_for
from tenants.context import tenant_context
from tenants.models import Credential
from tenants.services import vault
from tests.fakes import ycloud as fake

HOME = "/canales/ycloud/conectar/"


@pytest.fixture
def account(settings):
    with fake.YCloudFake() as server:
        settings.YCLOUD_BASE_URL = server.url
        yield server


@pytest.fixture
def ceo(client_as, account, queued):
    return client_as("ana")


def type_key(ceo, queued, key: str = fake.KEY):
    assert ceo.post(HOME, {"key": key}).status_code == 303
    queued.drain()
    return ceo.get(HOME).content.decode()


def channel_of(acme, number: str = fake.NUMBER) -> Channel:
    with tenant_context(acme):
        return Channel.objects.get(provider="ycloud", config__phone_number=number)


def connect(ceo, queued, acme, number: str = fake.NUMBER) -> Channel:
    type_key(ceo, queued)
    answer = ceo.post(f"{HOME}numero/", {"number": number})
    assert re.fullmatch(r"/canales/[0-9a-f-]{36}/", answer.headers["Location"])
    queued.drain()
    return channel_of(acme, number)


def stored(acme) -> set[str]:
    with tenant_context(acme):
        return set(Credential.objects.filter(tenant_id=acme.pk, category="ycloud").values_list("name", flat=True))


def test_a_new_user_connects_a_number(ceo, queued, account, acme):
    shown = type_key(ceo, queued)
    assert fake.NUMBER in shown
    assert fake.KEY not in shown
    assert stored(acme) == set(), "nothing is kept before a number is chosen"
    channel = connect(ceo, queued, acme)

    assert (channel.channel_source, channel.name, channel.status) == ("whatsapp", "Acme", "connected")
    assert channel.config == {"phone_number": fake.NUMBER, "waba_id": fake.WABA}
    assert channel.facts["quality"] == "GREEN"
    assert channel.facts["subscribed"] is True
    (endpoint,) = account.endpoints
    assert endpoint.url == channels.webhook_url(channel)
    assert set(endpoint.events) == set(ycloud.EVENTS)
    assert stored(acme) == {"API_KEY", f"WEBHOOK_SECRET@{channel.pk}"}
    kept = vault.get_tenant_credential(acme.pk, "ycloud", "WEBHOOK_SECRET", channel.pk)
    assert kept == endpoint.secret
    assert adapter_for(acme, channel).check()
    assert ceo.get(HOME).context["number"] is None, "the attempt is over"


def test_while_ycloud_is_asked_the_page_asks_for_itself(ceo, queued):
    ceo.post(HOME, {"key": fake.KEY})
    page = ceo.get(HOME).content.decode()
    assert 'hx-trigger="every 2s"' in page
    assert fake.KEY not in page
    queued.drain()
    assert 'hx-trigger="every 2s"' not in ceo.get(HOME).content.decode()


def test_a_dead_key_is_told_in_words_and_kept_nowhere(ceo, queued, acme):
    shown = type_key(ceo, queued, "dead-key")
    assert "Developers, API Keys" in shown
    assert "dead-key" not in shown
    assert stored(acme) == set()


def test_an_empty_key_is_refused_beside_its_field(ceo):
    answer = ceo.post(HOME, {"key": ""})
    assert answer.status_code == 422
    assert answer.context["key"].errors["key"]


def test_another_key_can_be_typed(ceo, queued):
    type_key(ceo, queued)
    ceo.post(f"{HOME}otra/")
    assert ceo.get(HOME).context["number"] is None


def test_a_number_of_no_account_is_refused(ceo, queued, acme):
    type_key(ceo, queued)
    answer = ceo.post(f"{HOME}numero/", {"number": "+10000000000"})
    assert answer.status_code == 422
    with pytest.raises(Channel.DoesNotExist):
        channel_of(acme)
    assert ceo.get(f"{HOME}numero/").status_code == 303, "reloading leads back"


def test_an_account_without_numbers_says_what_to_do(ceo, queued, account):
    account.numbers = []
    assert "WhatsApp Manager" in type_key(ceo, queued)


def test_the_stored_key_can_be_used(ceo, queued, acme):
    connect(ceo, queued, acme)
    assert ceo.get(HOME).context["has_stored"]
    ceo.post(HOME, {"stored": "1"})
    queued.drain()
    assert "ya conectado" in ceo.get(HOME).content.decode()


def test_a_second_account_keeps_its_own_key(ceo, queued, account, acme):
    connect(ceo, queued, acme)
    account.keys.add("key-of-another")
    account.numbers.append(fake.number("+541160000000", "Norte"))
    type_key(ceo, queued, "key-of-another")
    ceo.post(f"{HOME}numero/", {"number": "+541160000000"})
    queued.drain()
    second = channel_of(acme, "+541160000000")
    assert f"API_KEY@{second.pk}" in stored(acme)
    assert len(account.endpoints) == 2


def test_the_same_number_again_is_the_same_channel(ceo, queued, account, acme):
    first = connect(ceo, queued, acme)
    account.endpoints[0].status, account.endpoints[0].events = (
        "pending",
        ["whatsapp.message.updated", "contact.created"],
    )
    second = connect(ceo, queued, acme)
    assert first.pk == second.pk
    with tenant_context(acme):
        kept = Credential.objects.get(tenant_id=acme.pk, name=f"WEBHOOK_SECRET@{first.pk}")
    assert kept.version == 1, "the same secret is not written again"
    (endpoint,) = account.endpoints
    assert endpoint.status == "active"
    assert {"contact.created", *ycloud.EVENTS} == set(endpoint.events), "what others listen for stays"


def test_a_secret_that_lists_do_not_show_is_made_anew(ceo, queued, account, acme):
    channel = connect(ceo, queued, acme)
    before = account.endpoints[0].secret
    account.lists_secrets = False
    ceo.post(f"/canales/{channel.pk}/ycloud/")
    queued.drain()
    now = vault.get_tenant_credential(acme.pk, "ycloud", "WEBHOOK_SECRET", channel.pk)
    assert now == account.endpoints[0].secret != before


@pytest.mark.parametrize(
    "what, words",
    [("private", "https"), ("full", "20 direcciones"), ("dead", "clave"), ("moved", "no está en esta cuenta")],
)
def test_what_keeps_ycloud_from_calling_is_said_on_the_channel(ceo, queued, account, what, words, acme):
    channel = connect(ceo, queued, acme)
    account.endpoints.clear()
    if what == "private":
        account.public_only = True
    elif what == "full":
        account.endpoints += [fake.Endpoint(f"https://other.example/{n}", ["contact.created"]) for n in range(20)]
    elif what == "dead":
        account.keys.clear()
    else:
        account.numbers.clear()
    assert ceo.post(f"/canales/{channel.pk}/ycloud/").status_code == 303
    queued.drain()
    channel = channel_of(acme)
    assert words in channel.status_detail
    assert channel.status == ("needs_reconnect" if what == "dead" else "connected")


def test_a_channel_that_was_switched_off_stays_off(ceo, queued, account, acme, ana):
    channel = connect(ceo, queued, acme)
    with tenant_context(acme):
        channels.set_enabled(channel=channel, enabled=False, by=ana.actor)
    account.endpoints.clear()
    ycloud.register(tenant=acme, channel_id=channel.pk)
    assert not account.endpoints
    assert ceo.post(f"/canales/{channel.pk}/ycloud/").status_code == 409
    assert channel_of(acme).status_detail == ""


def test_a_channel_that_was_switched_off_is_on_again_with_its_number(ceo, queued, account, acme, ana):
    channel = connect(ceo, queued, acme)
    with tenant_context(acme):
        channels.set_enabled(channel=channel, enabled=False, by=ana.actor)
    account.endpoints[0].status = "pending"
    assert connect(ceo, queued, acme).status == "connected"
    assert [each.status for each in account.endpoints] == ["active"]


def test_switched_on_again_it_registers_even_where_the_secret_of_its_address_was_lost(ceo, queued, account, acme, ana):
    channel = connect(ceo, queued, acme)
    with tenant_context(acme):
        Credential.objects.filter(tenant_id=acme.pk, name=f"WEBHOOK_SECRET@{channel.pk}").delete()
        for enabled in (False, True):
            channels.set_enabled(channel=channel, enabled=enabled, by=ana.actor)
    assert channel_of(acme).facts.get("proven") is None
    queued.drain()
    assert (channel_of(acme).status, "proven" in channel_of(acme).facts) == ("connected", True)
    assert f"WEBHOOK_SECRET@{channel.pk}" in stored(acme)


def test_a_number_that_proved_itself_needs_no_other_test(ceo, queued, account, acme):
    assert "proven" in connect(ceo, queued, acme).facts


def test_a_removed_channel_is_taken_off_the_accounts_addresses(ceo, queued, account, acme):
    channel = connect(ceo, queued, acme)
    other = fake.Endpoint("https://other.test/hook", ["whatsapp.inbound_message.received"])
    account.endpoints.append(other)
    assert ceo.post(f"/canales/{channel.pk}/eliminar/").status_code == 303
    assert len(account.endpoints) == 2, "the page does not wait for YCloud"
    (task,) = queued.named("leave_provider")
    assert fake.KEY not in str(task.arguments)
    queued.drain()
    assert account.endpoints == [other]
    assert draft.client().get(f"leaving:connecting:{acme.pk}:{channel.pk}") is None


def test_a_removed_channel_goes_even_when_ycloud_does_not_listen(ceo, queued, account, acme):
    channel = connect(ceo, queued, acme)
    account.keys = {"another"}
    assert ceo.post(f"/canales/{channel.pk}/eliminar/").status_code == 303
    queued.drain()
    with tenant_context(acme):
        assert not Channel.objects.filter(pk=channel.pk).exists()


def test_the_daily_look_switches_the_address_on_again(ceo, queued, account, acme):
    channel = connect(ceo, queued, acme)
    account.endpoints[0].status = "pending"
    adapter = adapter_for(acme, channel)
    assert ycloud.is_told(adapter, channels.webhook_url(channel))
    assert account.endpoints[0].status == "active"
    account.endpoints.clear()
    assert not ycloud.is_told(adapter, channels.webhook_url(channel))


def test_the_key_that_is_being_tried_waits_sealed(ceo, acme, ana):
    ceo.post(HOME, {"key": fake.KEY})
    kept = draft.client().get(f"ycloud:connecting:{acme.pk}:{ana.user.pk}")
    assert kept
    assert fake.KEY not in kept
    assert fake.KEY not in bytes.fromhex(kept.partition(".")[2]).decode("latin-1")
    with tenant_context(acme):
        attempt = ycloud.waiting(ana.user.pk)
    assert attempt.key == fake.KEY
    assert fake.KEY not in repr(attempt)


def test_an_attempt_of_one_company_is_none_of_another(ceo, acme, globex, ana):
    ceo.post(HOME, {"key": fake.KEY})
    with tenant_context(globex):
        assert ycloud.waiting(ana.user.pk) is None


def test_who_may_not_store_credentials_may_not_connect(client_as, account):
    for person in ("sol", "teo"):
        assert client_as(person).get(HOME).status_code == 403


def test_only_channels_of_ycloud_are_registered_there(ceo, acme):
    with tenant_context(acme):
        web = Channel.objects.get(provider="web")
    assert ceo.post(f"/canales/{web.pk}/ycloud/").status_code == 404


def test_a_page_costs_few_statements(ceo, queued, statements, account):
    account.numbers = [fake.number(f"+5411600{n:05d}", f"Otro {n}") for n in range(150)]
    type_key(ceo, queued)
    with statements() as seen:
        assert ceo.get(HOME).status_code == 200
    assert seen.count <= 8, seen.sql


def test_without_redis_the_page_says_to_come_back(ceo, monkeypatch):
    def away():
        raise redis.ConnectionError

    monkeypatch.setattr(draft, "client", away)
    answer = ceo.post(HOME, {"key": fake.KEY})
    assert answer.status_code == 422
    assert "Probar en unos minutos" in answer.content.decode()
    assert ceo.get(HOME).status_code == 200
