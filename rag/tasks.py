"""Work of knowledge in the background: reading documents, and finding those that nobody is reading."""

import logging

from celery import shared_task
from django.core.cache import cache
from django.db import DatabaseError

from config.lib.errors import AppError
from rag.services import process, remove
from tenants.models import Tenant
from tenants.services import registry
from tenants.task_base import tenant_task

logger = logging.getLogger(__name__)

FILES_EVERY_SECONDS = 3600


@tenant_task()
def process_document(*, tenant: Tenant, document_id: str) -> None:
    process.process_document(tenant=tenant, document_id=document_id)


@shared_task
def sweep() -> None:
    """Every minute: stalled documents, changed models, and once an hour files without a document."""
    also_files = cache.add("rag:files-swept", 1, FILES_EVERY_SECONDS)
    for tenant in registry.active():
        try:
            process.requeue_stalled(tenant=tenant)
            process.reembed(tenant=tenant)
            if also_files:
                remove.sweep_files(tenant=tenant)
        except (DatabaseError, AppError, OSError):
            # One company's trouble (a schema being migrated, a vault that does not open) must not stop the others.
            logger.exception("knowledge sweep of tenant %s", tenant.pk)
