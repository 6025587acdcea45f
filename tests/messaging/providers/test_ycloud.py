"""What is YCloud's own: numbers with a plus, links with a key, its signature, and ids that agree with Meta's."""

import json

import pytest

from config.lib import http
from config.lib.errors import Invalid, ProviderError
from messaging.providers.base import Address, InboundMessage, MediaRef, Outgoing, OutgoingMedia
from messaging.providers.ycloud import errors, signature
from messaging.providers.ycloud.client import YCloudWhatsApp
from messaging.providers.ycloud.config import CONFIG
from messaging.providers.ycloud.templates import YCloudBook
from tests.fakes import ycloud as fake

ANA = Address("wa_id", "5491155551111")
# Computed apart with: printf '1654084800.{"a":"\\u00f1"}' | openssl dgst -sha256 -hmac whsec_abc
RAW = b'{"a":"\\u00f1"}'
SIGNED = "t=1654084800,s=bdbf17e0e86ae5ec3dc3afd9147409a0264cac42a84c1a1b9da20387e59d53d5"


@pytest.fixture
def ycloud():
    with fake.YCloudFake() as server:
        yield server


def whatsapp(ycloud: fake.YCloudFake, key: str = fake.KEY, phone_number: str = fake.NUMBER) -> YCloudWhatsApp:
    return YCloudWhatsApp(base_url=ycloud.url, phone_number=phone_number, api_key=key)


def test_a_text_travels_with_plus_signs_and_our_reference(ycloud):
    delivery = whatsapp(ycloud).send(Outgoing("text", ANA, text="Hola", reply_to="wamid.q", client_ref="out-42"))
    (sent,) = ycloud.sends
    assert sent["body"] == {
        "from": "+541150000000",
        "to": "+5491155551111",
        "type": "text",
        "text": {"body": "Hola", "preview_url": False},
        "context": {"message_id": "wamid.q"},
        "externalId": "out-42",
    }
    assert delivery.provider_message_id == sent["id"]
    assert delivery.ids == (("wa_id", "5491155551111"),)
    assert ("POST", "/v2/whatsapp/messages/sendDirectly") in ycloud.calls


def test_a_person_without_a_phone_is_a_recipient(ycloud):
    delivery = whatsapp(ycloud).send(Outgoing("text", Address("bsuid", fake.BSUID), text="Hola"))
    body = ycloud.sends[0]["body"]
    assert body["recipient"] == fake.BSUID
    assert "to" not in body
    assert delivery.ids == (("bsuid", fake.BSUID),)


def test_a_file_is_uploaded_first_and_a_link_is_passed_on(ycloud):
    pdf = OutgoingMedia("document", content=b"%PDF-1", mime="application/pdf", filename="año.pdf", caption="Mirá")
    whatsapp(ycloud).send(Outgoing("media", ANA, media=pdf))
    document = ycloud.sends[0]["body"]["document"]
    assert (document["caption"], document["filename"]) == ("Mirá", "año.pdf")
    assert ycloud.files[document["id"]] == (b"%PDF-1", "application/pdf")
    image = OutgoingMedia("image", link="https://shop.example/a.png", caption="Azul")
    whatsapp(ycloud).send(Outgoing("media", ANA, media=image))
    assert ycloud.sends[1]["body"]["image"] == {"link": "https://shop.example/a.png", "caption": "Azul"}


def test_a_lost_upload_may_be_repeated(ycloud):
    ycloud.script(fake.Rule("drop", at="upload"))
    with pytest.raises(ProviderError) as caught:
        media = OutgoingMedia("image", content=b"x", mime="image/png")
        whatsapp(ycloud).send(Outgoing("media", ANA, media=media))
    assert caught.value.kind == "retry"
    assert not ycloud.sends


def test_reading_and_typing_name_the_message(ycloud):
    whatsapp(ycloud).mark_read("wamid.q", typing=True)
    assert ycloud.reads == ["markAsRead wamid.q", "typingIndicator wamid.q"]


def test_the_key_is_shown_to_no_other_host(ycloud):
    with fake.YCloudFake(keys=("",)) as stranger:  # answers only whoever shows none
        found = whatsapp(ycloud).fetch_media(MediaRef(url=stranger.add_media(b"PNG", "image/png")))
    assert found.content == b"PNG"


def test_a_link_that_ran_out_at_a_store_says_nothing_about_the_key(ycloud):
    with fake.YCloudFake(keys=("another",)) as store, pytest.raises(ProviderError) as caught:
        whatsapp(ycloud).fetch_media(MediaRef(url=store.add_media(b"PNG", "image/png")))
    assert (caught.value.kind, caught.value.code) == ("permanent", "media_gone")


def test_a_failure_told_with_the_answer_is_a_refusal(ycloud, monkeypatch):
    made = {"id": "1", "wamid": "w", "status": "failed", "errorCode": "RECIPIENT_UNSUBSCRIBED"}
    monkeypatch.setattr(ycloud, "accept", lambda body: made)
    with pytest.raises(ProviderError) as caught:
        whatsapp(ycloud).send(Outgoing("text", ANA, text="Hola"))
    assert (caught.value.kind, caught.value.code) == ("permanent", "RECIPIENT_UNSUBSCRIBED")


def test_facts_are_of_our_number_on_whichever_page(ycloud):
    ycloud.numbers = [fake.number(f"+5411600{n:05d}", f"Otro {n}") for n in range(120)]
    ycloud.numbers.append(fake.number(quality="", qualityRating="YELLOW"))
    assert whatsapp(ycloud).facts()["quality"] == "YELLOW"
    with pytest.raises(ProviderError) as caught:
        whatsapp(ycloud, phone_number="+541199999999").facts()
    assert caught.value.code == "number_missing"
    assert "+541199999999" in caught.value.message


def test_a_check_tells_the_number_and_the_balance(ycloud):
    assert whatsapp(ycloud).check() == "+541150000000 · saldo 12.5 USD"


# --- what comes in -------------------------------------------------------------------------------------


def test_a_person_has_the_same_identity_as_at_meta():
    (item,) = YCloudWhatsApp.parse(
        fake.inbound(fromUserId=fake.BSUID, customerProfile={"name": "Ana", "username": "ana.b"})
    )
    assert isinstance(item, InboundMessage)
    assert item.sender.ids == (("wa_id", "5491155551111"), ("bsuid", fake.BSUID))
    assert (item.sender.phone, item.sender.name, item.sender.username) == ("+5491155551111", "Ana", "ana.b")
    assert item.channel_ref == fake.NUMBER
    assert item.message_id.startswith("wamid.")


def test_every_event_of_a_list_is_read():
    first, second = fake.inbound(content={"body": "uno"}), fake.inbound(content={"body": "dos"})
    assert [item.text for item in YCloudWhatsApp.parse([first, second])] == ["uno", "dos"]


def test_answers_are_read_in_both_spellings():
    snake = {"type": "button_reply", "button_reply": {"id": "y", "title": "Sí"}}
    camel = {"type": "buttonReply", "buttonReply": {"id": "y", "title": "Sí"}}
    found = [YCloudWhatsApp.parse(fake.inbound("interactive", one))[0] for one in (snake, camel)]
    assert [item.text for item in found] == ["Sí", "Sí"]
    assert found[0].payload == found[1].payload


def test_what_surrounds_a_message_is_read_in_camel_case_too():
    context, referral = {"id": "wamid.q", "forwarded": True}, {"sourceUrl": "https://fb.me/x", "ctwaClid": "c"}
    (item,) = YCloudWhatsApp.parse(fake.inbound(context=context, referral=referral))
    assert (item.reply_to, item.payload["forwarded"]) == ("wamid.q", True)
    assert item.referral == {"source_url": "https://fb.me/x", "ctwa_clid": "c"}
    (item,) = YCloudWhatsApp.parse(fake.inbound("contacts", [{"name": {"formattedName": "Luz Vera"}}]))
    assert "Luz Vera" in item.text


def test_a_file_is_known_by_its_link():
    link = "https://api.ycloud.com/v2/whatsapp/media/download/1"
    (item,) = YCloudWhatsApp.parse(
        fake.inbound("audio", {"id": "1", "link": link, "mime_type": "audio/ogg", "voice": True})
    )
    (ref,) = item.media
    assert (ref.url, ref.mime, ref.voice) == (link, "audio/ogg", True)


def test_metas_code_inside_a_failed_status_decides():
    coded = {"code": "131047", "message": "(#131047)"}
    (item,) = YCloudWhatsApp.parse(fake.status("wamid.o", "failed", errorCode="131047", whatsappApiError=coded))
    assert (item.error_kind, item.error_code) == ("window", "131047")
    (item,) = YCloudWhatsApp.parse(fake.status("wamid.o", "failed", errorCode="131026"))
    assert (item.error_kind, item.error_code) == ("permanent", "131026")
    (item,) = YCloudWhatsApp.parse(fake.status("wamid.o", "failed", errorCode="BALANCE_INSUFFICIENT"))
    assert "saldo" in item.error_text


def test_a_status_comes_at_its_own_time():
    (item,) = YCloudWhatsApp.parse(
        fake.status("w", "delivered", deliverTime="2026-11-20T12:00:07.500Z", externalId="ref")
    )
    assert item.at.isoformat() == "2026-11-20T12:00:07.500000+00:00"
    assert item.client_ref == "ref"


def test_a_templates_news_have_metas_names():
    inner = {
        "name": "recordatorio",
        "language": "es_AR",
        "status": "REJECTED",
        "reason": "INVALID_FORMAT",
        "wabaId": "7",
    }
    (item,) = YCloudWhatsApp.parse(fake.event("whatsapp.template.reviewed", "whatsappTemplate", inner))
    assert (item.kind, item.account_ref) == ("message_template_status_update", "7")
    value = item.payload["value"]
    assert (value["message_template_name"], value["event"]) == ("recordatorio", "REJECTED")
    assert value["message_template_language"] == "es_AR"


# --- the door ------------------------------------------------------------------------------------------


def test_time_and_raw_bytes_are_signed_with_the_whole_secret(monkeypatch):
    monkeypatch.setattr(signature.time, "time", lambda: 1654084800 + 299)
    assert signature.verify(RAW, {"YCloud-Signature": SIGNED}, ["whsec_abc"])
    assert not signature.verify(RAW, {"YCloud-Signature": SIGNED}, ["abc"])
    assert not signature.verify('{"a":"ñ"}'.encode(), {"YCloud-Signature": SIGNED}, ["whsec_abc"])


def test_an_event_is_known_by_its_own_name():
    event = fake.inbound()
    assert signature.event_key(fake.dump(event), {}) == event["id"]
    assert len(signature.event_key(fake.dump({"id": "x" * 500}), {})) == 64
    assert signature.event_key(fake.dump({"id": "x" * 500}), {}) != signature.event_key(
        fake.dump({"id": "x" * 501}), {}
    )


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"7", b'{"id": 7}', b'{"id": " "}', json.dumps([fake.inbound()]).encode()]
)
def test_what_has_no_name_goes_by_its_bytes(raw):
    assert signature.event_key(raw, {}) == ""


def test_a_channel_needs_its_number_in_full():
    cleaned = CONFIG.clean({"phone_number": " +541150000000 ", "odd": "x"})
    assert cleaned == {"phone_number": "+541150000000"}
    assert CONFIG.channel_ref(cleaned) == "+541150000000"
    for wrong in ("541150000000", "+54 11", ""):
        with pytest.raises(Invalid):
            CONFIG.clean({"phone_number": wrong})


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ({"code": "NOT_FOUND", "message": "Not_Found"}, str(errors.NOT_FOUND)),
        ({"code": "PARAM_INVALID", "message": "wabaId is invalid"}, str(errors.REJECTED)),
        (
            {"code": "BAD", "message": "x", "whatsappApiError": {"code": "100", "error_user_msg": "Falta un ejemplo."}},
            "Falta un ejemplo.",
        ),
    ],
)
def test_only_what_meta_says_to_the_writer_of_a_template_takes_the_place_of_our_words(
    monkeypatch: pytest.MonkeyPatch, error: dict[str, object], said: str
) -> None:
    refused = http.Response(404, {}, json.dumps({"error": error}).encode())
    monkeypatch.setattr(http, "request", lambda *_given, **_more: refused)
    with pytest.raises(ProviderError) as told:
        YCloudBook(root="http://ycloud.test", key="k", phone_number=fake.NUMBER, waba_id="7").listed()
    assert told.value.message == said
