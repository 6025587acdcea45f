"""Uploaded files go with their time; what an import did stays as numbers."""

import time
from datetime import datetime, timedelta

from django.db.models import Q

from crm.importing import files
from crm.models import ImportBatch
from tenants.context import tenant_context
from tenants.models import Tenant

KEPT = timedelta(days=30)
ORPHAN_SECONDS = 3600.0  # a file without a row: its upload was undone
MOST = 500


def forget_files(*, tenant: Tenant, now: datetime) -> int:
    """Remove files of batches that are over or were left lying, and files that no batch names; how many went."""
    with tenant_context(tenant):
        over = ~Q(status__in=[ImportBatch.Status.CHECKING, ImportBatch.Status.IMPORTING])
        old = ImportBatch.objects.filter(over, created_at__lt=now - KEPT).exclude(file="").order_by("created_at")[:MOST]
        gone = [batch.file for batch in old]
        ImportBatch.objects.filter(file__in=gone).update(file="", sample=[])
        named = set(ImportBatch.objects.exclude(file="").values_list("file", flat=True))
    ends = time.time() - ORPHAN_SECONDS
    orphans = [path for path, changed in files.stored(tenant) if path not in named and changed < ends]
    return sum(files.remove(tenant, path) for path in {*gone, *orphans})
