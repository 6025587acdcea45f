"""What fault runs rely on in the fake Graph: its control doors and the webhooks it sends."""

import json

import pytest
from werkzeug import Request, Response

from config.lib import http
from config.lib.errors import ProviderError
from messaging.providers.base import Address, Outgoing, StatusUpdate
from messaging.providers.meta_direct.client import MetaWhatsApp
from tests.fakes import graph_events as events
from tests.fakes.graph import GraphFake, Rule


@pytest.fixture
def received(httpserver):
    """Bodies of the webhooks that arrived with a good signature."""
    bodies: list[list] = []

    def take(request: Request) -> Response:
        raw = request.get_data()
        if not MetaWhatsApp.verify(raw, dict(request.headers), ["app-secret"]):
            return Response(status=401)
        bodies.append(MetaWhatsApp.parse(json.loads(raw)))
        return Response("")

    httpserver.expect_request("/hook").respond_with_handler(take)
    return bodies


def send(graph: GraphFake, reference: str = "out:1") -> str:
    adapter = MetaWhatsApp(base_url=graph.url, version="v25.0", phone_number_id="1065", access_token="t")
    to = Address("wa_id", events.CUSTOMER)
    return adapter.send(Outgoing("text", to, text="Hola", client_ref=reference)).provider_message_id


def test_statuses_may_arrive_before_the_send_is_answered(received, httpserver):
    hook = httpserver.url_for("/hook")
    with GraphFake(webhook_url=hook, auto_statuses=("sent", "delivered"), early_statuses=True) as graph:
        sent = send(graph)
    found = [item for items in received for item in items]
    assert all(isinstance(item, StatusUpdate) for item in found)
    assert [(item.message_id, item.status, item.client_ref) for item in found] == [
        (sent, "sent", "out:1"),
        (sent, "delivered", "out:1"),
    ]
    assert found[0].channel_ref == "1065"


def test_a_send_can_be_accepted_and_fail_later(received, httpserver):
    with GraphFake(webhook_url=httpserver.url_for("/hook"), early_statuses=True) as graph:
        graph.script(Rule("late_failure", code=131047))
        assert send(graph)
    (item,) = received[0]
    assert (item.status, item.error_kind) == ("failed", "window")


def test_a_webhook_with_another_secret_is_refused(received, httpserver):
    with GraphFake() as graph:
        body = events.inbound(events.text())
        assert graph.emit(body, url=httpserver.url_for("/hook")) == 200
        assert graph.emit(body, url=httpserver.url_for("/hook"), secret="other") == 401
    assert len(received) == 1


def test_the_control_doors_work_over_http(received, httpserver):
    with GraphFake() as graph:
        http.request("POST", f"{graph.url}/_script", json={"do": "error", "code": 131026, "times": 1})
        with pytest.raises(ProviderError):
            send(graph)
        send(graph, "out:2")
        journal = http.request("GET", f"{graph.url}/_journal", params={"client_ref": "out:2"}).json()
        assert (journal["count"], journal["sends"][0]["text"]) == (1, "Hola")
        assert journal["refused"][0]["code"] == 131026
        media = http.request("POST", f"{graph.url}/_media", data=b"OggS", headers={"Content-Type": "audio/ogg"}).json()
        assert graph.files[media["id"]].content == b"OggS"
        emitted = {"url": httpserver.url_for("/hook"), "payload": events.inbound(events.text())}
        assert http.request("POST", f"{graph.url}/_emit", json=emitted).json() == {"status": 200}
        http.request("DELETE", f"{graph.url}/_journal")
        assert http.request("GET", f"{graph.url}/_journal").json()["count"] == 0


def test_a_rule_can_be_meant_for_one_recipient():
    with GraphFake() as graph:
        graph.script(Rule("error", to="somebody else", times=-1))
        assert send(graph)


def test_only_known_tokens_are_let_in():
    with GraphFake(tokens={"right"}) as graph:
        with pytest.raises(ProviderError) as caught:
            send(graph)
        assert caught.value.kind == "auth"
