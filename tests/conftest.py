"""Fixtures of every test.

Most tests take `db` (or anything that needs it: `acme`, `client_as`…): they run in one transaction that is rolled back,
and every transaction of the code under test behaves inside it as a real one would. Tests with threads, other processes or
websockets take `live_tenants` instead: the same cast in companies of their own, committed and dropped afterwards.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections
from django.test import Client
from rest_framework.test import APIClient

from config.lib import commit
from config.lib.redis import client as redis_client
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.services import registry
from tests.fakes.google_calendar import GoogleFake
from tests.fakes.graph import GraphFake
from tests.fakes.llm import FakeLLM
from tests.support import clients, network, services
from tests.support import statements as recorder
from tests.support.cast import Cast, Person, make_cast
from tests.support.live import drop_cast
from tests.support.tasks import Queue

network.close()


@pytest.fixture(scope="session")
def test_services(django_db_blocker: Any) -> Iterator[services.Services]:
    """PostgreSQL and Redis of this test process alone."""
    with django_db_blocker.unblock():
        running = services.start()
        yield running
        services.stop(running)


@pytest.fixture(scope="session")
def session_cast(test_services: services.Services, django_db_blocker: Any) -> Cast:
    with django_db_blocker.unblock():
        return make_cast()


@pytest.fixture(scope="session")
def django_db_setup(session_cast: Cast) -> None:
    """Instead of pytest-django's own databases."""


@pytest.fixture(autouse=True)
def _django_db_marker(request: pytest.FixtureRequest) -> None:
    """`@pytest.mark.django_db` means `db`; with `transaction=True` it means `live_tenants`."""
    marker = request.node.get_closest_marker("django_db")
    if marker:
        request.getfixturevalue("live_tenants" if marker.kwargs.get("transaction") else "db")


@pytest.fixture
def _clean(test_services: services.Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Redis and files as on the first day, and one window of counting for the whole test: none ends in its middle."""
    redis_client().flushdb()
    registry.changed()
    now = int(time.time())
    monkeypatch.setattr("django_ratelimit.core._get_window", lambda value, period: now + period)
    monkeypatch.setattr(settings, "MEDIA_ROOT", tmp_path / "media")
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path / "data")
    yield
    shutil.rmtree(tmp_path / "media", ignore_errors=True)


@pytest.fixture
def db(
    request: pytest.FixtureRequest, django_db_setup: None, _clean: None, queued: Queue, django_db_blocker: Any
) -> Iterator[None]:
    """The database, rolled back afterwards."""
    if "live_tenants" in request.fixturenames:
        yield
        return
    with django_db_blocker.unblock():
        with connection.rehearsal():
            yield
        registry.changed()


@pytest.fixture
def live_tenants(
    test_services: services.Services, django_db_setup: None, _clean: None, queued: Queue, django_db_blocker: Any
) -> Iterator[Cast]:
    """Committed companies of this test alone; nothing is rolled back, everything is dropped."""
    with django_db_blocker.unblock():
        assert not connection.in_atomic_block, "live_tenants cannot stand inside a rolled-back test"
        cast = make_cast(suffix=f"-{registry_number()}")
        yield cast
        connections.close_all()
        drop_cast(cast, test_services)
        registry.changed()


_given = iter(range(1, 10**9))


def registry_number() -> int:
    """A number no other live company of this process has in its name."""
    return next(_given)


@pytest.fixture
def transactional_db(live_tenants: Cast) -> None:
    """pytest-django's name for it."""


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> Queue:
    """Tasks queued by the test, not sent to a broker; `queued.drain()` runs them."""
    queue = Queue()
    monkeypatch.setattr(commit, "send", queue.note)
    return queue


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch) -> Iterator[GraphFake]:
    """WhatsApp, on this machine."""
    with GraphFake() as fake:
        monkeypatch.setattr(settings, "META_GRAPH_BASE_URL", fake.url)
        yield fake


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[GoogleFake]:
    """Google Calendar, on this machine."""
    with GoogleFake() as fake:
        monkeypatch.setattr(settings, "GOOGLE_CALENDAR_ENDPOINT", fake.endpoint)
        monkeypatch.setattr(settings, "GOOGLE_TOKEN_URI", fake.token_uri)
        monkeypatch.setattr(settings, "GOOGLE_CONSENT_URL", fake.consent_url)
        yield fake


@pytest.fixture
def llm() -> Iterator[FakeLLM]:
    """An OpenAI-compatible server that says what the test scripts."""
    with FakeLLM(key="sk-of-acme") as fake:
        yield fake


@pytest.fixture
def cast(request: pytest.FixtureRequest) -> Cast:
    """acme, globex and their people: committed ones with `live_tenants`, else the shared ones."""
    if "live_tenants" in request.fixturenames:
        return request.getfixturevalue("live_tenants")
    request.getfixturevalue("db")
    return request.getfixturevalue("session_cast").fresh()


@pytest.fixture
def acme(cast: Cast) -> Tenant:
    return cast.acme


@pytest.fixture
def globex(cast: Cast) -> Tenant:
    return cast.globex


@pytest.fixture
def in_acme(acme: Tenant) -> Iterator[Tenant]:
    """The whole test stands inside acme's transaction; effects after a commit do not run."""
    with tenant_context(acme):
        yield acme


@pytest.fixture
def ana(cast: Cast) -> Person:
    """CEO of acme."""
    return cast["ana"]


@pytest.fixture
def sol(cast: Cast) -> Person:
    """Closer of acme: sees her own leads and those nobody has."""
    return cast["sol"]


@pytest.fixture
def teo(cast: Cast) -> Person:
    """Setter of acme."""
    return cast["teo"]


@pytest.fixture
def pia(cast: Cast) -> Person:
    """Waits for acme's approval."""
    return cast["pia"]


@pytest.fixture
def gus(cast: Cast) -> Person:
    """CEO of globex, acme's outsider."""
    return cast["gus"]


@pytest.fixture
def root(cast: Cast) -> Person:
    """The platform's own staff, member of no company."""
    return cast["root"]


@pytest.fixture
def client_as(cast: Cast) -> Callable[..., Client]:
    """`client_as("ana")`: a signed-in browser; `client_as(None)`: a stranger."""

    def make(name: str | None, **options: Any) -> Client:
        return clients.browser(cast[name] if name else None, **options)

    return make


@pytest.fixture
def api_as(cast: Cast) -> Callable[..., APIClient]:
    """`api_as("ana")`: an integration with her Bearer token, speaking JSON."""

    def make(name: str | None, **options: Any) -> APIClient:
        return clients.integration(cast[name] if name else None, **options)

    return make


@pytest.fixture
def statements(cast: Cast) -> Callable[[], AbstractContextManager[recorder.Statements]]:
    """`with statements() as seen: …; assert seen.count <= 12`."""
    return recorder.statements
