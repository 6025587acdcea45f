"""Messenger and Instagram events: what each becomes, in words and in facts."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.providers.base import (
    Echo,
    InboundMessage,
    Notice,
    Reaction,
    ReadUpTo,
    Revoke,
    StatusUpdate,
)
from messaging.providers.meta_direct import parse
from tests.fakes import graph_pages as fb
from tests.messaging.providers.corpus_meta import INSTAGRAM, MESSENGER
from tests.messaging.providers.test_meta_hostile import anything, places, replaced, storable


def only(body: object) -> Any:
    (item,) = parse(body)
    return item


def wrote(message: dict[str, Any], **more: Any) -> Any:
    return only(fb.page(fb.event(message=message, **more)))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_value_in_any_place_is_borne(data: st.DataObject) -> None:
    _name, body, _kinds = data.draw(st.sampled_from([*MESSENGER, *INSTAGRAM]))
    path = data.draw(st.sampled_from(list(places(body))))
    found = parse(replaced(body, path, data.draw(anything)))
    assert found
    assert all(storable(item) for item in found)


def test_a_person_is_known_by_the_id_that_the_app_gives() -> None:
    on_page, direct = wrote(fb.said()), only(fb.instagram(fb.direct(message=fb.said())))
    assert (on_page.channel_ref, on_page.sender.ids) == (fb.PAGE_ID, (("psid", fb.PSID),))
    assert (direct.channel_ref, direct.sender.ids) == (fb.IG_ID, (("igsid", fb.IGSID),))
    assert on_page.sender.phone is None


def test_milliseconds_are_read() -> None:
    item = only(fb.page(fb.event(message=fb.said()) | {"timestamp": 1795000000123}))
    assert item.timestamp == datetime.fromtimestamp(1795000000, UTC)
    late = only(fb.page(fb.event(message=fb.said()) | {"timestamp": "soon"}))
    assert late.timestamp.year > 2020


@pytest.mark.parametrize(
    ("message", "kind", "text", "turn"),
    [
        (fb.said("¿Hay? 😀"), "text", "¿Hay? 😀", True),
        (fb.file("image"), "image", "Imagen", True),
        (fb.file("image") | {"text": "Mirá"}, "image", "Mirá", True),
        (fb.file("audio"), "audio", "Nota de voz", True),
        (fb.file("file", "https://cdn.fbsbx.com/v/a.pdf?oh=1"), "document", "a.pdf", True),
        (fb.file("sticker"), "sticker", "Sticker", True),
        (fb.file("ig_reel", title="Verano"), "video", "Compartió un reel: Verano", True),
        (fb.file("story_mention"), "image", "Mencionó a la empresa en su historia", True),
        (fb.file("share", "https://tienda.com"), "text", "Compartió una publicación: https://tienda.com", True),
        (
            {"mid": "m", "attachments": [{"type": "ephemeral"}]},
            "unsupported",
            "Foto o video que se ve una sola vez: verlo en el teléfono.",
            False,
        ),
        (
            {"mid": "m", "attachments": [{"type": "hologram"}]},
            "unsupported",
            "Mensaje de un tipo que no se puede mostrar aquí: verlo en el teléfono.",
            False,
        ),
        (
            {
                "mid": "m",
                "attachments": [{"type": "location", "payload": {"coordinates": {"lat": -34.6, "long": -58.4}}}],
            },
            "location",
            "Ubicación: -34.6, -58.4",
            True,
        ),
        (
            {"mid": "m", "attachments": [{"type": "fallback", "title": "Tienda", "payload": {"url": "https://x.com"}}]},
            "text",
            "Tienda\nhttps://x.com",
            True,
        ),
        (
            fb.said("ver https://x.com", attachments=[{"type": "fallback", "payload": {"url": "https://x.com"}}]),
            "text",
            "ver https://x.com",
            True,
        ),
        (fb.said("Sí", quick_reply={"payload": "yes"}), "interactive", "Sí", True),
    ],
    ids=map(str, range(15)),
)
def test_every_attachment_is_readable(message: dict[str, Any], kind: str, text: str, turn: bool) -> None:
    item = wrote(message)
    assert isinstance(item, InboundMessage)
    assert (item.kind, item.text, item.starts_turn) == (kind, text, turn)


def test_files_are_referred_to_by_their_address() -> None:
    two = wrote({"mid": "m", "attachments": [*fb.file("image", "https://a.fbcdn.net/1")["attachments"]] * 2})
    assert [ref.url for ref in two.media] == ["https://a.fbcdn.net/1"] * 2
    assert two.payload["placeholder"] is True
    assert wrote(fb.file("audio")).media[0].voice
    assert "placeholder" not in wrote(fb.file("image") | {"text": "Mirá"}).payload


def test_what_is_shared_from_elsewhere_is_no_file() -> None:
    for url in ("https://tienda.com/a.jpg", "http://a.fbcdn.net/1", "https://fbcdn.net.evil.test/1", "https://[::1"):
        item = wrote(fb.file("share", url))
        assert item.media == ()
        assert item.payload["shared"]["url"] == url


def test_facts_behind_the_words_are_kept() -> None:
    assert wrote(fb.said("Sí", quick_reply={"payload": "yes"})).payload["interactive"] == {
        "type": "quick_reply",
        "id": "yes",
    }
    tapped = only(fb.page(fb.event(postback={"title": "Empezar", "payload": "START"})))
    assert (tapped.kind, tapped.text, tapped.payload["button"]) == ("button", "Empezar", {"payload": "START"})
    story = wrote(fb.said(reply_to={"story": {"id": "179", "url": fb.FILE_URL}}))
    assert story.payload["story"] == {"id": "179", "url": fb.FILE_URL}
    assert wrote(fb.said(reply_to={"mid": "m_1"})).reply_to == "m_1"
    assert wrote(fb.file("ig_reel", reel_video_id="178")).payload["shared"]["reel_video_id"] == "178"


def test_an_ad_and_a_link_are_kept_as_told() -> None:
    ad = {"source": "ADS", "ad_id": "120", "ref": "verano"}
    assert wrote(fb.said(referral=ad)).referral == ad
    opened = only(fb.page(fb.event(referral=ad)))
    assert (opened.kind, opened.starts_turn, opened.referral) == ("request_welcome", False, ad)


def test_the_same_event_without_an_id_has_the_same_one_again() -> None:
    event = fb.event(postback={"title": "Empezar", "payload": "START"})
    assert only(fb.page(event)).message_id == only(fb.page(event)).message_id
    assert only(fb.page(event)).message_id != only(fb.page(event | {"timestamp": 1795000000123})).message_id


def test_an_echo_tells_to_whom_and_from_which_app() -> None:
    item = only(fb.page(fb.echo(metadata="0190", app_id=2011)))
    assert isinstance(item, Echo)
    assert item.recipient.ids == (("psid", fb.PSID),)
    assert item.payload == {"client_ref": "0190", "app_id": "2011"}
    assert only(fb.page(fb.echo(metadata="x" * 65))).payload == {}


def test_what_another_app_answers_is_kept_and_answered_by_nobody_here() -> None:
    for event in (fb.event(message=fb.said()), fb.event(postback={"title": "Empezar"})):
        item = only(fb.page(event, key="standby"))
        assert (item.starts_turn, item.payload["standby"]) == (False, True)


def test_a_deletion_and_an_edit_name_the_message() -> None:
    gone = wrote({"mid": "m_1", "is_deleted": True})
    assert isinstance(gone, Revoke)
    assert (gone.original_id, gone.from_business) == ("m_1", False)
    edits = [only(fb.page(fb.event(message_edit={"mid": "m_1", "text": "b", "num_edit": n}))) for n in (1, 2)]
    assert [(one.original_id, one.text) for one in edits] == [("m_1", "b")] * 2
    assert len({one.message_id for one in edits}) == 2


@pytest.mark.parametrize(
    ("given", "emoji"),
    [
        ({"action": "react", "emoji": "🔥", "reaction": "other"}, "🔥"),
        ({"action": "react", "reaction": "angry"}, "😡"),
        ({"action": "react"}, "❤️"),
        ({"action": "unreact", "emoji": "🔥"}, ""),
    ],
)
def test_a_reaction_is_shown_as_an_emoji(given: dict[str, str], emoji: str) -> None:
    item = only(fb.page(fb.event(reaction={"mid": "m_1", **given})))
    assert isinstance(item, Reaction)
    assert (item.target_id, item.emoji, item.from_business) == ("m_1", emoji, False)
    ours = only(fb.page(fb.event(sender=fb.PAGE_ID, to=fb.PSID, reaction={"mid": "m_1", **given})))
    assert (ours.from_business, ours.sender.ids) == (True, (("psid", fb.PSID),))


def test_what_was_seen_is_told_by_id_or_by_time() -> None:
    first, second = parse(fb.page(fb.event(delivery={"mids": ["m_1", "m_2"], "watermark": 1795000000123})))
    assert isinstance(first, StatusUpdate)
    assert isinstance(second, StatusUpdate)
    assert [first.message_id, second.message_id] == ["m_1", "m_2"]
    assert (first.status, first.at) == ("delivered", datetime.fromtimestamp(1795000000, UTC))
    until = only(fb.page(fb.event(read={"watermark": 1795000000123})))
    assert isinstance(until, ReadUpTo)
    assert (until.status, until.sender.ids, until.at) == ("read", (("psid", fb.PSID),), first.at)
    seen = only(fb.instagram(fb.direct(read={"mid": "m_1"})))
    assert (seen.message_id, seen.status) == ("m_1", "read")


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (fb.page(fb.event(optin={"ref": "x"})), "optin", "aceptó recibir avisos"),
        (fb.page(fb.event(take_thread_control={"metadata": ""})), "take_thread_control", "tomó la conversación"),
        (fb.page(fb.event(moon={"at": 1})), "unknown", "Messenger avisó algo"),
        (fb.instagram(fb.event(moon={"at": 1})), "unknown", "Instagram avisó algo"),
        (fb.instagram(7), "unreadable", "Llegó algo de Instagram"),  # type: ignore[arg-type]  # no event at all
    ],
    ids=["optin", "taken", "unknown", "unknown on Instagram", "unreadable"],
)
def test_what_is_no_message_becomes_a_visible_notice(body: object, kind: str, words: str) -> None:
    item = only(body)
    assert isinstance(item, Notice)
    assert item.kind == kind
    assert words in item.text
    assert item.payload["item"]
