"""Chatwoot's webhooks at the door: signed where a secret is stored, else believed by their address alone."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from messaging.ingest.app import Ingest
from messaging.models import Channel
from messaging.services.channels import create_channel
from tenants.context import tenant_context
from tenants.services.vault import put_credential
from tests.fakes import chatwoot_events as wire
from tests.messaging.ingest.conftest import BY, ask
from tests.support.cast import Cast

BODY = wire.dump(wire.message("¡Hola! 😀"))
Rows = Callable[..., list[dict[str, Any]]]


def headers(body: bytes = BODY, secret: str = "s3cret", **more: Any) -> dict[str, str]:
    return {name.replace("-", "_").lower(): value for name, value in wire.signed(body, secret, **more).items()}


@pytest.fixture
def channel(live_tenants: Cast) -> Channel:
    with tenant_context(live_tenants.acme):
        return create_channel(
            provider="chatwoot",
            channel_source="whatsapp",
            name="Chatwoot",
            config={"account_id": "1", "inbox_id": "7"},
            by=BY,
        )


@pytest.fixture
def hook(channel: Channel) -> str:
    return f"/webhooks/chatwoot/{channel.route_key}/"


@pytest.fixture
def secret(live_tenants: Cast, channel: Channel) -> None:
    with tenant_context(live_tenants.acme):
        put_credential(category="chatwoot", name=f"WEBHOOK_SECRET@{channel.pk}", value="s3cret", by=BY)


async def test_an_old_version_is_believed_by_its_address(door: Ingest, hook: str, rows: Rows) -> None:
    assert (await ask(door, "POST", hook, BODY)).status == 200
    assert (await ask(door, "POST", hook[:-4] + "xyz/", BODY)).status == 404
    assert (await ask(door, "GET", hook)).status == 405
    (row,) = rows()
    assert json.loads(row["raw"])["content"] == "¡Hola! 😀"


async def test_with_a_secret_stored_only_its_signature_opens(door: Ingest, hook: str, secret: None, rows: Rows) -> None:
    assert (await ask(door, "POST", hook, BODY)).status == 401
    assert (await ask(door, "POST", hook, BODY, **headers(secret="another"))).status == 401
    assert (await ask(door, "POST", hook, BODY, **headers(at=int(time.time()) - 600))).status == 401
    assert rows() == []
    assert (await ask(door, "POST", hook, BODY, **headers())).status == 200
    assert len(rows()) == 1


async def test_a_delivery_told_twice_is_stored_once(door: Ingest, hook: str, rows: Rows) -> None:
    again = wire.dump(wire.message("Hola", conversation=wire.conversation(unread_count=2)))
    for body in (BODY, again):
        assert (await ask(door, "POST", hook, body, **headers(body, delivery="0f8b2c1e-9f4e"))).status == 200
    for _time in range(2):
        assert (await ask(door, "POST", hook, BODY)).status == 200
    keys = [row["event_key"] for row in rows()]
    assert (keys[0], len(keys)) == ("0f8b2c1e-9f4e", 2)
