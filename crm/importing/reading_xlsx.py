"""XLSX, read as a stream. Nothing of it is believed: sizes are capped before anything is unpacked, and no document
type is allowed, through which XML could name files or grow without end."""

import xml.parsers.expat
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any

from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from config.lib.errors import Invalid

MOST_UNPACKED = 300 * 1024 * 1024  # bytes of all parts together
MOST_SHARED = 60 * 1024 * 1024  # bytes of the texts, which are held in memory
MOST_PARTS = 2_000
MOST_COLUMNS = 300
CHUNK = 64 * 1024
# What a damaged file makes the libraries raise.
DAMAGED = (
    InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, IndexError, OSError,
    xml.parsers.expat.ExpatError, SyntaxError, EOFError, NotImplementedError,
)  # fmt: skip


def is_xlsx(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as parts:
            return "xl/workbook.xml" in parts.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


def check(path: Path) -> None:
    """Raises Invalid for a file that would grow beyond measure, or that is no plain workbook."""
    try:
        with zipfile.ZipFile(path) as parts:
            infos = parts.infolist()
            shared = sum(each.file_size for each in infos if "sharedstrings" in each.filename.lower())
            if (
                len(infos) > MOST_PARTS
                or sum(each.file_size for each in infos) > MOST_UNPACKED
                or shared > MOST_SHARED
                or any(each.flag_bits & 1 for each in infos)  # encrypted
            ):
                raise _refused()
            for each in infos:
                if each.filename.lower().endswith((".xml", ".rels")):
                    with parts.open(each) as part:
                        _check_prolog(part)
    except DAMAGED as error:
        raise _refused() from error


class _Begun(Exception):
    """The first element of a part: what stood before it was harmless."""


def _check_prolog(part: IO[bytes]) -> None:
    parser = xml.parsers.expat.ParserCreate()

    def element(*_args: object) -> None:
        raise _Begun

    def doctype(*_args: object) -> None:
        raise _refused()

    parser.StartElementHandler, parser.StartDoctypeDeclHandler = element, doctype
    try:
        while piece := part.read(CHUNK):
            parser.Parse(piece)
    except _Begun:
        return


def rows(path: Path, *, sheet: str) -> Iterator[list[str]]:
    """The texts of each row of the named sheet. A formula is its last result, or its own text where there is none."""
    with _opened(path, data_only=True) as shown:
        if not _has_formulas(path):
            for row in _values(shown, sheet):
                yield [text_of(each) for each in row]
            return
        with _opened(path, data_only=False) as written:
            for results, formulas in zip(_values(shown, sheet), _values(written, sheet), strict=False):
                yield [text_of(f if r is None else r) for r, f in zip(results, formulas, strict=False)]


def _has_formulas(path: Path) -> bool:
    with zipfile.ZipFile(path) as parts:
        for name in parts.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                with parts.open(name) as part:
                    tail = b""
                    while piece := part.read(CHUNK):
                        if b"<f>" in tail + piece or b"<f " in tail + piece:
                            return True
                        tail = piece[-2:]
    return False


def sheet_of(path: Path) -> tuple[str, int]:
    """Name of the sheet that is read, and about how many rows it has (0 when the file does not say)."""
    with _opened(path, data_only=True) as book:
        name = first_sheet(book)
        return name, book[name].max_row or 0


def first_sheet(book: Any) -> str:
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible" and any(any(row) for row in sheet.iter_rows(max_row=20, values_only=True)):
            return str(sheet.title)
    if not book.worksheets:
        raise _refused()
    return str(book.worksheets[0].title)


def _values(book: Any, name: str) -> Iterator[tuple[Any, ...]]:
    sheet = book[name]
    sheet.reset_dimensions()  # what the file says of its own size is often wrong
    yield from sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS)


@contextmanager
def _opened(path: Path, *, data_only: bool) -> Iterator[Any]:
    try:
        # As a file, not by its path: the name says nothing.
        with (
            path.open("rb") as file,
            closing(load_workbook(file, read_only=True, data_only=data_only, keep_links=False)) as book,
        ):
            yield book
    except DAMAGED as error:
        raise _refused() from error


def text_of(value: object) -> str:
    """A cell as a person reads it; numbers without the ".0" that spreadsheets add."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _refused() -> Invalid:
    message = _("La planilla está dañada, protegida o es demasiado grande. Guardarla de nuevo como .xlsx o CSV.")
    return Invalid(message, code="unreadable_file", fields={"file": message})
