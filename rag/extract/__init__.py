"""Registry of readable files by extension. A new kind of file is one module here and one line below."""

from pathlib import PurePosixPath

from django.utils.translation import gettext as _

from .base import MAX_BYTES, Extractor, Unreadable
from .text import MarkdownExtractor, TextExtractor

EXTRACTORS: dict[str, type[Extractor]] = {
    ".txt": TextExtractor,
    ".md": MarkdownExtractor,
}


def extension_of(file_name: str) -> str:
    return PurePosixPath(file_name.replace("\\", "/")).suffix.lower()


def extractor_for(file_name: str) -> Extractor:
    """The extractor of a file by its name. Raises Unreadable naming the kinds that can be read."""
    found = EXTRACTORS.get(extension_of(file_name))
    if found is None:
        kinds = ", ".join(EXTRACTORS)
        raise Unreadable(_("Ese tipo de archivo no se puede leer. Tipos admitidos: %(kinds)s.") % {"kinds": kinds})
    return found()


__all__ = ["EXTRACTORS", "MAX_BYTES", "Extractor", "Unreadable", "extension_of", "extractor_for"]
