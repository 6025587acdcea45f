"""Who answered a waiting customer, and after how long: told to the layer of sellers. Taken back when it never left."""

from datetime import datetime

from crm.services.leads import touch_activity
from crm.services.responses import forget_answer, note_answer
from messaging.models import Conversation, Message, MessageStatus
from messaging.services.conversations import locked
from tenants.live.services import emit
from tenants.models import User

WAITED = "waited_since"  # in the payload of an answer: since when they had waited whom it answers
BY = {Message.Author.AGENT, Message.Author.USER}
WITHDRAWN = (MessageStatus.FAILED, MessageStatus.CANCELLED)


def answered(
    conversation: Conversation,
    *,
    at: datetime,
    user: User | None = None,
    by_ai: bool = False,
    message: Message | None = None,
) -> None:
    """Nobody waits in the locked conversation any more; the caller saves it. `user` None: a person without a login.

    `message`: what is still to leave; `did_not_leave` takes the answer back.
    """
    note_answer(
        contact_id=conversation.contact_id,
        conversation_id=conversation.pk,
        user_id=user.pk if user is not None else None,
        by_ai=by_ai,
        asked_at=conversation.waiting_since,
        answered_at=at,
    )
    if message is not None and conversation.waiting_since is not None:
        message.payload[WAITED] = conversation.waiting_since.isoformat()
        message.save(update_fields=["payload"])
    conversation.waiting_since = None
    touch_activity(contact_id=conversation.contact_id)


def answered_again(conversation: Conversation, message: Message, *, at: datetime) -> None:
    """What had failed is on its way once more, on the locked conversation."""
    if message.author in BY:
        by_ai = message.author == Message.Author.AGENT
        answered(conversation, at=at, user=message.author_user, by_ai=by_ai, message=message)
        conversation.save(update_fields=["waiting_since"])


def did_not_leave(message: Message) -> None:
    """A message failed: whoever it answered waits again, as long as before. Its conversation is locked first everywhere.

    Not when something newer answers them; should that fail too, they wait since the first one.
    """
    conversation = locked(message.conversation_id)
    if conversation is None:
        return
    emit("CONVERSATION_UPDATED", object="conversation", id=conversation.pk)
    said = Message.objects.filter(conversation=conversation, direction=Message.Direction.OUT, author__in=BY)
    said = said.exclude(kind="reaction").order_by("sequence")
    newest = said.exclude(status__in=WITHDRAWN).values_list("sequence", flat=True).last() or 0
    lost = said.filter(status=MessageStatus.FAILED, sequence__gt=newest, payload__has_key=WAITED).first()
    if lost is None:
        return
    since = datetime.fromisoformat(lost.payload[WAITED])
    conversation.waiting_since = min(since, conversation.waiting_since or since)
    conversation.save(update_fields=["waiting_since"])
    forget_answer(contact_id=conversation.contact_id, conversation_id=conversation.pk, asked_at=since)
