"""Redis or PostgreSQL away: pages work without the first and say so without the second; the probes always answer."""

import threading
import time
from collections.abc import Callable, Iterator
from unittest import mock

import pytest
import redis
from django.core.cache import caches
from django.db import OperationalError
from django.test import Client

from config.lib.redis import client as redis_client
from tenants.services import registry
from tenants.sessions import SessionStore, _Spare
from tests.support.cast import PASSWORD, Cast, Person

ClientAs = Callable[..., Client]


@pytest.fixture
def no_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Every use of Redis fails; the list has the moments of the tries."""
    tries: list[float] = []

    def refuse(self: object, *args: object, **kwargs: object) -> None:
        tries.append(time.monotonic())
        raise redis.ConnectionError("no answer")

    monkeypatch.setattr(redis.connection.ConnectionPool, "get_connection", refuse)
    monkeypatch.setattr(_Spare, "away_until", 0.0)
    yield tries
    _Spare.away_until = 0.0


@pytest.mark.parametrize(
    "path", ["/mi-dia/", "/bandeja/", "/leads/", "/canales/", "/agentes/", "/conocimiento/", "/sesion/"]
)
def test_pages_open_without_redis(client_as: ClientAs, no_redis: list[float], path: str) -> None:
    browser = client_as("ana")
    assert browser.get(path).status_code == 200


def test_signing_in_and_out_works_without_redis(client_as: ClientAs, ana: Person, no_redis: list[float]) -> None:
    browser = client_as(None)
    assert browser.post("/login/", {"email": ana.user.email, "password": PASSWORD}).status_code == 302
    assert browser.get("/sesion/").status_code == 200
    assert browser.post("/logout/").status_code == 302
    assert browser.get("/sesion/").status_code == 302


def test_a_redis_that_is_away_is_not_asked_at_every_step(client_as: ClientAs, no_redis: list[float]) -> None:
    browser = client_as("ana")
    browser.get("/leads/")
    before = len(no_redis)
    for _again in range(5):
        browser.get("/leads/")
    assert len(no_redis) - before <= 2


def test_a_session_that_ended_while_redis_was_away_ends_there_too(client_as: ClientAs) -> None:
    browser = client_as("ana")
    browser.get("/sesion/")
    key = "session:" + browser.cookies["session"].value
    left = caches["default"]._cache.get_client().ttl(caches["default"].make_key(key))
    assert 0 < left <= 300


def test_one_slow_look_at_redis_stops_nobody_else(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.changed()
    assert registry.by_slug(cast.acme.slug) is not None
    asked, answer = threading.Event(), threading.Event()

    def slow(*_args: object) -> None:
        asked.set()
        answer.wait(10)
        raise redis.TimeoutError

    monkeypatch.setattr(registry._known, "looked_at", 0.0)
    with mock.patch.object(redis_client(), "get", slow):
        looking = threading.Thread(target=registry.by_id, args=(cast.acme.pk,), daemon=True)
        looking.start()
        assert asked.wait(10)
        assert registry.by_id(cast.globex.pk) is not None  # at once, from what is known
        answer.set()
        looking.join(10)
    assert not looking.is_alive()
    with mock.patch.object(redis_client(), "get", side_effect=AssertionError):
        assert registry.by_id(cast.acme.pk) is not None


@pytest.mark.parametrize("host", ["ACME.localhost", "acme.localhost:8000", "acme.localhost.", "acme.localhost.:8000"])
def test_every_spelling_of_a_hostname_pins_its_company(cast: Cast, host: str) -> None:
    found = registry.by_host(host)
    assert found is not None
    assert found.slug == cast.acme.slug


@pytest.mark.parametrize("host", ["nobody.localhost", "nobody.localhost.", "NOBODY.localhost:80"])
def test_a_hostname_of_no_company_falls_through_to_nobody(client_as: ClientAs, host: str) -> None:
    assert client_as("ana").get("/sesion/", SERVER_NAME=host).status_code == 404


@pytest.fixture
def no_database(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("tenants.db.base.DatabaseWrapper._cursor", refuse)
    monkeypatch.setattr("tests.support.db.base.DatabaseWrapper._cursor", refuse)
    registry.changed()


def test_the_process_says_that_it_is_up_without_a_database(no_database: None) -> None:
    assert Client().get("/healthz").json() == {"status": "ok"}


def test_readiness_names_what_is_missing(no_database: None) -> None:
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "no answer"


@pytest.mark.parametrize("path", ["/", "/login/", "/leads/"])
def test_pages_say_so_without_a_database(no_database: None, path: str) -> None:
    answer = Client(raise_request_exception=False).get(path)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert "no responde" in answer.content.decode()


def test_the_api_says_so_without_a_database(no_database: None) -> None:
    answer = Client(raise_request_exception=False).get("/api/v1/leads/", headers={"authorization": "Bearer x"})
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "unavailable"


@pytest.mark.parametrize("key", ["x" * 41, "aaaaaaaa\x00", "../../../etc", "ñññññññññ", "short", "", "a b c d e f"])
def test_a_cookie_that_cannot_be_a_session_is_none(db: None, key: str) -> None:
    assert SessionStore(key).session_key is None


def test_a_hostile_session_cookie_is_a_stranger(db: None) -> None:
    client = Client(raise_request_exception=False)
    client.cookies["session"] = "aaaaaaaa\x00aaaa"
    assert client.get("/login/").status_code == 200
