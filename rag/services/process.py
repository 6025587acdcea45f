"""Reading, cutting and embedding a queued document.

A worker takes a document with a lease and a number that grows with every take; whoever holds an old number writes
nothing. Embedding happens outside of any transaction; what is embedded so far is kept in a side file, so that a killed
worker's successor goes on from there. One last transaction replaces the passages and makes the document ready.
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import AppError, ProviderError
from rag.domain.chunking import Piece, chunk
from rag.domain.words import terms
from rag.embeddings import Embedder, Vector
from rag.extract import extractor_for
from rag.models import Chunk, Document, DocumentStatus, vector_name
from rag.services import embedder as embedders
from rag.services import files, ingest
from rag.services.partial import Partial
from tenants.context import tenant_context
from tenants.live.services import emit
from tenants.models import Tenant

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
BATCH = 64  # passages embedded between two signs of life
SLICE_SECONDS = 240.0  # a task then queues its continuation, far below the worker's time limit
MAX_FAILURES = 5
FORGOTTEN_AFTER = timedelta(minutes=2)  # a queued document older than this lost its wake-up


@dataclass(frozen=True)
class Take:
    """A document held by this worker: `number` proves it."""

    tenant: Tenant
    document: Document
    number: int


class Superseded(Exception):
    """Another worker holds the document now, or it was removed. Nothing of this take may be written."""


class OutOfTime(Exception):
    """The slice is over; the rest is done by the next task."""


def process_document(*, tenant: Tenant, document_id: str, embedder: Embedder | None = None) -> str:
    """Bring one queued document to `ready` or `failed`; returns its status, or "" when it was not this worker's to do.

    Safe to call twice, at once, and after a crash. Opens its own transactions.
    """
    take = _take(tenant, document_id)
    if take is None:
        return ""
    try:
        used = embedder or embedders.for_tenant(tenant)
        pieces = _pieces(take, used)
        vectors = _embed(take, pieces, used)
        _finish(take, pieces, vectors, used)
        Partial(take.tenant, take.document).remove()
        return DocumentStatus.READY
    except Superseded:
        return ""
    except OutOfTime:
        return _put_back(take)
    except AppError as error:  # no text in it, a vault that does not open: the message is meant for people
        return _fail(take, str(error.message))
    except FileNotFoundError:
        return _fail(take, _("El archivo ya no está en el servidor. Subirlo de nuevo."))
    except ProviderError as error:
        return _provider_failed(take, error)


def requeue_stalled(*, tenant: Tenant, now: datetime | None = None) -> int:
    """Queue again what a dead worker or a lost wake-up left behind; returns how many. Opens its own transaction."""
    now = now or timezone.now()
    with tenant_context(tenant):
        stalled = list(
            Document.objects.stalled(now, now - FORGOTTEN_AFTER).select_for_update(skip_locked=True, no_key=True)[:100]
        )
        for document in stalled:
            if document.status == DocumentStatus.PROCESSING:
                document.failures += 1
            document.status = DocumentStatus.QUEUED
            if document.failures >= MAX_FAILURES:
                document.status = DocumentStatus.FAILED
                document.error = _("No se pudo procesar después de varios intentos.")
            document.save(update_fields=["status", "failures", "error", "updated_at"])
            emit("DOCUMENT_UPDATED", object="document", id=document.pk, status=document.status)
            if document.status == DocumentStatus.QUEUED:
                commit.queue(ingest.TASK, queue=ingest.QUEUE, document_id=str(document.pk))
    return len(stalled)


def reembed(*, tenant: Tenant) -> int:
    """Queue every ready document whose vectors another model made; returns how many. They answer by words meanwhile."""
    model = embedders.for_tenant(tenant).model
    with tenant_context(tenant):
        outdated = list(
            Document.objects.not_embedded_with(model).select_for_update(skip_locked=True, no_key=True)[:100]
        )
        for document in outdated:
            document.status, document.progress, document.failures = DocumentStatus.QUEUED, 0, 0
            document.save(update_fields=["status", "progress", "failures", "updated_at"])
            ingest.wake(document)
    return len(outdated)


def _take(tenant: Tenant, document_id: str) -> Take | None:
    with tenant_context(tenant):
        document = Document.objects.select_for_update(no_key=True).filter(pk=document_id).first()
        if document is None or document.status != DocumentStatus.QUEUED:
            return None
        document.status = DocumentStatus.PROCESSING
        document.attempts += 1
        document.lease_until = timezone.now() + LEASE
        document.save(update_fields=["status", "attempts", "lease_until", "updated_at"])
        emit("DOCUMENT_UPDATED", object="document", id=document.pk, status=document.status)
        return Take(tenant, document, document.attempts)


def _pieces(take: Take, embedder: Embedder) -> list[Piece]:
    document = take.document
    text = extractor_for(document.filename).extract(files.read(take.tenant, document.file))
    return chunk(text, count=embedder.count_tokens)


def _embed(take: Take, pieces: list[Piece], embedder: Embedder) -> list[Vector]:
    """Vectors of all pieces in order. Raises Superseded, OutOfTime or ProviderError."""
    started = time.monotonic()
    partial = Partial(take.tenant, take.document)
    inputs = [_with_context(take.document, piece) for piece in pieces]
    vectors = partial.load(embedder.model, inputs)
    missing = [i for i in range(len(inputs)) if i not in vectors]
    for start in range(0, len(missing), BATCH):
        if start and time.monotonic() - started > SLICE_SECONDS:
            raise OutOfTime
        batch = missing[start : start + BATCH]
        found = dict(zip(batch, embedder.embed([inputs[i] for i in batch], kind="document"), strict=True))
        vectors |= found
        if len(missing) > BATCH:
            partial.append(embedder.model, {inputs[i]: vector for i, vector in found.items()})
            _still_here(take, progress=99 * len(vectors) // len(inputs))
    return [vectors[i] for i in range(len(inputs))]


def _with_context(document: Document, piece: Piece) -> str:
    """What is embedded: a passage alone often does not say what it is about, its title and headings do."""
    return ". ".join(part for part in (document.title, piece.heading, piece.text) if part)


def _held(take: Take) -> Document:
    """The row, locked, if this take still holds. Call inside the company's transaction."""
    document = Document.objects.select_for_update(no_key=True).filter(pk=take.document.pk).first()
    if document is None or document.attempts != take.number or document.status != DocumentStatus.PROCESSING:
        raise Superseded
    return document


def _still_here(take: Take, *, progress: int) -> None:
    with tenant_context(take.tenant):
        document = _held(take)
        document.lease_until = timezone.now() + LEASE
        document.progress = progress
        document.failures = 0  # it advances, so it is not what kills its workers
        document.save(update_fields=["lease_until", "progress", "failures", "updated_at"])
        emit("DOCUMENT_UPDATED", object="document", id=document.pk, status=document.status)


def _finish(take: Take, pieces: list[Piece], vectors: list[Vector], embedder: Embedder) -> None:
    with tenant_context(take.tenant):
        document = _held(take)
        rows = [
            Chunk(
                document=document,
                position=piece.position,
                heading=piece.heading,
                text=piece.text,
                terms=" ".join(terms(f"{document.title} {piece.heading} {piece.text}")),
                token_count=piece.tokens,
                embedding=vector,
                embedding_model=vector_name(embedder.model, vector),
                trust=document.trust,
            )
            for piece, vector in zip(pieces, vectors, strict=True)
        ]
        document.chunks.all().delete()
        Chunk.objects.bulk_create(rows, batch_size=500)
        document.chunk_count, document.embedding_model = len(rows), embedder.model
        document.failures, document.progress = 0, 100
        _settle(document, DocumentStatus.READY, "")


def _settle(document: Document, status: str, error: str) -> None:
    document.status, document.error, document.lease_until = status, error, None
    document.save()
    emit("DOCUMENT_UPDATED", object="document", id=document.pk, status=status)


def _put_back(take: Take) -> str:
    try:
        with tenant_context(take.tenant):
            document = _held(take)
            _settle(document, DocumentStatus.QUEUED, "")
            commit.queue(ingest.TASK, queue=ingest.QUEUE, document_id=str(document.pk))
        return DocumentStatus.QUEUED
    except Superseded:
        return ""


def _fail(take: Take, error: str, *, status: str = DocumentStatus.FAILED) -> str:
    try:
        with tenant_context(take.tenant):
            document = _held(take)
            document.failures += 1
            if document.failures >= MAX_FAILURES:
                status = DocumentStatus.FAILED
            _settle(document, status, error)
        return status
    except Superseded:
        return ""


def _provider_failed(take: Take, error: ProviderError) -> str:
    """A passing trouble leaves the document queued: the sweep tries again in a few minutes."""
    logger.warning("embedding document %s: %s %s", take.document.pk, error.kind, error.code)
    if error.kind in ("retry", "unknown"):
        message = _("El proveedor de embeddings no respondió. Se reintenta en unos minutos.")
        return _fail(take, message, status=DocumentStatus.QUEUED)
    if error.kind == "auth":
        return _fail(take, _("El proveedor de embeddings rechazó la credencial. Revisarla en Credenciales."))
    if error.code == "no_model":
        return _fail(take, _("El modelo local de embeddings no está instalado en el servidor."))
    return _fail(take, _("El proveedor de embeddings rechazó el pedido: revisar el modelo elegido."))
