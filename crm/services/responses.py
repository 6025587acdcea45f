"""A customer waited and was answered. Told by messaging; what the AI answered is never a seller's."""

from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef

from config.lib import commit
from crm.models import Lead, Response, Seller
from crm.services import business_hours


def note_answer(
    *,
    contact_id: UUID,
    conversation_id: UUID,
    user_id: UUID | None,
    by_ai: bool,
    asked_at: datetime | None,
    answered_at: datetime,
) -> None:
    """Keep how long somebody waited; nothing when nobody did (`asked_at` None), and once a question.

    `user_id` None and not `by_ai`: a person of whom nothing is known, as one who answers from the phone.
    """
    if asked_at is None:
        return
    answered_at = max(asked_at, answered_at)  # a provider's clock may be behind
    seller = Seller.objects.filter(user_id=user_id).first() if user_id is not None and not by_ai else None
    _row, new = Response.objects.get_or_create(
        conversation_id=conversation_id,
        asked_at=asked_at,
        defaults={
            "contact_id": contact_id,
            "seller": seller,
            "user_id": None if by_ai else user_id,
            "by_ai": by_ai,
            "answered_at": answered_at,
            "seconds": int((answered_at - asked_at).total_seconds()),
            "business_seconds": business_hours.seconds(asked_at, answered_at, seller=seller),
        },
    )
    if new and not by_ai and not settle_first(contact_id):
        commit.queue("crm.tasks.settle_first_response", contact_id=str(contact_id))


def forget_answer(*, contact_id: UUID, conversation_id: UUID, asked_at: datetime) -> None:
    """What was noted as the answer never left: nobody answered this question yet."""
    row = Response.objects.filter(conversation_id=conversation_id, asked_at=asked_at).first()
    if row is None:
        return
    row.delete()
    if not row.by_ai and not settle_first(contact_id, gone=row.answered_at):
        gone = row.answered_at.isoformat()
        commit.queue("crm.tasks.settle_first_response", contact_id=str(contact_id), gone=gone)


def settle_first(contact_id: UUID, *, gone: datetime | None = None) -> bool:
    """Write the first answer of a person on the contact's open leads that lack it. False when a lead was busy.

    `gone`: the time of an answer that was none; leads that have it as their first lack one again.

    Whoever answers holds the chat, and others hold leads while they wait for the chat: nobody may wait for a lead here.
    """
    wrong = Lead.objects.filter(contact_id=contact_id, first_response_at=gone) if gone else Lead.objects.none()
    for lead in wrong.select_for_update(skip_locked=True, no_key=True).order_by("pk"):
        lead.first_response_at = None
        lead.save(update_fields=["first_response_at", "updated_at"])
    lacking = Lead.objects.filter(contact_id=contact_id, closed_at__isnull=True, first_response_at=None)
    free = list(lacking.select_for_update(skip_locked=True, no_key=True).order_by("pk"))
    for lead in free:
        # What was said to the contact before this lead began answered something else.
        mine = Response.objects.filter(contact_id=contact_id, by_ai=False, answered_at__gte=lead.created_at)
        first = mine.order_by("answered_at").first()
        if first is None:
            continue
        lead.first_response_at = first.answered_at
        lead.save(update_fields=["first_response_at", "updated_at"])
        if not first.is_first:
            first.is_first = True
            first.save(update_fields=["is_first"])
    answered = Response.objects.filter(contact_id=contact_id, by_ai=False, answered_at__gte=OuterRef("created_at"))
    return not wrong.exists() and not lacking.filter(Exists(answered)).exists()
