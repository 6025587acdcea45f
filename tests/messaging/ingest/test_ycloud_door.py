"""YCloud at the door: its signature, the same event twice, and several at once."""

import pytest

from messaging.ingest.app import Ingest
from messaging.models import Channel
from messaging.services.channels import create_channel
from tenants.context import tenant_context
from tenants.live.threads import in_thread
from tenants.services.vault import put_credential
from tests.fakes import ycloud as fake
from tests.messaging.ingest.conftest import BY, ask
from tests.messaging.ingest.test_webhooks import Rows
from tests.support.cast import Cast

SECRET = "whsec_of_acme"


@pytest.fixture
def number(live_tenants: Cast) -> Channel:
    with tenant_context(live_tenants.acme):
        config = {"phone_number": fake.NUMBER}
        channel = create_channel(provider="ycloud", channel_source="whatsapp", name="YCloud", config=config, by=BY)
        put_credential(category="ycloud", name=f"WEBHOOK_SECRET@{channel.pk}", value=SECRET, by=BY)
    return channel


def headers(raw: bytes, secret: str = SECRET, age: int = 0) -> dict[str, str]:
    return {"ycloud_signature": fake.sign(raw, secret, age=age)}


async def test_an_event_is_stored_once_however_often_it_is_sent(door: Ingest, number: Channel, rows: Rows) -> None:
    hook, event = f"/webhooks/ycloud/{number.route_key}/", fake.inbound()
    for age in (0, 60, 0):  # every retry is signed anew
        raw = fake.dump(event | {"attempt": age})
        assert (await ask(door, "POST", hook, raw, **headers(raw, age=age))).status == 200
    (row,) = rows()
    assert (row["event_key"], row["provider"]) == (event["id"], "ycloud")


async def test_several_events_at_once_are_stored_whole(door: Ingest, number: Channel, rows: Rows) -> None:
    raw = fake.dump([fake.inbound(), fake.inbound()])
    hook = f"/webhooks/ycloud/{number.route_key}/"
    assert (await ask(door, "POST", hook, raw, **headers(raw))).status == 200
    assert [row["raw"] for row in rows()] == [raw.decode()]


async def test_what_ycloud_did_not_sign_lately_is_refused(door: Ingest, number: Channel, rows: Rows) -> None:
    raw, hook = fake.dump(fake.inbound()), f"/webhooks/ycloud/{number.route_key}/"
    for given in ({}, headers(raw, "whsec_other"), headers(raw, "of_acme"), headers(raw, age=301), headers(raw + b" ")):
        assert (await ask(door, "POST", hook, raw, **given)).status == 401
    assert (await ask(door, "GET", hook)).status == 405
    assert rows() == []


async def test_the_owner_is_told_which_secret_to_look_at(door: Ingest, number: Channel, live_tenants: Cast) -> None:
    raw = fake.dump(fake.inbound())
    await ask(door, "POST", f"/webhooks/ycloud/{number.route_key}/", raw, **headers(raw, "whsec_other"))
    await door.complaints.settled()

    def read() -> str:
        with tenant_context(live_tenants.acme):
            return Channel.objects.get(pk=number.pk).status_detail

    told = await in_thread(read)
    assert "ycloud/WEBHOOK_SECRET" in told
    assert "meta" not in told
