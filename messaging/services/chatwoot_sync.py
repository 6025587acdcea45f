"""What keeps a Chatwoot inbox and its chats here the same: who has a chat, and what no webhook brought.

Chatwoot sends an account's webhook once: what is lost then is found again by looking, and so is a message of ours whose
answer was lost.
"""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import redis
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import ProviderError
from config.lib.redis import client
from messaging.domain.timing import retry_wait
from messaging.ingest.models import InboundEvent
from messaging.models import Channel, Conversation, Message, MessageStatus, Provider, ProviderNotice
from messaging.providers.base import Notice
from messaging.providers.chatwoot.client import Chatwoot
from messaging.providers.chatwoot.inbound import ACTIVITY, OUT, STATUS, TYPES, moment
from messaging.providers.clean import identifier, items, mapping, text
from messaging.services import statuses, takeover, wakeups
from messaging.services.adapters import adapter_for
from messaging.services.conversations import locked, set_status
from messaging.services.privacy_raw import erased_until
from tenants.context import current_tenant, tenant_context
from tenants.domain.actor import Actor
from tenants.models import SystemEvent, Tenant

logger = logging.getLogger(__name__)

BY = Actor.system("Chatwoot")
MOST_TELLS = 5
LEEWAY = timedelta(seconds=10)  # clocks that differ, and a telling of ours that was under way
MOST_CHATS = 10  # looked into at one time
PAGE = 20  # messages of a conversation that Chatwoot lists
BACK = timedelta(days=1)
YOUNG = timedelta(minutes=1)  # a webhook may still be on its way
SETTLED = timedelta(minutes=2)  # what a lost answer was about is there by then, or it never will be


# --- who has the chat ----------------------------------------------------------------------------------------------
def tell(*, tenant: Tenant, conversation_id: UUID, attempt: int = 1) -> None:
    """People have it: `open`. The agent has it: `pending`. As it is now, whatever it was when this was queued."""
    with tenant_context(tenant):
        chat = Conversation.objects.select_related("channel").filter(pk=conversation_id).first()
    closed = chat is None or chat.status == Conversation.Status.CLOSED  # what is resolved there stays so
    if chat is None or closed or chat.channel.status == Channel.Status.DISABLED:
        return
    status = {Conversation.Mode.HUMAN: "open", Conversation.Mode.AI: "pending"}.get(Conversation.Mode(chat.mode))
    try:
        adapter = adapter_for(tenant, chat.channel)
        if status and isinstance(adapter, Chatwoot):
            adapter.set_status(chat.external_chatwoot_id, status)
    except ProviderError as error:
        logger.info("chatwoot was not told of %s: %s", chat.pk, error.code)
        if error.kind == "retry" and attempt < MOST_TELLS:
            with tenant_context(tenant):
                wait = retry_wait(attempt, error.retry_after)
                again: dict[str, Any] = {"conversation_id": str(chat.pk), "attempt": attempt + 1}
                commit.queue(takeover.TELL_CHATWOOT, queue="sync", countdown=wait, **again)


def heard(*, channel: Channel, notice: Notice) -> None:
    """A conversation's status changed at Chatwoot: somebody took it there, gave it back to the bot, or resolved it."""
    if channel.provider != Provider.CHATWOOT or notice.kind != STATUS:
        return
    number, status, before = (str(notice.payload.get(key, "")) for key in ("conversation", "status", "previous"))
    found = Conversation.objects.filter(channel=channel, external_chatwoot_id=number).first() if number else None
    chat = locked(found.pk) if found else None
    if chat is None:
        return
    if status == "open" and before == "pending" and chat.mode == Conversation.Mode.AI:
        # The cause of an echo: Chatwoot knows it already.
        takeover.take_over(conversation=chat, by=Actor("user", "", "Chatwoot"), cause=takeover.Cause.ECHO)
    elif status == "pending" and chat.mode == Conversation.Mode.HUMAN and not _taken_since(chat, notice):
        takeover.release(conversation=chat, by=BY)
    elif status == "resolved" and chat.status != Conversation.Status.CLOSED:
        set_status(conversation=chat, status=Conversation.Status.CLOSED, by=BY)


def _taken_since(chat: Conversation, notice: Notice) -> bool:
    """Whether a person took the chat after Chatwoot's status was so: a late webhook, or one worked off again, is no news."""
    stamp = notice.payload.get("at") or timezone.now().timestamp()  # old versions do not say when
    at = datetime.fromtimestamp(stamp, UTC)
    here = SystemEvent.objects.filter(
        tenant_id=current_tenant().pk,
        resource_type="conversation",
        resource_id=str(chat.pk),
        action__in=("conversation.taken_over", "conversation.handed_off"),
        at__gt=at - LEEWAY,
    ).exclude(diff__cause=takeover.Cause.ECHO)  # taken there: by Chatwoot's own clock
    typed = Message.objects.filter(conversation=chat, author=Message.Author.USER, provider_at__gt=at)
    opened = {"payload__conversation": chat.external_chatwoot_id, "payload__status": "open", "payload__at__gt": stamp}
    notices = ProviderNotice.objects.filter(channel=chat.channel, kind=STATUS, **opened)
    return here.exists() or typed.exists() or notices.exists()


# --- what no webhook brought ---------------------------------------------------------------------------------------
def due_ids() -> list[UUID]:
    """Chatwoot channels worth a look."""
    rows = Channel.objects.filter(
        provider=Provider.CHATWOOT, status__in=[Channel.Status.CONNECTED, Channel.Status.PENDING]
    )
    return list(rows.exclude(resting_until__gt=timezone.now()).values_list("pk", flat=True))


def catch_up(*, tenant: Tenant, channel_id: UUID) -> int:
    """Look at the inbox's latest conversations and store what is missing as events; returns how many were."""
    with tenant_context(tenant):
        channel = Channel.objects.filter(pk=channel_id).first()
    if channel is None:
        return 0
    try:
        adapter = adapter_for(tenant, channel)
        if not isinstance(adapter, Chatwoot) or not adapter.can_read:
            return 0
        listed = adapter.latest()
        with tenant_context(tenant):
            behind = _behind(tenant, channel, listed)
        found = [(chat, adapter.messages(identifier(chat.get("id")))) for chat in behind]
    except ProviderError as error:
        logger.info("chatwoot channel %s was not looked at: %s", channel.pk, error.code)
        return 0
    with tenant_context(tenant):
        stored = sum(_store_missing(tenant, channel, chat, rows) for chat, rows in found)
        for chat, rows in found:
            _settle_unknown(channel, identifier(chat.get("id")), rows)
    for chat, _rows in found:
        _note_looked_at(channel, chat)
    if stored:
        wakeups.wake(tenant.pk)
    return stored


def _behind(tenant: Tenant, channel: Channel, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Conversations whose newest message we do not have, and those with a bubble of ours of unknown fate."""
    since = _since(channel)
    erased = erased_until(tenant, channel, [identifier(chat.get("id")) for chat in listed])
    newest: dict[str, dict[str, Any]] = {}
    for chat in listed:
        number, last = identifier(chat.get("id")), _last(chat)
        if number.isdecimal() and last and moment(last.get("created_at")) > max(since, erased.get(number, since)):
            newest[identifier(last.get("id"))] = chat
    known = _known(channel, newest) | _looked_at(channel, list(newest))
    behind = {identifier(chat.get("id")): chat for number, chat in newest.items() if number not in known}
    doubtful = Message.objects.filter(channel=channel, status=MessageStatus.UNKNOWN, created_at__gt=since)
    for number in doubtful.order_by().values_list("conversation__external_chatwoot_id", flat=True).distinct():
        if number.isdecimal():
            behind.setdefault(number, {"id": number})
    return list(behind.values())[:MOST_CHATS]


def _last(chat: dict[str, Any]) -> dict[str, Any]:
    return mapping(next(reversed(items(chat.get("messages"))), None))


def _looked_at(channel: Channel, numbers: list[str]) -> set[str]:
    """Newest messages after which a conversation was looked into: notes and Chatwoot's own lines are never stored here."""
    try:
        seen = client().mget([_key(channel, number) for number in numbers]) if numbers else []
    except redis.RedisError:
        return set()
    return {number for number, flag in zip(numbers, seen, strict=True) if flag}


def _note_looked_at(channel: Channel, chat: dict[str, Any]) -> None:
    last = _last(chat)
    if last and moment(last.get("created_at")) < timezone.now() - YOUNG:
        try:
            client().set(_key(channel, identifier(last.get("id"))), 1, ex=int(BACK.total_seconds()))
        except redis.RedisError:
            return  # it is looked into once more


def _key(channel: Channel, number: str) -> str:
    return f"chatwoot:looked:{channel.pk}:{number}"


def _since(channel: Channel) -> datetime:
    """What was said before the channel was connected is no news."""
    return max(channel.created_at, timezone.now() - BACK)


def _spoken(row: dict[str, Any]) -> bool:
    return bool(row) and row.get("private") is not True and TYPES.get(text(row.get("message_type"), 20)) != ACTIVITY


def _known(channel: Channel, numbers: Any) -> set[str]:
    rows = Message.objects.filter(channel=channel, provider_message_id__in=list(numbers))
    return {str(number) for number in rows.values_list("provider_message_id", flat=True)}


def _store_missing(tenant: Tenant, channel: Channel, chat: dict[str, Any], rows: list[dict[str, Any]]) -> int:
    erased = erased_until(tenant, channel, [identifier(chat.get("id"))])
    since, until = max([_since(channel), *erased.values()]), timezone.now() - YOUNG
    wanted = {
        identifier(row.get("id")): row
        for row in rows
        if _spoken(row) and identifier(row.get("id")) and since < moment(row.get("created_at")) < until
    }
    known = _known(channel, wanted)
    made = 0
    for number, row in sorted(wanted.items(), key=lambda each: moment(each[1].get("created_at"))):
        if number in known:
            continue
        over = {"event": "message_created", "inbox": {"id": channel.config.get("inbox_id")}, "conversation": chat}
        _event, new = InboundEvent.objects.get_or_create(
            tenant_id=tenant.pk,
            provider=channel.provider,
            channel_id=channel.pk,
            event_key=f"looked-up:{number}"[:64],
            defaults={"raw": json.dumps(row | over, ensure_ascii=False)},
        )
        made += new
    return made


def _settle_unknown(channel: Channel, number: str, rows: list[dict[str, Any]]) -> None:
    """What is there is joined by its event. What is not, in a list that reaches back far enough, never arrived."""
    written = [row for row in rows if TYPES.get(text(row.get("message_type"), 20)) == OUT]
    oldest = min((moment(row.get("created_at")) for row in rows), default=None)
    doubtful = Message.objects.select_for_update(of=("self",), no_key=True).filter(
        channel=channel,
        conversation__external_chatwoot_id=number,
        status=MessageStatus.UNKNOWN,
        sending_since__lt=timezone.now() - SETTLED,
    )
    for message in doubtful.order_by("sequence"):
        covered = len(rows) < PAGE or (oldest is not None and message.sending_since and oldest < message.sending_since)
        if covered and not any(_same(message, row) for row in written):
            words = _("Chatwoot no lo tiene: no se envió y se puede reintentar.")
            statuses.apply(message, MessageStatus.FAILED, at=timezone.now(), code="not_there", error=words)


def _same(message: Message, row: dict[str, Any]) -> bool:
    if identifier(row.get("id")) == message.provider_message_id:
        return True
    if message.payload.get("media"):
        return bool(items(row.get("attachments")))
    return text(row.get("content")).strip().startswith(message.text.strip())
