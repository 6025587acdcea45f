"""Files of messages, through the gate: only who may open the conversation gets its files."""

import uuid
from urllib.parse import quote

from django.http import FileResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from config.lib.errors import NotFound
from messaging.access import attachment_for
from messaging.services import media
from tenants.access import page
from tenants.audit_access import audit_access
from tenants.requests import Request

# Shown in place; everything else is only ever downloaded. No SVG or HTML: those can run scripts.
SHOWN = frozenset(
    {
        "image/jpeg",
        "image/png",
        "image/gif",
        "image/webp",
        "audio/aac",
        "audio/mp4",
        "audio/mpeg",
        "audio/amr",
        "audio/ogg",
        "audio/opus",
        "video/mp4",
        "video/3gpp",
        "application/pdf",
    }
)


@audit_access("attachment.viewed", resource="pk")
@page("inbox.read")
@cache_control(private=True, max_age=3600, immutable=True)
@require_safe
def attachment(request: Request, pk: uuid.UUID) -> FileResponse:
    found = attachment_for(request.member, pk)
    path = media.path_of(request.tenant, found)
    if path is None:
        raise NotFound(_("Ese archivo ya no está guardado o todavía no se descargó."))
    mime = found.mime.partition(";")[0].strip().lower()
    shown = mime in SHOWN
    response = FileResponse(path.open("rb"), content_type=mime if shown else "application/octet-stream")
    kind = "inline" if shown else "attachment"
    response["Content-Disposition"] = f"{kind}; filename*=UTF-8''{quote(found.filename or str(found.pk))}"
    # Whatever a stranger sent us runs in no origin of ours.
    response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    return response
