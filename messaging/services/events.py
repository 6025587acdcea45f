"""Working off stored provider events: claimed with a lease, in order per company, each item on its own."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID, uuid4

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.redis import client
from config.lib.refusals import module_unavailable
from messaging.ingest.models import InboundEvent
from messaging.models import Channel, Provider, ProviderNotice
from messaging.providers import PROVIDERS, base, provider_class
from messaging.services import (
    channels,
    chatwoot_sync,
    echoes,
    identity,
    inbound,
    reactions,
    statuses,
    template_sync,
    unrouted,
)
from messaging.services.adapters import same_server
from tenants.context import current_tenant, tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services.audit import record

logger = logging.getLogger(__name__)
BATCH = 20
LEASE = timedelta(seconds=30)
KEPT = timedelta(days=30)
MOST_ATTEMPTS = 6
MOST_AT_ONCE = 1000  # events that one click works off again
WAITING = InboundEvent.State.RECEIVED
DRAIN_LOCK_MS = 15_000
SLICE_SECONDS = 1.0  # of a worker for one company, before the next in the queue has its turn

# Materialised: as a plain subquery the plan may run it once per row, and the limit would limit nothing.
CLAIM = """
with due as materialized (
    select id from ingest_inboundevent
    where tenant_id = %s and state = 'received' and (lease_until is null or lease_until < clock_timestamp())
    order by id limit %s for update skip locked)
update ingest_inboundevent as event
set lease_until = clock_timestamp() + make_interval(secs => %s), attempts = event.attempts + 1
from due where event.tenant_id = %s and event.id = due.id
returning event.id
"""


@dataclass
class Outcome:
    """What became of an event's items."""

    errors: list[str]
    homes: dict[UUID, Channel] = field(default_factory=dict)  # the channels that took something in
    later: bool = False
    put_off: bool = False  # a module of the company is being migrated: no failure of the event, however long it takes


def drain(*, tenant: Tenant, batches: int = 10) -> bool:
    """Process due events of one company, oldest first, for about a second at most.

    True when more may be waiting: the caller queues again, behind whatever other companies wait for.
    """
    ends = monotonic() + SLICE_SECONDS
    with _alone(tenant) as free:
        if not free:
            return False
        for _round in range(batches):
            ids = _claim(tenant) if monotonic() < ends else []
            if not ids:
                break
            for event_id in ids:
                process(tenant=tenant, event_id=event_id)
    # An event stored while we held the lock had its wake-up turned away.
    return _waiting(tenant)


@contextmanager
def _alone(tenant: Tenant) -> Iterator[bool]:
    """One drain per company at a time keeps messages in order. Only order depends on this, never whether one is lost."""
    key, token = f"drain:{tenant.pk}", uuid4().hex
    try:
        free = bool(client().set(key, token, nx=True, px=DRAIN_LOCK_MS))
    except redis.RedisError:
        yield True
        return
    try:
        yield free
    finally:
        if free:
            _unlock(key, token)


def _unlock(key: str, token: str) -> None:
    try:
        if client().get(key) == token:
            client().delete(key)
    except redis.RedisError:
        return  # it expires by itself


def _waiting(tenant: Tenant) -> bool:
    with tenant_context(tenant):
        rows = InboundEvent.objects.filter(tenant_id=tenant.pk, state=InboundEvent.State.RECEIVED)
        return rows.exclude(lease_until__gt=timezone.now()).exists()


def _claim(tenant: Tenant) -> list[int]:
    with tenant_context(tenant), connection.cursor() as cursor:
        cursor.execute(CLAIM, [tenant.pk, BATCH, LEASE.total_seconds(), tenant.pk])
        return sorted(row[0] for row in cursor.fetchall())


def process(*, tenant: Tenant, event_id: int) -> None:
    """Apply one claimed event. Every item has its own transaction; repeating all of it changes nothing."""
    with tenant_context(tenant):
        event = InboundEvent.objects.filter(tenant_id=tenant.pk, pk=event_id, state="received").first()
        channel = Channel.objects.filter(pk=event.channel_id).first() if event else None
    if event is None:
        return
    outcome = _apply(tenant, event, channel)
    with tenant_context(tenant):
        for home in outcome.homes.values():
            channels.heard_from(home)
        if channel is not None and not outcome.homes:
            channels.heard_from(channel, proven=False)
        _finish(tenant, event, outcome)


def _apply(tenant: Tenant, event: InboundEvent, channel: Channel | None) -> Outcome:
    outcome = Outcome([])
    if channel is None:
        outcome.errors.append(_("El canal ya no existe."))
        return outcome
    try:
        payload = json.loads(event.raw)
    except (ValueError, RecursionError):  # the second: brackets nested by the thousand
        outcome.errors.append(_("El contenido no es JSON."))
        return outcome
    items = provider_class(channel.provider, channel.channel_source).parse(payload)
    for position, item in enumerate(items):
        if isinstance(item, base.InboundMessage) and seen_lately(tenant, channel, item.message_id):
            continue
        try:
            with tenant_context(tenant):
                home = _apply_item(event, position, item, channel)
            if home is not None:
                outcome.homes[home.pk] = home
                _remember(tenant, channel, item)
        except inbound.NotYet:
            if event.attempts < MOST_ATTEMPTS:
                outcome.later = True
            else:
                _keep_notice(
                    tenant, event, position, base.Notice("unmatched", _("Habla de un mensaje que no llegó.")), channel
                )
        except identity.Unidentified:
            _keep_notice(tenant, event, position, base.Notice("unidentified", _("Llegó sin remitente.")), channel)
        except DatabaseError as error:
            if module_unavailable(error, company=tenant.pk):
                outcome.put_off = True
            else:
                cause = getattr(error.__cause__, "diag", None)  # its detail may quote what the customer wrote
                primary = getattr(cause, "message_primary", "")
                logger.warning("event %s item %s: %s %s", event.pk, position, type(error).__name__, primary)
            outcome.later = True
            outcome.errors.append(f"{position}: {type(error).__name__}")
        except Exception as error:  # one bad item must not take the batch with it
            logger.exception("event %s item %s", event.pk, position)
            outcome.later = True
            outcome.errors.append(f"{position}: {type(error).__name__}")
    return outcome


def _apply_item(event: InboundEvent, position: int, item: base.Item, channel: Channel) -> Channel | None:
    """The channel that took the item; None when it is nobody's, which is kept and shown."""
    home = _home(channel, item)
    if home is None:
        if channel.provider != Provider.CHATWOOT:  # its account tells of every inbox, also of those not wanted here
            _write_notice(event, position, unrouted.notice(channel, event, item), None)
        return None
    if home.status == Channel.Status.DISABLED and home.pk != channel.pk:
        _write_notice(event, position, base.Notice("switched_off", _("Llegó para un canal apagado.")), home)
        return None
    match item:
        case base.InboundMessage():
            inbound.accept_message(channel=home, item=item)
        case base.Echo():
            echoes.accept_echo(channel=home, item=item)
        case base.StatusUpdate():
            statuses.accept_status(channel=home, item=item)
        case base.Edit():
            inbound.accept_edit(channel=home, item=item)
        case base.Revoke():
            inbound.accept_revoke(channel=home, item=item)
        case base.Reaction():
            reactions.accept_reaction(channel=home, item=item)
        case base.ReadUpTo():
            statuses.accept_read_up_to(channel=home, item=item)
        case base.Notice():
            _write_notice(event, position, item, home)
            template_sync.hear(channel=home, notice=item)
            chatwoot_sync.heard(channel=home, notice=item)
    return home


def _home(channel: Channel, item: base.Item) -> Channel | None:
    """The company's channel that the item names: one address of a Meta app serves numbers, pages and Instagram accounts."""
    config = provider_class(channel.provider, channel.channel_source).config
    named = item.channel_ref
    if not named or not config.account_field or config.channel_ref(channel.config) == named:
        return channel
    wanted = Q(pk=None)
    for provider, source in PROVIDERS:
        if provider != channel.provider:
            continue
        field = provider_class(provider, source).config.account_field
        if field:
            wanted |= Q(channel_source=source, **{f"config__{field}": named})
    found = Channel.objects.filter(wanted, provider=channel.provider).first()
    return found if found is not None and same_server(current_tenant(), channel, found) else None


def _remember(tenant: Tenant, channel: Channel, item: base.Item) -> None:
    """The fast path of dedupe, set only after the commit: a redelivery within the window skips the database."""
    if not isinstance(item, base.InboundMessage):
        return
    try:
        client().set(_seen_key(tenant, channel, item.message_id), 1, ex=int(settings.WEBHOOK_DEDUPE_SECONDS) or 1)
    except redis.RedisError:
        return


def seen_lately(tenant: Tenant, channel: Channel, message_id: str) -> bool:
    try:
        return bool(client().exists(_seen_key(tenant, channel, message_id)))
    except redis.RedisError:
        return False


def _seen_key(tenant: Tenant, channel: Channel, message_id: str) -> str:
    return f"seen:{tenant.pk}:{channel.pk}:{message_id}"


def _finish(tenant: Tenant, event: InboundEvent, outcome: Outcome) -> None:
    rows = InboundEvent.objects.filter(tenant_id=tenant.pk, pk=event.pk)
    error = "; ".join(outcome.errors)[:2000]
    if outcome.put_off:
        rows.update(lease_until=timezone.now() + LEASE, error=error, attempts=event.attempts - 1)
    elif outcome.later and event.attempts < MOST_ATTEMPTS:
        wait = timedelta(seconds=min(2**event.attempts, 60))
        rows.update(lease_until=timezone.now() + wait, error=error)
    else:
        state = InboundEvent.State.FAILED if outcome.errors else InboundEvent.State.DONE
        rows.update(state=state, error=error, processed_at=timezone.now(), lease_until=None)


def _keep_notice(tenant: Tenant, event: InboundEvent, position: int, item: base.Notice, channel: Channel) -> None:
    with tenant_context(tenant):
        _write_notice(event, position, item, channel)


def _write_notice(event: InboundEvent, position: int, item: base.Notice, channel: Channel | None) -> None:
    row = ProviderNotice(
        channel=channel,
        event_id=event.pk,
        position=position,
        kind=item.kind[:60],
        text=item.text[:500],
        payload=item.payload,
    )
    ProviderNotice.objects.bulk_create([row], ignore_conflicts=True)


def forget_old(*, tenant: Tenant, now: datetime) -> int:
    """Processed events leave after a month, longer than any provider sends again; what failed stays until a person looks."""
    old = InboundEvent.objects.filter(
        tenant_id=tenant.pk, state=InboundEvent.State.DONE, processed_at__lt=now - KEPT
    ).order_by("id")
    return InboundEvent.objects.filter(tenant_id=tenant.pk, id__in=old.values("id")[:5000]).delete()[0]


def retry_failed(*, tenant: Tenant, event_id: int) -> int:
    """Put a failed event back in the queue (the dead letter's button). Runs inside the tenant's transaction."""
    return _again(InboundEvent.objects.filter(tenant_id=tenant.pk, pk=event_id, state=InboundEvent.State.FAILED))


def replay(*, channel: Channel, event: InboundEvent, by: Actor) -> bool:
    """Work an event off once more, also one that went well: what is stored already stays as it is. False while it waits."""
    again = _again(InboundEvent.objects.filter(tenant_id=event.tenant_id, pk=event.pk).exclude(state=WAITING))
    if again:
        record(action="channel.events_replayed", resource=channel, by=by, diff={"event": event.pk})
        commit.queue("messaging.tasks.process_events", queue="inbound")
    return bool(again)


def replay_failed(*, channel: Channel, by: Actor) -> int:
    """Every failed event of one channel, the oldest first, at most MOST_AT_ONCE; how many."""
    rows = InboundEvent.objects.filter(
        tenant_id=current_tenant().pk, channel_id=channel.pk, state=InboundEvent.State.FAILED
    )
    ids = list(rows.order_by("id").values_list("pk", flat=True)[:MOST_AT_ONCE])
    again = _again(InboundEvent.objects.filter(tenant_id=current_tenant().pk, pk__in=ids))
    if again:
        record(action="channel.events_replayed", resource=channel, by=by, diff={"count": again})
        commit.queue("messaging.tasks.process_events", queue="inbound")
    return again


def _again(rows: QuerySet[InboundEvent]) -> int:
    """What was noted of them before is noted anew."""
    ids = list(rows.values_list("pk", flat=True))
    ProviderNotice.objects.filter(event_id__in=ids).delete()
    return rows.update(state=WAITING, attempts=0, lease_until=None, error="", processed_at=None)
