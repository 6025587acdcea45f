"""Uploaded files, one folder a company, never served by address: only a gate reads them."""

import os
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from tenants.models import Tenant

FOLDER = "documents"


def folder(tenant: Tenant) -> Path:
    return Path(settings.MEDIA_ROOT) / tenant.schema_name / FOLDER


def path_of(tenant: Tenant, relative: str) -> Path:
    """The place of a stored file. `relative` comes from a Document row, never from a person."""
    base = folder(tenant)
    path = (base.parent / relative).resolve()
    if not path.is_relative_to(base.resolve()):
        raise ValueError("outside of the company's folder")
    return path


def write(tenant: Tenant, relative: str, content: bytes) -> None:
    """Store durably: after this returns a power cut loses nothing, and no half-written file is ever seen."""
    path = path_of(tenant, relative)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def read(tenant: Tenant, relative: str) -> bytes:
    """Raises FileNotFoundError."""
    return path_of(tenant, relative).read_bytes()


def remove(tenant: Tenant, relative: str) -> bool:
    """True when there was a file."""
    path = path_of(tenant, relative)
    existed = path.exists()
    path.unlink(missing_ok=True)
    return existed


def stored(tenant: Tenant) -> Iterator[tuple[str, float]]:
    """Every file of the folder as (relative path, seconds of last change since the epoch)."""
    base = folder(tenant)
    if not base.is_dir():
        return
    for entry in os.scandir(base):
        if entry.is_file():
            yield f"{FOLDER}/{entry.name}", entry.stat().st_mtime
