"""Who has the chat. While a person has it the agent is silent: queued bubbles are withdrawn, a running turn cannot reply."""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import Invalid
from messaging.models import Conversation, Message, MessageStatus, Provider
from messaging.services.conversations import ELSEWHERE, cancel_queued, note
from messaging.signals import chat_returned
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.models import User
from tenants.services import tenant_settings
from tenants.services.audit import record

TELL_CHATWOOT = "messaging.tasks.tell_chatwoot"
LONGEST_BRIEF = 1000


class Cause(StrEnum):
    BUTTON = "button"
    REPLY = "reply"
    ECHO = "echo"
    AGENT = "agent"
    BUDGET = "budget"
    FAILURE = "failure"


def take_over(
    *,
    conversation: Conversation,
    by: Actor,
    user: User | None = None,
    hours: float | None = None,
    reason: str = "",
    cause: str = Cause.BUTTON,
) -> Conversation:
    """Give the chat to a person for `hours` (the company's default when not named)."""
    if hours is not None and not 0 < hours <= 24 * 365:
        raise Invalid(_("Las horas deben ser más de 0 y no pasar de un año."), fields={"hours": _("Valor inválido.")})
    span = hours if hours is not None else tenant_settings.of(current_tenant()).human_override_hours
    already = conversation.mode == Conversation.Mode.HUMAN and not conversation.handoff_token
    if not (cause == Cause.ECHO and already and _taken_here(conversation)):
        conversation.mode_reason = (reason or by.label)[:300]
    conversation.mode = Conversation.Mode.HUMAN
    conversation.human_override_until = timezone.now() + timedelta(hours=span)
    conversation.handoff_token = None
    silence(conversation)
    moved = {"moved": True} if user is not None and user.pk != conversation.assignee_id else {}
    if user is not None:
        conversation.assignee = user
    conversation.save()
    cancel_queued(conversation, _("Una persona tomó el chat."), author=Message.Author.AGENT)
    withdraw_relayed(conversation, _("Una persona tomó el chat."), single=not already)
    record(action="conversation.taken_over", resource=conversation, by=by, diff={"cause": str(cause), "hours": span})
    emit("CONVERSATION_UPDATED", object="conversation", id=conversation.pk, **moved)
    if not already:
        emit("HANDOFF", object="conversation", id=conversation.pk, to="human")
        if cause != Cause.ECHO:  # who answers there has it there already, and may just have resolved it
            _tell_provider(conversation)
    return conversation


def _taken_here(conversation: Conversation) -> bool:
    """Whether a known person has it, who may well be the one that answers from the phone."""
    return conversation.assignee_id is not None and not conversation.mode_reason.startswith(ELSEWHERE)


def release(*, conversation: Conversation, by: Actor, brief: str = "") -> Conversation:
    """Give the chat back to the agent; it answers from the next customer message on, having read `brief`."""
    _leave_brief(conversation, brief.replace("\x00", "").strip(), by)
    conversation.mode = Conversation.Mode.AI
    conversation.mode_reason = ""
    conversation.human_override_until = None
    conversation.handoff_token = None
    conversation.turn_failures = 0
    silence(conversation)
    conversation.save()
    record(action="conversation.released", resource=conversation, by=by)
    emit("CONVERSATION_UPDATED", object="conversation", id=conversation.pk)
    emit("HANDOFF", object="conversation", id=conversation.pk, to="ai")
    _tell_provider(conversation)
    return conversation


def _leave_brief(conversation: Conversation, brief: str, by: Actor) -> None:
    """What was agreed, as a line of the thread for the team and the agent; the contact never sees it."""
    if len(brief) > LONGEST_BRIEF:
        raise Invalid(_("Lo acordado lleva hasta 1.000 letras."), fields={"brief": _("Es demasiado largo.")})
    if brief:
        cause = _("Chat devuelto a la IA: %(name)s") % {"name": by.label}
        note(conversation, brief, cause=cause, author_name=by.label[:160], payload={"brief": True})
        conversation.last_message_author = Message.Author.USER  # their own words, shown as they are


def hand_off(
    *,
    conversation: Conversation,
    reason: str,
    by: Actor,
    summary: str = "",
    turn_token: UUID | None = None,
    cause: str = Cause.AGENT,
    code: str = "",
    user: User | None = None,
    until: datetime | None = None,
) -> Conversation:
    """The agent (or a rule) asks for a person. With `turn_token` that turn may still say its last words.

    `summary` is what whoever takes it should know, `code` a short name of the reason, `user` who gets the chat, `until`
    when an agent may answer again (after the company's hours for a takeover when not named).
    """
    reason, summary = reason.replace("\x00", ""), summary.replace("\x00", "")  # a model's words
    conversation.mode = Conversation.Mode.HUMAN
    conversation.mode_reason = reason[:300]
    hours = tenant_settings.of(current_tenant()).human_override_hours
    conversation.human_override_until = until or timezone.now() + timedelta(hours=hours)
    conversation.handoff_token = turn_token
    conversation.waiting_since = conversation.waiting_since or timezone.now()
    conversation.reply_due_at = conversation.reply_first_at = None
    if turn_token is None:
        silence(conversation)
    moved = {"moved": True} if user is not None and user.pk != conversation.assignee_id else {}
    if user is not None:
        conversation.assignee = user
    words = _("Derivado a una persona: %(reason)s") % {"reason": reason[:120]}
    note(conversation, summary or reason, cause=words, payload={"handoff": code} if code else {})
    conversation.save()
    record(
        action="conversation.handed_off",
        resource=conversation,
        by=by,
        diff={"cause": str(cause), "reason": reason[:300], **({"code": code} if code else {})},
    )
    emit("CONVERSATION_UPDATED", object="conversation", id=conversation.pk, **moved)
    emit("HANDOFF", object="conversation", id=conversation.pk, to="human")
    _tell_provider(conversation)
    return conversation


def withdraw_relayed(conversation: Conversation, cause: str, *, single: bool) -> None:
    """Take back what integrations said on the locked conversation: the rest of what goes out in several bubbles.

    `single`: also what is one bubble. Templates leave, and what a person sent again. One that is just being sent is marked:
    should it fail, it is not tried again.
    """
    rows = Message.objects.select_for_update(no_key=True).filter(
        conversation=conversation,
        status__in=[MessageStatus.QUEUED, MessageStatus.SENDING],
        idempotency_key__startswith="relay:",
    )
    waiting = list(rows.exclude(kind="template").exclude(payload__has_key="resent"))
    several = {_sending(row) for row in waiting if row.idempotency_key != f"{_sending(row)}:0"}
    for row in waiting:
        if not single and _sending(row) not in several:
            continue
        if row.status == MessageStatus.QUEUED:
            row.status, row.cause = MessageStatus.CANCELLED, cause[:200]
        else:
            row.payload["recalled"] = cause[:200]
        row.save(update_fields=["status", "cause", "payload"])
        emit("MESSAGE_STATUS", object="message", id=row.pk, conversation=str(conversation.pk))


def _sending(message: Message) -> str:
    """What the bubbles of one sending have in common; the words that did not fit under a file are numbered anew."""
    return str(message.idempotency_key).rpartition(":")[0].removesuffix(":text")


def _tell_provider(conversation: Conversation) -> None:
    """Chatwoot has a status of its own for who answers."""
    if conversation.provider == Provider.CHATWOOT and conversation.external_chatwoot_id:
        commit.queue(TELL_CHATWOOT, queue="sync", conversation_id=str(conversation.pk))


def release_if_over(conversation: Conversation, now: datetime) -> None:
    """A takeover ends by itself when its time is up."""
    until = conversation.human_override_until
    if conversation.mode == Conversation.Mode.HUMAN and until is not None and until <= now:
        release(conversation=conversation, by=Actor.system(_("Terminó el tiempo de la persona")))


def release_overdue(now: datetime) -> int:
    """Give back every chat whose takeover is over; whoever still waits in one is not left waiting."""
    rows = Conversation.objects.select_for_update(skip_locked=True, no_key=True).filter(
        mode=Conversation.Mode.HUMAN, human_override_until__lte=now
    )
    count = 0
    for conversation in rows[:100]:
        release_if_over(conversation, now)
        if conversation.waiting_since is not None:
            chat_returned.send(sender=release_overdue, conversation=conversation)
        count += 1
    return count


def silence(conversation: Conversation) -> None:
    """No due turn, and whatever turn is running has lost its right to reply."""
    conversation.reply_due_at = conversation.reply_first_at = None
    conversation.turn_token = conversation.turn_until = None
