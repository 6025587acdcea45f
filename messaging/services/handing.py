"""A seller's chats pass to whoever gets their portfolio (settings.HANDOVER_CHATS)."""

from collections.abc import Callable, Collection, Mapping
from uuid import UUID

from messaging.models import Conversation
from tenants.live.services import emit

Receivers = Callable[[Collection[UUID]], Mapping[UUID, UUID | None]]


def hand(giver: UUID, receivers: Receivers) -> dict[str, str | None]:
    """Chats that are not closed, from one person to those that `receivers` names for their contacts (None = nobody).

    Returns chat → who has it now. One that somebody is writing in at this moment stays: who has its lead sees it anyway,
    and waiting for it here could be waiting in a circle.
    """
    rows = Conversation.objects.filter(assignee=giver).exclude(status=Conversation.Status.CLOSED).order_by("pk")
    held = list(rows.select_for_update(skip_locked=True, no_key=True).values_list("pk", "contact_id"))
    users = receivers({contact for _pk, contact in held})
    moved = {pk: users.get(contact) for pk, contact in held}
    for user_id in set(moved.values()):
        _assign([pk for pk, new in moved.items() if new == user_id], user_id)
    return {str(pk): str(new) if new is not None else None for pk, new in moved.items()}


def back(giver: UUID, moved: Mapping[str, str | None]) -> None:
    """Undo `hand` where the chat is still with whoever got it."""
    rows = Conversation.objects.filter(pk__in=moved).order_by("pk").select_for_update(skip_locked=True, no_key=True)
    same = [row.pk for row in rows.only("pk", "assignee") if moved[str(row.pk)] == _text(row.assignee_id)]
    _assign(same, giver)


def _assign(chats: Collection[UUID], user_id: UUID | None) -> None:
    Conversation.objects.filter(pk__in=chats).update(assignee=user_id)
    for pk in chats:
        emit("CONVERSATION_UPDATED", object="conversation", id=pk, moved=True)


def _text(user_id: UUID | None) -> str | None:
    return str(user_id) if user_id is not None else None
