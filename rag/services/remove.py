"""Removing a document: vectors and metadata in one transaction, the file after it, leftovers by the sweep."""

import time
from dataclasses import dataclass

from config.lib import commit
from rag.models import Document
from rag.services import files
from rag.services.partial import Partial
from tenants.context import current_tenant, tenant_context
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.models import Tenant
from tenants.services.audit import record

# An upload writes its file before its row; younger files may belong to a transaction that is still open.
LEFTOVER_SECONDS = 3600.0


@dataclass(frozen=True)
class Removal:
    """The three steps: how many vectors and rows went, and whether there was a file (gone once this commits)."""

    vectors: int
    metadata: int
    file: bool


def remove_document(*, document: Document, by: Actor) -> Removal:
    """Remove a document with all that was made from it; call inside the company's transaction.

    If the transaction fails nothing is removed; if the process dies after it, the sweep takes the file.
    """
    tenant = current_tenant()
    vectors, _by_model = document.chunks.all().delete()
    record(
        action="document.removed", resource=document, by=by, diff={"title": document.title, "sha256": document.sha256}
    )
    emit("DOCUMENT_UPDATED", object="document", id=document.pk, status="removed")
    relative = document.file
    # By the queryset, so that `document` keeps its key for the caller's answer.
    metadata, _by_model = Document.objects.filter(pk=document.pk).delete()
    there = files.path_of(tenant, relative).exists()
    partial = Partial(tenant, document)
    commit.after(lambda: files.remove(tenant, relative))
    commit.after(partial.remove)
    return Removal(vectors=vectors, metadata=metadata, file=there)


def sweep_files(*, tenant: Tenant, now: float | None = None) -> int:
    """Delete files older than an hour that no document names; returns how many. Opens its own transaction."""
    now = time.time() if now is None else now
    old = [relative for relative, changed in files.stored(tenant) if now - changed > LEFTOVER_SECONDS]
    if not old:
        return 0
    with tenant_context(tenant):
        kept = set(Document.objects.values_list("file", flat=True))
        ids = {f"{files.FOLDER}/{key}.vectors" for key in Document.objects.values_list("pk", flat=True)}
    leftovers = [relative for relative in old if relative not in kept | ids]
    return sum(files.remove(tenant, relative) for relative in leftovers)
