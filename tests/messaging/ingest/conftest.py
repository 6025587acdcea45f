"""A door on its own, spoken to as an ASGI server would, in front of committed companies."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from messaging.ingest.app import Ingest
from messaging.models import Channel
from messaging.services.channels import create_channel
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services.vault import put_credential
from tests.support.cast import Cast
from tests.support.services import Services

SECRET, TOKEN = "app-secret-of-acme", "verify-token-of-acme"
BY = Actor.system("test")


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


async def ask(
    app: Any,
    method: str,
    path: str,
    body: bytes | Iterable[bytes] = b"",
    *,
    query: str = "",
    **headers: str,
) -> Answer:
    """One request; header names with `_` for `-`. Several pieces of body arrive one by one."""
    pieces = [body] if isinstance(body, bytes) else list(body)
    messages = [
        {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
        for number, piece in enumerate(pieces, start=1)
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    lines = [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost"), *lines],
        "scheme": "http",
    }
    await app(scope, receive, send)
    read = {name.decode(): value.decode() for name, value in sent[0]["headers"]} if sent else {}
    return Answer(sent[0]["status"] if sent else 0, read, b"".join(each.get("body", b"") for each in sent[1:]))


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"x_hub_signature_256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


@pytest.fixture
def whatsapp(live_tenants: Cast) -> Channel:
    """acme's WhatsApp channel with its secrets in the vault."""
    with tenant_context(live_tenants.acme):
        put_credential(category="meta", name="APP_SECRET", value=SECRET, by=BY)
        put_credential(category="meta", name="VERIFY_TOKEN", value=TOKEN, by=BY)
        return create_channel(
            provider="meta_direct", channel_source="whatsapp", name="Ventas", config={"phone_number_id": "101"}, by=BY
        )


@pytest.fixture
def hook(whatsapp: Channel) -> str:
    return f"/webhooks/meta/{whatsapp.route_key}/"


@pytest.fixture
def web_channel(live_tenants: Cast) -> Callable[..., Channel]:
    def make(tenant: Tenant | None = None, *domains: str) -> Channel:
        with tenant_context(tenant or live_tenants.acme):
            return create_channel(
                provider="web", channel_source="web", name="Sitio", config={"allowed_domains": list(domains)}, by=BY
            )

    return make


@pytest.fixture
async def door(live_tenants: Cast) -> AsyncIterator[Ingest]:
    """In front of the real database."""
    ingest = Ingest()
    await ingest.start()
    yield ingest
    await ingest.stop()


@pytest.fixture
def spool_folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def rows(live_tenants: Cast, test_services: Services) -> Callable[..., list[dict[str, Any]]]:
    """What is stored of acme (or another company), read as a superuser."""

    def read(tenant: Tenant | None = None) -> list[dict[str, Any]]:
        with test_services.inside() as inside:
            cursor = inside.cursor(row_factory=psycopg.rows.dict_row)
            cursor.execute(
                "select * from ingest_inboundevent where tenant_id = %s order by id", [(tenant or live_tenants.acme).pk]
            )
            return cursor.fetchall()

    return read
