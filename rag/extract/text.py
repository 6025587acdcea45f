"""Plain text and Markdown, in the encodings that phones, Windows and spreadsheets write."""

import codecs
import re
import unicodedata

from django.utils.translation import gettext as _

from .base import Extractor, Unreadable

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MAGIC = (
    b"%PDF",
    b"PK\x03\x04",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"\x7fELF",
    b"MZ\x90",
    b"\xd0\xcf\x11\xe0",
    b"\x1f\x8b",
    b"OggS",
    b"RIFF",
    b"Rar!",
    b"7z\xbc\xaf",
    b"ID3",
    b"SQLite format 3",
)
_SAMPLE = 64 * 1024
_MAX_CONTROL_SHARE = 0.01
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\u200b\u2060\ufeff\ufff9-\ufffb]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


class TextExtractor(Extractor):
    mime = "text/plain"

    def check(self, content: bytes) -> None:
        sample = content[:_SAMPLE]
        if _marked(content) or _utf16_without_mark(sample):
            return
        if content.startswith(_MAGIC) or _looks_binary(sample):
            raise Unreadable(_("El archivo no es de texto. Subir un archivo .txt o .md."))

    def extract(self, content: bytes) -> str:
        self.check(content)
        text = decode(content)
        text = re.sub(r"\r\n?|\x0c|\x85|\u2028|\u2029", "\n", text)
        text = unicodedata.normalize("NFC", _SURROGATES.sub("", _CONTROLS.sub("", text)))
        if not text.strip():
            raise Unreadable(_("El archivo no tiene texto."))
        return text


class MarkdownExtractor(TextExtractor):
    mime = "text/markdown"


def decode(content: bytes) -> str:
    """Bytes to text by byte order mark, then UTF-16 without a mark, then UTF-8, then Windows-1252 (Latin-1)."""
    encoding = _marked(content) or _utf16_without_mark(content[:_SAMPLE])
    if encoding:
        return content.decode(encoding, errors="replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        # Five byte values mean nothing in Windows-1252; Latin-1 gives them control characters, removed later.
        try:
            return content.decode("cp1252")
        except UnicodeDecodeError:
            return content.decode("latin-1")


def _marked(content: bytes) -> str:
    return next((encoding for mark, encoding in _BOMS if content.startswith(mark)), "")


def _utf16_without_mark(sample: bytes) -> str:
    """Western text in UTF-16 has a zero in nearly every second byte, always on the same side."""
    if len(sample) < 4 or (len(sample) % 2 and len(sample) < _SAMPLE):
        return ""
    pairs = len(sample) // 2
    even, odd = sample[: pairs * 2 : 2].count(0), sample[1 : pairs * 2 : 2].count(0)
    if odd > 0.7 * pairs and even < 0.05 * pairs:
        return "utf-16-le"
    if even > 0.7 * pairs and odd < 0.05 * pairs:
        return "utf-16-be"
    return ""


def _looks_binary(sample: bytes) -> bool:
    controls = sum(sample.count(code) for code in range(32) if code not in (9, 10, 12, 13))
    return controls > max(2, _MAX_CONTROL_SHARE * len(sample))
