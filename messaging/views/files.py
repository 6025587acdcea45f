"""Files of messages, through the gate: only who may open the conversation gets its files."""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_POST, require_safe

from config.lib.errors import AppError, NotFound
from config.lib.fragments import go_to, is_fragment
from messaging.access import attachment_for, conversation_for
from messaging.domain.media_limits import DRAWN, plain_mime
from messaging.models import Attachment
from messaging.services import media, media_files, media_links
from messaging.views import thread
from messaging.views.inbox import render_chat
from messaging.views.scheduled import coming_column
from tenants.access import open_page, page
from tenants.audit_access import audit_access
from tenants.requests import Request

_SPAN = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_CHUNK = 64 * 1024
# Whatever a stranger sent us runs in no origin of ours.
_SANDBOX = "default-src 'none'; frame-ancestors 'none'; sandbox"


@audit_access("attachment.viewed", resource="pk")
@page("inbox.read")
@cache_control(private=True, max_age=3600, immutable=True)
@require_safe
def attachment(request: Request, pk: uuid.UUID) -> HttpResponse | StreamingHttpResponse:
    """The file itself; a part of it where a player asks for one."""
    found = attachment_for(request.member, pk)
    path = media_files.path_of(request.tenant, found)
    if path is None:
        raise NotFound(_("Ese archivo ya no está guardado o todavía no se descargó."))
    return as_file(request, path, found)


@audit_access("attachment.viewed", resource="pk")
@page("inbox.read")
@cache_control(private=True, max_age=3600, immutable=True)
@require_safe
def thumbnail(request: Request, pk: uuid.UUID) -> FileResponse:
    """The small picture, made by us."""
    path = media_files.thumbnail_of(request.tenant, attachment_for(request.member, pk))
    if path is None:
        raise NotFound(_("Ese archivo no tiene una vista previa."))
    response = FileResponse(path.open("rb"), content_type="image/webp")
    response["Content-Security-Policy"] = _SANDBOX
    return response


@open_page
@never_cache
@require_safe
def sent(request: HttpRequest, token: str) -> HttpResponse | StreamingHttpResponse:
    """One file that we send, for the provider that fetches it by a signed address."""
    found = media_links.opened(token)
    path = media_files.path_of(*found) if found else None
    if found is None or path is None:
        raise NotFound(_("Esa dirección no existe o ya venció."))
    response = _served(request, path, plain_mime(found[1].mime))
    response["Content-Disposition"] = "attachment"
    response["Content-Security-Policy"] = _SANDBOX
    return response


@audit_access("attachment.viewed", resource="pk")
@page("inbox.write")
@require_POST
def retry(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Download again, or listen again."""
    found = attachment_for(request.member, pk)
    chat = conversation_for(request.member, found.message.conversation_id, coming=coming_column())
    try:
        media.retry(attachment=found, by=request.actor)
    except AppError as error:
        messages.error(request, str(error.message))
    if not is_fragment(request):
        return go_to(request, f"/bandeja/{chat.pk}/")
    since = thread.order_number(request.POST.get("desde", ""))
    return render_chat(request, chat, chunk=thread.newest(chat, since=since))


def as_file(request: HttpRequest, path: Path, row: Attachment) -> FileResponse | StreamingHttpResponse | HttpResponse:
    """What may be drawn in place is; everything else downloads under its own name and runs nowhere."""
    mime = plain_mime(row.mime)
    drawn = mime in DRAWN
    response = _served(request, path, mime if drawn else "application/octet-stream")
    kind = "inline" if drawn else "attachment"
    response["Content-Disposition"] = f"{kind}; filename*=UTF-8''{quote(row.filename or str(row.pk))}"
    response["Content-Security-Policy"] = _SANDBOX
    return response


def _served(request: HttpRequest, path: Path, mime: str) -> FileResponse | StreamingHttpResponse | HttpResponse:
    size = path.stat().st_size
    asked = _SPAN.fullmatch(request.headers.get("Range", ""))
    if asked is None or not any(asked.groups()):
        whole = FileResponse(path.open("rb"), content_type=mime)
        whole["Accept-Ranges"] = "bytes"
        return whole
    first, last = _span(asked[1], asked[2], size)
    if first > last:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    part = StreamingHttpResponse(_part(path, first, last - first + 1), status=206, content_type=mime)
    part["Content-Range"] = f"bytes {first}-{last}/{size}"
    part["Content-Length"] = str(last - first + 1)
    part["Accept-Ranges"] = "bytes"
    return part


def _span(first: str, last: str, size: int) -> tuple[int, int]:
    """First and last byte, both counted; "-500" asks for the end. The first one comes after the last when nothing is there."""
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last) if last else size - 1, size - 1)


def _part(path: Path, first: int, length: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(first)
        while length > 0 and (chunk := file.read(min(_CHUNK, length))):
            length -= len(chunk)
            yield chunk
