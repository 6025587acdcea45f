"""A question with answers to tap, as far as an app can show it; else the same as numbered lines."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

Choices = Sequence[tuple[str, str]]

# WhatsApp: 3 buttons of 20 characters or a list of 10 rows of 24, under a text of 1024 (Meta's message reference).
BUTTONS, BUTTON_LENGTH, ROWS, ROW_LENGTH, BODY_LENGTH, ID_LENGTH = 3, 20, 10, 24, 1024, 200
# Messenger and Instagram: 13 quick replies of 20 characters (Meta's Send API reference).
QUICK, QUICK_LENGTH, PAYLOAD_LENGTH = 13, 20, 1000


def choices_of(text: str, choices: Choices) -> dict[str, Any]:
    """The type and content of a WhatsApp message; `choices` are (id, title)."""
    body, fits = {"text": text}, len(text) <= BODY_LENGTH and _distinct(choices, ID_LENGTH)
    if fits and len(choices) <= BUTTONS and _short(choices, BUTTON_LENGTH):
        buttons = [{"type": "reply", "reply": {"id": key, "title": title}} for key, title in choices]
        return _interactive("button", body, {"buttons": buttons})
    if fits and len(choices) <= ROWS and _short(choices, ROW_LENGTH):
        rows = [{"id": key, "title": title} for key, title in choices]
        shown = _("Ver opciones")
        return _interactive("list", body, {"button": shown, "sections": [{"title": shown, "rows": rows}]})
    return {"type": "text", "text": {"body": numbered(text, choices), "preview_url": False}}


def quick_replies(text: str, choices: Choices) -> dict[str, Any]:
    """The `message` of Messenger and Instagram."""
    if len(choices) > QUICK or not _short(choices, QUICK_LENGTH) or not _distinct(choices, PAYLOAD_LENGTH):
        return {"text": numbered(text, choices)}
    replies = [{"content_type": "text", "title": title, "payload": key} for key, title in choices]
    return {"text": text, "quick_replies": replies}


def numbered(text: str, choices: Choices) -> str:
    return "\n".join([text, "", *(f"{place}. {title}" for place, (_key, title) in enumerate(choices, 1))])


def _interactive(kind: str, body: dict[str, str], action: dict[str, Any]) -> dict[str, Any]:
    return {"type": "interactive", "interactive": {"type": kind, "body": body, "action": action}}


def _short(choices: Choices, longest: int) -> bool:
    return all(0 < len(title) <= longest for _key, title in choices)


def _distinct(choices: Choices, longest: int) -> bool:
    keys, titles = {key for key, _title in choices}, {title for _key, title in choices}
    return len(keys) == len(titles) == len(choices) and all(0 < len(key) <= longest for key in keys)
