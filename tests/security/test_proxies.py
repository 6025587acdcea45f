"""Whose word on TLS counts: a configured proxy's, and nobody else's."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from django.test import RequestFactory

from config import edge
from messaging.ingest.http import Scope
from tests.messaging.ingest.conftest import ask
from tests.security.answers import lacking


@pytest.mark.parametrize(
    ("proxies", "peer", "said", "scheme"),
    [
        ([], "10.0.0.7", b"https", "http"),
        ([], "127.0.0.1", b"https", "http"),
        (["10.0.0.0/8"], "10.0.0.7", b"https", "https"),
        (["10.0.0.0/8"], "10.0.0.7", b"HTTPS ", "https"),
        (["10.0.0.0/8"], "10.0.0.7", b"http", "http"),
        (["10.0.0.0/8"], "10.0.0.7", b"https, http", "http"),
        (["10.0.0.0/8"], "203.0.113.9", b"https", "http"),
        (["10.0.0.0/8"], "", b"https", "http"),
        (["fd00::/8"], "fd00::7", b"https", "https"),
    ],
)
def test_only_a_configured_proxy_may_say_that_a_client_came_over_tls(
    settings: Any, proxies: list[str], peer: str, said: bytes, scheme: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    scope: dict[str, Any] = {
        "type": "http",
        "scheme": "http",
        "client": (peer, 1) if peer else None,
        "headers": [(b"host", b"x"), (b"x-forwarded-proto", said)],
    }
    edge.settle_scheme(scope)
    assert (scope["scheme"], scope["headers"]) == (scheme, [(b"host", b"x")])


def test_django_itself_believes_no_header(settings: Any) -> None:
    """The seeds trusted forwarded headers from anyone (seed-systems §1.7)."""
    assert settings.SECURE_PROXY_SSL_HEADER is None
    assert settings.USE_X_FORWARDED_HOST is settings.USE_X_FORWARDED_PORT is False
    production = importlib.util.find_spec("config.settings.production")
    assert production is not None
    assert "SECURE_PROXY_SSL_HEADER" not in Path(str(production.origin)).read_text()
    claimed = {
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_X_FORWARDED_SSL": "on",
        "HTTP_FORWARDED": "proto=https;host=evil.example",
        "HTTP_X_FORWARDED_HOST": "evil.example",
    }
    request = RequestFactory(SERVER_NAME="localhost").get("/", **claimed)
    assert not request.is_secure()
    assert request.get_host() == "localhost"


async def test_a_forged_word_on_tls_changes_no_answer(root: Any, settings: Any) -> None:
    async def from_peer(scope: Scope, receive: Any, send: Any) -> None:
        await root({**scope, "client": ("203.0.113.9", 1), "http_version": "1.1"}, receive, send)

    forged = await ask(from_peer, "GET", "/login/", x_forwarded_proto="https")
    assert lacking(forged.headers) == ["Strict-Transport-Security"]
    settings.TRUSTED_PROXIES = ["203.0.113.9"]
    proxied = await ask(from_peer, "GET", "/login/", x_forwarded_proto="https")
    assert (proxied.status, lacking(proxied.headers)) == (200, [])
