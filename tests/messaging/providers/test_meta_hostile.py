import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.providers.base import InboundMessage, Notice
from messaging.providers.clean import small, text
from messaging.providers.meta_direct.client import MetaWhatsApp
from messaging.providers.web.client import WebChat
from tests.fakes import graph_events as events

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
BUILDERS = [
    lambda: events.inbound(events.text("Hola")),
    lambda: events.inbound(events.media("document", filename="a.pdf")),
    lambda: events.inbound(events.location()),
    lambda: events.inbound(events.shared_contacts()),
    lambda: events.inbound(events.form_reply()),
    lambda: events.inbound(events.order()),
    lambda: events.inbound(events.reaction("wamid.a")),
    lambda: events.inbound(events.system()),
    lambda: events.inbound(events.unsupported()),
    lambda: events.inbound(events.from_ad()),
    lambda: events.inbound(events.edit("wamid.a", "b")),
    lambda: events.inbound(events.revoke("wamid.a")),
    lambda: events.statuses(events.status("wamid.a", "failed", error=131026)),
    lambda: events.echo(events.text("Hola")),
    lambda: events.event("message_template_status_update", event="APPROVED"),
]


def places(node, path=()):
    """The way to each value of a JSON document."""
    yield path
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, inner in entries:
        yield from places(inner, (*path, key))


def replaced(document, path, value):
    if not path:
        return value
    document = copy.deepcopy(document)
    node = document
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return document


def storable(item) -> bool:
    """PostgreSQL takes neither NUL nor half an emoji, and JSON knows no NaN."""
    strings = [getattr(item, name) for name in item.__slots__ if isinstance(getattr(item, name), str)]
    raw = json.dumps([strings, item.payload if hasattr(item, "payload") else {}], allow_nan=False, ensure_ascii=False)
    raw.encode()
    return "\\u0000" not in raw and "\x00" not in raw


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_any_value_in_any_place_is_borne(data):
    body = data.draw(st.sampled_from(BUILDERS))()
    path = data.draw(st.sampled_from(list(places(body))))
    found = MetaWhatsApp.parse(replaced(body, path, data.draw(anything)))
    assert found
    assert all(storable(item) for item in found)


@settings(max_examples=200, deadline=None)
@given(anything)
def test_any_body_leaves_a_trace(body):
    for adapter in (MetaWhatsApp, WebChat):
        found = adapter.parse(body)
        assert found
        assert all(storable(item) for item in found)


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1))
def test_a_text_is_kept_as_written(body):
    (item,) = MetaWhatsApp.parse(events.inbound(events.text(body)))
    assert item.text == body


def test_ten_thousand_characters_are_kept():
    body = "ñandú 😀 " * 1250
    (item,) = MetaWhatsApp.parse(events.inbound(events.text(body)))
    assert item.text == body


def test_nul_and_half_an_emoji_do_not_reach_the_database():
    (item,) = MetaWhatsApp.parse(events.inbound(events.text("a\x00b\ud83d")))
    assert item.text == "ab\ufffd"


def test_markup_is_text():
    (item,) = MetaWhatsApp.parse(events.inbound(events.text("<script>alert(1)</script>")))
    assert item.text == "<script>alert(1)</script>"


@pytest.mark.parametrize("when", ["", "x", None, -1, "99999999999999999", "²²²²²²²²²²", 1e308, [], "1"])
def test_an_absurd_time_becomes_now(when):
    (item,) = MetaWhatsApp.parse(events.inbound(events.text("a", timestamp=when)))
    assert item.timestamp.tzinfo
    assert 2020 < item.timestamp.year < 2100


def test_a_message_from_nobody_is_unreadable_but_kept():
    (item,) = MetaWhatsApp.parse(events.inbound(events.text("a", sender=None), contacts=[]))
    assert isinstance(item, Notice)
    assert item.kind == "unreadable"
    assert item.payload["item"]["text"]["body"] == "a"


def test_very_long_ids_stay_different():
    one, two = (events.text("a", id="x" * 5000 + end) for end in "ab")
    first, second = MetaWhatsApp.parse(events.inbound(one, two))
    assert isinstance(first, InboundMessage)
    assert len(first.message_id) <= 200
    assert first.message_id != second.message_id


def test_a_body_nested_without_end_is_cut():
    deep: object = "x"
    for _ in range(5000):
        deep = [deep]
    for body in (deep, events.inbound(events.message("location", deep)), events.event("odd", value=deep)):
        assert MetaWhatsApp.parse(body)
    assert json.dumps(small(deep))


def test_numbers_and_truths_are_not_taken_for_text():
    assert text(True) == ""
    assert text(5) == "5"
    assert text(10**5000) == ""
