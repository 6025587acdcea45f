import copy
import random
import time
from datetime import UTC, datetime

import pytest

from messaging.providers.base import Echo, InboundMessage
from messaging.providers.chatwoot import signature
from messaging.providers.chatwoot.inbound import parse, whose
from tests.fakes import chatwoot_events as wire
from tests.messaging.providers.corpus_chatwoot import CORPUS

ODD = (None, [], {}, "", "x", -1, 10**30, True, 1.5, ["x"], {"id": []}, "\x00\ud800")


@pytest.mark.parametrize("body, becomes", [shape[1:] for shape in CORPUS], ids=[shape[0] for shape in CORPUS])
def test_each_shape_becomes_what_it_is(body, becomes):
    items = parse(body)
    assert tuple(type(item) for item in items) == becomes
    assert all(item.text for item in items if hasattr(item, "text"))


def test_whatever_is_broken_in_it_nothing_raises():
    dice = random.Random(6)
    for _name, body, _becomes in CORPUS * 6:
        if isinstance(body, dict):
            parse(_broken(copy.deepcopy(body), dice))


def _broken(body, dice):
    """One value somewhere inside is another one or gone."""
    spot = body
    while True:
        keys = list(spot) if isinstance(spot, dict) else list(range(len(spot)))
        key = dice.choice(keys)
        inner = spot[key]
        if isinstance(inner, dict | list) and inner and dice.random() < 0.7:
            spot = inner
            continue
        if dice.random() < 0.3 and isinstance(spot, dict):
            del spot[key]
        else:
            spot[key] = dice.choice(ODD)
        return body


def only(body):
    (item,) = parse(body)
    return item


def test_a_customer_is_answered_in_the_conversation_and_known_by_the_contact():
    item = only(wire.message("Hola", id=810, created_at="2026-11-20T12:00:00.000Z"))
    assert isinstance(item, InboundMessage)
    assert (item.channel_ref, item.message_id, item.text) == ("7", "810", "Hola")
    assert item.sender.ids == (("chatwoot", "150"), ("chatwoot_contact", "163"))
    assert (item.sender.name, item.sender.phone) == ("Ana Paz", wire.PHONE)
    assert item.timestamp == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert item.starts_turn


def test_somebody_without_a_phone_has_a_username():
    card = wire.contact(phone_number=None, additional_attributes={"social_profiles": {"instagram": "@ana"}})
    item = only(wire.message(sender=card, conversation=wire.conversation(channel="Channel::Instagram", person=card)))
    assert (item.sender.phone, item.sender.username) == (None, "ana")


def test_a_person_of_the_team_is_told_from_bots_rules_and_campaigns():
    typed = only(wire.outgoing("Ya le digo"))
    assert isinstance(typed, Echo)
    assert typed.payload["by"] == "Sol"
    assert typed.recipient.ids[0] == ("chatwoot", "150")
    assert "automatic" not in typed.payload
    for body in (
        wire.outgoing(author=wire.bot()),
        wire.outgoing(content_attributes={"automation_rule_id": 1}),
        wire.outgoing(additional_attributes={"campaign_id": 1}),
        wire.outgoing(message_type="template"),
        wire.outgoing(sender=None),
    ):
        assert only(body).payload["automatic"] is True


def test_what_chatwoot_heard_in_an_audio_is_what_was_said():
    item = only(wire.message(None, attachments=[wire.attachment("audio", transcribed_text="Quiero un turno")]))
    assert (item.kind, item.text, item.payload) == ("audio", "Quiero un turno", {"heard": True})
    assert item.media[0].url


def test_a_file_is_known_by_its_address():
    item = only(wire.message("Mirá", attachments=[wire.attachment("file", data_url="https://x.test/b/a%C3%B1o.pdf")]))
    (ref,) = item.media
    assert (item.kind, ref.filename, ref.mime, ref.caption) == ("document", "año.pdf", "application/pdf", "Mirá")
    assert item.text == "Mirá"


@pytest.mark.parametrize(
    "status, assignee, assignee_type, answered",
    [
        ("pending", None, None, True),
        ("open", None, None, True),
        ("open", wire.user(), None, False),
        ("open", wire.user(), "User", False),
        ("open", wire.bot(), "AgentBot", True),
        ("pending", wire.user(), "User", True),
    ],
)
def test_the_agent_does_not_talk_into_what_a_person_attends_there(status, assignee, assignee_type, answered):
    chat = wire.conversation(status=status)
    chat["meta"] |= {"assignee": assignee, "assignee_type": assignee_type}
    assert only(wire.message("Hola", conversation=chat)).starts_turn is answered


def test_a_choice_is_the_customers_answer():
    body = wire.outgoing(
        "¿Confirma?",
        id=900,
        event="message_updated",
        content_attributes={"submitted_values": [{"title": "Sí, mañana", "value": "si"}]},
    )
    item = only(body)
    assert (item.kind, item.text, item.message_id) == ("interactive", "Sí, mañana", "900:answer")
    assert item.sender.ids[0] == ("chatwoot", "150")


def test_a_failure_says_why_in_words():
    body = wire.outgoing(
        event="message_updated", status="failed", content_attributes={"external_error": "131047: Re-engagement message"}
    )
    item = only(body)
    assert (item.status, item.error_code, item.error_kind) == ("failed", "131047", "window")
    assert "24 horas" in item.error_text


def test_contacts_changes_keep_no_private_words():
    changed = [{"email": {"previous_value": "ana@acme.test", "current_value": "paz@acme.test"}}]
    item = only(wire.contact() | {"event": "contact_updated", "changed_attributes": changed})
    assert item.payload == {"contact": "163", "changed": ["email"]}


@pytest.mark.parametrize(
    "body",
    [
        wire.message(),
        wire.outgoing(),
        wire.outgoing(private=True),
        wire.status_changed(),
        wire.contact() | {"event": "contact_updated"},
        {"event": "webwidget_triggered", "id": 9, "contact": wire.contact()},
    ],
)
def test_a_body_says_whose_it_is(body):
    found = whose(body)
    assert ("chatwoot_contact", "163") in found
    assert found <= {("chatwoot", "150"), ("chatwoot_contact", "163"), ("phone", wire.PHONE[1:])}


def test_bodies_of_all_kinds_may_be_asked_whose_they_are():
    assert whose({"event": "inbox_updated", "id": 163, "inbox": {"id": 150}}) == set()
    for _name, body, _becomes in CORPUS:
        whose(body)


RAW = wire.dump(wire.message("¡Hola!"))


@pytest.mark.parametrize(
    "secrets, at, believed",
    [
        (["s3cret"], 0, True),
        (["old", "s3cret"], 0, True),
        (["s3cret"], -299, True),
        (["s3cret"], -301, False),
        (["s3cret"], 302, False),
        (["another"], 0, False),
        ([], 0, False),
        ([""], 0, False),
    ],
)
def test_a_signature_is_of_these_bytes_this_secret_and_this_moment(secrets, at, believed):
    headers = wire.signed(RAW, "s3cret", at=int(time.time()) + at)
    assert signature.verify(RAW, headers, secrets) is believed
    assert not signature.verify(RAW + b" ", headers, secrets)


@pytest.mark.parametrize("name", ["X-Chatwoot-Timestamp", "X-Chatwoot-Signature"])
def test_half_a_signature_is_none(name):
    headers = wire.signed(RAW, "s3cret")
    del headers[name]
    assert not signature.verify(RAW, headers, ["s3cret"])


def test_a_delivery_has_chatwoots_own_name():
    assert signature.event_key(RAW, {"x-chatwoot-delivery": "0f8b2c1e-9f4e-4a53-9a39-b64ad8ac7f0d"}).startswith("0f8b")
    assert signature.event_key(RAW, {}) == ""
    assert signature.event_key(RAW, {"x-chatwoot-delivery": "a" * 65}) == ""
