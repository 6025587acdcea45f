"""What the business itself wrote elsewhere, from its phone or another tool: shown here, and the agent keeps silent."""

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.ids import as_uuid
from messaging.models import Channel, Conversation, Message, MessageStatus
from messaging.providers import base
from messaging.services import identity, media, profiles, takeover
from messaging.services.answers import answered
from messaging.services.conversations import ELSEWHERE, add_message, open_conversation
from messaging.services.inbound import NotYet
from messaging.services.statuses import apply, known_message
from tenants.domain.actor import Actor

OPEN = (MessageStatus.SENDING, MessageStatus.UNKNOWN)
NEAR = timedelta(minutes=10)  # between a send and its echo, at the most
APART = ("instagram", "facebook")  # where the words of a file are a message of their own


def accept_echo(*, channel: Channel, item: base.Echo) -> Message | None:
    """A person answered from the phone or another tool: store it and keep the agent silent.

    `payload["by"]` names the person, `payload["automatic"]` says that it was none. None when it is stored or ours.
    """
    if known_message(channel, item.message_id) is not None or _referred(channel, item):
        return None  # our own message coming back
    contact = identity.locate(channel=channel, sender=item.recipient)
    if not contact.name:
        profiles.ask(channel=channel, sender=item.recipient)
    conversation = open_conversation(channel=channel, contact=contact, sender=item.recipient)
    if known_message(channel, item.message_id) is not None or _is_ours(conversation, item):
        return None
    automatic = bool(item.payload.get("automatic"))
    by = str(item.payload.get("by") or (channel.name if automatic else _("Desde el teléfono")))[:160]
    message = add_message(
        conversation,
        direction=Message.Direction.OUT,
        author=Message.Author.SYSTEM if automatic else Message.Author.USER,
        author_name=by,
        kind=item.kind,
        text=item.text,
        payload={**item.payload, "echo": True},
        status=MessageStatus.SENT,
        provider_message_id=item.message_id,
        reply_to=item.reply_to,
        provider_at=item.timestamp,
    )
    media.take_in(message, item.media)
    if not automatic:
        answered(conversation, at=min(item.timestamp, timezone.now()))
    conversation.save()
    if not item.group_id and not automatic:
        who = f"{ELSEWHERE}{item.payload.get('by') or ''}"
        takeover.take_over(conversation=conversation, by=Actor("user", "", by), cause=takeover.Cause.ECHO, reason=who)
    return message


def _referred(channel: Channel, item: base.Echo) -> bool:
    """Whether the echo carries the reference of a message of ours; it then knows its id, if the send call did not tell."""
    reference = as_uuid(str(item.payload.get("client_ref") or ""))
    if reference is None:
        return False
    rows = Message.objects.filter(Q(channel=channel) | Q(sent_via=channel), pk=reference)
    ours = rows.select_for_update(of=("self",), no_key=True).first()
    if ours is None:
        return False
    if item.media or not ours.payload.get("media"):  # the words before a file do not say that it arrived
        _join(ours, item)
    return True


def _is_ours(conversation: Conversation, item: base.Echo) -> bool:
    """Whether the echo is a message of ours whose id we do not know yet; NotYet while it is being sent."""
    lately = Message.objects.filter(
        conversation=conversation,
        direction=Message.Direction.OUT,
        sending_since__range=(item.timestamp - NEAR, item.timestamp + NEAR),
    ).order_by("sequence")
    if conversation.channel_source in APART and not item.media and _is_caption(lately, item):
        return True
    alike = [row for row in lately.filter(provider_message_id=None, status__in=OPEN) if _alike(row, item)]
    if any(row.status == MessageStatus.SENDING for row in alike):
        raise NotYet(item.message_id)
    if not alike:
        return False
    _join(Message.objects.select_for_update(no_key=True).get(pk=alike[0].pk), item)
    return True


def _is_caption(lately: QuerySet[Message], item: base.Echo) -> bool:
    """Whether the echo is what leaves before a file of ours: once per attempt, the same words once more are a person's."""
    for row in lately.filter(payload__has_key="media").select_for_update(no_key=True):
        heard = row.payload.get("captions", {})  # attempt → the id that its words have at the provider
        if item.message_id in heard.values():
            return True
        words, attempt = str(row.payload["media"].get("caption", "")).strip(), str(row.sending_since)
        if attempt not in heard and words and words == item.text.strip():
            row.payload["captions"] = {**heard, attempt: item.message_id}
            row.save(update_fields=["payload"])
            return True
    return False


def _alike(row: Message, item: base.Echo) -> bool:
    """A file comes back under its own label, and choices as a list below their text."""
    if row.payload.get("media"):
        return bool(item.media)
    if row.payload.get("choices"):
        return item.text.strip().startswith(row.text.strip())
    return row.text.strip() == item.text.strip()


def _join(ours: Message, item: base.Echo) -> None:
    if ours.provider_message_id is None:
        ours.provider_message_id = item.message_id
        ours.save(update_fields=["provider_message_id"])
    apply(ours, MessageStatus.SENT, at=item.timestamp)
