from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Credential, Tenant
from tenants.services import vault
from tests.tenants.vault.providers import MailServer, Providers

BY = Actor("user", "0", "Ana")
Store = Callable[..., Credential]


@pytest.fixture
def providers(settings: Any) -> Iterator[Providers]:
    """All of them on this machine, and every address leading there."""
    made = Providers()
    made.point(settings)
    yield made
    made.close()


@pytest.fixture
def mail_server() -> Iterator[Callable[..., MailServer]]:
    made: list[MailServer] = []

    def make(**options: Any) -> MailServer:
        made.append(MailServer(**options))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def store() -> Store:
    """`store(acme, "openai", API_KEY="…")`; the row of the last name."""

    def put(tenant: Tenant, category: str, values: dict[str, str] | None = None, **more: str) -> Credential:
        with tenant_context(tenant):
            for name, value in {**(values or {}), **more}.items():
                row = vault.put_credential(category=category, name=name, value=value, by=BY)
        return row

    return put
