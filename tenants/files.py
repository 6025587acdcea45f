"""Files of a company, in folders of its own, never served by address: only a gate reads them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from tenants.models import Tenant


@dataclass(frozen=True)
class Shelf:
    """One kind of files; `name` is their folder below the company's."""

    name: str

    def folder(self, tenant: Tenant) -> Path:
        return Path(settings.MEDIA_ROOT) / tenant.schema_name / self.name

    def path_of(self, tenant: Tenant, relative: str) -> Path:
        """The place of a stored file. `relative` (folder and name) comes from a row, never from a person."""
        base = self.folder(tenant)
        path = (base.parent / relative).resolve()
        if not path.is_relative_to(base.resolve()):
            raise ValueError("outside of the company's folder")
        return path

    def write(self, tenant: Tenant, relative: str, content: bytes) -> None:
        """Store durably: after this returns a power cut loses nothing, and no half-written file is ever seen."""
        path = self.path_of(tenant, relative)
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

    def read(self, tenant: Tenant, relative: str) -> bytes:
        """Raises FileNotFoundError."""
        return self.path_of(tenant, relative).read_bytes()

    def remove(self, tenant: Tenant, relative: str) -> bool:
        """True when there was a file."""
        path = self.path_of(tenant, relative)
        existed = path.exists()
        path.unlink(missing_ok=True)
        return existed

    def stored(self, tenant: Tenant) -> Iterator[tuple[str, float]]:
        """Every file of the folder as (relative path, seconds of last change since the epoch)."""
        base = self.folder(tenant)
        if not base.is_dir():
            return
        for entry in os.scandir(base):
            if entry.is_file():
                yield f"{self.name}/{entry.name}", entry.stat().st_mtime
