"""The worker's doors: an id comes in, a service does the work. Each may run twice or not at all; rows decide."""

from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from config.lib import commit
from crm.services import notifications
from messaging.ingest.models import InboundEvent
from messaging.services import (
    appointment_messages,
    channels,
    delivery,
    events,
    media,
    statuses,
    takeover,
    turns,
    wakeups,
)
from messaging.signals import turn_due
from tenants.context import platform_scope, tenant_context
from tenants.live.services import forget_old as forget_old_live
from tenants.models import Tenant
from tenants.services import modules, registry
from tenants.task_base import tenant_task


@tenant_task()
def process_events(*, tenant: Tenant) -> None:
    wakeups.woken(tenant.pk)
    if events.drain(tenant=tenant):
        wakeups.wake(tenant.pk)


@tenant_task()
def take_turn(*, tenant: Tenant, conversation_id: str) -> None:
    with tenant_context(tenant):
        turn = turns.begin(UUID(conversation_id))
    if turn is None:
        return
    with turns.kept(tenant=tenant, turn=turn):
        turn_due.send(
            sender=take_turn,
            tenant=tenant,
            conversation_id=turn.conversation_id,
            turn_token=turn.token,
            upto_sequence=turn.upto_sequence,
        )


@tenant_task()
def deliver(*, tenant: Tenant, conversation_id: str) -> None:
    delivery.deliver_next(tenant=tenant, conversation_id=UUID(conversation_id))


@tenant_task()
def fetch_media(*, tenant: Tenant, attachment_id: str) -> None:
    media.fetch(tenant=tenant, attachment_id=UUID(attachment_id))


@tenant_task()
def check_channel(*, tenant: Tenant, channel_id: str) -> None:
    channels.check(tenant=tenant, channel_id=UUID(channel_id))


@shared_task
def sweep() -> None:
    """Find whatever lost its wake-up or its worker, in every company. Beat runs it every ten seconds."""
    with platform_scope("sweep: events waiting"):
        waiting = (
            InboundEvent.objects.filter(state=InboundEvent.State.RECEIVED)
            .exclude(lease_until__gt=timezone.now())
            .order_by()
            .values_list("tenant_id", flat=True)
            .distinct()
        )
        tenants_with_events = list(waiting)
    for tenant_id in tenants_with_events:
        wakeups.wake(tenant_id)
    for tenant in registry.active():
        with modules.put_off(tenant):
            _sweep_one(tenant)


def _sweep_one(tenant: Tenant) -> None:
    now = timezone.now()
    with tenant_context(tenant):
        delivery.settle_stale(now)
        statuses.join_late()
        due = {
            ("messaging.tasks.take_turn", "agents", "conversation_id"): turns.due_ids(),
            ("messaging.tasks.deliver", "outbound", "conversation_id"): delivery.due_ids(now),
            ("messaging.tasks.fetch_media", "sync", "attachment_id"): media.due_ids(),
        }
        takeover.release_overdue(now)
    for (task, queue, argument), ids in due.items():
        for row_id in ids:
            arguments: dict[str, Any] = {argument: str(row_id)}
            commit.send(task, tenant_id=tenant.pk, queue=queue, **arguments)


@shared_task
def remind_of_appointments() -> None:
    """Every minute: customers whose appointment is near, in every company."""
    for tenant in registry.active():
        with modules.put_off(tenant):
            appointment_messages.remind(tenant=tenant)


@shared_task
def forget_old() -> None:
    """Live events older than an hour, delivery notices that never found their message, events processed a month ago,
    notifications past their time."""
    for tenant in registry.active():
        with modules.put_off(tenant), tenant_context(tenant):
            forget_old_live(timezone.now())
            statuses.forget_old_pending()
            events.forget_old(tenant=tenant, now=timezone.now())
            notifications.forget_old(timezone.now())
