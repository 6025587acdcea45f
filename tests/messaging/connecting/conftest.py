from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from messaging.models import Channel
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services import vault
from tests.fakes import graph_login
from tests.fakes.graph_login import LoginFake
from tests.support.tasks import Queue

BY = Actor.system("Prueba")
WHATSAPP = "whatsapp_business_account"
SHOWN = "+54 9 11 5555-0000"


def text(answer: Any) -> str:
    return str(answer.content.decode())


def steps(channel: Channel, acme: Tenant) -> dict[str, str]:
    with tenant_context(acme):
        channel.refresh_from_db()
    return {name: each["state"] for name, each in channel.facts["setup"].items()}


@pytest.fixture
def meta(settings: Any) -> Iterator[LoginFake]:
    """Meta's sign-in, on this machine."""
    with LoginFake() as fake:
        fake.point(settings)
        yield fake


@pytest.fixture
def app(acme: Tenant) -> None:
    """The company's app at Meta is in its vault."""
    with tenant_context(acme):
        store_app()


def store_app(*, instagram: bool = False) -> None:
    category = "instagram" if instagram else "meta"
    values = (
        (graph_login.INSTAGRAM_APP_ID, graph_login.INSTAGRAM_SECRET)
        if instagram
        else (graph_login.APP_ID, graph_login.APP_SECRET)
    )
    for name, value in zip(("APP_ID", "APP_SECRET"), values, strict=True):
        vault.put_credential(category=category, name=name, value=value, by=BY)


@pytest.fixture
def office(client_as: Any, meta: LoginFake, app: None) -> Client:
    return client_as("ana")


@pytest.fixture
def signed_in(office: Client, meta: LoginFake, queued: Queue) -> Callable[..., str]:
    """Through Meta's dialog and back; the address of the choice, once Meta has been asked."""

    def go(source: str, **query: str) -> str:
        asked = office.get(f"/canales/meta/{source}/ir/", query)
        assert asked.status_code == 302, asked.content
        answer = office.get(meta.consent(asked["Location"]))
        assert answer.status_code == 302
        queued.drain()
        return str(answer["Location"])

    return go


@pytest.fixture
def connected(office: Client, signed_in: Callable[..., str], acme: Tenant, queued: Queue) -> Callable[..., Channel]:
    """The first thing of the account, connected; its steps were taken."""

    def go(source: str, thing: str, **query: str) -> Channel:
        address = signed_in(source, **query)
        answer = office.post(address, {"things": thing})
        assert answer.status_code == 303, answer.content.decode()
        queued.drain()
        with tenant_context(acme):
            return Channel.objects.get(provider="meta_direct", channel_source=source)

    return go
