"""The receipts that stand under an agent's messages: crossed out once somebody undid the act."""

from datetime import datetime
from uuid import UUID

from messaging.models import Conversation, Message
from tenants.live.services import emit


def strike(conversation: Conversation, call_id: UUID, *, by: str, at: datetime) -> int:
    """Mark the receipts of one act in the locked conversation as undone; answers how many messages had one."""
    rows = Message.objects.select_for_update(no_key=True).filter(
        conversation=conversation, payload__receipts__contains=[{"call": str(call_id)}]
    )
    struck = 0
    for message in rows:
        for receipt in message.payload["receipts"]:
            if receipt.get("call") == str(call_id):
                receipt["undone"] = {"by": by, "at": at.isoformat()}
        message.save(update_fields=["payload"])
        emit("MESSAGE_STATUS", object="message", id=message.pk, conversation=str(conversation.pk))
        struck += 1
    return struck
