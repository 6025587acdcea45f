import asyncio
import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from messaging.ingest import origins
from messaging.ingest.app import Ingest
from messaging.ingest.limits import Bucket, Limits
from messaging.ingest.webchat import read_history
from messaging.models import Channel, Message, MessageStatus
from messaging.providers.base import InboundMessage
from messaging.providers.web.client import WebChat
from messaging.services import events, inbound, webchat
from messaging.services.channels import set_enabled
from tenants.context import tenant_context
from tenants.live.threads import in_thread
from tenants.models import Tenant
from tests.factories.messaging import make_conversation, make_identity, make_message
from tests.messaging.ingest.conftest import BY, Answer, ask
from tests.support.cast import Cast

Rows = Callable[..., list[dict[str, Any]]]
MakeChannel = Callable[..., Channel]
SHOP = "https://tienda.com"


@pytest.fixture
def shop(web_channel: MakeChannel, live_tenants: Cast) -> Channel:
    """acme's web chat, allowed on two sites."""
    return web_channel(live_tenants.acme, "tienda.com", "*.tienda.com")


async def post(door: Ingest, channel: Channel, body: Any, origin: str | None = SHOP) -> Answer:
    headers = {"origin": origin} if origin is not None else {}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await ask(door, "POST", f"/webchat/{channel.pk}/messages", raw, **headers)


async def test_a_visitors_message_is_stored_and_answered_with_its_id(door: Ingest, shop: Channel, rows: Rows) -> None:
    answer = await post(door, shop, {"visitor_id": "visitor-1", "text": "Hola ñ 🦙", "name": " Eva "})
    assert answer.status == 202
    message_id = answer.json()["message_id"]
    (row,) = rows()
    (read,) = WebChat.parse(json.loads(row["raw"]))
    assert (read.payload["widget_id"], read.text, read.sender.ids, read.sender.name) == (
        message_id,
        "Hola ñ 🦙",
        (("visitor", "visitor-1"),),
        "Eva",
    )
    assert uuid.UUID(message_id)


async def test_the_same_message_again_is_the_same_row_but_another_visitors_is_not(
    door: Ingest, shop: Channel, rows: Rows, live_tenants: Cast
) -> None:
    body = {"visitor_id": "visitor-1", "text": "Hola", "message_id": "m-1"}
    answers = await asyncio.gather(*(post(door, shop, body) for _each in range(16)))
    assert {(answer.status, answer.json()["message_id"]) for answer in answers} == {(202, "m-1")}
    assert len(rows()) == 1
    await post(door, shop, {**body, "visitor_id": "visitor-2"})
    assert len(rows()) == 2
    await in_thread(partial(events.drain, tenant=live_tenants.acme))
    for visitor in ("visitor-1", "visitor-2"):  # both chats have it, each under the id that its page knows
        (shown,) = await in_thread(read_history, live_tenants.acme.pk, str(shop.pk), visitor)
        assert (shown["message_id"], shown["text"]) == ("m-1", "Hola")
    await post(door, shop, {**body, "message_id": "m-2"})
    await in_thread(partial(events.drain, tenant=live_tenants.acme))
    shown = await in_thread(read_history, live_tenants.acme.pk, str(shop.pk), "visitor-1")
    assert [each["message_id"] for each in shown] == ["m-1", "m-2"]


def test_a_row_of_before_keeps_its_id_and_is_not_stored_twice(web_channel: MakeChannel, live_tenants: Cast) -> None:
    """Stored events without our key were taken in under the visitor's id; worked off again they are the same message."""
    channel, given = web_channel(), {"visitor_id": "visitor-1", "text": "Hola", "message_id": "m-1"}
    (item,) = WebChat.parse({**given, "channel_id": str(channel.pk)})
    assert isinstance(item, InboundMessage)
    assert item.message_id == "m-1"
    with tenant_context(live_tenants.acme):
        inbound.accept_message(channel=channel, item=replace(item, payload={}))
        assert inbound.accept_message(channel=channel, item=item) is None
        (shown,) = webchat.history(channel_id=channel.pk, visitor_id="visitor-1")
    assert shown["message_id"] == "m-1"


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (SHOP, 202),
        ("https://www.tienda.com", 202),
        ("http://tienda.com:8080", 202),
        ("https://otratienda.com", 403),
        ("https://tienda.com.evil.example", 403),
        ("null", 403),
        ("http://localhost", 403),
        (None, 403),
    ],
)
async def test_only_pages_of_the_channels_sites_may_write(
    door: Ingest, shop: Channel, rows: Rows, origin: str | None, status: int
) -> None:
    answer = await post(door, shop, {"visitor_id": "visitor-1", "text": "Hola"}, origin)
    assert answer.status == status
    assert answer.headers.get("access-control-allow-origin") == (origin if status == 202 else None)
    assert len(rows()) == (status == 202)


@pytest.mark.parametrize(
    ("origin", "status"), [(None, 202), ("http://localhost:8000", 202), ("https://tienda.com", 403)]
)
async def test_a_channel_without_sites_serves_this_machine_in_development_and_callers_that_are_no_page(
    door: Ingest, web_channel: MakeChannel, origin: str | None, status: int
) -> None:
    channel = await in_thread(web_channel)
    assert (await post(door, channel, {"visitor_id": "visitor-1", "text": "Hola"}, origin)).status == status


async def test_in_production_a_channel_without_sites_serves_our_own_address_only(
    door: Ingest, web_channel: MakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "DEMO", False)
    monkeypatch.setattr(settings, "PUBLIC_URL", "https://crm.example")
    channel = await in_thread(web_channel)
    body = {"visitor_id": "visitor-1", "text": "Hola"}
    origins_tried = ["https://crm.example", "http://localhost:8000", "http://crm.example"]
    assert [(await post(door, channel, body, origin)).status for origin in origins_tried] == [202, 403, 403]


async def test_a_page_may_ask_first(door: Ingest, shop: Channel) -> None:
    allowed = await ask(door, "OPTIONS", f"/webchat/{shop.pk}/messages", origin=SHOP)
    assert (allowed.status, allowed.headers["access-control-allow-origin"]) == (204, SHOP)
    assert "POST" in allowed.headers["access-control-allow-methods"]
    assert allowed.headers["vary"] == "Origin"
    refused = await ask(door, "OPTIONS", f"/webchat/{shop.pk}/messages", origin="https://evil.example")
    assert refused.status == 403


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"text": "Hola"}, 422, "visitor_id"),
        ({"visitor_id": "a b", "text": "Hola"}, 422, "visitor_id"),
        ({"visitor_id": "v" * 65, "text": "Hola"}, 422, "visitor_id"),
        ({"visitor_id": 7, "text": "Hola"}, 422, "visitor_id"),
        ({"visitor_id": "v", "text": " \n"}, 422, "text"),
        ({"visitor_id": "v", "text": "x" * 10_001}, 422, "text"),
        ({"visitor_id": "v", "text": ["Hola"]}, 422, "text"),
        ({"visitor_id": "v", "text": "\x00"}, 422, "text"),
        ({"visitor_id": "v", "text": "Hola", "message_id": "a b"}, 422, "message_id"),
        ({"visitor_id": "v", "text": "Hola", "message_id": {"a": 1}}, 422, "message_id"),
        (b"\xff", 400, None),
        (b"[" * 50_000, 400, None),
        ([1], 400, None),
        (b"", 400, None),
        (b'{"text": "' + b"x" * 163_840 + b'"}', 413, None),
    ],
)
async def test_bad_input_is_refused_in_words_the_page_can_read(
    door: Ingest, shop: Channel, rows: Rows, body: Any, status: int, field: str | None
) -> None:
    answer = await post(door, shop, body)
    assert answer.status == status
    assert answer.headers["access-control-allow-origin"] == SHOP
    if status != 413:
        error = answer.json()["error"]
        assert error["message"]
        assert list(error["fields"]) == ([field] if field else [])
    assert rows() == []


async def test_ten_thousand_letters_arrive_whole(door: Ingest, shop: Channel, rows: Rows) -> None:
    text = "ñ🦙" * 5_000
    assert (await post(door, shop, {"visitor_id": "v", "text": text + "\ud800"})).status == 202
    assert json.loads(rows()[0]["raw"])["text"] == text


async def test_an_unknown_or_switched_off_chat_is_404(
    door: Ingest, shop: Channel, live_tenants: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    ghost = Channel(pk=uuid.uuid4())
    assert (await post(door, ghost, {"visitor_id": "v", "text": "Hola"})).status == 404
    assert (await ask(door, "POST", "/webchat/x/messages", b"{}")).status == 404
    assert (await ask(door, "GET", f"/webchat/{shop.pk}/other")).status == 404

    def switch_off() -> None:
        with tenant_context(live_tenants.acme):
            set_enabled(channel=shop, enabled=False, by=BY)

    monkeypatch.setattr("messaging.ingest.routes.LOOK_SECONDS", 0.01)
    await in_thread(switch_off)
    async with asyncio.timeout(5):
        while (await post(door, shop, {"visitor_id": str(uuid.uuid4()), "text": "Hola"})).status != 404:
            await asyncio.sleep(0.02)


async def test_a_whatsapp_channel_is_no_web_chat(door: Ingest, whatsapp: Channel) -> None:
    assert (await post(door, whatsapp, {"visitor_id": "v", "text": "Hola"}, None)).status == 404
    assert (await ask(door, "GET", f"/widget/{whatsapp.pk}.js")).status == 404


async def test_other_verbs_are_405(door: Ingest, shop: Channel) -> None:
    answer = await ask(door, "DELETE", f"/webchat/{shop.pk}/messages", origin=SHOP)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST, OPTIONS")


async def test_a_visitor_who_floods_is_told_when_to_come_back(door: Ingest, shop: Channel) -> None:
    bodies = [{"visitor_id": "flooder", "text": f"{number}"} for number in range(40)]
    answers = [await post(door, shop, body) for body in bodies]
    refused = [answer for answer in answers if answer.status == 429]
    assert 5 <= len(refused) <= 10
    assert int(refused[0].headers["retry-after"]) >= 1
    assert refused[0].headers["access-control-allow-origin"] == SHOP
    assert (await post(door, shop, {"visitor_id": "another", "text": "Hola"})).status == 202


# --- reading -------------------------------------------------------------------------------------------------
def talk(tenant: Tenant, channel: Channel, visitor_id: str, *lines: tuple[str, str]) -> list[str]:
    """A conversation of (author, text); author "queued" is a bubble of ours that has not left. Ids in order."""
    ids = []
    with tenant_context(tenant):
        conversation = make_conversation(channel=channel)
        make_identity(channel=channel, contact=conversation.contact, external_id=visitor_id)
        for author, text in lines:
            over: dict[str, Any] = (
                {"author": author} if author == "contact" else {"direction": "out", "author": "agent"}
            )
            if author == "queued":
                over["status"] = MessageStatus.QUEUED
            elif author != "contact":
                over |= {"author": author, "sent_at": timezone.now()}
            ids.append(str(make_message(conversation=conversation, text=text, **over).pk))
    return ids


async def read(door: Ingest, channel: Channel, visitor_id: str, after: str = "") -> list[str]:
    answer = await ask(
        door, "GET", f"/webchat/{channel.pk}/messages", query=f"visitor_id={visitor_id}&after={after}", origin=SHOP
    )
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    return [row["text"] for row in answer.json()["results"]]


async def test_a_visitor_reads_what_was_said_and_nothing_else(door: Ingest, shop: Channel, live_tenants: Cast) -> None:
    lines = [
        ("contact", "Hola"),
        ("agent", "Buenas"),
        ("queued", "todavía no"),
        ("system", "nota"),
        ("user", "Soy Ana"),
    ]
    ids = await in_thread(talk, live_tenants.acme, shop, "visitor-1", *lines)
    await in_thread(talk, live_tenants.acme, shop, "visitor-2", ("contact", "de otra persona"))
    assert await read(door, shop, "visitor-1") == ["Hola", "Buenas", "Soy Ana"]
    assert await read(door, shop, "visitor-1", after=ids[1]) == ["Soy Ana"]
    assert await read(door, shop, "nobody") == []


async def test_the_same_visitor_id_at_another_company_is_somebody_else(
    door: Ingest, shop: Channel, web_channel: MakeChannel, live_tenants: Cast
) -> None:
    await in_thread(talk, live_tenants.acme, shop, "visitor-1", ("contact", "Hola acme"))
    other = await in_thread(web_channel, live_tenants.globex, "tienda.com")
    assert await read(door, other, "visitor-1") == []


def test_a_bubble_said_after_a_later_message_is_not_skipped(live_tenants: Cast, shop: Channel) -> None:
    ids = talk(live_tenants.acme, shop, "visitor-1", ("queued", "tarde"), ("contact", "¿sigue ahí?"))
    with tenant_context(live_tenants.acme):
        Message.objects.filter(pk=ids[0]).update(status="sent", sent_at=timezone.now())
        rows = webchat.history(channel_id=shop.pk, visitor_id="visitor-1", after=ids[1])
    assert [row["text"] for row in rows] == ["tarde"]


# --- the script ----------------------------------------------------------------------------------------------
async def test_the_widgets_script_is_served_with_an_etag(
    door: Ingest, shop: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "widget.js").write_bytes(b"console.info(1)")
    monkeypatch.setattr(settings, "STATICFILES_DIRS", [tmp_path])
    first = await ask(door, "GET", f"/widget/{shop.pk}.js")
    assert (first.status, first.body) == (200, b"console.info(1)")
    assert first.headers["content-type"].startswith("text/javascript")
    again = await ask(door, "GET", f"/widget/{shop.pk}.js", if_none_match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    (tmp_path / "dist" / "widget.js").write_bytes(b"console.info(22)")
    assert (await ask(door, "GET", f"/widget/{shop.pk}.js", if_none_match=first.headers["etag"])).status == 200
    assert (await ask(door, "GET", f"/widget/{uuid.uuid4()}.js")).status == 404


# --- limits and sites ----------------------------------------------------------------------------------------
async def test_a_limit_is_exact_among_many_at_once(test_services: Any) -> None:
    limits = Limits()
    bucket = Bucket(f"test:{uuid.uuid4()}", 60.0, 10)
    waits = await asyncio.gather(*(limits.wait(bucket) for _each in range(64)))
    await limits.stop()
    assert waits.count(0) == 10
    assert max(waits) <= 60


async def test_a_full_bucket_takes_nothing_from_the_others(test_services: Any) -> None:
    limits = Limits()
    full, other = Bucket(f"test:{uuid.uuid4()}", 60.0, 1), Bucket(f"test:{uuid.uuid4()}", 60.0, 2)
    assert await limits.wait(full) == 0
    assert [await limits.wait(full, other) > 0 for _each in range(5)] == [True] * 5
    assert [await limits.wait(other) for _each in range(2)] == [0, 0]
    await limits.stop()


async def test_without_redis_the_process_counts_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")
    limits = Limits()
    waits = [await limits.wait(Bucket("visitor", 60.0, 3), Bucket("channel", 1.0, 100)) for _each in range(5)]
    await limits.stop()
    assert [wait > 0 for wait in waits] == [False] * 3 + [True] * 2


@pytest.mark.parametrize(
    ("site", "origin", "allowed"),
    [
        ("tienda.com", "https://tienda.com", True),
        ("Tienda.com.", "https://TIENDA.com", True),
        ("https://tienda.com", "http://tienda.com", False),
        ("https://tienda.com", "https://tienda.com:443", True),
        ("tienda.com:8080", "http://tienda.com:8080", True),
        ("tienda.com:8080", "http://tienda.com", False),
        ("*.tienda.com", "https://a.b.tienda.com", True),
        ("*.tienda.com", "https://tienda.com", False),
        ("*.tienda.com", "https://eviltienda.com", False),
        ("tienda.com", "https://tienda.com@evil.example", False),
        ("tienda.com", "tienda.com", False),
        ("[::1]:8000", "http://[::1]:8000", True),
        ("", "", False),
        ("*.", "https://x", False),
        ("tienda.com", "https://tienda.com:notaport", False),
    ],
)
def test_sites_are_matched_by_host(site: str, origin: str, allowed: bool) -> None:
    assert origins.allows([site], origin) is allowed


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_origin_whatsoever_breaks_the_matching(site: str, origin: str) -> None:
    assert origins.allows([site, "*." + site], origin) in (True, False)


@given(st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8}){0,3}", fullmatch=True))
def test_only_true_subdomains_fit_a_star(host: str) -> None:
    assert origins.allows(["*.tienda.com"], f"https://{host}") is host.endswith(".tienda.com")
