"""Files on disk: in the company's own folder, whole or not at all, under names of ours."""

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings

from messaging.domain.media_limits import believed
from messaging.models import Attachment
from messaging.services import thumbnails
from tenants.models import Tenant

_HEAD = 8192  # bytes in which a kind shows itself


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that was written: paths below the media folder, what it is, how large, and its digest in hex."""

    file: str
    thumbnail: str
    mime: str
    size: int
    sha256: str


def keep(tenant: Tenant, attachment_id: UUID, content: bytes, *, mime: str, filename: str) -> Kept:
    """Write the file and, of a picture, its small one. `mime` and `filename` are the sender's words."""
    is_a = believed(mime, signs_of(content))
    suffix = re.sub(r"[^A-Za-z0-9.]", "", Path(filename).suffix)[:10]
    folder = f"{tenant.schema_name}/messages"
    small = thumbnails.for_thread(content) if is_a.startswith("image/") else None
    thumbnail = write(f"{folder}/{attachment_id}.small.webp", small) if small else ""
    file = write(f"{folder}/{attachment_id}{suffix}", content)
    return Kept(file, thumbnail, is_a, len(content), hashlib.sha256(content).hexdigest())


def signs_of(content: bytes) -> tuple[str, ...]:
    """What the first bytes look like, the surest first; empty when they look like nothing known."""
    if content.startswith(b"#!AMR"):
        return ("audio/amr",)
    import puremagic  # a megabyte that only who fetches files needs

    try:
        found = [one for one in puremagic.magic_string(content[:_HEAD]) if one.mime_type]
    except (puremagic.PureError, ValueError):
        return ()
    surest = max((one.confidence for one in found), default=0.0)
    return tuple(dict.fromkeys(one.mime_type for one in found if one.confidence > surest - 0.15))


def write(relative: str, content: bytes) -> str:
    """Put a file in its place whole or not at all; answers the same path."""
    target = Path(settings.MEDIA_ROOT) / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as unfinished:
        unfinished.write(content)
    os.replace(unfinished.name, target)
    return relative


def remove(kept: Kept) -> None:
    """Take back a file that no row names after all."""
    for relative in filter(None, (kept.file, kept.thumbnail)):
        (Path(settings.MEDIA_ROOT) / relative).unlink(missing_ok=True)


def path_of(tenant: Tenant, attachment: Attachment) -> Path | None:
    """The file on disk; None when it is not there or would lie outside the company's folder."""
    if attachment.state != Attachment.State.READY or not attachment.file:
        return None
    return _inside(tenant, attachment.file)


def thumbnail_of(tenant: Tenant, attachment: Attachment) -> Path | None:
    """The small picture on disk, likewise."""
    return _inside(tenant, attachment.thumbnail) if attachment.thumbnail else None


def content_of(tenant: Tenant, attachment: Attachment) -> bytes | None:
    """The bytes; None when the file is not there, or goes while it is looked for."""
    path = path_of(tenant, attachment)
    try:
        return path.read_bytes() if path is not None else None
    except OSError:
        return None


def _inside(tenant: Tenant, relative: str) -> Path | None:
    folder = (Path(settings.MEDIA_ROOT) / tenant.schema_name).resolve()
    path = (Path(settings.MEDIA_ROOT) / relative).resolve()
    return path if path.is_relative_to(folder) and path.is_file() else None
