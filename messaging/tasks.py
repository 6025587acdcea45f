"""The worker's doors: an id comes in, a service does the work. Each may run twice or not at all; rows decide."""

import logging
from time import monotonic
from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils import timezone, translation

from config.lib import commit
from crm.services import notifications
from messaging.connecting import chatwoot as connecting_chatwoot
from messaging.connecting import meta
from messaging.connecting import ycloud as connecting_ycloud
from messaging.ingest.models import InboundEvent
from messaging.services import (
    appointment_messages,
    channel_health,
    channel_leaving,
    channels,
    chatwoot_sync,
    delivery,
    events,
    hearing,
    media,
    meta_setup,
    places,
    profiles,
    reading,
    scheduled,
    statuses,
    takeover,
    template_sync,
    turns,
    wakeups,
)
from messaging.signals import turn_due
from tenants.context import platform_scope, tenant_context
from tenants.live.services import forget_old as forget_old_live
from tenants.models import Tenant
from tenants.services import modules, registry
from tenants.task_base import tenant_task

logger = logging.getLogger(__name__)
TURNS_SECONDS = (
    120.0  # how long a worker's thread goes on with turns of one company; the sweep wakes another for the rest
)


@tenant_task()
def process_events(*, tenant: Tenant) -> None:
    wakeups.woken(tenant.pk)
    if events.drain(tenant=tenant):
        wakeups.wake(tenant.pk)


@tenant_task()
def take_turn(*, tenant: Tenant, conversation_id: str) -> None:
    """The turn that it was woken for, then those of the company that found no place meanwhile, for a while."""
    ends = monotonic() + TURNS_SECONDS
    with places.place(tenant.pk) as free:
        if not free:
            return  # its row stays due
        _take(tenant, UUID(conversation_id))
        before: UUID | None = None
        while places.others_wait(tenant.pk) and monotonic() < ends:
            waiting = _longest_due(tenant)
            if waiting is None or waiting == before:
                places.nobody_waits(tenant.pk)
                break
            _take(tenant, waiting)
            before = waiting


def _longest_due(tenant: Tenant) -> UUID | None:
    with tenant_context(tenant):
        return turns.next_due()


def _take(tenant: Tenant, conversation_id: UUID) -> None:
    with tenant_context(tenant):
        turn = turns.begin(conversation_id)
    if turn is None:
        return
    commit.send(
        "messaging.tasks.tell_read",
        tenant_id=tenant.pk,
        queue="outbound",
        conversation_id=str(conversation_id),
        typing=True,
    )
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
def tell_read(*, tenant: Tenant, conversation_id: str, typing: bool = False) -> None:
    reading.tell(tenant=tenant, conversation_id=UUID(conversation_id), typing=typing)


@tenant_task()
def fetch_media(*, tenant: Tenant, attachment_id: str) -> None:
    media.fetch(tenant=tenant, attachment_id=UUID(attachment_id))


@tenant_task()
def hear(*, tenant: Tenant, attachment_id: str) -> None:
    with places.place(tenant.pk) as free:
        if free:  # else it stays due, and the sweep wakes it again
            hearing.hear(tenant=tenant, attachment_id=UUID(attachment_id))


@tenant_task()
def fetch_profile(*, tenant: Tenant, channel_id: str, external_id: str) -> None:
    profiles.fill(tenant=tenant, channel_id=UUID(channel_id), external_id=external_id)


@tenant_task()
def check_channel(*, tenant: Tenant, channel_id: str) -> None:
    channels.check(tenant=tenant, channel_id=UUID(channel_id))
    channel_health.look(tenant=tenant, channel_id=UUID(channel_id), tried=True)


@tenant_task()
def look_at_channel(*, tenant: Tenant, channel_id: str) -> None:
    channel_health.look(tenant=tenant, channel_id=UUID(channel_id))


@tenant_task()
def look_into_meta_login(*, tenant: Tenant, login_id: str, language: str | None = None) -> None:
    """In the language of whoever waits for the answer."""
    with translation.override(language or tenant.locale):
        meta.look_into(tenant=tenant, login_id=UUID(login_id))


@tenant_task()
def set_up_channel(*, tenant: Tenant, channel_id: str) -> None:
    if meta_setup.run(tenant=tenant, channel_id=UUID(channel_id)):
        channel_health.look(tenant=tenant, channel_id=UUID(channel_id))


@shared_task
def look_after_channels() -> None:
    """Every five minutes: channels not looked at for a day, steps at Meta that lost their worker, sign-ins nobody finished."""
    for tenant in registry.active():
        with modules.put_off(tenant):
            channel_health.look_after(tenant=tenant)
            with tenant_context(tenant):
                meta.forget_old()


@tenant_task()
def send_scheduled(*, tenant: Tenant, conversation_id: str) -> None:
    scheduled.send_due(tenant=tenant, conversation_id=UUID(conversation_id))


@tenant_task()
def submit_template(*, tenant: Tenant, template_id: str) -> None:
    template_sync.submit(tenant=tenant, template_id=UUID(template_id))


@tenant_task()
def sync_templates(*, tenant: Tenant, channel_id: str) -> None:
    template_sync.sync(tenant=tenant, channel_id=UUID(channel_id))


@shared_task
def look_after_templates() -> None:
    """Every minute: submissions whose worker died; once a day the list of every channel, in every company."""
    for tenant in registry.active():
        with modules.put_off(tenant):
            with tenant_context(tenant):
                lost, stale = template_sync.due_ids(), template_sync.stale_ids()
            for pk in lost:
                commit.send("messaging.tasks.submit_template", tenant_id=tenant.pk, queue="sync", template_id=str(pk))
            for pk in stale:
                commit.send("messaging.tasks.sync_templates", tenant_id=tenant.pk, queue="sync", channel_id=str(pk))


@tenant_task()
def look_at_ycloud(*, tenant: Tenant, person: str, language: str | None = None) -> None:
    """In the language of whoever waits for the answer."""
    with translation.override(language or tenant.locale):
        connecting_ycloud.look(tenant=tenant, person=UUID(person))


@tenant_task()
def register_ycloud(*, tenant: Tenant, channel_id: str) -> None:
    connecting_ycloud.register(tenant=tenant, channel_id=UUID(channel_id))


@tenant_task()
def look_at_chatwoot(*, tenant: Tenant, person: str, language: str | None = None) -> None:
    """In the language of whoever waits for the answer."""
    with translation.override(language or tenant.locale):
        connecting_chatwoot.look(tenant=tenant, person=UUID(person))


@tenant_task()
def subscribe_chatwoot(*, tenant: Tenant, channel_id: str) -> None:
    connecting_chatwoot.subscribe(tenant=tenant, channel_id=UUID(channel_id))


@tenant_task()
def leave_provider(*, tenant: Tenant, channel_id: str) -> None:
    channel_leaving.leave(tenant=tenant, channel_id=UUID(channel_id))


@tenant_task()
def tell_chatwoot(*, tenant: Tenant, conversation_id: str, attempt: int = 1) -> None:
    chatwoot_sync.tell(tenant=tenant, conversation_id=UUID(conversation_id), attempt=attempt)


@tenant_task()
def catch_up_chatwoot(*, tenant: Tenant, channel_id: str) -> None:
    chatwoot_sync.catch_up(tenant=tenant, channel_id=UUID(channel_id))


@shared_task
def sweep_chatwoot() -> None:
    """Every three minutes: what a lost webhook of Chatwoot's did not bring, in every company."""
    for tenant in registry.active():
        with modules.put_off(tenant):
            with tenant_context(tenant):
                ids = chatwoot_sync.due_ids()
            for channel_id in ids:
                commit.send(
                    "messaging.tasks.catch_up_chatwoot", tenant_id=tenant.pk, queue="sync", channel_id=str(channel_id)
                )


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
        try:
            with modules.put_off(tenant):
                _sweep_one(tenant)
        except Exception:  # one company's trouble must not leave those after it without their turns
            logger.exception("sweep of company %s", tenant.pk)


def _sweep_one(tenant: Tenant) -> None:
    now = timezone.now()
    with tenant_context(tenant):
        delivery.settle_stale(now)
        statuses.join_late()
        due = {
            ("messaging.tasks.take_turn", "agents", "conversation_id"): turns.due_ids(),
            ("messaging.tasks.deliver", "outbound", "conversation_id"): delivery.due_ids(now),
            ("messaging.tasks.send_scheduled", "outbound", "conversation_id"): scheduled.due_ids(now),
            ("messaging.tasks.fetch_media", "sync", "attachment_id"): media.due_ids(),
            ("messaging.tasks.hear", "agents", "attachment_id"): hearing.due_ids(),
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
