"""What was wrong with signing in before, each shown absent: tokens in scripts' reach, no end, cut passwords, believed headers."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import jwt
import pytest
from django.conf import settings
from django.test import Client
from rest_framework.test import APIClient

from config.lib.redis import client as redis_client
from tenants.context import auth_scope
from tenants.models import User
from tenants.services import sign_in, tokens
from tests.support.cast import PASSWORD, Cast, Person
from tests.support.clients import HOST

SCRIPTS = Path(settings.ROOT) / "frontend" / "src"
ClientAs = Callable[..., Client]


def test_no_script_keeps_or_reads_a_token() -> None:
    """Kept in localStorage, a cookie's HttpOnly protects nothing."""
    words = ("access_token", "refresh_token", "Bearer ", "/auth/login", "/auth/token", "X-Admin-Token")
    texts = {path: path.read_text(encoding="utf-8") for path in SCRIPTS.rglob("*") if path.suffix in (".js", ".mjs")}
    assert texts
    assert not [(path.name, word) for path, text in texts.items() for word in words if word in text]


def test_the_answer_to_a_browsers_sign_in_holds_no_token(ana: Person) -> None:
    answer = APIClient(SERVER_NAME=HOST).post("/api/v1/auth/login", {"email": ana.user.email, "password": PASSWORD})
    for name in ("access_token", "refresh_token"):
        assert answer.cookies[name].value not in answer.content.decode()
        assert answer.cookies[name]["httponly"]


def test_no_static_header_opens_the_administration(client_as: ClientAs) -> None:
    for value in ("", "admin", settings.SECRET_KEY):
        assert client_as(None).get("/admin/", HTTP_X_ADMIN_TOKEN=value).status_code == 302


def test_an_access_token_lives_fifteen_minutes_and_not_seven_days(ana: Person) -> None:
    claims = jwt.decode(tokens.access_token(ana.user), options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 15 * 60


def test_passwords_that_differ_after_the_seventy_second_letter_differ(ana: Person) -> None:
    """bcrypt, cut at 72 bytes, would take one for the other."""
    with auth_scope():
        user = User.objects.get(pk=ana.user.pk)
        user.set_password("x" * 72 + "right")
        user.save()
    for ending, status in (("wrong", 401), ("", 401), ("right", 302)):
        answer = Client(SERVER_NAME=HOST).post("/login/", {"email": ana.user.email, "password": "x" * 72 + ending})
        assert answer.status_code == status
    assert settings.PASSWORD_HASHERS


def test_products_hash_is_argon2_and_not_cut() -> None:
    from config.settings import base

    assert base.PASSWORD_HASHERS[0].endswith("Argon2PasswordHasher")


def test_a_lock_never_grows_beyond_its_minute(ana: Person) -> None:
    """A doubling lock without a ceiling shuts the owner out for days."""
    client = APIClient(SERVER_NAME=HOST)
    waits = []
    for _turn in range(40):
        answer = client.post("/api/v1/auth/login", {"email": ana.user.email, "password": "no"})
        waits.append(int(answer.get("Retry-After", 0)))
    assert 0 < max(waits) <= sign_in.WINDOW_SECONDS
    assert waits == sorted(waits[:6]) + sorted(waits[6:], reverse=True)


def test_counts_lie_in_redis_and_not_in_one_processs_memory(ana: Person) -> None:
    Client(SERVER_NAME=HOST).post("/login/", {"email": ana.user.email, "password": "no"})
    keys = list(redis_client().scan_iter("login:*"))
    assert len(keys) == 2
    assert not any(ana.user.email in key for key in keys)


def test_no_token_or_password_is_logged(ana: Person, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    api = APIClient(SERVER_NAME=HOST)
    pair = api.post("/api/v1/auth/token", {"email": ana.user.email, "password": PASSWORD}).json()
    api.post("/api/v1/auth/token", {"email": ana.user.email, "password": "wrong-secret-word"})
    api.post("/api/v1/auth/refresh", {"refresh": pair["refresh"]})
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}x")
    api.get("/api/v1/leads/")
    for word in (PASSWORD, "wrong-secret-word", pair["access"], pair["refresh"]):
        assert word not in caplog.text


def test_an_unknown_account_costs_as_much_work_as_a_known_one(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in hashes, not by the clock."""
    from tenants import backends

    worked: list[str] = []
    really_make, really_check = backends.make_password, backends.check_password
    monkeypatch.setattr(backends, "make_password", lambda given: worked.append("hash") or really_make(given))
    monkeypatch.setattr(
        backends, "check_password", lambda given, kept: worked.append("hash") or really_check(given, kept)
    )
    counts = []
    for email in (cast["ana"].user.email, "nobody@acme.test"):
        worked.clear()
        Client(SERVER_NAME=HOST).post("/login/", {"email": email, "password": "no"})
        counts.append(len(worked))
    assert counts == [1, 1]


def test_a_suspended_or_pending_person_is_told_apart_only_after_the_right_password(cast: Cast) -> None:
    answers = set()
    for name in ("ana", "pia", "iris", "nobody"):
        email = cast[name].user.email if name != "nobody" else "nobody@acme.test"
        for door in ("login", "token"):
            body = json.dumps({"email": email, "password": "no"})
            answer = Client(SERVER_NAME=HOST).post(f"/api/v1/auth/{door}", body, content_type="application/json")
            answers.add((answer.status_code, answer.content))
    assert len(answers) == 1


def test_the_moment_of_a_token_is_its_own(ana: Person) -> None:
    before = int(time.time())
    read = tokens.read_access(tokens.access_token(ana.user))
    assert read is not None
    assert before <= read.since <= time.time()
