"""Bodies of providers, as people may read them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.domain.masking import HIDDEN, LONGEST, readable

BODY = {
    "object": "whatsapp_business_account",
    "entry": [{"changes": [{"field": "messages", "value": {
        "contacts": [{"profile": {"name": "Ana Paz"}, "wa_id": "5491155551111"}],
        "messages": [{"type": "text", "text": {"body": "Me duele la muela"}, "errors": [{"code": 131051}]}],
    }}]}],
    "access_token": "t-1", "conversation": {"pubsub_token": "t-2", "hmac_identifier": "t-3"},
    "url": "https://cdn.example/f.jpg?oh=t-4&oe=t-5", "note": "EAAGm0PX4ZCpsBAKZC" + "x" * 40,
}  # fmt: skip


def test_words_are_readable_and_secrets_are_not() -> None:
    shown = readable(json.dumps(BODY), words=True)
    assert "Me duele la muela" in shown
    assert "131051" in shown
    assert "https://cdn.example/f.jpg?•••" in shown
    assert not any(secret in shown for secret in ("t-1", "t-2", "t-3", "t-4", "t-5", "EAAGm0"))


def test_without_the_right_to_words_only_the_shape_is_left() -> None:
    shown = readable(json.dumps(BODY), words=False)
    assert not any(said in shown for said in ("Ana", "5491155551111", "muela", "cdn.example"))
    assert '"type": "text"' in shown
    assert '"field": "messages"' in shown


@pytest.mark.parametrize("raw", ["no es JSON con 5491155551111", "[" * 5000])
def test_what_is_no_json_is_shown_only_to_whoever_may_read_words(raw: str) -> None:
    assert readable(raw, words=True)
    assert readable(raw, words=False) == HIDDEN


def test_a_deep_and_a_long_body_have_an_end() -> None:
    assert "…" in readable("[" * 500 + "]" * 500, words=True)
    assert len(readable(json.dumps(["x" * 100] * 2000), words=True)) <= LONGEST + 2


LEAF = st.none() | st.booleans() | st.integers() | st.text()
ANY = st.recursive(LEAF, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(ANY)
def test_no_secret_survives_under_its_name(body: Any) -> None:
    raw = json.dumps({"data": body, "ACCESS_TOKEN": "s3cr3t-value", "nested": [{"app_secret": ["s3cr3t-value"]}]})
    assert readable(raw, words=True).count("s3cr3t-value") == json.dumps(body).count("s3cr3t-value")
