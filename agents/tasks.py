"""The worker's doors for requests about personal data. An id comes in, rows decide; each may run twice or not at all."""

import logging
from uuid import UUID

from celery import shared_task
from django.core.cache import cache
from django.db import DatabaseError

from agents.privacy import requests
from config.lib import commit
from tenants.models import Tenant
from tenants.services import registry
from tenants.task_base import tenant_task

logger = logging.getLogger(__name__)
FILES_EVERY_SECONDS = 3600


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
