"""Where a person's words lie beside the messages: raw webhook bodies, notices, the door's spool, Redis."""

import base64
import binascii
import json
import logging
import os
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from config.lib import live
from config.lib.redis import client
from messaging.domain.pruning import Pruned, prune
from messaging.ingest.models import InboundEvent
from messaging.ingest.spool import Claimed, Event, Spool
from messaging.models import Channel, ChannelIdentity, Conversation, PendingStatus, Provider, ProviderNotice
from messaging.providers.chatwoot.inbound import whose
from messaging.providers.clean import digest
from tenants.domain.privacy import Busy, Subject
from tenants.models import Tenant

logger = logging.getLogger(__name__)
NOTHING = "{}"
PAGE = 500
CHATWOOT = ("chatwoot", "chatwoot_contact")  # kinds of addresses that are small numbers of one Chatwoot
AHEAD = timedelta(minutes=5)  # Chatwoot's clock may be ahead of ours
SHORTEST_DIGITS = 8  # of a phone within an id of the provider's


# --- raw bodies ----------------------------------------------------------------------------------------------


def event_ids(tenant: Tenant, subject: Subject) -> list[int]:
    """Stored bodies that may speak of the person. One look through all of them; `_split` decides for each."""
    wanted = Q()
    for each in _searched(subject):
        wanted |= Q(raw__contains=each)
    if not wanted:
        return []
    rows = InboundEvent.objects.filter(wanted, tenant_id=tenant.pk)
    return list(rows.order_by("id").values_list("id", flat=True))


def received(tenant: Tenant, subject: Subject) -> Iterator[dict[str, Any]]:
    """What providers sent about the person, without what the same bodies say of others."""
    ids = event_ids(tenant, subject)
    for start in range(0, len(ids), PAGE):
        for row in InboundEvent.objects.filter(tenant_id=tenant.pk, pk__in=ids[start : start + PAGE]).order_by("id"):
            for part in _split(row.provider, str(row.channel_id), row.raw, subject).taken:
                yield {
                    "received_at": row.received_at,
                    "provider": row.provider,
                    "content": part,
                    "error": row.error,
                }


def notices(subject: Subject) -> Iterator[dict[str, Any]]:
    for row in _notices(subject):
        yield {"created_at": row.created_at, "kind": row.kind, "text": row.text, "payload": row.payload}


UPDATE = """
update ingest_inboundevent event set raw = given.raw, error = '',
  state = case when given.raw = %(nothing)s then 'done' else event.state end,
  processed_at = case when given.raw = %(nothing)s then coalesce(event.processed_at, %(now)s) else event.processed_at end
from unnest(%(ids)s::bigint[], %(raws)s::text[]) as given (id, raw)
where event.tenant_id = %(tenant)s and event.id = given.id
"""


def forget_events(tenant: Tenant, subject: Subject, ids: list[int], *, before: datetime) -> None:
    """Take the person out of these bodies, if they came up to `before`; those of nobody else become empty.

    The rows stay: their key is what keeps a provider from bringing the same body again for days. Raises Busy while one
    of them is being worked off.
    """
    now = timezone.now()
    changed: dict[int, str] = {}
    for row in InboundEvent.objects.filter(tenant_id=tenant.pk, pk__in=ids, received_at__lte=before):
        split = _split(row.provider, str(row.channel_id), row.raw, subject)
        if not split.found:
            continue
        if row.state == InboundEvent.State.RECEIVED and row.lease_until and row.lease_until > now:
            raise Busy("a webhook is being worked off")
        changed[row.pk] = NOTHING if split.rest is None else _dumped(split.rest)
    if changed:
        ids, raws = list(changed), list(changed.values())
        with connection.cursor() as cursor:
            cursor.execute(UPDATE, {"ids": ids, "raws": raws, "nothing": NOTHING, "now": now, "tenant": tenant.pk})


def forget_notices(subject: Subject) -> int:
    """Notices that name the person, and delivery notices whose id at the provider holds the phone."""
    gone = 0
    for row in _notices(subject):
        row.delete()
        gone += 1
    for pending in PendingStatus.objects.all().iterator(chunk_size=PAGE):
        if names_a_phone(pending.provider_message_id, subject.phones):
            pending.delete()
            gone += 1
    return gone


def _searched(subject: Subject) -> list[str]:
    """Short ids with the quotes that stand around them, so that not every body is fetched; Chatwoot's are bare numbers."""
    found = {each if len(each) > 5 else f'"{each}"' for each in subject.externals}
    for _channel, kind, external in subject.addresses:
        if kind in CHATWOOT:
            found |= {f'"id":{external}', f'"id": {external}'}
    return sorted(found)


def _split(provider: str, channel_id: str, raw: str, subject: Subject) -> Pruned:
    """What of a body is the person's. A visitor's id means somebody on one channel only."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict | list):
        return Pruned(None, [raw]) if any(each in raw for each in subject.needles) else Pruned(raw)
    if provider == "chatwoot":  # small numbers that mean many things: their place says which
        theirs = {(kind, external) for channel, kind, external in subject.addresses if channel == channel_id}
        theirs |= {("phone", each) for each in subject.phones}
        return Pruned(None, [body]) if whose(body) & theirs else Pruned(body)
    if provider == "web":
        here = {external for channel, _kind, external in subject.addresses if channel == channel_id}
    else:
        local = {"visitor", *CHATWOOT}
        here = {external for _channel, kind, external in subject.addresses if kind not in local} | set(subject.phones)
    return prune(body, here)


def _dumped(body: Any) -> str:
    return json.dumps(body, separators=(",", ":"))


def _notices(subject: Subject) -> QuerySet[ProviderNotice]:
    wanted = Q(pk=None)
    for each in subject.needles:
        wanted |= Q(payload__icontains=each) | Q(text__icontains=each)
    return ProviderNotice.objects.filter(wanted)


def names_a_phone(provider_id: str, phones: Iterable[str]) -> bool:
    """WhatsApp's message ids are base64 and hold the number of the other side."""
    given = provider_id.removeprefix("wamid.")
    try:
        plain = base64.b64decode(given + "=" * (-len(given) % 4), validate=True)
    except (binascii.Error, ValueError):
        plain = b""
    text = plain.decode("latin-1") + " " + provider_id
    return any(phone in text for phone in phones if len(phone) >= SHORTEST_DIGITS)


# --- what Chatwoot still lists -------------------------------------------------------------------------------


def leave_marks(tenant: Tenant, subject: Subject) -> None:
    """Chatwoot goes on listing what the person wrote: whoever looks there for lost messages is to pass over these chats.

    A mark is an empty event under the digest of the chat's number. It leaves with the others, after a month; a look
    goes back a day.
    """
    said = ChannelIdentity.objects.filter(contact_id=subject.contact_id, kind="chatwoot")
    chats = Conversation.objects.filter(contact_id=subject.contact_id, provider=Provider.CHATWOOT)
    known = {*said.values_list("channel_id", "external_id"), *chats.values_list("channel_id", "external_chatwoot_id")}
    now = timezone.now()
    for channel_id, number in sorted(known):
        InboundEvent.objects.update_or_create(
            tenant_id=tenant.pk,
            provider=Provider.CHATWOOT,
            channel_id=channel_id,
            event_key=_mark(number),
            defaults={"raw": NOTHING, "state": InboundEvent.State.DONE, "received_at": now, "processed_at": now},
        )


def erased_until(tenant: Tenant, channel: Channel, numbers: Iterable[str]) -> dict[str, datetime]:
    """Number of a chat at Chatwoot → until when what was said there is of somebody erased."""
    marks = {_mark(number): number for number in numbers}
    rows = InboundEvent.objects.filter(
        tenant_id=tenant.pk, provider=Provider.CHATWOOT, channel_id=channel.pk, event_key__in=list(marks)
    )
    return {marks[key]: at + AHEAD for key, at in rows.values_list("event_key", "received_at")}


def _mark(number: str) -> str:
    return digest(["erased", number])[:64]


# --- the door's spool ----------------------------------------------------------------------------------------


def forget_spool(tenant: Tenant, subject: Subject) -> int:
    """What the door kept on this disk while the database was away.

    A live file is drained within seconds: until then Busy. What was set aside for a person is written anew without.
    """
    folder = Path(settings.DATA_DIR) / "spool"
    for path in sorted(folder.glob("*.spool")) if folder.is_dir() else []:
        if any(_is_theirs(event, tenant, subject) for event in _records(path)):
            raise Busy("the door still holds something that it could not store")
    gone = 0
    for path in sorted([*folder.glob("*.refused"), *folder.glob("*.damaged")]) if folder.is_dir() else []:
        gone += _written_anew(path, tenant, subject)
    return gone


def _records(path: Path) -> list[Event]:
    """Without its lock: whoever writes the file goes on."""
    try:
        file = Claimed(path, os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except FileNotFoundError:
        return []  # drained just now
    try:
        return list(file.events())
    finally:
        file.leave()


def _written_anew(path: Path, tenant: Tenant, subject: Subject) -> int:
    events = _records(path)
    theirs = [event for event in events if _is_theirs(event, tenant, subject)]
    torn = path.suffix == ".damaged" and any(each.encode() in path.read_bytes() for each in subject.needles)
    if not theirs and not torn:
        return 0
    rest = [event for event in events if event not in theirs]
    path.unlink()
    if rest:
        Spool(path.parent).set_aside(rest)
    return max(1, len(theirs))


def _is_theirs(event: Event, tenant: Tenant, subject: Subject) -> bool:
    if event.tenant_id != tenant.pk:
        return False
    return _split(event.provider, event.channel_id, event.raw, subject).found


# --- Redis ---------------------------------------------------------------------------------------------------


def forget_seen(tenant: Tenant, messages: Iterable[tuple[str, str]]) -> None:
    """The marks of messages seen lately (`messages`: channel id, id at the provider): such an id may hold a phone."""
    _drop([f"seen:{tenant.pk}:{channel}:{message_id}" for channel, message_id in messages if message_id])


def forget_keys(tenant: Tenant, subject: Subject) -> None:
    """The counts of a web chat's visitor; and the open window of the visitor looks once more, and finds nothing."""
    visitors = [(channel, external) for channel, kind, external in subject.addresses if kind == "visitor"]
    _drop(
        [
            f"webchat:{way}:{tenant.pk}:{channel}:{visitor}"
            for channel, visitor in visitors
            for way in ("in", "out", "ws")
        ]
    )
    for channel, visitor in visitors:
        live.publish(live.visitor_topic(tenant.pk, channel, visitor), {"type": "erased"})


def _drop(keys: list[str]) -> None:
    if not keys:
        return
    try:
        client().delete(*keys)
    except redis.RedisError:
        logger.warning("keys of an erased person are left to expire within two minutes: Redis does not answer")
