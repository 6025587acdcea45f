"""A provider's body for people to read: secrets never, and the customers' words only for whoever may see them. Pure."""

import json
import re

SECRET = re.compile(r"token|secret|passw|authorization|signature|hmac|api_?key|credential|cookie|^otp$|^code$", re.I)
TOKEN = re.compile(r"\b(?:EAA|IGAA|IGQ|sk-)[\w-]{24,}")  # as Meta and the model houses write theirs
QUERY = re.compile(r"(https?://[^\s?\"]+)\?\S+")  # what follows the address opens the file behind it
HIDDEN = "•••"
DEEPEST, LONGEST = 40, 60_000
#: names whose values tell what kind of thing it is, and nobody's words
SHAPE = frozenset(
    {
        "object", "field", "type", "event", "messaging_product", "status", "timestamp", "time", "mime_type", "kind",
        "message_type", "content_type", "private", "channel", "apiVersion", "createTime", "sendTime", "updateTime",
        "errors", "code", "title", "is_echo", "is_deleted", "is_unsupported", "voice", "animated", "category",
        "billable", "pricing_model", "event_type", "created_at", "updated_at", "watermark", "file_type",
    }
)  # fmt: skip


def readable(raw: str, *, words: bool) -> str:
    """The body with an indent, its secrets hidden; without `words` also everything that a person may have written.

    A body that is no JSON is shown as it came, or not at all. Cut at LONGEST characters.
    """
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return _plain(raw[:LONGEST]) if words else HIDDEN
    shown = json.dumps(_masked(body, "", words=words, depth=0), ensure_ascii=False, indent=2)
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}\n…"


def _masked(value: object, name: str, *, words: bool, depth: int) -> object:
    if depth > DEEPEST:
        return "…"
    if isinstance(value, dict):
        return {key: _masked(each, key, words=words, depth=depth + 1) for key, each in value.items()}
    if isinstance(value, list):
        return [_masked(each, name, words=words, depth=depth + 1) for each in value]
    if value is None or isinstance(value, bool):
        return value
    if SECRET.search(name) and not (name == "code" and isinstance(value, int)):  # an error's number is no secret
        return HIDDEN
    if not words and name not in SHAPE:
        return HIDDEN
    return _plain(value) if isinstance(value, str) else value


def _plain(text: str) -> str:
    return TOKEN.sub(HIDDEN, QUERY.sub(rf"\1?{HIDDEN}", text))
