"""A mail server of this machine, and what people find in their mailboxes."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from tenants.context import auth_scope, tenant_context
from tenants.models import Email, Membership, OneTimeLink, SystemEvent, Tenant
from tests.fakes.smtp import Mailbox, smtp_server, text_of
from tests.support.clients import browser

LINK = re.compile(r"https?://[^\s/]+(/enlace/[A-Za-z0-9_\-]+/)")
PASSWORD = "caballo-correcto-42"


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    """The platform sends through a server of this machine."""
    with smtp_server() as box:
        settings.EMAIL_URL = f"smtp://crm%40platform.test:secreto@127.0.0.1:{box.port}"
        yield box


@pytest.fixture
def no_mail(settings: Any) -> None:
    """Protocol Omega: nobody can send anything."""
    settings.EMAIL_URL = ""


@pytest.fixture
def stranger() -> Callable[[], Client]:
    return lambda: browser(None)


def link_in(box: Mailbox, address: str) -> str:
    """The path of the one-time link in the latest e-mail to this address."""
    for message in reversed(box.to(address)):
        found = LINK.search(text_of(message))
        if found:
            return found[1]
    raise AssertionError(f"no link for {address}")


def path_of(url: str) -> str:
    found = LINK.search(url)
    assert found, url
    return found[1]


def shown_link(page: str) -> str:
    """The path of the link that a page shows once."""
    return path_of(page)


def state_of(tenant: Tenant, email: str) -> tuple[str, str] | None:
    """(role, status) of a person in a company, or None."""
    with auth_scope():
        row = Membership.objects.filter(tenant=tenant, user__email=email).first()
        return (row.role, row.status) if row is not None else None


def emails(**fields: Any) -> list[Email]:
    with auth_scope():
        return list(Email.objects.filter(**fields).order_by("created_at"))


def open_links(**fields: Any) -> list[OneTimeLink]:
    with auth_scope():
        return list(OneTimeLink.objects.filter(**fields).order_by("created_at"))


def actions(tenant: Tenant) -> list[str]:
    with tenant_context(tenant):
        return list(SystemEvent.objects.order_by("id").values_list("action", flat=True))
