import base64
import json
import struct

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from config.lib.errors import ProviderError
from rag.embeddings import EMBEDDERS, Embedder, OpenAIEmbedder
from rag.embeddings.openai import MAX_INPUTS


def embedder(server: HTTPServer) -> OpenAIEmbedder:
    return OpenAIEmbedder(
        provider="openai", base_url=server.url_for("/v1"), api_key="sk-test", name="text-embedding-3-small"
    )


def answer(server: HTTPServer, body: object, status: int = 200) -> None:
    server.expect_request("/v1/embeddings", method="POST").respond_with_json(body, status=status)


def test_the_request_is_what_the_protocol_asks(httpserver: HTTPServer) -> None:
    answer(httpserver, {"data": [{"index": 0, "embedding": [3.0, 4.0]}]})
    assert embedder(httpserver).embed(["hola"], kind="query") == [[0.6, 0.8]]
    request, _response = httpserver.log[0]
    assert request.headers["Authorization"] == "Bearer sk-test"
    assert request.get_json() == {"model": "text-embedding-3-small", "input": ["hola"], "encoding_format": "float"}


def test_base64_vectors_and_any_order_are_understood(httpserver: HTTPServer) -> None:
    packed = [base64.b64encode(struct.pack("<2f", *pair)).decode() for pair in ((0.0, 2.0), (2.0, 0.0))]
    answer(httpserver, {"data": [{"index": 1, "embedding": packed[0]}, {"index": 0, "embedding": packed[1]}]})
    assert embedder(httpserver).embed(["a", "b"]) == [[1.0, 0.0], [0.0, 1.0]]


def test_many_texts_go_in_several_requests_and_come_back_in_order(httpserver: HTTPServer) -> None:
    def reply(request: Request) -> Response:
        inputs = request.get_json()["input"]
        rows = [{"index": i, "embedding": [1.0, float(text)]} for i, text in enumerate(inputs)]
        return Response(json.dumps({"data": rows}), content_type="application/json")

    httpserver.expect_request("/v1/embeddings").respond_with_handler(reply)
    vectors = embedder(httpserver).embed([str(n) for n in range(MAX_INPUTS + 3)])
    assert [round(y / x) for x, y in vectors] == list(range(MAX_INPUTS + 3))
    assert len(httpserver.log) == 2


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"error": {"code": "invalid_api_key", "message": "no"}}, "auth"),
        (403, {}, "auth"),
        (429, {"error": {"code": "rate_limit_exceeded"}}, "retry"),
        (429, {"error": {"code": "insufficient_quota"}}, "permanent"),
        (404, {"error": {"code": "model_not_found"}}, "permanent"),
        (400, [{"error": {"code": 400, "status": "INVALID_ARGUMENT"}}], "permanent"),
        (500, "oops", "retry"),
        (503, None, "retry"),
        (200, {"data": []}, "permanent"),
        (200, {"data": [{"index": 0, "embedding": []}]}, "permanent"),
        (200, {"data": [{"index": 0, "embedding": [0.0, 0.0]}]}, "permanent"),
        (200, {"data": [{"index": 0, "embedding": ["x"]}]}, "permanent"),
        (200, {"data": [{"index": 0, "embedding": "%%%"}]}, "permanent"),
        (200, {"choices": []}, "permanent"),
        (200, [1], "permanent"),
    ],
)
def test_every_refusal_has_its_kind_and_never_the_key(
    httpserver: HTTPServer, status: int, body: object, kind: str
) -> None:
    answer(httpserver, body, status)
    with pytest.raises(ProviderError) as caught:
        embedder(httpserver).embed(["hola"])
    assert caught.value.kind == kind
    assert "sk-test" not in str(caught.value)


def test_vectors_of_different_lengths_are_refused(httpserver: HTTPServer) -> None:
    answer(httpserver, {"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0, 1.0]}]})
    with pytest.raises(ProviderError, match="lengths"):
        embedder(httpserver).embed(["a", "b"])


def test_a_server_that_is_away_is_worth_another_try() -> None:
    away = OpenAIEmbedder(provider="openai", base_url="http://127.0.0.1:9/v1", api_key="sk-test", name="m")
    with pytest.raises(ProviderError) as caught:
        away.embed(["hola"])
    assert caught.value.kind == "retry"


def test_every_registered_embedder_is_an_embedder() -> None:
    assert all(issubclass(kind, Embedder) for kind in EMBEDDERS.values())
