"""`/ws/webchat/<channel>/`: a visitor's own conversation, live, and the ticks it gives our messages."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from config.lib import live
from messaging.models import Channel, ChannelIdentity, Message
from messaging.services.channels import create_channel
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.live.threads import in_thread
from tenants.models import Tenant
from tests.factories.messaging import make_conversation, make_identity, make_message
from tests.live.conftest import Socket
from tests.support.cast import Cast

Connect = Callable[..., Socket]
SHOP = "https://tienda.com"


@pytest.fixture
def shop(live_tenants: Cast) -> Channel:
    with tenant_context(live_tenants.acme):
        return create_channel(
            provider="web",
            channel_source="web",
            name="Sitio",
            config={"allowed_domains": ["tienda.com"]},
            by=Actor.system("test"),
        )


def say(tenant: Tenant, channel: Channel, visitor_id: str, *texts: str, publish: bool = True) -> list[str]:
    """The agent says these; returns the messages' ids."""
    with tenant_context(tenant):
        known = ChannelIdentity.objects.filter(channel=channel, external_id=visitor_id).first()
        if known is None:
            conversation = make_conversation(channel=channel)
            make_identity(channel=channel, contact=conversation.contact, external_id=visitor_id)
        else:
            conversation = known.contact.conversations.get()
        ids = [
            str(make_message(conversation=conversation, direction="out", text=text, sent_at=timezone.now()).pk)
            for text in texts
        ]
    if publish:
        live.publish(live.visitor_topic(tenant.pk, channel.pk, visitor_id), {"type": "message"})
    return ids


def states(tenant: Tenant, ids: list[str]) -> list[str]:
    with tenant_context(tenant):
        found = dict(Message.objects.filter(pk__in=ids).values_list("pk", "status"))
    return [next(status for pk, status in found.items() if str(pk) == each) for each in ids]


async def until_states(tenant: Tenant, ids: list[str], wanted: list[str]) -> None:
    async with asyncio.timeout(5):
        while await in_thread(states, tenant, ids) != wanted:
            await asyncio.sleep(0.02)


async def test_a_visitor_sees_the_conversation_so_far_and_then_live(
    connect: Connect, shop: Channel, live_tenants: Cast
) -> None:
    acme = live_tenants.acme
    first = await in_thread(say, acme, shop, "visitor-1", "Hola", "¿Qué busca?")
    await in_thread(say, acme, shop, "visitor-2", "para otra persona")
    socket = connect(f"/ws/webchat/{shop.pk}/?visitor_id=visitor-1", origin=SHOP)
    assert await socket.open()
    frame = await socket.frame()
    assert frame["type"] == "history"
    assert [(each["id"], each["text"]) for each in frame["messages"]] == list(
        zip(first, ["Hola", "¿Qué busca?"], strict=True)
    )
    later = await in_thread(say, acme, shop, "visitor-1", "Hay en stock")
    await in_thread(say, acme, shop, "visitor-2", "para otra persona")
    live_frame = await socket.frame()
    assert (live_frame["type"], live_frame["message"]["text"]) == ("message", "Hay en stock")
    assert await socket.receive_nothing(0.1)
    await until_states(acme, [*first, *later], ["delivered"] * 3)


async def test_reading_turns_the_ticks_up_to_that_message(connect: Connect, shop: Channel, live_tenants: Cast) -> None:
    acme = live_tenants.acme
    ids = await in_thread(say, acme, shop, "visitor-1", "uno", "dos", "tres")
    foreign = await in_thread(say, acme, shop, "visitor-2", "ajeno")
    socket = connect(f"/ws/webchat/{shop.pk}/?visitor_id=visitor-1", origin=SHOP)
    await socket.open()
    await socket.frame()
    for odd in ("nonsense", "[]", '{"type": "read"}', f'{{"type": "read", "id": "{foreign[0]}"}}', "x" * 5000):
        await socket.send_to(text_data=odd)
    await socket.send_json_to({"type": "read", "id": ids[1]})
    await until_states(acme, [*ids, *foreign], ["read", "read", "delivered", "sent"])


async def test_what_redis_lost_is_found_by_looking(
    connect: Connect, shop: Channel, live_tenants: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging.consumers.LOOK_SECONDS", 0.05)
    socket = connect(f"/ws/webchat/{shop.pk}/?visitor_id=visitor-1", origin=SHOP)
    await socket.open()
    assert (await socket.frame())["messages"] == []
    await in_thread(lambda: say(live_tenants.acme, shop, "visitor-1", "callado", publish=False))
    assert (await socket.frame())["message"]["text"] == "callado"


@pytest.mark.parametrize(
    ("visitor", "origin"),
    [
        ("visitor-1", "https://evil.example"),
        ("visitor-1", "null"),
        ("visitor-1", None),
        ("", SHOP),
        ("a%20b", SHOP),
        ("v" * 65, SHOP),
        ("visitor-1&visitor_id=*", SHOP),
    ],
)
async def test_other_sites_and_odd_visitors_are_refused_at_the_handshake(
    connect: Connect, shop: Channel, visitor: str, origin: str | None
) -> None:
    headers: dict[str, Any] = {"origin": origin} if origin else {}
    socket = connect(f"/ws/webchat/{shop.pk}/?visitor_id={visitor}", **headers)
    assert not await socket.open()


async def test_an_unknown_channel_is_refused(connect: Connect, live_tenants: Cast) -> None:
    path = "/ws/webchat/01890a5d-ac96-774b-bcce-b302099a8057/?visitor_id=visitor-1"
    assert not await connect(path, origin=SHOP).open()
    assert not await connect("/ws/webchat/x/?visitor_id=visitor-1", origin=SHOP).open()
