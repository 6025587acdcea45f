"""Signed WhatsApp webhooks, composed from the documented field names: one builder per thing that Meta sends."""

import hashlib
import hmac
import itertools
import json
import time
import urllib.error
import urllib.request
import uuid
from typing import Any

PHONE_NUMBER_ID = "106500000000001"
WABA_ID = "419500000000001"
DISPLAY_PHONE = "5491155550000"
CUSTOMER = "5491155551111"
BSUID = "AR.1349120987654321"
PARENT_BSUID = "AR.ENT.1189990001"

_counter = itertools.count(1)
Json = dict[str, Any]

#: What Graph tells of a number that is asked for it.
NUMBER: Json = {
    "display_phone_number": "+54 9 11 5555-0000",
    "verified_name": "Acme",
    "quality_rating": "GREEN",
    "messaging_limit_tier": "TIER_1K",
    "throughput": {"level": "STANDARD"},
    "status": "CONNECTED",
    "name_status": "APPROVED",
    "platform_type": "CLOUD_API",
    "is_on_biz_app": False,
}


def wamid() -> str:
    return f"wamid.HBg{next(_counter):06d}{uuid.uuid4().hex}"


def now() -> str:
    return str(int(time.time()))


def sign(raw: bytes, secret: str) -> str:
    """Value of `X-Hub-Signature-256`."""
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def dump(payload: Any) -> bytes:
    """Bytes as Meta writes them: unicode and slashes escaped, so a re-serialised body has another signature."""
    return json.dumps(payload, separators=(",", ":")).replace("/", "\\/").encode()


def post(url: str, payload: Any, secret: str, *, timeout: float = 10.0) -> int:
    """Deliver one webhook; the HTTP status, or 0 if nobody answered."""
    raw = payload if isinstance(payload, bytes) else dump(payload)
    request = urllib.request.Request(
        url, data=raw, headers={"Content-Type": "application/json", "X-Hub-Signature-256": sign(raw, secret)}
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


# --- envelopes -----------------------------------------------------------------------------------------


def envelope(*values: Json, fieldname: str = "messages") -> Json:
    """One POST with a change for each value: a batch when there are several."""
    changes = [{"field": fieldname, "value": value} for value in values]
    return {"object": "whatsapp_business_account", "entry": [{"id": WABA_ID, "changes": changes}]}


def value(phone_number_id: str = PHONE_NUMBER_ID, **parts: Any) -> Json:
    metadata = {"display_phone_number": DISPLAY_PHONE, "phone_number_id": phone_number_id}
    return {"messaging_product": "whatsapp", "metadata": metadata, **parts}


def contact(name: str = "Ana Paz", wa_id: str | None = CUSTOMER, user_id: str | None = None, **more: Any) -> Json:
    profile = {"name": name, **({"username": more.pop("username")} if "username" in more else {})}
    ids = {key: one for key, one in (("wa_id", wa_id), ("user_id", user_id)) if one}
    return {"profile": profile, **ids, **more}


def inbound(
    *messages: Json,
    contacts: list[Json] | None = None,
    phone_number_id: str = PHONE_NUMBER_ID,
) -> Json:
    """Messages of one customer as one webhook; contacts are made of the senders when not given."""
    if contacts is None:
        senders = dict.fromkeys(one["from"] for one in messages if "from" in one)
        contacts = [contact(wa_id=sender) for sender in senders]
    return envelope(value(phone_number_id, contacts=contacts, messages=list(messages)))


def message(kind: str, body: Any = None, *, sender: str | None = CUSTOMER, **more: Any) -> Json:
    """A message of any type; `body` goes under the type's own key. `more` overrides id, timestamp, context…"""
    made: Json = {"id": wamid(), "timestamp": now(), "type": kind}
    if sender:
        made["from"] = sender
    if body is not None:
        made[kind] = body
    return made | more


# --- one builder per message type ----------------------------------------------------------------------


def text(body: str = "Hola", **more: Any) -> Json:
    return message("text", {"body": body}, **more)


def media(kind: str, media_id: str = "900000000000001", mime: str = "image/jpeg", **more: Any) -> Json:
    """Image, video, audio, sticker or document; caption, filename, voice, animated, url go into the object."""
    names = ("caption", "filename", "voice", "animated", "url")
    inner = {name: more.pop(name) for name in names if name in more}
    digest = hashlib.sha256(media_id.encode()).hexdigest()
    return message(kind, {"id": media_id, "mime_type": mime, "sha256": digest, **inner}, **more)


def location(**more: Any) -> Json:
    place = {"latitude": -34.603722, "longitude": -58.381592, "name": "Obelisco", "address": "Av. 9 de Julio, CABA"}
    return message("location", place, **more)


def shared_contacts(**more: Any) -> Json:
    card = {
        "name": {"formatted_name": "Luz Vera", "first_name": "Luz"},
        "phones": [{"phone": "+54 9 11 5555-2222", "wa_id": "5491155552222", "type": "CELL"}],
        "emails": [{"email": "luz@example.com", "type": "WORK"}],
    }
    return message("contacts", [card], **more)


def button_reply(title: str = "Sí, quiero", button_id: str = "yes", **more: Any) -> Json:
    inner = {"type": "button_reply", "button_reply": {"id": button_id, "title": title}}
    return message("interactive", inner, **({"context": {"from": DISPLAY_PHONE, "id": wamid()}} | more))


def list_reply(title: str = "Envío a domicilio", description: str = "Llega en 2 días", **more: Any) -> Json:
    inner = {"type": "list_reply", "list_reply": {"id": "ship", "title": title, "description": description}}
    return message("interactive", inner, **({"context": {"from": DISPLAY_PHONE, "id": wamid()}} | more))


def form_reply(**more: Any) -> Json:
    answers = json.dumps({"flow_token": "t-1", "nombre": "Ana", "dia": "martes"})
    inner = {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": answers}}
    return message("interactive", inner, **more)


def template_button(label: str = "Confirmar", **more: Any) -> Json:
    return message("button", {"payload": "confirm", "text": label}, **more)


def reaction(target: str, emoji: str | None = "👍", **more: Any) -> Json:
    return message("reaction", {"message_id": target, **({"emoji": emoji} if emoji is not None else {})}, **more)


def order(**more: Any) -> Json:
    items = [
        {"product_retailer_id": "remera-azul", "quantity": 2, "item_price": 15000, "currency": "ARS"},
        {"product_retailer_id": "gorra", "quantity": 1, "item_price": 9000.5, "currency": "ARS"},
    ]
    return message("order", {"catalog_id": "1948", "text": "Para el viernes", "product_items": items}, **more)


def system(**more: Any) -> Json:
    body = f"User Ana changed from {CUSTOMER} to 5491155553333"
    return message("system", {"type": "user_changed_number", "wa_id": "5491155553333", "body": body}, **more)


def unsupported(code: int = 131051, **more: Any) -> Json:
    details = {"details": "Message type is currently not supported."}
    error = {"code": code, "title": "Message type unknown", "message": "Message type unknown", "error_data": details}
    return message("unsupported", errors=[error], **more)


def edit(original: str, body: str, **more: Any) -> Json:
    inner = {"original_message_id": original, "message": {"type": "text", "text": {"body": body}}}
    return message("edit", inner, **more)


def revoke(original: str, **more: Any) -> Json:
    return message("revoke", {"original_message_id": original}, **more)


def request_welcome(**more: Any) -> Json:
    return message("request_welcome", **more)


def from_ad(body: str = "Quiero más información", **more: Any) -> Json:
    referral = {
        "source_url": "https://fb.me/example",
        "source_type": "ad",
        "source_id": "120200000000001",
        "headline": "Escribinos",
        "body": "Llegó la temporada",
        "media_type": "image",
        "image_url": "https://scontent.example/ad.jpg",
        "ctwa_clid": "clid-1",
        "welcome_message": {"text": "¡Hola!"},
    }
    return text(body, referral=referral, **more)


def bsuid_only(body: str = "Hola, sin número", user_id: str = BSUID) -> Json:
    """A whole webhook of a person with a username: no phone anywhere."""
    one = text(body, sender=None, from_user_id=user_id, from_parent_user_id=PARENT_BSUID)
    who = contact(wa_id=None, user_id=user_id, parent_user_id=PARENT_BSUID, username="ana.b")
    return inbound(one, contacts=[who])


# --- statuses, echoes, account events ------------------------------------------------------------------


def status(wamid_: str, state: str = "sent", *, client_ref: str = "", error: int | None = None, **more: Any) -> Json:
    made: Json = {"id": wamid_, "status": state, "timestamp": now(), "recipient_id": CUSTOMER}
    if client_ref:
        made["biz_opaque_callback_data"] = client_ref
    if error is not None:
        made["errors"] = [{"code": error, "title": "Failed", "message": "Failed", "error_data": {"details": "why"}}]
    return made | more


def statuses(*items: Json, phone_number_id: str = PHONE_NUMBER_ID) -> Json:
    return envelope(value(phone_number_id, statuses=list(items)))


def echo(*messages: Json, to: str = CUSTOMER, phone_number_id: str = PHONE_NUMBER_ID) -> Json:
    """Messages that a person of the business wrote on the phone app."""
    sent = [{**one, "from": DISPLAY_PHONE, "to": to} for one in messages]
    return envelope(value(phone_number_id, message_echoes=sent), fieldname="smb_message_echoes")


def event(fieldname: str, **parts: Any) -> Json:
    """Account, template, number and preference events."""
    return envelope(parts, fieldname=fieldname)
