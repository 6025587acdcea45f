import json

import pytest

from messaging.providers.meta_direct.client import MetaWhatsApp
from messaging.providers.meta_direct.signature import handshake
from tests.fakes import graph_events as events

# Computed apart with: printf '{"a":"\\u00f1"}' | openssl dgst -sha256 -hmac secret
RAW = b'{"a":"\\u00f1"}'
SIGNED = "sha256=825d4cfc935f0e0107bac2de5a4ecd896fa5e0e1abe440b618e0a8ee8be5495f"


def test_the_raw_bytes_are_what_is_signed():
    assert MetaWhatsApp.verify(RAW, {"X-Hub-Signature-256": SIGNED}, ["secret"])
    rewritten = json.dumps(json.loads(RAW), ensure_ascii=False).encode()
    assert not MetaWhatsApp.verify(rewritten, {"X-Hub-Signature-256": SIGNED}, ["secret"])


def test_the_name_of_the_header_is_read_in_any_case():
    assert MetaWhatsApp.verify(RAW, {"x-hub-signature-256": SIGNED}, ["secret"])


def test_any_of_several_secrets_will_do_while_one_is_rotated():
    assert MetaWhatsApp.verify(RAW, {"X-Hub-Signature-256": SIGNED}, ["new", "", "secret"])


@pytest.mark.parametrize("secrets", [[], [""], ["other"]])
def test_without_the_right_secret_nothing_passes(secrets):
    assert not MetaWhatsApp.verify(RAW, {"X-Hub-Signature-256": SIGNED}, secrets)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "sha256=",
        SIGNED.removeprefix("sha256="),
        SIGNED.upper(),
        SIGNED + "\n",
        SIGNED[:-1],
        "sha1=" + "a" * 40,
        "sha256=" + "ñ" * 64,
        "sha256=" + "0" * 64,
    ],
)
def test_a_signature_of_another_form_is_refused(given):
    assert not MetaWhatsApp.verify(RAW, {"X-Hub-Signature-256": given}, ["secret"])


def test_a_missing_header_is_refused():
    assert not MetaWhatsApp.verify(RAW, {}, ["secret"])


def test_the_fake_signs_as_meta_does():
    raw = events.dump(events.inbound(events.text("¿Qué tal? / 😀")))
    assert b"\\u" in raw
    assert b"\\/" in raw
    assert MetaWhatsApp.verify(raw, {"X-Hub-Signature-256": events.sign(raw, "s")}, ["s"])


ASKED = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "ours"}


def test_the_challenge_comes_back_as_it_came():
    assert handshake(ASKED, ["ours"]) == "1158201444"


@pytest.mark.parametrize(
    "change",
    [
        {"hub.mode": "unsubscribe"},
        {"hub.verify_token": "theirs"},
        {"hub.verify_token": ""},
        {"hub.challenge": ""},
        {"hub.challenge": "<script>"},
    ],
)
def test_a_wrong_handshake_is_refused(change):
    assert handshake(ASKED | change, ["ours"]) is None


def test_no_token_of_ours_opens_nothing():
    assert handshake(ASKED | {"hub.verify_token": ""}, [""]) is None
    assert handshake({}, []) is None


def test_an_empty_secret_signs_nothing():
    assert not MetaWhatsApp.verify(RAW, {"X-Hub-Signature-256": events.sign(RAW, "")}, [""])
