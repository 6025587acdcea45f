"""How often: exact under concurrency, said with Retry-After, counted for the right one, also without Redis."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from django.test import Client, override_settings
from rest_framework.test import APIClient

from config.lib.errors import RateLimited
from tenants.services import limits
from tests.support.cast import Cast


def accepted(name: str, *who: object) -> bool:
    try:
        limits.check(name, *who)
    except RateLimited:
        return False
    return True


def test_exactly_as_many_as_allowed_whoever_comes_at_once(db: None) -> None:
    start = threading.Barrier(64)

    def attempt(_number: int) -> bool:
        start.wait()
        return accepted("reset", "somebody")

    with ThreadPoolExecutor(64) as pool:
        assert sum(pool.map(attempt, range(64))) == 5


def test_everybody_is_counted_apart(db: None) -> None:
    assert [accepted("register", "10.0.0.1") for _ in range(4)] == [True, True, True, False]
    assert accepted("register", "10.0.0.2")
    assert accepted("link", "10.0.0.1")


def test_without_redis_each_process_counts_for_itself(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(limits, "get_usage", away)
    monkeypatch.setattr(limits, "local", limits.LocalCounts())
    assert [accepted("register", "10.0.0.1") for _ in range(4)] == [True, True, True, False]


@override_settings(RATE_LIMITS={"lists": "3/m", "relay": "2/m"})
def test_a_list_read_too_often_says_when_to_come_back(api_as: Callable[..., APIClient], cast: Cast) -> None:
    ana = api_as("ana")
    assert [ana.get("/api/v1/leads/").status_code for _ in range(3)] == [200, 200, 200]
    refused = ana.get("/api/v1/leads/?search=x")
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert refused.json()["error"]["code"] == "rate_limited"
    assert ana.get("/api/v1/contacts/").status_code == 200
    assert api_as("sol").get("/api/v1/leads/").status_code == 200


@override_settings(RATE_LIMITS={"lists": "100/m", "relay": "2/m"})
def test_the_relay_is_counted_for_the_company(api_as: Callable[..., APIClient], cast: Cast) -> None:
    ana = api_as("ana")
    codes = [ana.post("/api/v1/messages/relay", {"to": "x"}).status_code for _ in range(3)]
    assert codes[2] == 429
    assert 429 not in codes[:2]
    assert api_as("gus").post("/api/v1/messages/relay", {"to": "x"}).status_code != 429


def test_forwarded_headers_of_strangers_do_not_make_new_addresses(client_as: Callable[..., Client], db: None) -> None:
    client = client_as(None)
    seen = [
        client.post(
            "/empezar/",
            {
                "account-person": "N",
                "account-email": f"n{number}@nueva.test",
                "account-password": "una frase larga 7",
                "name": "N",
                "slug": f"n-{number}",
                "trade": "sales",
                "timezone": "America/Lima",
                "currency": "USD",
                "locale": "es",
            },
            HTTP_X_FORWARDED_FOR=f"203.0.113.{number}",
            HTTP_X_REAL_IP=f"203.0.113.{number}",
            HTTP_FORWARDED=f"for=203.0.113.{number}",
        )
        for number in range(5)
    ]
    assert ["Demasiados intentos" in answer.content.decode() for answer in seen] == [False] * 3 + [True] * 2
