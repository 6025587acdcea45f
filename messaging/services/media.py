"""Files of messages, both ways: fetched by a worker or sent by a person, kept in the company's folder, served by the gate."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import Conflict, Invalid, ProviderError
from config.lib.ids import uuid7
from messaging.domain import media_limits
from messaging.domain.timing import retry_wait
from messaging.models import Attachment, Conversation, Message
from messaging.providers.base import MediaRef, OutgoingMedia
from messaging.services import hearing, media_links, outbound, takeover
from messaging.services.adapters import adapter_for
from messaging.services.answers import answered
from messaging.services.conversations import locked
from messaging.services.media_files import Kept, content_of, keep, path_of, remove, signs_of, thumbnail_of
from tenants.context import current_tenant, tenant_context
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.models import Tenant, User
from tenants.services.audit import record

MOST_ATTEMPTS = 5
LONGEST_CAPTION = 1024  # characters, WhatsApp's
DRAWN_SHAPES = ("image", "audio", "video")


# --- receiving -----------------------------------------------------------------------------------------------


def take_in(message: Message, refs: Iterable[MediaRef]) -> None:
    """Note the files of a message that was just stored, and queue their download."""
    for ref in refs:
        shape = media_limits.plain_mime(ref.mime).partition("/")[0]
        kind = shape if shape in DRAWN_SHAPES and message.kind != "sticker" else message.kind
        listens = kind == "audio" and hearing.concerns(message)
        row = Attachment.objects.create(
            message=message,
            kind=kind[:20],
            mime=ref.mime[:120],
            filename=ref.filename[:240],
            provider_media_id=ref.provider_media_id[:300],
            link=ref.url if len(ref.url) <= 2000 else "",
            hearing=Attachment.Hearing.PENDING if listens else Attachment.Hearing.NONE,
            next_attempt_at=timezone.now(),
        )
        _queue(row)


def fetch(*, tenant: Tenant, attachment_id: UUID) -> None:
    """Download one attachment. Repeating it is harmless; a file that is there stays."""
    with tenant_context(tenant):
        row = Attachment.objects.select_related("message__channel").filter(pk=attachment_id).first()
        if row is None or row.state != Attachment.State.PENDING:
            return
        row.attempts += 1
        row.next_attempt_at = timezone.now() + timedelta(seconds=retry_wait(row.attempts) + 60)
        row.save(update_fields=["attempts", "next_attempt_at"])
    ref = MediaRef(provider_media_id=row.provider_media_id, mime=row.mime, filename=row.filename, url=row.link)
    try:
        file = adapter_for(tenant, row.message.channel).fetch_media(ref)
        if len(file.content) > media_limits.largest(row.kind):
            raise ProviderError(_("El archivo es demasiado grande."), kind="permanent", code="too_large")
    except ProviderError as error:
        _failed(tenant, row, error)
        return
    kept = keep(tenant, attachment_id, file.content, mime=row.mime or file.mime, filename=file.filename)
    with tenant_context(tenant):
        locked(row.message.conversation_id)  # before the file's row, as everywhere
        noted = Attachment.objects.filter(pk=row.pk).update(
            state=Attachment.State.READY,
            error="",
            filename=(row.filename or file.filename)[:240],
            **_facts(kept),
        )
        if noted:
            hearing.arrived(row, mime=kept.mime)
            _changed(row)
    if not noted:  # the person was erased while the file came down
        remove(kept)


def retry(*, attachment: Attachment, by: Actor) -> None:
    """Try again what failed: the download, or listening to it. Raises Conflict when nothing failed."""
    row = Attachment.objects.select_for_update(no_key=True).get(pk=attachment.pk)
    if row.state == Attachment.State.FAILED:
        row.state, row.attempts, row.next_attempt_at, row.error = Attachment.State.PENDING, 0, timezone.now(), ""
        row.save(update_fields=["state", "attempts", "next_attempt_at", "error"])
        _queue(row)
    elif not hearing.again(row):
        raise Conflict(_("Ese archivo ya está."))
    record(action="attachment.retried", resource=row, by=by)
    _changed(row)


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


def _queue(row: Attachment) -> None:
    commit.queue("messaging.tasks.fetch_media", queue="sync", attachment_id=str(row.pk))


def _facts(kept: Kept) -> dict[str, Any]:
    return {
        "file": kept.file,
        "thumbnail": kept.thumbnail,
        "mime": kept.mime[:120],
        "size": kept.size,
        "sha256": kept.sha256,
    }


def _failed(tenant: Tenant, row: Attachment, error: ProviderError) -> None:
    final = error.kind not in ("retry", "unknown") or row.attempts >= MOST_ATTEMPTS
    with tenant_context(tenant):
        locked(row.message.conversation_id)
        Attachment.objects.filter(pk=row.pk).update(
            state=Attachment.State.FAILED if final else Attachment.State.PENDING,
            error=(error.message or _("No se pudo descargar."))[:300],
        )
        if final:
            hearing.lost(row)
        _changed(row)


def _changed(row: Attachment) -> None:
    conversation = str(row.message.conversation_id)
    emit("NEW_MESSAGE", object="message", id=row.message_id, conversation=conversation, changed=True)


# --- sending -------------------------------------------------------------------------------------------------


def send_file(
    *,
    conversation: Conversation,
    file: UploadedFile,
    caption: str = "",
    by: Actor,
    user: User | None,
    idempotency_key: str = "",
    reply_to: str = "",
) -> Message:
    """A person sends a file: takes the chat over and queues it. A repeated key answers with the first message.

    Raises Invalid (empty, too large, not taken by the channel, reply window closed) with the field `file` or `caption`.
    """
    row = locked(conversation.pk)
    if row is None:
        raise Conflict(_("La conversación ya no existe."))
    outbound.refuse_outside_window(row, by_person=True)
    content, mime, kind = _checked(row, file)
    words = caption.replace("\x00", "").strip()
    if len(words) > LONGEST_CAPTION:
        raise _refused("caption", _("El texto de un archivo lleva hasta 1.024 letras."))
    name = (file.name or "").replace("\x00", "").rpartition("/")[2][-240:] or _("archivo")
    key = outbound.sending_key("file", idempotency_key or str(uuid7()))

    said = {"kind": kind, "attachment": str(uuid7()), "filename": name, "caption": words}
    whose = {"author_name": by.label, "author_user": user, "key": key, "reply_to": reply_to}

    def queue() -> list[Message]:
        return [_queue_file(row, content, mime, said, **whose)]

    before = row.sequence
    message = outbound.safely_once(row, key, queue)[0]
    if row.sequence == before:
        return message
    takeover.take_over(conversation=row, by=by, user=user, cause=takeover.Cause.REPLY)
    answered(row, at=timezone.now(), user=user, message=message)
    row.unread_count = 0
    row.save()
    record(action="message.sent", resource=message, by=by, diff={"conversation": str(row.pk), "kind": kind})
    return message


def outgoing(tenant: Tenant, message: Message) -> OutgoingMedia | None:
    """The file of a message that is about to be sent; None when it has none. Call it outside of any transaction.

    Raises ProviderError(permanent) when the file is not there any more.
    """
    said = message.payload.get("media")
    if not said:
        return None
    if "attachment" not in said:
        return OutgoingMedia(**said)  # a link that an integration gave
    with tenant_context(tenant):
        rows = Attachment.objects.select_related("message__conversation")
        row = rows.filter(pk=said["attachment"], message_id=message.pk).first()
    content = content_of(tenant, row) if row else None
    if row is None or content is None:
        raise ProviderError(_("El archivo ya no está guardado."), kind="permanent", code="file_gone")
    return OutgoingMedia(
        kind=said["kind"],
        content=content,
        link=media_links.address_of(tenant, row) if row.message.conversation.channel_source == "instagram" else "",
        mime=row.mime,
        filename=row.filename,
        caption=said.get("caption", ""),
        voice=bool(said.get("voice")),
    )


def _checked(conversation: Conversation, file: UploadedFile) -> tuple[bytes, str, str]:
    """(content, what it is, as what it goes)."""
    source = conversation.channel_source
    if not media_limits.takes_files(source, provider=conversation.provider):
        raise _refused("file", _("Este canal no lleva archivos."))
    if not file.size:
        raise _refused("file", _("El archivo está vacío."))
    if file.size > media_limits.LARGEST_SENT:
        raise _refused("file", _("El archivo pasa de 25 MB."))
    content = file.read()
    mime = media_limits.believed(file.content_type or "", signs_of(content))
    kind = media_limits.kind_for(source, provider=conversation.provider, mime=mime, size=len(content))
    if not kind:
        raise _refused("file", _("Este canal no lleva archivos de este tipo o tamaño."))
    return content, mime, kind


def _queue_file(conversation: Conversation, content: bytes, mime: str, said: dict[str, str], **whose: Any) -> Message:
    message = outbound.queue_media(conversation, said, author=Message.Author.USER, **whose)
    if not said["caption"]:  # the text is only the file's name, which is drawn anyway
        message.payload["placeholder"] = True
        message.save(update_fields=["payload"])
    pk, name = UUID(said["attachment"]), said["filename"]
    kept = keep(current_tenant(), pk, content, mime=mime, filename=name)
    ready = {"kind": said["kind"], "filename": name, "state": Attachment.State.READY}
    Attachment.objects.create(id=pk, message=message, **ready, **_facts(kept))
    return message


def _refused(field: str, message: str) -> Invalid:
    return Invalid(message, fields={field: message})
