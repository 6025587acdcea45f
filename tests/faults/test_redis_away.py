"""Without Redis everything is slower to notice and nothing is lost: rows are the truth."""

from collections.abc import Iterator

import pytest
from django.conf import settings

from config.lib import redis as redis_client
from messaging.services import events
from tenants.context import tenant_context
from tenants.live.models import LiveEvent
from tenants.models import Tenant
from tests.fakes import graph_events as wire
from tests.fakes.graph import GraphFake
from tests.messaging.services.saying import Agent, Number, Worker, make_number, stop_time
from tests.support.tasks import Queue

NOBODY = "redis://127.0.0.1:9/0"  # the port of "discard", where nothing listens


@pytest.fixture
def away(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """From here on Redis does not answer."""
    monkeypatch.setattr(settings, "REDIS_URL", NOBODY)
    redis_client.client.cache_clear()
    yield
    monkeypatch.undo()
    redis_client.client.cache_clear()


def test_a_message_is_stored_answered_and_sent_without_redis(
    acme: Tenant, queued: Queue, monkeypatch: pytest.MonkeyPatch, away: None
) -> None:
    with GraphFake() as graph:
        monkeypatch.setattr(settings, "META_GRAPH_BASE_URL", graph.url)
        number, agent = make_number(acme), Agent(reply="Hola, Ana.")
        agent.listen(monkeypatch)
        worker = Worker(stop_time(monkeypatch), queued)
        number.says("hola")
        worker.run()

        assert [entry["text"] for entry in graph.sends] == ["Hola, Ana."]
    with tenant_context(acme):
        assert LiveEvent.objects.filter(type="NEW_MESSAGE").count() == 2


def test_a_repeated_message_is_recognised_without_redis(acme: Tenant, away: None) -> None:
    number: Number = make_number(acme)
    message = wire.text("una vez")
    for name in ("Ana", "Ana otra vez"):
        number.sends(message, contacts=[wire.contact(name=name)])

    assert number.texts() == ["una vez"]
    assert events.drain(tenant=acme) is False
