"""One shape for every refusal, whatever a caller sends."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

Api = Callable[..., APIClient]
NO_ID = "0190a0b0-0000-7000-8000-000000000000"


def assert_refusal(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content[:300]
    assert answer["Content-Type"].startswith("application/json")
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "fields"}
    assert error["code"]
    assert error["message"]
    return error


def raw(api: APIClient, body: bytes, path: str = "/api/v1/contacts/", kind: str = "application/json") -> Any:
    return api.generic("POST", path, body, content_type=kind)


@pytest.mark.parametrize(
    "path",
    [
        "nowhere",
        "leads/not-an-id/",
        f"leads/{NO_ID}/nothing",
        f"leads/{NO_ID}/",
        "leads/1",
        "leads/%00/",
        "agents/../x/",
        "",
    ],
)
@pytest.mark.parametrize("verb", ["get", "post", "patch", "delete"])
def test_unknown_addresses_and_ids_do_not_exist(api_as: Api, path: str, verb: str) -> None:
    answer = getattr(api_as("ana"), verb)(f"/api/v1/{path}")
    if answer.status_code != 405:
        assert_refusal(answer, 404)


def test_a_stranger_learns_nothing_from_unknown_ids(api_as: Api) -> None:
    assert_refusal(api_as(None).get(f"/api/v1/leads/{NO_ID}/"), 401)


@pytest.mark.parametrize("path", ["leads", "leads/", "stages", "settings", "auth/me"])
def test_the_last_slash_does_not_matter(api_as: Api, path: str) -> None:
    assert api_as("ana").get(f"/api/v1/{path}").status_code == 200


def test_a_verb_that_an_address_does_not_know_is_a_405(api_as: Api) -> None:
    answer = api_as("ana").put("/api/v1/leads/", {})
    assert_refusal(answer, 405)
    assert "POST" in answer["Allow"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b'{"name": "\\u0000"}',
        b'{"custom": {"a": ["\\ud800"]}}',
        b'{"custom": {"\\u0000": 1}}',
        b'{"custom": {"a": 1e999}}',
        b'{"custom": {"a": NaN}}',
        b'{"custom": ' + b'{"a":' * 60 + b"1" + b"}" * 61,
        b"[" * 100_000,
        b'{"custom": {"a": ' + b"9" * 5000 + b"}}",
        b"[]",
        b'"text"',
        b"null",
        b"7",
    ],
)
def test_a_body_that_cannot_be_read_or_stored_is_a_400(api_as: Api, body: bytes) -> None:
    assert_refusal(raw(api_as("ana"), body), 400)


def test_a_body_that_is_too_large_is_a_413(api_as: Api) -> None:
    assert_refusal(raw(api_as("ana"), json.dumps({"notes": "x" * 3_000_000}).encode()), 413)


def test_a_body_of_another_kind_is_a_415(api_as: Api) -> None:
    assert_refusal(raw(api_as("ana"), b"name=Ada", kind="application/x-www-form-urlencoded"), 415)


@pytest.mark.parametrize("name", ["limit", "cursor"])
@pytest.mark.parametrize("value", ["x", "-1", "0", "²", "9" * 5000, "\x00", "W1tbW1tb", "WzAsIjEiLCIyIl0"])
def test_a_broken_page_is_a_400_or_passed_over(api_as: Api, name: str, value: str) -> None:
    answer = api_as("ana").get("/api/v1/contacts/", {name: value})
    assert answer.status_code == (200 if name == "limit" else 400)


@pytest.mark.parametrize(
    "query", ["search=%00", "search=%F0%9F%98%80", "search=%27%3B--", "search=a%26%7C!:*", "source=%00"]
)
def test_hostile_words_are_only_words(api_as: Api, query: str) -> None:
    assert api_as("ana").get(f"/api/v1/leads/?{query}").status_code in (200, 400)


def test_hostile_markup_is_kept_as_it_was_written(api_as: Api) -> None:
    name = "<script>alert(1)</script> 'Robert'); drop table--  😀"
    made = api_as("ana").post("/api/v1/contacts/", {"name": name}).json()
    assert made["name"] == name


def test_answers_speak_the_callers_language(api_as: Api) -> None:
    spanish = api_as("ana").get("/api/v1/nowhere", HTTP_ACCEPT_LANGUAGE="es").json()["error"]["message"]
    english = api_as("ana").get("/api/v1/nowhere", HTTP_ACCEPT_LANGUAGE="en").json()["error"]["message"]
    assert spanish == "No existe."
    assert english


def test_every_answer_carries_the_security_headers(api_as: Api) -> None:
    for path in ("leads/", "nowhere", "schema/", "docs/", "auth/me"):
        answer = api_as("ana").get(f"/api/v1/{path}")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["X-Frame-Options"] == "DENY"
        assert "unsafe-inline" not in answer["Content-Security-Policy"]
        assert answer["Permissions-Policy"]
