"""acme's code looks for globex's rows, and the same search with the walls taken down, one at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, connections

from tenants import context
from tenants.db import base
from tenants.db.base import Context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services import vault
from tests.factories import messaging
from tests.isolation import behaviour
from tests.support.cast import Cast
from tests.support.services import Services

Plant = Callable[[pytest.MonkeyPatch, Cast], None]


@pytest.fixture
def furnished(live_tenants: Cast) -> Cast:
    """Both companies with something of theirs in every shared table."""
    for tenant in (live_tenants.acme, live_tenants.globex):
        with context.tenant_context(tenant):
            vault.put_credential(category="openai", name="API_KEY", value="sk-own-0123456789", by=Actor.system("test"))
            channel = messaging.make_channel(route=True)
            messaging.make_inbound_event(channel=channel)
    return live_tenants


def test_acme_finds_nothing_of_globex(furnished: Cast) -> None:
    assert behaviour.complaints(furnished.acme, furnished.globex) == []
    assert behaviour.complaints(furnished.globex, furnished.acme) == []


def _no_context(monkeypatch: pytest.MonkeyPatch, cast: Cast) -> None:
    monkeypatch.setattr(base.DatabaseWrapper, "_apply", lambda self: None)
    monkeypatch.setattr("tenants.db.base.STATEMENT", "select %s, %s")


def _context_for_the_session(monkeypatch: pytest.MonkeyPatch, cast: Cast) -> None:
    monkeypatch.setattr("tenants.db.base.STATEMENT", base.STATEMENT.replace("true", "false"))


def _search_path_only(monkeypatch: pytest.MonkeyPatch, cast: Cast) -> None:
    statement = "select set_config('search_path', %s, true), %s"
    monkeypatch.setattr("tenants.db.base.STATEMENT", statement)


def _role_only(monkeypatch: pytest.MonkeyPatch, cast: Cast) -> None:
    monkeypatch.setattr("tenants.db.base.STATEMENT", "select %s, set_config('role', %s, true)")


def _always_the_same_company(monkeypatch: pytest.MonkeyPatch, cast: Cast) -> None:
    other = cast.globex
    fixed = Context(f'"{other.schema_name}", public', f"tenant_{other.pk}", other)
    monkeypatch.setattr(context, "context_of", lambda tenant: fixed)


def _wrong_role(monkeypatch: pytest.MonkeyPatch, cast: Cast) -> None:
    monkeypatch.setattr(
        context, "context_of", lambda tenant: Context(f'"{tenant.schema_name}", public', "crm_platform", tenant)
    )


def _remembers_too_long(monkeypatch: pytest.MonkeyPatch, cast: Cast) -> None:
    first: list[Context] = []

    def stale(self: base.DatabaseWrapper) -> None:
        first.append(self.context)
        self._unopened, self._applied = False, self.context
        self.connection.execute(f"begin; {base.STATEMENT}", [first[0].search_path, first[0].role])

    monkeypatch.setattr(base.DatabaseWrapper, "_open", stale)


PLANTED: dict[str, Plant] = {
    "the context is never applied": _no_context,
    "the context stays for the session": _context_for_the_session,
    "only the search path is set": _search_path_only,
    "only the role is set": _role_only,
    "the context is always the same company's": _always_the_same_company,
    "a company is entered as the platform": _wrong_role,
    "an old context is taken for the present one": _remembers_too_long,
}

# Faults in the database itself; committed, and undone by the second statement.
REMOVED = {
    "memberships without row security": (
        "alter table tenants_membership disable row level security",
        "alter table tenants_membership enable row level security",
    ),
    "credentials with a policy for all": (
        "create policy oops on tenants_credential to crm_member using (true) with check (true)",
        "drop policy oops on tenants_credential",
    ),
    "people with a policy for all": (
        "create policy oops on tenants_user to crm_member using (true)",
        "drop policy oops on tenants_user",
    ),
    "inbound events without row security": (
        "alter table ingest_inboundevent disable row level security",
        "alter table ingest_inboundevent enable row level security",
    ),
    "companies with a policy for all": (
        "create policy oops on tenants_tenant to crm_member using (true) with check (true)",
        "drop policy oops on tenants_tenant",
    ),
    "sessions readable": (
        "grant select on django_session to crm_member; create policy oops on django_session to crm_member using (true)",
        "revoke select on django_session from crm_member; drop policy oops on django_session",
    ),
    "audit writable for others": (
        "create policy oops on tenants_systemevent for insert to crm_member with check (true)",
        "drop policy oops on tenants_systemevent",
    ),
    "the login reads directly": (
        "grant select on tenants_domain to crm_app",
        "revoke select on tenants_domain from crm_app",
    ),
    "a company walks another one": (
        "grant usage on schema {other} to {acme}; grant select on all tables in schema {other} to {acme}",
        "revoke select on all tables in schema {other} from {acme}; revoke usage on schema {other} from {acme}",
    ),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_fault_in_the_code_is_noticed(fault: str, furnished: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    with _fresh_connections(), monkeypatch.context() as patch:
        PLANTED[fault](patch, furnished)
        assert _noticed(furnished.acme, furnished.globex)


@pytest.mark.parametrize("fault", REMOVED)
def test_a_fault_in_the_database_is_noticed(fault: str, furnished: Cast, test_services: Services) -> None:
    plant, undo = (
        text.format(other=f'"{furnished.globex.schema_name}"', acme=f"tenant_{furnished.acme.pk}")
        for text in REMOVED[fault]
    )
    with _fresh_connections(), test_services.inside() as inside:
        inside.execute(plant)
        try:
            assert _noticed(furnished.acme, furnished.globex)
        finally:
            connections.close_all()
            inside.execute(undo)


def _noticed(acme: Tenant, globex: Tenant) -> list[str]:
    """Complaints, or the error in which the fault ended: both turn the suite red."""
    try:
        return behaviour.complaints(acme, globex)
    except Exception as error:  # noqa: BLE001 (any failure is a notice)
        return [repr(error)]


@contextmanager
def _fresh_connections() -> Iterator[None]:
    """No planted session setting survives in the pool."""
    yield
    connections.close_all()
    connection.close_pool()
