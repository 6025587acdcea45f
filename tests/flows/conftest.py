"""The world around the product in every flow: Meta, a model, a clock that stands, a worker, a number."""

from collections.abc import Iterator

import pytest
from django.conf import settings

from tenants.models import Tenant
from tests.fakes.graph import GraphFake
from tests.fakes.llm import FakeLLM
from tests.messaging.services.saying import Clock, Number, Worker, make_number, stop_time
from tests.support.tasks import Queue


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch) -> Iterator[GraphFake]:
    with GraphFake() as fake:
        monkeypatch.setattr(settings, "META_GRAPH_BASE_URL", fake.url)
        yield fake


@pytest.fixture
def llm() -> Iterator[FakeLLM]:
    with FakeLLM(key="sk-of-acme") as fake:
        yield fake


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return stop_time(monkeypatch)


@pytest.fixture
def worker(clock: Clock, queued: Queue) -> Worker:
    return Worker(clock, queued)


@pytest.fixture
def number(acme: Tenant, graph: GraphFake) -> Number:
    return make_number(acme)
