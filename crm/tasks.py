"""The worker's doors: an id comes in, a service does the work. Each may run twice or not at all; rows decide."""

from datetime import datetime
from uuid import UUID

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone, translation

from config.lib import commit
from crm.agenda import booking, connecting
from crm.agenda import reminders as appointment_reminders
from crm.agenda.sync import pushing, reading, watching
from crm.agenda.sync import waiting as waiting_calendars
from crm.importing import running, tidying
from crm.services import bulk, duplicates, handover, reminders, responses, steps, waiting
from crm.store import looking as store_looking
from crm.store import reading as store_reading
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.services import modules, registry
from tenants.task_base import tenant_task

IMPORT_FILES_EVERY_SECONDS = 3600


@shared_task
def remind() -> None:
    """Every minute: reminders of tasks whose time has come, in every company."""
    for tenant in registry.active():
        with modules.put_off(tenant):
            reminders.run(tenant=tenant)


@shared_task
def ask_outcomes() -> None:
    """Every ten minutes, since mornings begin at another moment in each company: what became of the appointments before."""
    for tenant in registry.active():
        with modules.put_off(tenant), translation.override(tenant.locale), tenant_context(tenant):
            appointment_reminders.ask_outcomes(timezone.now())


@tenant_task()
def refresh_calendars(*, tenant: Tenant) -> None:
    """Try the connection with Google Calendar and read its list of calendars."""
    connecting.refresh(tenant=tenant)


@tenant_task()
def plan_reminders(*, tenant: Tenant) -> None:
    with tenant_context(tenant):
        appointment_reminders.plan_anew(timezone.now())


@shared_task
def let_go_holds() -> None:
    """Every five minutes: times held for somebody who never booked them."""
    for tenant in registry.active():
        with modules.put_off(tenant), tenant_context(tenant):
            booking.let_go_expired()


@shared_task
def forget_explanations() -> None:
    """Every hour, since days end at another hour in each company: leads whose "not before" has passed ask for a step."""
    for tenant in registry.active():
        with modules.put_off(tenant), tenant_context(tenant):
            steps.forget_expired()


@tenant_task()
def find_duplicates(*, tenant: Tenant, contact_id: str) -> None:
    with tenant_context(tenant):
        duplicates.find_for(UUID(contact_id))


@shared_task
def sweep_duplicates() -> None:
    """Every night: doubles of whoever changed lately, should a wake-up have been lost."""
    for tenant in registry.active():
        with modules.put_off(tenant):
            duplicates.sweep(tenant=tenant, now=timezone.now())


@tenant_task()
def work_import(*, tenant: Tenant, batch_id: str) -> None:
    running.work(tenant=tenant, batch_id=UUID(batch_id))


@shared_task
def sweep_imports() -> None:
    """Every minute: imports whose wake-up or worker was lost; once an hour uploaded files past their time."""
    files = cache.add("imports:files-swept", 1, IMPORT_FILES_EVERY_SECONDS)
    for tenant in registry.active():
        with modules.put_off(tenant):
            if files:
                tidying.forget_files(tenant=tenant, now=timezone.now())
            with tenant_context(tenant):
                due = running.due_ids(timezone.now())
            for batch_id in due:
                commit.send("crm.tasks.work_import", tenant_id=tenant.pk, queue="sync", batch_id=str(batch_id))


@tenant_task()
def hand_over(*, tenant: Tenant, action_id: str) -> None:
    handover.run(tenant=tenant, action_id=UUID(action_id))


@tenant_task()
def settle_first_response(*, tenant: Tenant, contact_id: str, gone: str = "") -> None:
    with tenant_context(tenant):
        responses.settle_first(UUID(contact_id), gone=datetime.fromisoformat(gone) if gone else None)


@shared_task
def sweep_sellers() -> None:
    """Every minute: leads that wait for somebody who can take them, and hand-overs left half done."""
    for tenant in registry.active():
        with modules.put_off(tenant):
            waiting.give_out(tenant=tenant, now=timezone.now())
            with tenant_context(tenant):
                unfinished = handover.due()
            for action_id in unfinished:
                commit.send("crm.tasks.hand_over", tenant_id=tenant.pk, action_id=str(action_id))


@tenant_task()
def run_bulk(*, tenant: Tenant, action_id: str) -> None:
    bulk.run(tenant=tenant, action_id=UUID(action_id))


@shared_task
def sweep_bulk() -> None:
    """Every half minute: acts on many leads that lost their wake-up or their worker."""
    for tenant in registry.active():
        with modules.put_off(tenant):
            with tenant_context(tenant):
                due = bulk.due_ids()
            for action_id in due:
                commit.send("crm.tasks.run_bulk", tenant_id=tenant.pk, action_id=str(action_id))


@tenant_task()
def push_appointments(*, tenant: Tenant) -> None:
    pushing.push_due(tenant=tenant)


@tenant_task()
def read_calendars(*, tenant: Tenant, calendar_id: str = "") -> None:
    reading.read_due(tenant=tenant, calendar_id=UUID(calendar_id) if calendar_id else None)


@tenant_task()
def watch_calendars(*, tenant: Tenant) -> None:
    watching.watch_due(tenant=tenant)


@tenant_task()
def read_store(*, tenant: Tenant) -> None:
    store_reading.read_due(tenant=tenant)


@tenant_task()
def look_at_store_notices(*, tenant: Tenant) -> None:
    store_looking.look(tenant=tenant)


@shared_task
def sweep_stores() -> None:
    """Every minute: stores to read, by night or after a lost wake-up, and notices of theirs to look at."""
    for tenant in registry.active():
        with modules.put_off(tenant):
            with tenant_context(tenant):
                reads, looks = store_reading.is_due(timezone.now()), store_looking.is_due(timezone.now())
            if reads:
                commit.send("crm.tasks.read_store", tenant_id=tenant.pk, queue="sync")
            if looks:
                commit.send("crm.tasks.look_at_store_notices", tenant_id=tenant.pk, queue="sync")


@shared_task
def sweep_calendars() -> None:
    """Every twenty seconds: calendars to read, appointments to copy, channels to renew."""
    for tenant in registry.active():
        with modules.put_off(tenant):
            with tenant_context(tenant):
                due = waiting_calendars.due()
            for calendar_id in due.calendars:
                commit.send("crm.tasks.read_calendars", tenant_id=tenant.pk, queue="sync", calendar_id=str(calendar_id))
            if due.appointments:
                commit.send("crm.tasks.push_appointments", tenant_id=tenant.pk, queue="sync")
            if due.channels:
                commit.send("crm.tasks.watch_calendars", tenant_id=tenant.pk, queue="sync")
