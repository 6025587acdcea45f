"""Files that people sent, as Meta's servers give them out."""

import mimetypes

from config.lib.http import Response
from messaging.providers import base

#: A customer's document may have 100 MB; a file is held in memory, so larger ones than this stay at Meta.
MAX_MEDIA_BYTES = 32 * 1024 * 1024
SEND_SECONDS = 20.0
MEDIA_SECONDS = 60.0


def file_of(answer: Response, mime: str, ref: base.MediaRef) -> base.MediaFile:
    """The file with a name that says what it is."""
    kind = mime or answer.headers.get("content-type", "application/octet-stream")
    extension = mimetypes.guess_extension(kind.partition(";")[0].strip()) or ""
    return base.MediaFile(answer.content, kind, ref.filename or f"{ref.provider_media_id or 'file'}{extension}")


def named(media: base.OutgoingMedia) -> str:
    return media.filename or f"{media.kind}{mimetypes.guess_extension(media.mime) or ''}"
