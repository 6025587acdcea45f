"""What leaves: every bubble is a row first. `deliver` sends the head of a conversation, one at a time, spaced, once."""

import hashlib
import re
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import Conflict, Invalid
from messaging.domain import bubbles, opt_out
from messaging.domain.timing import window_open
from messaging.models import Conversation, Message, MessageStatus, Source
from messaging.providers import provider_class
from messaging.services import takeover, template_values, turns
from messaging.services.answers import answered, answered_again
from messaging.services.conversations import add_message, locked
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.models import User
from tenants.services import tenant_settings
from tenants.services.audit import record

ReplyOutcome = Literal["queued", "superseded", "taken_over", "lost"]
LONGEST = 20_000  # characters of one text handed to us
# Stand under the last bubble, where the reader's eye ends: an agent's receipts, the answers that are offered.
LAST_ONLY = ("receipts", "choices")


def commit_reply(
    *,
    conversation_id: UUID,
    turn_token: UUID,
    text: str,
    run_id: UUID,
    author_name: str,
    receipts: list[dict[str, str]] | None = None,
) -> ReplyOutcome:
    """Queue an agent's reply if its turn still holds. Call inside a tenant transaction, with the run's own rows.

    `superseded`: the customer wrote more, a new turn will read everything. `taken_over`: a person has the chat.
    `lost`: another worker has the turn.
    """
    conversation = locked(conversation_id)
    if conversation is None:
        return "lost"
    farewell = conversation.handoff_token is not None and conversation.handoff_token == turn_token
    if conversation.mode != Conversation.Mode.AI and not farewell:
        return "taken_over"
    if conversation.turn_token != turn_token:
        return "lost"
    if conversation.reply_sequence > conversation.turn_upto and not farewell and not _waited_enough(conversation):
        turns.end(conversation, answered=False)
        conversation.save()
        return "superseded"
    payload: dict[str, Any] = {"farewell": True} if farewell else {}
    if conversation.reply_sequence > conversation.turn_upto:
        # It stands behind messages that it does not answer: who reads the dialogue must know where it belongs.
        payload["answers"] = conversation.turn_upto
    if receipts:
        payload["receipts"] = receipts
    rows = queue_text(
        conversation,
        text,
        author=Message.Author.AGENT,
        author_name=author_name,
        agent_run_id=run_id,
        payload=payload,
        key=f"turn:{turn_token}",
    )
    if not farewell:
        answered(conversation, at=timezone.now(), by_ai=True, message=rows[0])
    turns.end(conversation, answered=True)
    conversation.save()
    return "queued"


def _waited_enough(conversation: Conversation) -> bool:
    """A customer who never stops typing is answered when the longest buffer is over."""
    longest = tenant_settings.of(current_tenant()).buffer_max_seconds
    first = conversation.reply_first_at
    return first is not None and (timezone.now() - first).total_seconds() >= longest


def queue_text(
    conversation: Conversation,
    text: str,
    *,
    author: str,
    author_name: str,
    key: str,
    whole: bool = False,
    payload: dict[str, Any] | None = None,
    reply_to: str = "",
    **fields: Any,
) -> list[Message]:
    """Queue `text` on the locked conversation as bubbles; the caller saves it. `whole`: a person's text stays one message.

    `reply_to`: the provider's id of the message that the first bubble quotes.
    """
    text = text.replace("\x00", "").strip()
    if not text or len(text) > LONGEST:
        message = _("El mensaje está vacío.") if not text else _("El mensaje pasa de 20.000 letras.")
        raise Invalid(message, fields={"text": message})
    longest = provider_class(conversation.provider, conversation.channel_source).text_limit
    parts = bubbles.pieces(text, longest) if whole else bubbles.split(text)
    rows = []
    for position, part in enumerate(parts):
        last = position == len(parts) - 1
        rows.append(
            add_message(
                conversation,
                direction=Message.Direction.OUT,
                author=author,
                author_name=author_name[:160],
                text=part,
                payload={k: v for k, v in (payload or {}).items() if k not in LAST_ONLY or last},
                status=MessageStatus.QUEUED,
                reply_to="" if position else reply_to[:200],
                idempotency_key=f"{key}:{position}",
                **fields,
            )
        )
    wake(conversation.pk)
    return rows


def queue_media(
    conversation: Conversation, media: dict[str, Any], *, author: str, author_name: str, key: str, **fields: Any
) -> Message:
    """Queue one file (`OutgoingMedia` as a dict, with a link) on the locked conversation; the caller saves it."""
    message = add_message(
        conversation,
        direction=Message.Direction.OUT,
        author=author,
        author_name=author_name[:160],
        kind=media["kind"],
        text=str(media.get("caption") or media.get("filename") or media.get("link") or ""),
        payload={"media": media},
        status=MessageStatus.QUEUED,
        idempotency_key=f"{key}:0",
        **fields,
    )
    wake(conversation.pk)
    return message


def wake(conversation_id: UUID, wait: float = 0.0) -> None:
    commit.queue(
        "messaging.tasks.deliver", queue="outbound", countdown=wait or None, conversation_id=str(conversation_id)
    )


def send_as_person(
    *,
    conversation: Conversation,
    text: str,
    by: Actor,
    user: User | None,
    idempotency_key: str = "",
    reply_to: str = "",
) -> list[Message]:
    """A person answers: takes the chat over and queues the text. A repeated key answers with the first messages."""
    row = locked(conversation.pk)
    if row is None:
        raise Conflict(_("La conversación ya no existe."))
    key = sending_key("person", idempotency_key or f"{row.sequence + 1}:{timezone.now().timestamp()}")
    before = _sent_before(row, key)
    if before:
        return before
    refuse_outside_window(row, by_person=True)
    takeover.take_over(conversation=row, by=by, user=user, cause=takeover.Cause.REPLY)
    author: dict[str, Any] = {"author": Message.Author.USER, "author_name": by.label, "author_user": user}
    rows = queue_text(row, text, key=key, whole=True, reply_to=reply_to, **author)
    answered(row, at=timezone.now(), user=user, message=rows[0])
    row.unread_count = 0
    row.save()
    record(action="message.sent", resource=rows[0], by=by, diff={"conversation": str(row.pk), "bubbles": len(rows)})
    return rows


def sending_key(kind: str, given: str) -> str:
    """The common part of the idempotency keys of one send; a long key of a caller's becomes its digest.

    So does one that ends as the keys of the words under a file do: they would be taken for them.
    """
    plain = len(given) <= 80 and not given.endswith(":text")
    return f"{kind}:{given if plain else hashlib.sha256(given.encode()).hexdigest()}"


def _sent_before(conversation: Conversation, key: str) -> list[Message]:
    """The bubbles of this very key: that of another send may begin alike."""
    own = re.compile(re.escape(key) + r":(text:)?[0-9]+")
    rows = Message.objects.filter(conversation=conversation, idempotency_key__startswith=f"{key}:")
    return [row for row in rows.order_by("sequence") if own.fullmatch(str(row.idempotency_key))]


def refuse_outside_window(conversation: Conversation, *, by_person: bool = False) -> None:
    """Raises Invalid when only a template may be sent, or nothing."""
    if not can_write_freely(conversation, by_person=by_person):
        raise Invalid(closed_words(conversation.channel_source), code="window_closed")


def can_write_freely(conversation: Conversation, now: datetime | None = None, *, by_person: bool = False) -> bool:
    """`by_person`: some channels let the team answer for longer than a machine."""
    return window_open(
        channel_source=conversation.channel_source,
        last_inbound=conversation.last_inbound_at,
        now=now or timezone.now(),
        by_person=by_person,
    )


def closed_words(channel_source: str) -> str:
    """Why nothing may be said freely any more."""
    if channel_source == "whatsapp":
        return _("Pasaron 24 horas desde el último mensaje del contacto: WhatsApp solo acepta una plantilla.")
    return _("Pasó el tiempo en que %(app)s permite responder: hay que esperar a que la persona escriba.") % {
        "app": Source(channel_source).label
    }


def may_reach(conversation: Conversation, now: datetime | None = None, *, template: bool = False) -> bool:
    """Whether something automatic may go to this person: who asked to be left alone gets answers, never a template."""
    opted_out = conversation.contact.opted_out_at
    if template:
        return opted_out is None
    return opt_out.may_answer(opted_out=opted_out, last_inbound=conversation.last_inbound_at, now=now or timezone.now())


def queue_template(
    conversation: Conversation, template: dict[str, Any], *, by: Actor, user: User | None, key: str, text: str = ""
) -> Message:
    """Queue a template on the locked conversation; allowed at any time. The caller saves."""
    name, language = str(template.get("name", "")), str(template.get("language", ""))
    if not name or not language:
        wrong = {"template": _("Falta el nombre o el idioma de la plantilla.")}
        raise Invalid(wrong["template"], fields=wrong)
    if conversation.channel_source != "whatsapp":
        raise Invalid(_("Las plantillas son de WhatsApp."), fields={"template": _("El canal no las usa.")})
    message = add_message(
        conversation,
        direction=Message.Direction.OUT,
        author=Message.Author.USER if user else Message.Author.SYSTEM,
        author_name=by.label[:160],
        author_user=user,
        kind="template",
        text=text
        or template_values.said(conversation.channel_id, template)
        or _("Plantilla %(name)s (%(language)s)") % {"name": name, "language": language},
        payload={"template": {"name": name, "language": language, "components": template.get("components") or []}},
        cause=_("Plantilla"),
        status=MessageStatus.QUEUED,
        idempotency_key=f"{key}:0",
    )
    wake(conversation.pk)
    return message


def retry_message(*, message: Message, by: Actor) -> Message:
    """Put a failed message back in the queue. One without confirmation needs a person who has looked."""
    conversation = locked(message.conversation_id)
    row = Message.objects.select_for_update(of=("self",), no_key=True).get(pk=message.pk)
    if row.direction != Message.Direction.OUT or row.status not in (MessageStatus.FAILED, MessageStatus.UNKNOWN):
        raise Conflict(_("Solo se reintenta un mensaje que no se envió."))
    forget_try(row, row.provider_message_id)
    row.payload["resent"] = True  # a person wants it to leave, whoever wrote it and whoever has the chat
    row.status, row.attempts, row.not_before, row.sent_via = MessageStatus.QUEUED, 0, None, None
    row.error = row.error_code = ""
    row.save()
    if conversation is not None:
        answered_again(conversation, row, at=timezone.now())
        emit("CONVERSATION_UPDATED", object="conversation", id=conversation.pk)
    emit("MESSAGE_STATUS", object="message", id=row.pk, conversation=str(row.conversation_id), status=row.status.value)
    record(action="message.retried", resource=row, by=by)
    wake(row.conversation_id)
    return row


def forget_try(row: Message, *ids: str | None) -> None:
    """What is still said about this attempt, under these ids, must not be taken for news of the next one. The caller saves."""
    known = row.payload.get("earlier_ids", [])
    new = [each for each in dict.fromkeys(ids) if each and each not in known]
    if new:
        row.payload["earlier_ids"] = [*known, *new]
    row.provider_message_id = None


def safely_once(conversation: Conversation, key: str, queue: Any) -> list[Message]:
    """Run `queue()` once per key, also when two requests with one key race."""
    before = _sent_before(conversation, key)
    if before:
        return before
    try:
        with transaction.atomic():
            rows: list[Message] = queue()
    except IntegrityError:
        return _sent_before(conversation, key)
    return rows
