"""What strangers may do at the web chat's door: so much a minute as a visitor, so much from one address."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from messaging.ingest.app import Ingest
from messaging.ingest.http import client_of
from messaging.models import Channel
from tenants.live.threads import in_thread
from tests.messaging.ingest.conftest import Answer, ask, door, web_channel  # noqa: F401 (fixtures)
from tests.security.test_ingest_bounds import from_peer


async def write(application: Any, channel: Channel, visitor: str, **headers: str) -> Answer:
    body = json.dumps({"visitor_id": visitor, "text": "Hola"}).encode()
    return await ask(application, "POST", f"/webchat/{channel.pk}/messages", body, **headers)


def count(answers: list[Answer]) -> tuple[int, int]:
    statuses = [answer.status for answer in answers]
    return statuses.count(202), statuses.count(429)


async def test_a_visitor_writes_thirty_times_a_minute(door: Ingest, web_channel: Callable[..., Channel]) -> None:  # noqa: F811
    chat = await in_thread(web_channel)
    answers = await asyncio.gather(*(write(from_peer(door, "203.0.113.9"), chat, "eva") for _each in range(64)))
    # A place comes free every two seconds, and the test may take a while.
    assert 30 <= count(answers)[0] <= 33
    refused = next(answer for answer in answers if answer.status == 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json()["error"]["code"] == "rate_limited"


async def test_new_names_do_not_help_a_stranger(door: Ingest, web_channel: Callable[..., Channel]) -> None:  # noqa: F811
    chat = await in_thread(web_channel)
    asked = [
        write(from_peer(door, "203.0.113.9"), chat, f"eva-{number}", x_forwarded_for=f"198.51.100.{number}")
        for number in range(200)
    ]
    taken = count(await asyncio.gather(*asked))[0]
    assert 120 <= taken <= 130
    elsewhere = await write(from_peer(door, "203.0.113.10"), chat, "eva-0")
    assert elsewhere.status == 202


async def test_clients_of_a_proxy_of_ours_count_for_themselves(
    door: Ingest,  # noqa: F811
    web_channel: Callable[..., Channel],  # noqa: F811
    settings: Any,
) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    settings.WEBCHAT_ADDRESS_PER_MINUTE = 1
    chat = await in_thread(web_channel)
    app = from_peer(door, "10.0.0.7")
    forwarded = ["198.51.100.1", "198.51.100.2", "evil, 198.51.100.2", "2001:db8::1", "2001:db8::2"]
    answers = [await write(app, chat, f"eva-{n}", x_forwarded_for=each) for n, each in enumerate(forwarded)]
    assert [answer.status for answer in answers] == [202, 202, 429, 202, 429]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        (("203.0.113.9", 1), b"198.51.100.1", "203.0.113.9"),
        (("10.0.0.7", 1), b"198.51.100.1", "198.51.100.1"),
        (("10.0.0.7", 1), b"1.2.3.4, 198.51.100.1, 10.0.0.8", "198.51.100.1"),
        (("10.0.0.7", 1), b"nonsense", ""),
        (("2001:db8:1:2:3::9", 1), b"", "2001:db8:1:2::"),
        (("fe80::1%eth0", 1), b"", "fe80::"),
        (None, b"198.51.100.1", ""),
    ],
)
def test_who_asks(settings: Any, peer: Any, forwarded: bytes, client: str) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    headers = [(b"x-forwarded-for", forwarded)] if forwarded else []
    assert client_of({"client": peer, "headers": headers}) == client


def test_the_numbers_are_settings(settings: Any) -> None:
    assert (settings.WEBCHAT_VISITOR_PER_MINUTE, settings.WEBCHAT_ADDRESS_PER_MINUTE) == (30, 120)
    assert settings.INGEST_MAX_BODIES_PER_CLIENT < settings.INGEST_MAX_BODIES
