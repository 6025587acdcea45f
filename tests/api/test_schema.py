"""The description of the API is complete, valid and served under the strict content policy."""

import io
import re
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver
from rest_framework.test import APIClient

from tests.support.statements import statements


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    answer: Any = APIClient(SERVER_NAME="localhost").get("/api/v1/schema/", {"format": "json"})
    assert answer.status_code == 200
    return answer.json()


def test_it_is_made_without_a_warning() -> None:
    call_command("spectacular", "--fail-on-warn", "--validate", stdout=io.StringIO())


def test_every_address_is_in_it(described: dict[str, Any]) -> None:
    api = next(each for each in get_resolver().url_patterns if str(each.pattern) == "api/v1/")
    routes = [str(each.pattern) for part in api.url_patterns for each in getattr(part, "url_patterns", [])]
    expected = {
        "/api/v1/"
        + re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", route).strip("^$").replace("/?", "/").replace("{pk}", "{id}")
        for route in routes
        if "schema" not in route and "docs" not in route
    }
    assert expected == set(described["paths"])


def test_every_operation_says_what_it_does_and_how_it_refuses(described: dict[str, Any]) -> None:
    for path, verbs in described["paths"].items():
        for verb, operation in verbs.items():
            assert operation.get("description"), (verb, path)
            assert "permission" not in operation["description"], (verb, path)
            assert "default" in operation["responses"], (verb, path)
            if verb != "get" and "/auth/" not in path:
                assert "Idempotency-Key" in [each["name"] for each in operation["parameters"]], (verb, path)


def test_no_answer_has_a_field_for_a_secret(described: dict[str, Any]) -> None:
    fields = {
        field
        for name, shape in described["components"]["schemas"].items()
        if name.endswith("Out")
        for field in shape.get("properties", {})
    }
    assert not fields & {"value_sealed", "sealed", "wrapped", "password", "token_hash", "search_text", "turn_token"}


def test_the_page_has_no_inline_script_or_style(db: None) -> None:
    browser = Client(SERVER_NAME="localhost")
    page = browser.get("/api/v1/docs/")
    html = page.content.decode()
    assert page.status_code == 200
    assert "<style" not in html
    assert "//" not in re.sub(r"<!.*?>", "", html)
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert not re.search(r"\son\w+=|style=", html)
    script = next(each for each in re.findall(r'<script src="([^"]+)"', html) if "script" in each.split("?")[-1])
    answer = browser.get(script.replace("&amp;", "&"))
    assert answer["Content-Type"].startswith("application/javascript")
    assert 'url: "/api/v1/schema"' in answer.content.decode()


def test_page_and_description_need_no_database(db: None) -> None:
    browser = Client(SERVER_NAME="localhost")
    with statements() as seen:
        assert browser.get("/api/v1/docs/").status_code == 200
        assert browser.get("/api/v1/schema/").status_code == 200
    assert seen.count == 0, str(seen)
