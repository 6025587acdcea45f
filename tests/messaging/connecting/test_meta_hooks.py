"""What an app at Meta is subscribed to, and to which of its users' addresses that goes."""

from collections.abc import Callable

import pytest
from django.test import Client

from messaging.connecting import meta_hooks
from messaging.connecting.meta_hooks import PAGE_FIELDS, WHATSAPP_FIELDS
from messaging.models import Channel
from messaging.services import channels, meta_setup
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.fakes.graph_login import LoginFake
from tests.messaging.connecting.conftest import BY, SHOWN, WHATSAPP, steps, text
from tests.support.tasks import Queue

Connect = Callable[..., Channel]


def hook(channel: Channel, acme: Tenant) -> dict[str, str]:
    """How the step went that gives the app its address and fields."""
    with tenant_context(acme):
        channel.refresh_from_db()
    return dict(channel.facts["setup"]["hook"])


@pytest.mark.parametrize(
    ("source", "thing", "kind", "fields"),
    [("whatsapp", "1066", WHATSAPP, WHATSAPP_FIELDS), ("facebook", "21", "page", PAGE_FIELDS)],
)
def test_an_app_that_lacks_fields_is_given_them_and_another_channel_keeps_its_address(
    office: Client,
    signed_in: Callable[..., str],
    meta: LoginFake,
    acme: Tenant,
    queued: Queue,
    source: str,
    thing: str,
    kind: str,
    fields: str,
) -> None:
    for pk in ("20", "21"):
        meta.add_page(pk, pk)
    for pk in ("1065", "1066"):
        meta.add_number(pk, SHOWN)
    first = {"1066": "1065", "21": "20"}[thing]
    office.post(signed_in(source), {"things": first})
    queued.drain()
    address = meta.hooks[kind]["callback_url"]
    meta.hook(kind, address, "messages,something_of_theirs")
    office.post(signed_in(source), {"things": thing})
    queued.drain()
    assert meta.hooks[kind]["callback_url"] == address
    assert {each["name"] for each in meta.hooks[kind]["fields"]} == {"something_of_theirs", *fields.split(",")}
    asked = len(meta.called("/subscriptions", "POST"))
    with tenant_context(acme):
        again = Channel.objects.get(**{f"config__{meta_setup.ACCOUNTS[source]}": thing})
        channels.set_enabled(channel=again, enabled=True, by=BY)
    queued.drain()
    assert len(meta.called("/subscriptions", "POST")) == asked  # nothing is missing any more


def test_a_number_of_an_app_that_serves_another_company_too_is_heard_at_its_own_address(
    connected: Connect, meta: LoginFake, acme: Tenant
) -> None:
    meta.hook(WHATSAPP, "https://other.test/hook", WHATSAPP_FIELDS)
    meta.add_number("1065", SHOWN)
    channel = connected("whatsapp", "1065")
    assert hook(channel, acme)["state"] == "ok"
    assert "a la otra dirección" in hook(channel, acme)["says"]
    for each in ("messages", "smb_message_echoes"):
        assert meta.delivers(WHATSAPP, each, "100") == channels.webhook_url(channel)
    assert meta.delivers(WHATSAPP, "account_update", "100") == "https://other.test/hook"


def test_fields_that_another_companys_app_lacks_are_named(connected: Connect, meta: LoginFake, acme: Tenant) -> None:
    meta.hook(WHATSAPP, "https://other.test/hook", "messages,history,account_update")
    meta.add_number("1065", SHOWN)
    channel = connected("whatsapp", "1065")
    assert (steps(channel, acme)["hook"], steps(channel, acme)["subscribe"]) == ("failed", "ok")
    assert "smb_message_echoes" in hook(channel, acme)["says"]
    assert "account_update" not in hook(channel, acme)["says"]
    assert meta.hooks[WHATSAPP]["callback_url"] == "https://other.test/hook"


@pytest.mark.parametrize("source", ["whatsapp", "facebook", "instagram"])
def test_whoever_loads_the_address_by_hand_is_told_every_field(office: Client, acme: Tenant, source: str) -> None:
    with tenant_context(acme):
        channel = channels.create_channel(
            provider="meta_direct",
            channel_source=source,
            name="A mano",
            config={meta_setup.ACCOUNTS[source]: "77"},
            by=BY,
        )
    fields = meta_hooks.OBJECTS[source][1].replace(",", ", ")
    assert f"<code>{fields}</code>" in text(office.get(f"/canales/{channel.pk}/"))
