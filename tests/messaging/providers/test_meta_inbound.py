import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from messaging.providers import provider_class
from messaging.providers.base import KINDS, Echo, Edit, InboundMessage, MediaRef, Notice, Reaction, Revoke, StatusUpdate
from tests.fakes import graph_events as events

FIXTURES = Path(__file__).parents[2] / "fixtures" / "webhooks" / "meta"
AT = datetime.fromtimestamp(1795000000, UTC)
WhatsApp = provider_class("meta_direct", "whatsapp")


def parse(case: str) -> list:
    return WhatsApp.parse(json.loads((FIXTURES / f"{case}.json").read_text()))


def only(case: str):
    (item,) = parse(case)
    return item


SAID = {
    "text": ("text", "¿Tienen la remera azul? 😀", True),
    "text_reply": ("text", "¿Sigue disponible?", True),
    "text_from_ad": ("text", "Quiero más información", True),
    "text_group": ("text", "Hola a todos", False),
    "text_bsuid_only": ("text", "Hola, sin número", True),
    "image": ("image", "Mirá esta", True),
    "image_without_caption": ("image", "Imagen", True),
    "video": ("video", "Así funciona", True),
    "audio": ("audio", "Audio", True),
    "voice": ("audio", "Nota de voz", True),
    "sticker": ("sticker", "Sticker", True),
    "document": ("document", "Presupuesto año 2026.pdf", True),
    "location": ("location", "Ubicación: Obelisco, Av. 9 de Julio, CABA (-34.603722, -58.381592)", True),
    "contacts": ("contacts", "Contacto: Luz Vera, +54 9 11 5555-2222, luz@example.com", True),
    "button_reply": ("interactive", "Sí, quiero", True),
    "list_reply": ("interactive", "Envío a domicilio - Llega en 2 días", True),
    "form_reply": ("interactive", "Sent\nnombre: Ana\ndia: martes", True),
    "template_button": ("button", "Confirmar", True),
    "order": ("order", "Pedido:\n2 × remera-azul (15000 ARS)\n1 × gorra (9000.5 ARS)\nPara el viernes", True),
    "system": ("system", "User Ana changed from 5491155551111 to 5491155553333", False),
    "unsupported": (
        "unsupported",
        "Mensaje de un tipo que no se puede mostrar aquí: verlo en el teléfono.",
        False,
    ),
    "unavailable": (
        "unsupported",
        "Mensaje que WhatsApp no pudo entregar por ahora: verlo en el teléfono.",
        False,
    ),
    "unknown_type": ("unsupported", "Mensaje de un tipo que no se puede mostrar aquí: verlo en el teléfono.", False),
    "request_welcome": ("request_welcome", "Abrió el chat", False),
}


@pytest.mark.parametrize("case", SAID)
def test_every_type_of_message_is_readable(case):
    item = only(case)
    kind, text, starts_turn = SAID[case]
    assert isinstance(item, InboundMessage)
    assert (item.kind, item.text, item.starts_turn) == (kind, text, starts_turn)
    assert item.kind in KINDS
    assert item.channel_ref == events.PHONE_NUMBER_ID
    assert item.message_id.startswith("wamid.")
    assert item.timestamp == AT


def test_a_sender_has_phone_name_and_id():
    sender = only("text").sender
    assert sender.ids == (("wa_id", "5491155551111"),)
    assert (sender.name, sender.phone) == ("Ana Paz", "+5491155551111")


def test_a_sender_without_a_phone_is_known_by_user_ids():
    sender = only("text_bsuid_only").sender
    assert sender.ids == (("bsuid", events.BSUID), ("parent_bsuid", events.PARENT_BSUID))
    assert (sender.phone, sender.username) == (None, "ana.b")


def test_ids_of_the_contact_card_complete_those_of_the_message():
    body = events.inbound(events.text(), contacts=[events.contact(user_id=events.BSUID)])
    (item,) = WhatsApp.parse(body)
    assert item.sender.ids == (("wa_id", events.CUSTOMER), ("bsuid", events.BSUID))


def test_a_card_of_somebody_else_gives_no_identity():
    stranger = events.contact("Otra", wa_id="5491155559999", user_id="AR.9")
    (item,) = WhatsApp.parse(events.inbound(events.text(), contacts=[stranger]))
    assert item.sender.ids == (("wa_id", events.CUSTOMER),)


def test_senders_of_a_batch_are_not_mixed_up():
    luz, ana = events.contact("Luz", wa_id="5491155552222"), events.contact("Ana")
    body = events.inbound(events.text("a"), events.text("b", sender="5491155552222"), contacts=[luz, ana])
    assert [(one.sender.name, one.text) for one in WhatsApp.parse(body)] == [("Ana", "a"), ("Luz", "b")]


def test_a_reply_keeps_what_it_answers_and_the_product():
    item = only("text_reply")
    assert item.reply_to == "wamid.Earlier"
    assert item.payload["forwarded"] is True
    assert item.payload["referred_product"]["product_retailer_id"] == "remera-azul"


def test_an_ad_is_kept_with_its_click():
    assert only("text_from_ad").referral["ctwa_clid"] == "clid-1"
    assert only("text").referral is None


def test_a_file_is_referred_to_by_its_id():
    (ref,) = only("document").media
    assert isinstance(ref, MediaRef)
    assert (ref.provider_media_id, ref.mime) == ("900000000000001", "application/pdf")
    assert ref.filename == "Presupuesto año 2026.pdf"
    assert ref.url == "https://lookaside.fbsbx.com/whatsapp/1"
    assert only("voice").media[0].voice
    assert only("image").media[0].caption == "Mirá esta"


def test_our_words_are_marked_as_ours():
    assert only("image_without_caption").payload["placeholder"] is True
    assert "placeholder" not in only("image").payload


def test_facts_behind_the_words_are_kept():
    assert only("button_reply").payload["interactive"]["id"] == "yes"
    assert only("template_button").payload["button"]["payload"] == "confirm"
    assert only("system").payload["system"]["wa_id"] == "5491155553333"
    assert only("unsupported").payload["errors"][0]["code"] == 131051
    assert only("unknown_type").payload["type"] == "hologram"
    assert only("order").payload["order"]["catalog_id"] == "1948"


def test_an_edit_changes_an_earlier_message():
    item = only("edit")
    assert isinstance(item, Edit)
    assert (item.original_id, item.text, item.from_business) == ("wamid.Earlier", "Mejor la roja", False)


def test_a_revocation_names_the_message():
    item = only("revoke")
    assert isinstance(item, Revoke)
    assert item.original_id == "wamid.Earlier"


@pytest.mark.parametrize("case, emoji", [("reaction", "👍"), ("reaction_removed", "")])
def test_a_reaction_belongs_to_an_earlier_message(case, emoji):
    item = only(case)
    assert isinstance(item, Reaction)
    assert (item.target_id, item.emoji, item.from_business) == ("wamid.Earlier", emoji, False)
    assert item.sender.ids == (("wa_id", events.CUSTOMER),)


def test_the_business_reacts_from_its_phone():
    (item,) = WhatsApp.parse(events.echo(events.reaction("wamid.a", "❤️")))
    assert isinstance(item, Reaction)
    assert (item.from_business, item.sender.ids) == (True, (("wa_id", events.CUSTOMER),))


def test_a_reaction_to_nothing_is_unreadable():
    (item,) = WhatsApp.parse(events.inbound(events.reaction("")))
    assert (type(item), item.kind) == (Notice, "unreadable")


def test_a_changed_number_names_the_old_and_the_new_one():
    assert only("system").payload["number_change"] == {"old": events.CUSTOMER, "new": "5491155553333"}
    (same,) = WhatsApp.parse(events.inbound(events.message("system", {"type": "user_identity_changed", "body": "x"})))
    assert "number_change" not in same.payload


def test_a_status_joins_by_id_and_by_our_reference():
    item = only("status_delivered")
    assert isinstance(item, StatusUpdate)
    assert (item.message_id, item.status, item.client_ref, item.at) == ("wamid.Ours", "delivered", "out:42", AT)
    assert item.recipient.ids == (("wa_id", events.CUSTOMER),)
    assert item.payload["pricing"]["category"] == "service"


def test_a_failed_status_says_why_and_what_to_do():
    item = only("status_failed")
    assert (item.status, item.error_code, item.error_kind) == ("failed", "131047", "window")
    assert "24 horas" in item.error_text


def test_a_played_voice_note_was_read():
    item = only("status_played")
    assert item.status == "read"
    assert ("bsuid", events.BSUID) in item.recipient.ids


def test_an_echo_tells_to_whom_the_business_wrote():
    item = only("echo")
    assert isinstance(item, Echo)
    assert item.recipient.ids == (("wa_id", events.CUSTOMER),)
    assert (item.kind, item.text) == ("text", "Te escribo yo, Teo")
    assert only("echo_image").media[0].provider_media_id


def test_the_business_edits_and_deletes_its_own_messages():
    edited, revoked = WhatsApp.parse(events.echo(events.edit("wamid.a", "otro"), events.revoke("wamid.b")))
    assert isinstance(edited, Edit)
    assert isinstance(revoked, Revoke)
    assert edited.from_business
    assert revoked.from_business


@pytest.mark.parametrize(
    "case, kind, words",
    [
        ("app_error", "provider_error", "más despacio"),
        ("template_status", "message_template_status_update", "recordatorio · REJECTED · INVALID_FORMAT"),
        ("number_quality", "phone_number_quality_update", "DOWNGRADE"),
        ("account_update", "account_update", "DISABLED_UPDATE"),
        ("user_preferences", "user_preferences", "promocionales"),
        ("history", "history", "chats anteriores"),
        ("contacts_sync", "smb_app_state_sync", "contactos"),
        ("unknown_field", "unknown", "todavía no se interpreta"),
    ],
)
def test_what_is_no_message_becomes_a_visible_notice(case, kind, words):
    item = only(case)
    assert isinstance(item, Notice)
    assert item.kind == kind
    assert words in item.text


def test_one_bad_item_never_drops_the_batch():
    first, bad, second = parse("batch_with_one_bad")
    assert (first.text, second.text) == ("uno", "dos")
    assert (bad.kind, bad.payload["item"]) == ("unreadable", "not an object")


def test_a_message_without_an_id_gets_one_that_stays_the_same():
    body = events.inbound({"from": events.CUSTOMER, "type": "text", "timestamp": "1795000000", "text": {"body": "a"}})
    (once,), (again,) = WhatsApp.parse(body), WhatsApp.parse(body)
    assert once.message_id
    assert once.message_id == again.message_id


def test_messages_of_an_old_chat_are_no_news():
    body = events.envelope(events.value(messages=[events.text("de ayer")]), fieldname="history")
    (item,) = WhatsApp.parse(body)
    assert (type(item), item.kind) == (Notice, "history")


def test_every_fixture_is_read_by_a_test():
    named = (
        set(SAID) | {"reaction", "reaction_removed"} | {"edit", "revoke", "echo", "echo_image", "batch_with_one_bad"}
    )
    named |= {"status_delivered", "status_failed", "status_played", "app_error", "template_status", "number_quality"}
    named |= {"account_update", "user_preferences", "history", "contacts_sync", "unknown_field"}
    assert {path.stem for path in FIXTURES.glob("*.json")} == named
