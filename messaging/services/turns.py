"""The agent's turn: begun under a lock with a fencing token, so that only its holder may reply and a dead one is replaced."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID, uuid4

from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import commit
from messaging.domain import opt_out
from messaging.domain.timing import reply_due
from messaging.models import Attachment, Conversation
from messaging.services import leases, takeover
from messaging.services.conversations import locked
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.models import Tenant
from tenants.services import tenant_settings

LEASE = timedelta(seconds=30)  # how long a customer waits for another worker when one dies
RENEW_SECONDS = 8.0
LONGEST_SECONDS = 300.0  # a turn that hangs for ever is given up; the agents' own limit is far below
MOST_FAILURES = 3
BACKOFF = (5.0, 20.0)  # seconds before the second and third try
EARLY = timedelta(milliseconds=20)


@dataclass(frozen=True)
class Turn:
    """The right to reply to everything up to message number `upto_sequence`."""

    conversation_id: UUID
    token: UUID
    upto_sequence: int


def arm(conversation: Conversation, now: datetime) -> None:
    """Set when the agent answers: some quiet seconds after the last message, never too long after the first."""
    numbers = tenant_settings.of(current_tenant())
    conversation.reply_first_at = conversation.reply_first_at or now
    conversation.reply_due_at = reply_due(
        now=now, first=conversation.reply_first_at, quiet=numbers.buffer_seconds, longest=numbers.buffer_max_seconds
    )
    _queue(conversation.pk, max(0.0, (conversation.reply_due_at - now).total_seconds()))


def begin(conversation_id: UUID) -> Turn | None:
    """Take the turn if it is due and free. Run inside a tenant transaction. A turn that moved is queued again.

    One whose worker died counts as a failure: see `given_up`.
    """
    conversation = locked(conversation_id)
    now = timezone.now()
    if conversation is None or conversation.reply_due_at is None:
        return None
    if conversation.mode != Conversation.Mode.AI or not may_answer(conversation, now):
        conversation.reply_due_at = conversation.reply_first_at = None
        conversation.save(update_fields=["reply_due_at", "reply_first_at"])
        return None
    if conversation.turn_until is not None and conversation.turn_until > now:
        return None
    if conversation.reply_due_at > now + EARLY:
        wait = (conversation.reply_due_at - now).total_seconds()
        _queue(conversation_id, wait)
        return None
    if _listens(conversation, now):
        return None
    if conversation.turn_token is not None and conversation.turn_until is not None:  # neither ended nor put off
        conversation.turn_failures += 1
    conversation.turn_token, conversation.turn_until = uuid4(), now + LEASE
    conversation.turn_upto = conversation.reply_sequence
    conversation.save(update_fields=["turn_token", "turn_until", "turn_upto", "turn_failures"])
    emit("CONVERSATION_UPDATED", object="conversation", id=conversation.pk)
    return Turn(conversation.pk, conversation.turn_token, conversation.turn_upto)


def _listens(conversation: Conversation, now: datetime) -> bool:
    """Put the turn off while a voice note of the burst is listened to, at most the longest buffer once more."""
    first = conversation.reply_first_at
    if first is None or not _unheard(conversation, first):
        return False
    until = first + timedelta(seconds=2 * tenant_settings.of(current_tenant()).buffer_max_seconds)
    if until <= now + EARLY:
        return False
    conversation.reply_due_at = until
    conversation.save(update_fields=["reply_due_at"])
    _queue(conversation.pk, (until - now).total_seconds())
    return True


def heard(conversation: Conversation) -> None:
    """A voice note has its words or will never have them: on the locked row, a turn that waits for nothing else is due."""
    first, due = conversation.reply_first_at, conversation.reply_due_at
    if first is None or due is None or _unheard(conversation, first):
        return
    longest = tenant_settings.of(current_tenant()).buffer_max_seconds
    if due > first + timedelta(seconds=longest) + EARLY:  # later than any gathering: it was put off
        conversation.reply_due_at = timezone.now()
        conversation.save(update_fields=["reply_due_at"])
        _queue(conversation.pk, 0.0)


def _unheard(conversation: Conversation, first: datetime) -> bool:
    waiting = Attachment.objects.filter(hearing=Attachment.Hearing.PENDING, message__created_at__gte=first)
    return waiting.filter(message__conversation=conversation).exists()


def may_answer(conversation: Conversation, now: datetime) -> bool:
    """Not to who is blocked; to who asked to be left alone, only while they write themselves."""
    contact = conversation.contact
    return contact.blocked_at is None and opt_out.may_answer(
        opted_out=contact.opted_out_at, last_inbound=conversation.last_inbound_at, now=now
    )


@contextmanager
def kept(*, tenant: Tenant, turn: Turn) -> Iterator[None]:
    """Keep the lease of a turn while it is worked on, so that it can be short: a dead worker renews nothing."""
    held = leases.Held(tenant, turn.token, LEASE, monotonic() + LONGEST_SECONDS)
    leases.keeper.add(held, every=RENEW_SECONDS)
    try:
        yield
    finally:
        leases.keeper.drop(turn.token)


def still_mine(conversation_id: UUID, token: UUID) -> bool:
    """Whether the turn may go on: nobody took the chat and no other worker replaced it."""
    return Conversation.objects.filter(pk=conversation_id, turn_token=token).exists()


def given_up(conversation_id: UUID) -> bool:
    """Whether the turn failed as often as it may: whoever holds it hands the chat over instead of trying again."""
    return Conversation.objects.filter(pk=conversation_id, turn_failures__gte=MOST_FAILURES).exists()


def put_off(*, conversation_id: UUID, token: UUID) -> None:
    """Nobody worked on the turn and nobody died of it (a module was being migrated): free when its lease is over."""
    Conversation.objects.filter(pk=conversation_id, turn_token=token).update(turn_token=None)


def end(conversation: Conversation, *, answered: bool) -> None:
    """Give the turn back on the locked row; `answered` also clears what was due. The caller saves."""
    conversation.turn_token = conversation.turn_until = None
    now, due = timezone.now(), conversation.reply_due_at
    if answered:
        conversation.turn_failures = 0
        conversation.reply_due_at = conversation.reply_first_at = None
        if due is not None and conversation.reply_sequence > conversation.turn_upto:
            arm(conversation, now)  # what was added meanwhile is a burst of its own
    elif due is not None:
        _queue(conversation.pk, max(0.0, (due - now).total_seconds()))
    emit("CONVERSATION_UPDATED", object="conversation", id=conversation.pk)


def close_silently(*, conversation_id: UUID, token: UUID) -> bool:
    """The turn decided that no answer is needed."""
    conversation = locked(conversation_id)
    if conversation is None or conversation.turn_token != token:
        return False
    end(conversation, answered=True)
    conversation.save()
    return True


def fail(*, conversation_id: UUID, token: UUID, reason: str, by: Actor) -> str:
    """The turn broke: try again later, or after the last try hand the chat to people, visibly.

    Answers "retry", "handed_off" or "lost" (somebody else has the turn by now).
    """
    conversation = locked(conversation_id)
    if conversation is None or conversation.turn_token != token:
        return "lost"
    conversation.turn_failures += 1
    if conversation.turn_failures >= MOST_FAILURES:
        conversation.turn_token = conversation.turn_until = None
        takeover.hand_off(
            conversation=conversation,
            reason=_("La IA no pudo responder: %(reason)s") % {"reason": reason},
            by=by,
            cause=takeover.Cause.FAILURE,
        )
        return "handed_off"
    wait = BACKOFF[min(conversation.turn_failures, len(BACKOFF)) - 1]
    conversation.reply_due_at = timezone.now() + timedelta(seconds=wait)
    end(conversation, answered=False)
    conversation.save()
    return "retry"


def due_ids(limit: int = 200) -> list[UUID]:
    """Turns whose wake-up was lost or whose worker died."""
    now = timezone.now()
    rows = Conversation.objects.filter(reply_due_at__lte=now).exclude(turn_until__gt=now)
    return list(rows.order_by("reply_due_at").values_list("id", flat=True)[:limit])


def next_due() -> UUID | None:
    """The turn of the company that waits longest. Run inside a tenant transaction."""
    return next(iter(due_ids(limit=1)), None)


def _queue(conversation_id: UUID, wait: float) -> None:
    commit.queue(
        "messaging.tasks.take_turn", queue="agents", countdown=wait + 0.05, conversation_id=str(conversation_id)
    )
