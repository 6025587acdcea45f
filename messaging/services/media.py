"""Files of messages: fetched by a worker, kept in the company's own folder, served through the gate only."""

import os
import re
import tempfile
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import ProviderError
from messaging.domain.timing import retry_wait
from messaging.models import Attachment
from messaging.providers.base import MediaFile, MediaRef
from messaging.services.adapters import adapter_for
from tenants.context import tenant_context
from tenants.live.services import emit
from tenants.models import Tenant

MOST_ATTEMPTS = 5


def fetch(*, tenant: Tenant, attachment_id: UUID) -> None:
    """Download one attachment. Repeating it is harmless; a file that is there stays."""
    with tenant_context(tenant):
        row = Attachment.objects.select_related("message__channel").filter(pk=attachment_id).first()
        if row is None or row.state != Attachment.State.PENDING:
            return
        row.attempts += 1
        row.next_attempt_at = timezone.now() + timedelta(seconds=retry_wait(row.attempts) + 60)
        row.save(update_fields=["attempts", "next_attempt_at"])
    ref = MediaRef(provider_media_id=row.provider_media_id, mime=row.mime, filename=row.filename)
    try:
        file = adapter_for(tenant, row.message.channel).fetch_media(ref)
    except ProviderError as error:
        _failed(tenant, row, error)
        return
    path = store(tenant, attachment_id, file)
    with tenant_context(tenant):
        kept = Attachment.objects.filter(pk=row.pk).update(
            state=Attachment.State.READY,
            file=path,
            size=len(file.content),
            mime=(row.mime or file.mime)[:120],
            filename=(row.filename or file.filename)[:240],
            error="",
        )
        if kept:
            _changed(row)
    if not kept:  # the person was erased while the file came down
        (Path(settings.MEDIA_ROOT) / path).unlink(missing_ok=True)


def store(tenant: Tenant, attachment_id: UUID, file: MediaFile) -> str:
    """Write the file whole or not at all; answers its path below the media folder."""
    suffix = re.sub(r"[^A-Za-z0-9.]", "", Path(file.filename).suffix)[:10]
    relative = f"{tenant.schema_name}/messages/{attachment_id}{suffix}"
    target = Path(settings.MEDIA_ROOT) / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as unfinished:
        unfinished.write(file.content)
    os.replace(unfinished.name, target)
    return relative


def path_of(tenant: Tenant, attachment: Attachment) -> Path | None:
    """The file on disk; None when it is not there or would lie outside the company's folder."""
    if attachment.state != Attachment.State.READY or not attachment.file:
        return None
    return _inside(tenant, attachment.file)


def thumbnail_of(tenant: Tenant, attachment: Attachment) -> Path | None:
    """The small picture on disk, likewise."""
    return _inside(tenant, attachment.thumbnail) if attachment.thumbnail else None


def _inside(tenant: Tenant, relative: str) -> Path | None:
    folder = (Path(settings.MEDIA_ROOT) / tenant.schema_name).resolve()
    path = (Path(settings.MEDIA_ROOT) / relative).resolve()
    return path if path.is_relative_to(folder) and path.is_file() else None


def forget(*, tenant: Tenant, attachments: Iterable[Attachment]) -> None:
    """Delete rows now and their files once that is committed."""
    for attachment in attachments:
        for path in (path_of(tenant, attachment), thumbnail_of(tenant, attachment)):
            if path is not None:
                commit.after(partial(path.unlink, missing_ok=True))
        attachment.delete()


def due_ids(limit: int = 100) -> list[UUID]:
    rows = Attachment.objects.filter(state=Attachment.State.PENDING, next_attempt_at__lte=timezone.now())
    return list(rows.order_by("next_attempt_at").values_list("id", flat=True)[:limit])


def _failed(tenant: Tenant, row: Attachment, error: ProviderError) -> None:
    final = error.kind not in ("retry", "unknown") or row.attempts >= MOST_ATTEMPTS
    with tenant_context(tenant):
        Attachment.objects.filter(pk=row.pk).update(
            state=Attachment.State.FAILED if final else Attachment.State.PENDING,
            error=(error.message or _("No se pudo descargar."))[:300],
        )
        _changed(row)


def _changed(row: Attachment) -> None:
    conversation = str(row.message.conversation_id)
    emit("NEW_MESSAGE", object="message", id=row.message_id, conversation=conversation, changed=True)
