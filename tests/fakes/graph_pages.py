"""Messenger and Instagram: their webhooks, one builder per thing that Meta sends, and the fake Graph's doors for them."""

import hashlib
import hmac
import json
import time
import uuid
from email.parser import BytesParser
from typing import Any

PAGE_ID = "105500000000001"
IG_ID = "17841400000000001"
PSID = "7300000000000001"
IGSID = "6400000000000001"
APP_ID = "2011000000000001"
FILE_URL = "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=1"

Json = dict[str, Any]

# --- webhooks ------------------------------------------------------------------------------------------


def mid() -> str:
    return f"m_{uuid.uuid4().hex}"


def now() -> int:
    return int(time.time() * 1000)


def page(*events: Json, page_id: str = PAGE_ID, key: str = "messaging") -> Json:
    """One POST of a page; `key` is standby where another app has the conversation."""
    return {"object": "page", "entry": [{"id": page_id, "time": now(), key: list(events)}]}


def instagram(*events: Json, account: str = IG_ID, key: str = "messaging") -> Json:
    return {"object": "instagram", "entry": [{"id": account, "time": now(), key: list(events)}]}


def dashboard(*values: Json, field: str = "messages", named: str = "page", account: str = PAGE_ID) -> Json:
    """As the dashboard's test button sends it."""
    changes = [{"field": field, "value": value} for value in values]
    return {"object": named, "entry": [{"id": account, "time": now(), "changes": changes}]}


def event(*, sender: str = PSID, to: str = PAGE_ID, **parts: Any) -> Json:
    return {"sender": {"id": sender}, "recipient": {"id": to}, "timestamp": now(), **parts}


def direct(**parts: Any) -> Json:
    """An event between a person and an Instagram account."""
    return event(**({"sender": IGSID, "to": IG_ID} | parts))


def said(text: str = "Hola", **more: Any) -> Json:
    """A `message`; pass it as `message=` to an event."""
    return {"mid": mid(), "text": text, **more}


def file(kind: str = "image", url: str = FILE_URL, **payload: Any) -> Json:
    """A `message` with one attachment."""
    return {"mid": mid(), "attachments": [{"type": kind, "payload": {"url": url, **payload}}]}


def echo(text: str = "Te escribo yo", *, to: str = PSID, page_id: str = PAGE_ID, **more: Any) -> Json:
    """What the business wrote elsewhere, or our own message coming back (`metadata`, `app_id`)."""
    return event(sender=page_id, to=to, message=said(text, is_echo=True, **more))


# --- the fake Graph's doors ----------------------------------------------------------------------------

ACTIONS = ("mark_seen", "typing_on", "typing_off", "react", "unreact")
KINDS = ("image", "video", "audio", "file")
PROFILES: dict[str, Json] = {
    PSID: {"first_name": "Luz", "last_name": "Vera"},
    IGSID: {"name": "Luz Vera", "username": "luz.vera"},
}


def proof_is_wrong(door: Any, query: dict[str, str]) -> bool:
    """Whether `appsecret_proof` is missing though asked for, or is not that of the token."""
    given = query.get("appsecret_proof", "")
    token = door.headers.get("Authorization", "").removeprefix("Bearer ")
    expected = hmac.new(door.fake.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
    return given != expected if given else door.fake.needs_proof


def node(door: Any, node_id: str, fields: str) -> None:
    """Whom a page, an Instagram account or a person is."""
    if "first_name" in fields or node_id in PROFILES:
        known = PROFILES.get(node_id)
        if node_id in door.fake.hidden:
            return door.error(400, 230, "User consent is required to access user profile")
        if known is None:
            return door.error(400, 100, "Object with that id does not exist", subcode=33)
        return door.answer(200, {**known, "id": node_id})
    if "username" in fields:
        return door.answer(200, {"id": IG_ID, "user_id": IG_ID, "username": "acme.shop", "name": "Acme"})
    return door.answer(200, {"id": node_id, "name": "Acme"})


def subscribed(door: Any, node_id: str) -> None:
    fields = ["messages", "messaging_postbacks"] if node_id not in door.fake.unsubscribed else []
    apps = [{"id": APP_ID, "name": "CRM", "subscribed_fields": fields}] if fields else []
    door.answer(200, {"data": apps})


def on_message(door: Any, node_id: str, body: Json) -> None:
    fake, to = door.fake, str((body.get("recipient") or {}).get("id") or "")
    wrong = _wrong(fake, to, body)
    if wrong:
        return door.error(400, 100, wrong)
    if "sender_action" in body:
        kept = fake.sends if body["sender_action"] in ("react", "unreact") else fake.reads
        kept.append({"to": to, "kind": body["sender_action"], "client_ref": "", "body": body})
        return door.answer(200, {"recipient_id": to})
    rule = fake.rule_for(to)
    if rule and rule.do in ("error", "refuse"):
        fake.refused.append({"to": to, "code": rule.code, "body": body})
        return door.drop() if rule.do == "refuse" else door.refuse(rule)
    if to in fake.closed and not (fake.human_agent and body.get("tag")):
        fake.refused.append({"to": to, "code": 10, "body": body})
        subcode = None if body.get("tag") else 2018278
        return door.error(400, 10, "This message is sent outside of allowed window", subcode=subcode)
    return _deliver(door, rule, _accept(fake, node_id, to, body))


def parts_of(door: Any, raw: bytes) -> dict[str, tuple[bytes, str]]:
    """The fields of a multipart body: name → (content, mime)."""
    head = f"Content-Type: {door.headers.get('Content-Type', '')}\r\n\r\n".encode()
    found = {}
    for part in BytesParser().parsebytes(head + raw).walk():
        content, name = part.get_payload(decode=True), part.get_param("name", header="content-disposition")
        if isinstance(content, bytes):
            found[str(name)] = (content, part.get_content_type())
    return found


def on_upload(door: Any, raw: bytes) -> None:
    """A file for a later message."""
    parts = parts_of(door, raw)
    if "filedata" not in parts or "message" not in parts:
        return door.error(400, 100, "The parameters message and filedata are required")
    if json.loads(parts["message"][0])["attachment"]["type"] not in KINDS:
        return door.error(400, 100, "Invalid attachment type")
    return door.answer(200, {"attachment_id": door.fake.add_media(*parts["filedata"])})


def _wrong(fake: Any, to: str, body: Json) -> str:
    """Why Meta would not read this send at all; "" when it would."""
    if not to:
        return "The parameter recipient is required"
    if "sender_action" in body:
        return "" if body["sender_action"] in ACTIONS and "message" not in body else "Invalid sender_action"
    message, kind = body.get("message") or {}, body.get("messaging_type")
    if kind not in ("RESPONSE", "UPDATE", "MESSAGE_TAG") or (kind == "MESSAGE_TAG") != (
        body.get("tag") == "HUMAN_AGENT"
    ):
        return "Invalid messaging_type or tag"
    if ("text" in message) == ("attachment" in message):
        return "One of text and attachment must be set"
    words = message.get("text", "")
    if len(words) > 2000 or (to == IGSID and len(words.encode()) > 1000):
        return "Length of param message[text] must be less than or equal to the limit"
    replies = message.get("quick_replies", [])
    if len(replies) > 13 or any(len(one["title"]) > 20 for one in replies):
        return "Too many or too long quick replies"
    inner = message.get("attachment", {}).get("payload", {})
    if "attachment" in message and not (inner.get("url") or inner.get("attachment_id") in fake.files):
        return "Invalid attachment"
    return ""


def _accept(fake: Any, node_id: str, to: str, body: Json) -> Json:
    message = body["message"]
    entry = {
        "id": mid(),
        "at": time.time(),
        "phone_number_id": node_id,
        "to": to,
        "kind": message.get("attachment", {}).get("type") or "text",
        "text": message.get("text", ""),
        "client_ref": message.get("metadata", ""),
        "body": body,
    }
    fake.sends.append(entry)
    return entry


def _deliver(door: Any, rule: Any, entry: Json) -> None:
    """Answer what was accepted, or lose the answer; the echo comes first where the fake has a webhook and `page_echoes`."""
    fake, what = door.fake, rule.do if rule else ""
    if fake.webhook_url and fake.page_echoes:
        given = {"mid": entry["id"], "metadata": entry["client_ref"], "app_id": APP_ID}
        fake.emit(page(echo(entry["text"], to=entry["to"], page_id=entry["phone_number_id"], **given)))
    if what == "drop":
        return door.drop()
    if what == "garbage":
        return door.answer(200, b"<html>", mime="text/html")
    if what == "hold":
        fake.released.wait(rule.seconds)
    named = {} if what == "no_id" else {"message_id": entry["id"]}
    return door.answer(200, {"recipient_id": entry["to"], **named})
