"""Who answered a waiting customer, and after how long: told to the layer of sellers."""

from datetime import datetime

from crm.services.leads import touch_activity
from crm.services.responses import note_answer
from messaging.models import Conversation
from tenants.models import User


def answered(conversation: Conversation, *, at: datetime, user: User | None = None, by_ai: bool = False) -> None:
    """Nobody waits in the locked conversation any more; the caller saves it. `user` None: a person without a login."""
    note_answer(
        contact_id=conversation.contact_id,
        conversation_id=conversation.pk,
        user_id=user.pk if user is not None else None,
        by_ai=by_ai,
        asked_at=conversation.waiting_since,
        answered_at=at,
    )
    conversation.waiting_since = None
    touch_activity(contact_id=conversation.contact_id)
