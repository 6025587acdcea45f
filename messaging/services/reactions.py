"""A reaction belongs to the message it was given to: it is no message, opens no window and asks nobody for an answer."""

from datetime import UTC

from messaging.models import Channel
from messaging.providers.base import Reaction
from messaging.services.inbound import emit_message, original

LONGEST = 32  # characters; an emoji of a family with skin tones has more than ten


def accept_reaction(*, channel: Channel, item: Reaction) -> None:
    """Set or take back the reaction of one side. Raises NotYet when its message has not arrived.

    `payload["reactions"]` is {"contact"|"business": emoji}; `payload["reacted_at"]` keeps when, as they come out of order.
    """
    message = original(channel, item.target_id)
    who, at = "business" if item.from_business else "contact", item.timestamp.astimezone(UTC).isoformat()
    times = dict(message.payload.get("reacted_at", {}))
    if message.payload.get("revoked") or times.get(who, "") > at:
        return
    shown = {key: emoji for key, emoji in message.payload.get("reactions", {}).items() if key != who}
    if item.emoji:
        shown[who] = item.emoji[:LONGEST]
    message.payload = {**message.payload, "reactions": shown, "reacted_at": {**times, who: at}}
    message.save(update_fields=["payload"])
    emit_message(message)
