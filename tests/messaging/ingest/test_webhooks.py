import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from messaging.ingest.app import Ingest
from messaging.models import Channel
from messaging.services.channels import set_enabled
from tenants.context import tenant_context
from tenants.live.threads import in_thread
from tenants.middleware.headers import PLAIN_HEADERS
from tenants.services.vault import put_credential, remove_credential
from tests.messaging.ingest.conftest import BY, SECRET, TOKEN, ask, signed
from tests.support.cast import Cast
from tests.support.tasks import Queue

Rows = Callable[..., list[dict[str, Any]]]
BODY = b'{"entry": [{"id": "1", "changes": []}]}'


async def test_a_signed_webhook_is_stored_raw_and_wakes_the_companys_worker(
    door: Ingest, hook: str, whatsapp: Channel, rows: Rows, queued: Queue, live_tenants: Cast
) -> None:
    answer = await ask(door, "POST", hook, BODY, **signed(BODY))
    assert (answer.status, answer.body) == (200, b"")
    (row,) = rows()
    assert row["raw"] == BODY.decode()
    assert row["event_key"] == hashlib.sha256(BODY).hexdigest()
    assert (row["provider"], row["channel_id"], row["state"]) == ("meta_direct", whatsapp.pk, "received")
    await door.waker.stop()
    assert {task.tenant_id for task in queued.named("process_events")} == {live_tenants.acme.pk}


async def test_every_answer_carries_the_security_headers(door: Ingest, hook: str) -> None:
    answers = [
        await ask(door, "POST", hook, BODY, **signed(BODY)),
        await ask(door, "POST", hook, BODY),
        await ask(door, "POST", "/webhooks/meta/nobody/", BODY),
        await ask(door, "PUT", hook),
    ]
    assert [answer.status for answer in answers] == [200, 401, 404, 405]
    for answer in answers:
        assert {name.lower(): value for name, value in PLAIN_HEADERS.items()}.items() <= answer.headers.items()


async def test_sixty_four_deliveries_of_the_same_body_at_once_are_one_row(door: Ingest, hook: str, rows: Rows) -> None:
    answers = await asyncio.gather(*(ask(door, "POST", hook, BODY, **signed(BODY)) for _each in range(64)))
    assert {answer.status for answer in answers} == {200}
    assert len(rows()) == 1


async def test_a_missing_or_wrong_signature_is_401_and_stores_nothing(door: Ingest, hook: str, rows: Rows) -> None:
    wrong = [{}, signed(BODY, "another secret"), signed(BODY + b" "), {"x_hub_signature_256": "sha256="}]
    assert [(await ask(door, "POST", hook, BODY, **headers)).status for headers in wrong] == [401] * 4
    assert rows() == []


async def test_a_refused_webhook_is_told_on_the_channel_and_in_the_audit_trail_once(
    door: Ingest, hook: str, whatsapp: Channel, live_tenants: Cast, test_services: Any
) -> None:
    for _each in range(5):
        await ask(door, "POST", hook, BODY, **signed(BODY, "another secret"))
    await door.complaints.settled()

    def read() -> str:
        with tenant_context(live_tenants.acme):
            return Channel.objects.get(pk=whatsapp.pk).status_detail

    assert "meta/APP_SECRET" in await in_thread(read)
    with test_services.inside() as inside:
        found = inside.execute(
            "select diff, outcome from tenants_systemevent where tenant_id = %s and action = 'webhook.refused'",
            [live_tenants.acme.pk],
        ).fetchall()
    assert found == [({"channel": str(whatsapp.pk), "reason": "bad_signature"}, "refused")]


async def test_without_a_stored_secret_nothing_is_believed(
    door: Ingest, hook: str, whatsapp: Channel, live_tenants: Cast
) -> None:
    def forget() -> None:
        with tenant_context(live_tenants.acme):
            remove_credential(category="meta", name="APP_SECRET", by=BY)

    await in_thread(forget)
    for headers in (signed(BODY), signed(BODY, ""), {}):
        assert (await ask(door, "POST", hook, BODY, **headers)).status == 401
    await door.complaints.settled()

    def read() -> str:
        with tenant_context(live_tenants.acme):
            return Channel.objects.get(pk=whatsapp.pk).status_detail

    assert "falta cargar" in await in_thread(read)


async def test_a_channels_own_secret_wins_over_the_companys(
    door: Ingest, hook: str, whatsapp: Channel, live_tenants: Cast
) -> None:
    def store() -> None:
        with tenant_context(live_tenants.acme):
            put_credential(category="meta", name=f"APP_SECRET@{whatsapp.pk}", value="own-secret", by=BY)

    await in_thread(store)
    assert (await ask(door, "POST", hook, BODY, **signed(BODY, "own-secret"))).status == 200
    assert (await ask(door, "POST", hook, BODY, **signed(BODY, SECRET))).status == 401


async def test_a_changed_secret_is_believed_at_once(
    door: Ingest, hook: str, live_tenants: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging.ingest.routes.MISS_SECONDS", 0.0)
    assert (await ask(door, "POST", hook, BODY, **signed(BODY))).status == 200

    def store() -> None:
        with tenant_context(live_tenants.acme):
            put_credential(category="meta", name="APP_SECRET", value="the new one", by=BY)

    await in_thread(store)
    assert (await ask(door, "POST", hook, BODY, **signed(BODY, "the new one"))).status == 200
    assert (await ask(door, "POST", hook, BODY, **signed(BODY))).status == 401


@pytest.mark.parametrize(
    "path",
    [
        "/webhooks/meta/unknown-key/",
        "/webhooks/other/{key}/",
        "/webhooks/meta/",
        "/webhooks/meta/{key}/more",
        "/webhooks/",
    ],
)
async def test_an_unknown_address_is_404(door: Ingest, whatsapp: Channel, path: str) -> None:
    assert (await ask(door, "POST", path.format(key=whatsapp.route_key), BODY, **signed(BODY))).status == 404


async def test_a_web_chats_key_is_no_webhook_of_meta(door: Ingest, web_channel: Callable[..., Channel]) -> None:
    channel = await in_thread(web_channel)
    assert (await ask(door, "POST", f"/webhooks/meta/{channel.route_key}/", BODY, **signed(BODY))).status == 404


async def test_a_new_channel_is_known_and_a_switched_off_one_forgotten_at_once(
    door: Ingest, hook: str, whatsapp: Channel, live_tenants: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await ask(door, "POST", "/webhooks/meta/nobody/", BODY)).status == 404  # the routes are loaded now
    assert (await ask(door, "POST", hook, BODY, **signed(BODY))).status == 200

    def switch_off() -> None:
        with tenant_context(live_tenants.acme):
            set_enabled(channel=whatsapp, enabled=False, by=BY)

    await in_thread(switch_off)
    monkeypatch.setattr("messaging.ingest.routes.LOOK_SECONDS", 0.01)
    async with asyncio.timeout(5):
        while (await ask(door, "POST", hook, BODY, **signed(BODY))).status != 404:
            await asyncio.sleep(0.02)


MEBIBYTE = 1024 * 1024


async def test_more_than_four_megabytes_are_413_whatever_the_length_header_says(
    door: Ingest, hook: str, rows: Rows
) -> None:
    big = b"x" * (4 * MEBIBYTE + 1)
    assert (await ask(door, "POST", hook, big, **signed(big), content_length=str(len(big)))).status == 413
    pieces = [b"x" * 65_536] * 65
    assert (await ask(door, "POST", hook, pieces, **signed(b"".join(pieces)))).status == 413
    assert (await ask(door, "POST", hook, big, **signed(big), content_length="5")).status == 413
    assert rows() == []


async def test_as_much_as_meta_sends_at_once_is_stored(door: Ingest, hook: str, rows: Rows) -> None:
    """A thousand updates, three megabytes; refused, Meta repeats the whole of it for days and then drops it."""
    pieces = [b"y" * 65_536] * 64
    body = b"".join(pieces)
    assert (await ask(door, "POST", hook, pieces, **signed(body))).status == 200
    assert rows()[0]["raw"] == body.decode()


async def test_a_client_that_leaves_half_way_stores_nothing_and_gets_no_answer(
    door: Ingest, hook: str, rows: Rows
) -> None:
    messages = [{"type": "http.request", "body": b'{"half', "more_body": True}, {"type": "http.disconnect"}]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": hook, "query_string": b"", "headers": []}
    await door(scope, receive, send)
    assert sent == []
    assert rows() == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"a": "caf\xe9"}', '{"a": "caf\\xe9"}'),
        (b"\x00nul\x00", "nul"),
        (b"not json at all", "not json at all"),
        ("ñandú 🦙 \\ud83e".encode(), "ñandú 🦙 \\ud83e"),
        (b"", ""),
    ],
)
async def test_whatever_was_signed_is_kept_readable(
    door: Ingest, hook: str, rows: Rows, body: bytes, text: str
) -> None:
    assert (await ask(door, "POST", hook, body, **signed(body))).status == 200
    assert rows()[0]["raw"] == text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_other_verbs_are_405(door: Ingest, hook: str, method: str) -> None:
    answer = await ask(door, method, hook, BODY, **signed(BODY))
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")


async def test_the_verification_answers_the_challenge_as_it_came(door: Ingest, hook: str) -> None:
    query = f"hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={TOKEN}"
    answer = await ask(door, "GET", hook, query=query)
    assert (answer.status, answer.body) == (200, b"1158201444")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong",
        f"hub.mode=unsubscribe&hub.challenge=1&hub.verify_token={TOKEN}",
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=",
        f"hub.mode=subscribe&hub.challenge=%3Cscript%3E&hub.verify_token={TOKEN}",
    ],
)
async def test_a_wrong_verification_is_403(door: Ingest, hook: str, query: str) -> None:
    assert (await ask(door, "GET", hook, query=query)).status == 403


async def test_an_event_that_cannot_be_stored_does_not_take_its_neighbours_with_it(
    door: Ingest, hook: str, whatsapp: Channel, rows: Rows
) -> None:
    assert (await ask(door, "POST", hook, BODY, **signed(BODY))).status == 200
    real = door.routes._known.by_key[whatsapp.route_key]
    ghost = type(real)("ghost", real.tenant_id, "meta_direct", "no uuid", {}, real.secrets, real.secrets_at)
    door.routes._known.by_key["ghost"] = ghost
    bodies = [b"%d" % number for number in range(20)]
    asked = [ask(door, "POST", hook, body, **signed(body)) for body in bodies]
    asked.insert(10, ask(door, "POST", "/webhooks/meta/ghost/", b"!", **signed(b"!")))
    statuses = [answer.status for answer in await asyncio.gather(*asked)]
    assert statuses == [200] * 10 + [404] + [200] * 10
    assert len(rows()) == 21
