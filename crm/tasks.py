"""The worker's doors: an id comes in, a service does the work. Each may run twice or not at all; rows decide."""

from uuid import UUID

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from config.lib import commit
from crm.importing import running, tidying
from crm.services import bulk, duplicates, handover, reminders, responses, steps, waiting
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
def settle_first_response(*, tenant: Tenant, contact_id: str) -> None:
    with tenant_context(tenant):
        responses.settle_first(UUID(contact_id))


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
