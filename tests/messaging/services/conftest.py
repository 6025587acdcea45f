import pytest

from tenants.models import Tenant
from tests.fakes.graph import GraphFake
from tests.messaging.services.saying import Agent, Clock, Number, Worker, make_number, stop_time
from tests.support.tasks import Queue


@pytest.fixture
def number(acme: Tenant, graph: GraphFake) -> Number:
    return make_number(acme)


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> Agent:
    stand_in = Agent()
    stand_in.listen(monkeypatch)
    return stand_in


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return stop_time(monkeypatch)


@pytest.fixture
def worker(clock: Clock, queued: Queue, agent: Agent) -> Worker:
    return Worker(clock, queued)
