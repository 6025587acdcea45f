"""Chatwoot's webhook bodies and their signature, composed from its documented fields.

By hand: an unsigned message of a customer to a running product:
    python -m tests.fakes.chatwoot_events URL "Hola"
"""

import hashlib
import hmac
import json
import sys
import time
import urllib.error
import urllib.request
import uuid
from itertools import count
from typing import Any

Json = dict[str, Any]

ACCOUNT, INBOX, CONVERSATION, CONTACT = 1, 7, 150, 163
PHONE = "+5491155551234"
SOURCE = {"Channel::Whatsapp": "5491155551234", "Channel::WebWidget": "5d1f9a62-visitor", "Channel::Api": "api-163"}
_ids = count(810)


def next_id() -> int:
    return next(_ids)


def iso(at: float | None = None) -> str:
    moment = time.time() if at is None else at
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment % 1 * 1000):03d}Z"


def account() -> Json:
    return {"id": ACCOUNT, "name": "Acme"}


def contact(**over: Any) -> Json:
    """A customer: unlike a user of Chatwoot it has no `type`."""
    card = {
        "id": CONTACT,
        "name": "Ana Paz",
        "email": None,
        "phone_number": PHONE,
        "identifier": None,
        "thumbnail": "",
        "blocked": False,
        "custom_attributes": {},
        "additional_attributes": {},
        "account": account(),
    }
    return card | over


def user(name: str = "Sol", **over: Any) -> Json:
    return {"id": 3, "name": name, "email": "sol@acme.test", "type": "user"} | over


def bot(name: str = "Lía", **over: Any) -> Json:
    return {"id": 9, "name": name, "type": "agent_bot"} | over


def conversation(*, channel: str = "Channel::Whatsapp", person: Json | None = None, **over: Any) -> Json:
    known = person or contact()
    chat = {
        "id": CONVERSATION,
        "inbox_id": INBOX,
        "status": "pending",
        "channel": channel,
        "can_reply": True,
        "contact_inbox": {"source_id": SOURCE.get(channel, "x-163")},
        "meta": {
            "sender": {key: value for key, value in known.items() if key != "account"} | {"type": "contact"},
            "assignee": None,
            "assignee_type": None,
            "team": None,
            "hmac_verified": False,
        },
        "labels": [],
        "custom_attributes": {},
        "additional_attributes": {},
        "messages": [],
        "unread_count": 1,
        "priority": None,
        "waiting_since": 1795000000,
        "created_at": 1795000000,
        "updated_at": 1795000000.18,
    }
    return chat | over


def message(content: str | None = "Hola", *, event: str = "message_created", **over: Any) -> Json:
    """A message of a customer, flat, as webhooks carry it."""
    chat = over.pop("conversation", None) or conversation()
    body = {
        "event": event,
        "id": next_id(),
        "account": account(),
        "inbox": {"id": chat["inbox_id"], "name": "WhatsApp"},
        "content": content,
        "content_type": "text",
        "content_attributes": {},
        "additional_attributes": {},
        "message_type": "incoming",
        "private": False,
        "source_id": f"wamid.{uuid.uuid4().hex}",
        "created_at": iso(),
        "sender": contact(),
        "conversation": chat,
    }
    return body | over


def outgoing(content: str | None = "Le respondo", *, author: Json | None = None, **over: Any) -> Json:
    """A message of the business: a person's unless `author` says otherwise."""
    return message(content, **({"message_type": "outgoing", "sender": user() if author is None else author} | over))


def attachment(file_type: str = "image", **over: Any) -> Json:
    made = {
        "id": next_id(),
        "message_id": 810,
        "account_id": ACCOUNT,
        "file_type": file_type,
        "data_url": "https://chat.acme.test/rails/active_storage/blobs/redirect/x/foto.jpg",
        "thumb_url": "",
        "file_size": 1,
        "extension": None,
    }
    return made | over


def status_changed(status: str = "open", previous: str | None = "pending", **over: Any) -> Json:
    """A conversation's status: the conversation on top, without `account` before 4.15."""
    changed = None if previous is None else [{"status": {"previous_value": previous, "current_value": status}}]
    chat = conversation(status=status) | {"event": "conversation_status_changed", "changed_attributes": changed}
    return chat | over


def dump(payload: Any) -> bytes:
    return json.dumps(payload, ensure_ascii=False).encode()


def signed(raw: bytes, secret: str, *, at: int | None = None, delivery: str = "") -> dict[str, str]:
    """The headers of a version that signs."""
    stamp = str(int(time.time()) if at is None else at)
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest()
    return {
        "X-Chatwoot-Timestamp": stamp,
        "X-Chatwoot-Signature": f"sha256={digest}",
        "X-Chatwoot-Delivery": delivery or str(uuid.uuid4()),
    }


def post(url: str, payload: Any, secret: str = "") -> int:
    """Deliver it as Chatwoot does: five seconds, no second try. The status it was answered with."""
    raw = dump(payload)
    headers = {"Content-Type": "application/json"} | (signed(raw, secret) if secret else {})
    asked = urllib.request.Request(url, data=raw, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


if __name__ == "__main__":
    print(post(sys.argv[1], message(sys.argv[2])))  # noqa: T201 - a command speaks to its caller
