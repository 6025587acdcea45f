"""The worker's doors for requests about personal data. An id comes in, rows decide; each may run twice or not at all."""

import logging
from uuid import UUID

from celery import shared_task
from django.core.cache import cache
from django.db import DatabaseError

from agents.privacy import requests
from agents.services import (
    checks,
    copilot,
    evaluator,
    models_watch,
    pending,
    playground,
    questions,
    summaries,
    tool_trials,
)
from config.lib import commit, heartbeat
from messaging.services import places
from tenants.models import Tenant
from tenants.services import registry
from tenants.task_base import tenant_task

logger = logging.getLogger(__name__)
FILES_EVERY_SECONDS = 3600
LATER_SECONDS = 5  # between two tries of work that found no place


@tenant_task()
def privacy_request(*, tenant: Tenant, request_id: str) -> None:
    requests.work_and_wake(tenant=tenant, request_id=UUID(request_id))


@shared_task
def privacy_sweep() -> None:
    """Every minute: requests whose wake-up was lost, copies past their time, and once an hour files without a row."""
    files = cache.add("privacy:files-swept", 1, FILES_EVERY_SECONDS)
    for tenant in registry.active():
        try:
            due = requests.sweep(tenant=tenant, files=files)
        except (DatabaseError, OSError):
            # One company's trouble must not stop the others.
            logger.exception("privacy sweep of company %s", tenant.pk)
            continue
        for request_id in due:
            commit.send("agents.tasks.privacy_request", tenant_id=tenant.pk, queue="sync", request_id=str(request_id))


@tenant_task()
def perform_act(*, tenant: Tenant, act_id: str) -> None:
    with places.place(tenant.pk, places.WORK) as free:
        if free:  # else it stays approved, and the sweep wakes it again
            pending.perform(tenant=tenant, act_id=UUID(act_id))


@tenant_task()
def try_tool(*, tenant: Tenant, trial_id: str) -> None:
    with places.place(tenant.pk, places.WORK) as free:
        if free:
            tool_trials.carry_out(tenant=tenant, trial_id=UUID(trial_id))
    if not free:
        _later(tenant, tool_trials.TASK, trial_id=trial_id)


@shared_task
def sweep_acts() -> None:
    """Every minute: what nobody decided in time, what a dead worker left, approvals whose wake-up was lost."""
    for tenant in registry.active():
        try:
            due = pending.sweep(tenant=tenant)
        except DatabaseError:
            logger.exception("sweep of waiting acts of company %s", tenant.pk)
            continue
        for act_id in due:
            commit.send("agents.tasks.perform_act", tenant_id=tenant.pk, queue="agents", act_id=str(act_id))


@shared_task
def sweep_questions() -> None:
    """Every minute: chats whose question to the team nobody answered in time go to people."""
    for tenant in registry.active():
        try:
            questions.sweep(tenant=tenant)
        except DatabaseError:
            logger.exception("sweep of questions of company %s", tenant.pk)


@tenant_task()
def rehearse(*, tenant: Tenant, run_id: str) -> None:
    with places.place(tenant.pk, places.WORK) as free:
        if free:
            playground.answer(tenant=tenant, run_id=UUID(run_id))
    if not free:
        _later(tenant, playground.TASK, run_id=run_id)


@tenant_task()
def check_cases(*, tenant: Tenant, check_id: str) -> None:
    with places.place(tenant.pk, places.WORK) as free:
        if free:
            checks.work_off(tenant=tenant, check_id=UUID(check_id))
    if not free:
        _later(tenant, checks.TASK, check_id=check_id)


@tenant_task()
def help_writing(*, tenant: Tenant, run_id: str) -> None:
    with places.place(tenant.pk, places.WORK) as free:
        if free:
            copilot.answer(tenant=tenant, run_id=UUID(run_id))
    if not free:
        _later(tenant, copilot.TASK, run_id=run_id)


def _later(tenant: Tenant, task: str, **row: str) -> None:
    """No sweep finds it: the wake-up comes again soon, one for each row however many there were."""
    if cache.add(f"later:{tenant.pk}:{task}:{'-'.join(row.values())}", 1, LATER_SECONDS - 1):
        commit.send(task, tenant_id=tenant.pk, queue="agents", countdown=LATER_SECONDS, **row)


@tenant_task()
def summarise_chat(*, tenant: Tenant, conversation_id: str) -> None:
    with places.place(tenant.pk, places.SUMMARY) as free:
        if free:  # else the next turn asks again
            summaries.summarise(tenant=tenant, conversation_id=UUID(conversation_id))


@shared_task
def beat() -> None:
    """The sign of life of the worker of queue `agents`, which is a process of its own."""
    heartbeat.beat(heartbeat.AGENTS)


@tenant_task()
def watch_models(*, tenant: Tenant) -> None:
    models_watch.watch(tenant=tenant)


@shared_task
def watch_all_models() -> None:
    """Every night: until when the models of every company's agents answer."""
    for tenant in registry.active():
        commit.send("agents.tasks.watch_models", tenant_id=tenant.pk, queue="sync")


@tenant_task()
def assess_chats(*, tenant: Tenant, after: str = "") -> None:
    """Judge how chats ended; a full sweep is followed by another one of the chats after it, so that it comes to an end."""
    found = evaluator.sweep(tenant=tenant, after=UUID(after) if after else None)
    if len(found) == evaluator.MOST_CHATS:
        _later(tenant, "agents.tasks.assess_chats", after=str(found[-1]))


@shared_task
def assess_all_chats() -> None:
    """Every ten minutes: chats that were closed or fell silent."""
    for tenant in registry.active():
        commit.send("agents.tasks.assess_chats", tenant_id=tenant.pk, queue="sync")
