"""Taking a document in and trying a failed one again. Reading and embedding it is `process`."""

import hashlib
import re
from pathlib import PurePosixPath

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import Conflict, Invalid
from config.lib.ids import as_uuid, uuid7
from rag.extract import MAX_BYTES, extension_of, extractor_for
from rag.models import Collection, Document, DocumentStatus
from rag.services import files
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.services.audit import record

TASK = "rag.tasks.process_document"
QUEUE = "sync"
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def add_document(
    *, file_name: str, content: bytes, title: str = "", collection: str, by: Actor, hero_name: str = ""
) -> Document:
    """Store a file and queue it for reading; call inside the company's transaction.

    The same content in the same collection is stored once: the earlier document comes back with `already_there` set.
    Raises Invalid (fields `file`, `collection`) for what cannot be read.
    """
    name = _clean_name(file_name)
    extractor = extractor_for(name)
    _check_size(content)
    extractor.check(content)
    if collection not in Collection.values:
        raise Invalid(_("Esa colección no existe."), fields={"collection": _("Colección desconocida.")})
    sha256 = hashlib.sha256(content).hexdigest()
    existing = Document.objects.with_content(collection=collection, sha256=sha256).first()
    if existing:
        return _already_there(existing)
    latest = Document.objects.named(collection=collection, filename=name).aggregate(latest=Max("version"))["latest"]
    key = uuid7()
    document = Document(
        id=key,
        title=_clean(title)[:200] or PurePosixPath(name).stem[:200],
        collection=collection,
        filename=name,
        mime=extractor.mime,
        size=len(content),
        sha256=sha256,
        hero_name=_clean(hero_name)[:120],
        uploaded_by_id=as_uuid(by.id) if by.kind == "user" else None,
        file=f"{files.FOLDER}/{key}{extension_of(name)}",
        version=(latest or 0) + 1,
    )
    # The file first: a row without its file would be a promise broken; a file without its row is swept.
    files.write(current_tenant(), document.file, content)
    try:
        with transaction.atomic():
            document.save(force_insert=True)
    except IntegrityError:
        files.remove(current_tenant(), document.file)
        return _already_there(Document.objects.with_content(collection=collection, sha256=sha256).get())
    record(action="document.added", resource=document, by=by, diff={"title": document.title, "collection": collection})
    wake(document)
    return document


def retry_document(*, document: Document, by: Actor) -> Document:
    """Queue a failed document again. Raises Conflict when it has not failed."""
    changed = Document.objects.filter(pk=document.pk, status=DocumentStatus.FAILED)
    if not changed.update(status=DocumentStatus.QUEUED, error="", failures=0, progress=0):
        raise Conflict(_("Solo se puede reintentar un documento con error."), code="not_failed")
    document.refresh_from_db()
    record(action="document.retried", resource=document, by=by)
    wake(document)
    return document


def wake(document: Document) -> None:
    """Tell pages that the document changed and a worker that it is due, once this transaction commits."""
    emit("DOCUMENT_UPDATED", object="document", id=document.pk, status=document.status)
    commit.queue(TASK, queue=QUEUE, document_id=str(document.pk))


def _already_there(document: Document) -> Document:
    document.already_there = True
    return document


def _check_size(content: bytes) -> None:
    if not content:
        raise Invalid(_("El archivo está vacío."), fields={"file": _("Archivo vacío.")})
    if len(content) > MAX_BYTES:
        limit = MAX_BYTES // (1024 * 1024)
        raise Invalid(
            _("El archivo supera los %(limit)s MB.") % {"limit": limit}, fields={"file": _("Archivo demasiado grande.")}
        )


def _clean(text: str) -> str:
    return " ".join(_UNPRINTABLE.sub(" ", text).split())


def _clean_name(file_name: str) -> str:
    """The last part of the name, without what no screen shows; its extension stays when it is cut."""
    name = _clean(file_name.replace("\\", "/").rsplit("/", 1)[-1])
    extension = extension_of(name)
    return name if len(name) <= 255 else name[: 255 - len(extension)] + extension
