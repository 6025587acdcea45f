"""Nothing that comes in at the door reaches the logs: no body, no header, whether it is taken or refused (seed-systems §3.2)."""

import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from messaging.ingest.app import Ingest
from messaging.models import Message
from messaging.services import events
from messaging.services.channels import create_channel
from tenants.context import tenant_context
from tenants.live.threads import in_thread
from tenants.models import Tenant
from tenants.services.vault import put_credential
from tests.fakes import chatwoot_events, graph_events, ycloud
from tests.messaging.ingest.conftest import BY, TOKEN, ask, door, signed  # noqa: F401 (fixtures)
from tests.messaging.ingest.test_outages import NOBODY
from tests.support.cast import Cast

WORDS, SECRET, HEADER = "canary-of-the-body", "canary-of-the-secret", "canary-of-a-header"


def by_ycloud(body: bytes, secret: str) -> dict[str, str]:
    return {"ycloud_signature": ycloud.sign(body, secret)}


def by_chatwoot(body: bytes, secret: str) -> dict[str, str]:
    return {name.replace("-", "_").lower(): value for name, value in chatwoot_events.signed(body, secret).items()}


def by_nobody(body: bytes, secret: str) -> dict[str, str]:
    return {}


@dataclass
class Knock:
    """How one provider says something at its door."""

    provider: str
    body: bytes
    sign: Callable[[bytes, str], dict[str, str]]
    source: str = "whatsapp"
    config: dict[str, Any] = field(default_factory=dict)
    secret: tuple[str, str] | None = None
    path: str = ""


def visitor() -> bytes:
    return json.dumps({"visitor_id": "v-1", "text": WORDS}).encode()


KNOCKS = {
    "meta": Knock(
        "meta_direct",
        graph_events.dump(graph_events.inbound(graph_events.text(WORDS))),
        signed,
        config={"phone_number_id": graph_events.PHONE_NUMBER_ID},
        secret=("meta", "APP_SECRET"),
        path="/webhooks/meta/{key}/",
    ),
    "ycloud": Knock(
        "ycloud",
        ycloud.dump(ycloud.inbound(content={"body": WORDS})),
        by_ycloud,
        config={"phone_number": ycloud.NUMBER},
        secret=("ycloud", "WEBHOOK_SECRET"),
        path="/webhooks/ycloud/{key}/",
    ),
    "chatwoot": Knock(
        "chatwoot",
        chatwoot_events.dump(chatwoot_events.message(WORDS)),
        by_chatwoot,
        config={"account_id": "1", "inbox_id": "7"},
        secret=("chatwoot", "WEBHOOK_SECRET"),
        path="/webhooks/chatwoot/{key}/",
    ),
    "web": Knock("web", visitor(), by_nobody, source="web", path="/webchat/{id}/messages"),
}


@pytest.fixture(params=list(KNOCKS))
def knock(request: pytest.FixtureRequest, live_tenants: Cast) -> Knock:
    made = KNOCKS[request.param]
    with tenant_context(live_tenants.acme):
        channel = create_channel(
            provider=made.provider, channel_source=made.source, name="Canal", config=made.config, by=BY
        )
        if made.secret is not None:
            put_credential(category=made.secret[0], name=made.secret[1], value=SECRET, by=BY)
    path = made.path.format(key=channel.route_key, id=channel.pk)
    return Knock(made.provider, made.body, made.sign, made.source, made.config, made.secret, path)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Everything that was logged on any level, with what a handler might still print of it."""
    caplog.set_level(logging.DEBUG)

    def text() -> str:
        return "\n".join([caplog.text, *(repr(vars(each)) for each in caplog.records)])

    return text


def leaks(logs: str, *headers: dict[str, str]) -> list[str]:
    given = [value.rpartition("=")[2] for each in headers for value in each.values()]
    signatures = [each for each in given if len(each) >= 32]  # not the hour, which every line has
    return [each for each in (WORDS, SECRET, HEADER, *signatures) if each in logs]


def said(tenant: Tenant) -> list[str]:
    with tenant_context(tenant):
        return list(Message.objects.filter(direction="in").values_list("text", flat=True))


async def test_what_is_taken_in_and_worked_off_is_not_in_the_logs(
    door: Ingest,  # noqa: F811
    knock: Knock,
    logged: Callable[[], str],
    live_tenants: Cast,
) -> None:
    headers = knock.sign(knock.body, SECRET) | {"authorization": HEADER, "cookie": HEADER}
    assert (await ask(door, "POST", knock.path, knock.body, **headers)).status in (200, 202)
    await in_thread(partial(events.drain, tenant=live_tenants.acme))
    assert await in_thread(partial(said, live_tenants.acme)) == [WORDS]
    assert leaks(logged(), headers) == []


async def test_what_is_refused_is_not_in_the_logs(
    door: Ingest,  # noqa: F811
    knock: Knock,
    logged: Callable[[], str],
) -> None:
    right, wrong = knock.sign(knock.body, SECRET), knock.sign(knock.body, HEADER)
    asked = [
        await ask(door, "POST", knock.path, b"{" + knock.body, authorization=HEADER, **wrong),
        await ask(door, "POST", knock.path, knock.body * 20_000, authorization=HEADER, **right),
        await ask(door, "POST", f"/webhooks/meta/{HEADER}-nobody/", knock.body, **right),
        await ask(door, "PUT", knock.path, knock.body, authorization=HEADER, **right),
    ]
    await door.complaints.settled()
    assert [answer.status for answer in asked] == [400 if knock.secret is None else 401, 413, 404, 405]
    assert leaks(logged(), right, wrong) == []


async def test_a_refused_verification_keeps_its_token_to_itself(
    door: Ingest,  # noqa: F811
    live_tenants: Cast,
    logged: Callable[[], str],
) -> None:
    def make() -> str:
        with tenant_context(live_tenants.acme):
            put_credential(category="meta", name="VERIFY_TOKEN", value=TOKEN, by=BY)
            config = {"phone_number_id": "101"}
            made = create_channel(provider="meta_direct", channel_source="whatsapp", name="M", config=config, by=BY)
            return made.route_key

    path = f"/webhooks/meta/{await in_thread(make)}/"
    for token in (TOKEN, WORDS):
        query = f"hub.mode=subscribe&hub.challenge=1&hub.verify_token={token}"
        assert (await ask(door, "GET", path, query=query)).status == (200 if token == TOKEN else 403)
    await door.complaints.settled()
    assert leaks(logged()) == []
    assert TOKEN not in logged()


@pytest.fixture
async def cut_off(live_tenants: Cast) -> AsyncIterator[Ingest]:
    """A door that can keep an event neither in the database nor, its disk being full, in the spool."""
    ingest = Ingest(address=NOBODY)
    ingest.committer._spool.most_bytes = 10
    await ingest.start()
    yield ingest
    await ingest.stop()


async def test_what_cannot_be_kept_is_not_in_the_logs(cut_off: Ingest, knock: Knock, logged: Callable[[], str]) -> None:
    headers = knock.sign(knock.body, SECRET)
    assert (await ask(cut_off, "POST", knock.path, knock.body, authorization=HEADER, **headers)).status == 503
    assert leaks(logged(), headers) == []


async def test_what_the_database_finds_impossible_is_not_in_the_logs(
    door: Ingest,  # noqa: F811
    knock: Knock,
    logged: Callable[[], str],
    test_services: Any,
) -> None:
    """PostgreSQL tells a broken rule with the whole row, to whoever may read it."""
    headers = knock.sign(knock.body, SECRET)
    rule = "alter table ingest_inboundevent add constraint no_canary check (raw not like '%canary%') not valid"
    with test_services.inside() as inside:
        inside.execute(rule)
        try:
            status = (await ask(door, "POST", knock.path, knock.body, **headers)).status
        finally:
            inside.execute("alter table ingest_inboundevent drop constraint no_canary")
    assert status == 404
    assert "cannot be stored" in logged()
    assert leaks(logged(), headers) == []


def test_the_canaries_would_be_seen(logged: Callable[[], str]) -> None:
    body = WORDS.encode()
    headers = {"x_hub_signature_256": "sha256=" + hmac.new(b"k", body, hashlib.sha256).hexdigest()}
    logging.getLogger("messaging.ingest").debug("got %s", {"body": body, **headers})
    assert len(leaks(logged(), headers)) == 2
