"""What YCloud sends, one shape each: (name, body, what it must become). Composed from the documented field names."""

from typing import Any

from messaging.providers.base import Echo, Edit, InboundMessage, Notice, Reaction, Revoke, StatusUpdate
from tests.fakes import ycloud as fake

FILE = {"id": "9001", "link": "https://api.ycloud.com/v2/whatsapp/media/download/9001", "sha256": "aGVsbG8="}
CARD = {"name": {"formatted_name": "Luz Vera"}, "phones": [{"phone": "+54 9 11 5555-2222"}]}
REFERRAL = {
    "source_url": "https://fb.me/x",
    "source_type": "ad",
    "source_id": "12",
    "headline": "Oferta",
    "ctwa_clid": "c",
}
ITEMS = [{"product_retailer_id": "gorra", "quantity": 2, "item_price": 9000.5, "currency": "ARS"}]
CODED = {"message": "(#131047)", "type": "OAuthException", "code": "131047", "error_data": {"details": "24 hours"}}
Shape = tuple[str, Any, tuple[type, ...]]


def _file(mime: str, **more: Any) -> dict[str, Any]:
    return FILE | {"mime_type": mime} | more


def _reply(kind: str, inner: dict[str, Any]) -> dict[str, Any]:
    return fake.inbound("interactive", {"type": kind, kind: inner}, context={"from": fake.NUMBER, "id": "wamid.q"})


def _event(kind: str, key: str = "", **inner: Any) -> dict[str, Any]:
    return fake.event(kind, key or "whatsappPhoneNumber", {"wabaId": fake.WABA, **inner})


def _template(kind: str, **more: Any) -> dict[str, Any]:
    inner = {"officialTemplateId": "77", "name": "recordatorio", "language": "es_AR", "status": "APPROVED"} | more
    return _event(f"whatsapp.template.{kind}", "whatsappTemplate", **inner)


_M, _S, _N = (InboundMessage,), (StatusUpdate,), (Notice,)

MESSAGES: list[Shape] = [
    ("text", fake.inbound(), _M),
    ("text with accents and emoji", fake.inbound(content={"body": "¿Qué tal? 😀"}), _M),
    ("empty text", fake.inbound(content={"body": ""}), _M),
    ("image", fake.inbound("image", _file("image/jpeg", caption="Mirá")), _M),
    ("image without caption", fake.inbound("image", _file("image/jpeg")), _M),
    ("image in camel case", fake.inbound("image", FILE | {"mimeType": "image/png"}), _M),
    ("video", fake.inbound("video", _file("video/mp4")), _M),
    ("voice note", fake.inbound("audio", _file("audio/ogg; codecs=opus", voice=True)), _M),
    ("audio file", fake.inbound("audio", _file("audio/mpeg")), _M),
    ("document", fake.inbound("document", _file("application/pdf", filename="año.pdf")), _M),
    ("sticker", fake.inbound("sticker", _file("image/webp", animated=True)), _M),
    ("media without link", fake.inbound("image", {"id": "9001", "mime_type": "image/jpeg"}), _M),
    ("location", fake.inbound("location", {"latitude": -34.6, "longitude": -58.4, "name": "Obelisco"}), _M),
    ("contacts", fake.inbound("contacts", [CARD]), _M),
    ("button reply", _reply("button_reply", {"id": "yes", "title": "Sí"}), _M),
    ("list reply", _reply("list_reply", {"id": "2", "title": "Dos", "description": "El segundo"}), _M),
    (
        "button reply in camel case",
        fake.inbound("interactive", {"type": "button_reply", "buttonReply": {"id": "y"}}),
        _M,
    ),
    ("list reply all in camel case", _reply("listReply", {"id": "2", "title": "Dos"}), _M),
    ("form reply", _reply("nfm_reply", {"name": "flow", "response_json": '{"dia": "martes"}'}), _M),
    ("form reply in camel case", _reply("nfmReply", {"name": "flow", "responseJson": '{"dia": "martes"}'}), _M),
    ("template button", fake.inbound("button", {"payload": "ok", "text": "Confirmar"}), _M),
    ("reaction", fake.inbound("reaction", {"message_id": "wamid.q", "emoji": "👍"}), (Reaction,)),
    ("reaction taken back", fake.inbound("reaction", {"message_id": "wamid.q", "emoji": ""}), (Reaction,)),
    ("reaction in camel case", fake.inbound("reaction", {"messageId": "wamid.q", "emoji": "❤"}), (Reaction,)),
    ("order", fake.inbound("order", {"catalog_id": "1", "text": "Para hoy", "product_items": ITEMS}), _M),
    ("order in camel case", fake.inbound("order", {"catalogId": "1", "productItems": ITEMS}), _M),
    ("changed number", fake.inbound("system", {"type": "user_changed_number", "wa_id": "54911", "body": "Cambió"}), _M),
    ("unsupported", fake.inbound("unsupported", errors=[{"code": "131051", "title": "Unknown"}]), _M),
    ("unavailable", fake.inbound("unsupported", errors=[{"code": "131060", "title": "Unavailable"}]), _M),
    ("a type of tomorrow", fake.inbound("hologram", {"id": "1"}), _M),
    ("without type", fake.inbound(type=None), _M),
    ("edit", fake.inbound("edit", {"original_message_id": "wamid.q", "message": {"type": "text"}}), (Edit,)),
    ("revoke in camel case", fake.inbound("revoke", {"originalMessageId": "wamid.q"}), (Revoke,)),
    ("opened the chat", fake.inbound("request_welcome"), _M),
    ("reply", fake.inbound(context={"from": fake.NUMBER, "id": "wamid.q"}), _M),
    ("forwarded", fake.inbound(context={"forwarded": True}), _M),
    ("from an ad", fake.inbound(referral=REFERRAL), _M),
    ("a person without phone", fake.inbound(**{"from": None}, fromUserId=fake.BSUID), _M),
    ("with every id", fake.inbound(fromUserId=fake.BSUID, fromParentUserId="AR.ENT.1"), _M),
    ("with a user name", fake.inbound(customerProfile={"name": "Ana", "username": "ana.b"}), _M),
    ("without profile", fake.inbound(customerProfile=None), _M),
    ("from nobody", fake.inbound(**{"from": None}), _N),
    ("without wamid", fake.inbound(wamid=None), _M),
    ("without time", fake.inbound(sendTime=None), _M),
    ("with an absurd time", fake.inbound(sendTime="tomorrow"), _M),
    ("in a group", fake.inbound(groupId="g-1"), _M),
]
STATUSES: list[Shape] = [
    *(
        (f"status {one}", fake.status("wamid.o", one, externalId="ref"), _S)
        for one in ("sent", "delivered", "read", "failed")
    ),
    ("failed at Meta", fake.status("wamid.o", "failed", errorCode="131047", whatsappApiError=CODED), _S),
    ("failed for lack of balance", fake.status("wamid.o", "failed", errorCode="BALANCE_INSUFFICIENT"), _S),
    ("failed before WhatsApp", fake.status("", "failed", errorCode="RECIPIENT_UNSUBSCRIBED", externalId="ref"), _S),
    ("status to a user id", fake.status("wamid.o", to=None, recipientUserId=fake.BSUID), _S),
    ("accepted", fake.status("wamid.o", "accepted"), _S),
    ("status of tomorrow", fake.status("wamid.o", "pondered"), _N),
    ("status of no message", fake.status("", id=None), _N),
]
ECHOES: list[Shape] = [
    ("echo", fake.echo(), (Echo,)),
    ("echo of another spelling", fake.echo(kind="whatsapp.smb.message.created"), (Echo,)),
    ("echo of an agent", fake.echo(kind="whatsapp.echo_message.created", recipientUserId=fake.BSUID), (Echo,)),
    ("echo said again", fake.echo(kind="whatsapp.echo_message.updated"), (Echo,)),
    ("echo delivered", fake.echo(kind="whatsapp.echo_message.updated", status="delivered"), _S),
    ("echo of the oldest spelling", fake.echo(kind="whatsapp.message.echo"), (Echo,)),
    ("echo of an image", fake.echo(type="image", text=None, image=_file("image/jpeg")), (Echo,)),
    ("echo of a reaction", fake.echo(type="reaction", reaction={"message_id": "wamid.q", "emoji": "👍"}), (Reaction,)),
    ("echo to a user id", fake.echo(to=None, toUserId=fake.BSUID), (Echo,)),
    ("echo to nobody", fake.echo(to=None), _N),
    ("old chats", fake.event("whatsapp.smb.history", "whatsappInboundMessage", {"type": "text"}), _N),
    ("old chats, how far", fake.event("whatsapp.smb.history", "whatsappSmbHistory", {"progress": 10}), _N),
]
EVENTS: list[Shape] = [
    ("template approved", _template("reviewed"), _N),
    ("template rejected", _template("reviewed", status="REJECTED", reason="INVALID_FORMAT"), _N),
    ("template quality", _template("quality_updated", qualityRating="RED"), _N),
    ("template category", _template("category_updated", category="MARKETING", previousCategory="UTILITY"), _N),
    (
        "number quality",
        _event("whatsapp.phone_number.quality_updated", phoneNumber=fake.NUMBER, qualityRating="RED"),
        _N,
    ),
    ("number name", _event("whatsapp.phone_number.name_updated", phoneNumber=fake.NUMBER, decision="APPROVED"), _N),
    ("number gone", _event("whatsapp.phone_number.deleted", phoneNumber=fake.NUMBER), _N),
    ("account changed", _event("whatsapp.business_account.updated", "whatsappBusinessAccount", event="DISABLED"), _N),
    ("account gone", _event("whatsapp.business_account.deleted", "whatsappBusinessAccount"), _N),
    ("preferences", _event("whatsapp.user.preferences", "whatsappUserPreferences", value="stop"), _N),
    ("call", _event("whatsapp.call.connect", "whatsappCall"), _N),
    ("payment", _event("whatsapp.payment.updated", "whatsappPayment"), _N),
    ("contact of the address book", fake.event("contact.attributes_changed", "contactAttributesChanged", {}), _N),
    ("an event of tomorrow", fake.event("whatsapp.moon.risen", "whatsappMoon", {"at": 1}), _N),
    (
        "several events at once",
        [fake.inbound(), fake.status("wamid.o"), fake.echo()],
        (InboundMessage, StatusUpdate, Echo),
    ),
    ("several with a bad one", [fake.inbound(), 7, fake.echo()], (InboundMessage, Notice, Echo)),
    ("a message that is none", fake.event("whatsapp.inbound_message.received", "whatsappInboundMessage", "x"), _N),
    ("a status that is none", fake.event("whatsapp.message.updated", "whatsappMessage", None), _N),
    ("no type", {"id": "evt_1"}, _N),
    ("empty list", [], _N),
    ("nothing", {}, _N),
    ("null", None, _N),
]
CORPUS: list[Shape] = [*MESSAGES, *STATUSES, *ECHOES, *EVENTS]
