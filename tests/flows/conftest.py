"""The world around the product in every flow: Meta, a model, a clock that stands, a worker, a number."""

import pytest

from tenants.models import Tenant
from tests.fakes.graph import GraphFake
from tests.messaging.services.saying import Clock, Number, Worker, make_number, stop_time
from tests.support.tasks import Queue


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return stop_time(monkeypatch)


@pytest.fixture
def worker(clock: Clock, queued: Queue) -> Worker:
    return Worker(clock, queued)


@pytest.fixture
def number(acme: Tenant, graph: GraphFake) -> Number:
    return make_number(acme)
