"""A spreadsheet as a stream of rows, whatever it is: what its bytes say counts, not its name."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from config.lib.cells import plain
from config.lib.errors import Invalid
from crm.domain import spreadsheet
from crm.importing import reading_csv, reading_xlsx

MOST_BYTES = 20 * 1024 * 1024
MOST_ROWS = 100_000
MOST_COLUMNS = 200
MOST_CELL = 20_000  # letters
SAMPLE = 5
OLD_EXCEL = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True)
class Shape:
    """How a file is read; kept with the batch."""

    kind: str = "csv"  # or xlsx
    encoding: str = "utf-8"
    separator: str = ","
    sheet: str = ""

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "Shape":
        return cls(**options.get("shape", {}))

    def as_json(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True)
class Line:
    """A row: `number` as the spreadsheet counts. With `problem`, in words, its cells mean nothing."""

    number: int
    cells: list[str]
    problem: str = ""


@dataclass(frozen=True)
class Look:
    """What a file has in it, before anything is done with it. `rows` is about how many, 0 when that is not known."""

    shape: Shape
    columns: list[str]
    sample: list[list[str]]
    rows: int


def look(path: Path) -> Look:
    """Raises Invalid for what is no spreadsheet, has no rows or too many."""
    shape, rows = _shape(path)
    numbered = _numbered(path, shape)
    heading = next((cells for _number, cells in numbered if cells and any(cells)), None)
    if heading is None:
        raise _unreadable(_("La primera fila con datos tiene que llevar los nombres de las columnas."))
    columns = spreadsheet.unique(_trimmed(heading), _("Columna"))
    if len(columns) > MOST_COLUMNS:
        raise _unreadable(_("Son demasiadas columnas: hasta %(most)s.") % {"most": MOST_COLUMNS})
    sample = [line.cells for line in islice((each for each in lines(path, shape) if not each.problem), SAMPLE)]
    if not sample and next(lines(path, shape), None) is None:
        raise _unreadable(_("El archivo no tiene filas con datos."))
    if shape.kind == "csv":
        rows = sum(1 for _each in lines(path, shape))
    if rows > MOST_ROWS:
        raise too_many()
    return Look(shape, columns, sample, rows)


def lines(path: Path, shape: Shape) -> Iterator[Line]:
    """The rows below the heading; empty ones are passed over, broken ones say what is wrong."""
    width = 0
    for number, cells in _numbered(path, shape):
        if cells is None:
            if width:
                yield Line(number, [], _("La fila está rota: hay comillas sin cerrar o texto fuera de ellas."))
            continue
        cells = _trimmed(cells) if not width else cells
        if not any(cells):
            continue
        if not width:
            width = len(cells)
            continue
        yield _line(number, cells, width, strict=shape.kind == "csv")


def _line(number: int, cells: list[str], width: int, *, strict: bool) -> Line:
    filled = _trimmed(cells)
    if len(filled) > width or (strict and len(cells) < width):
        words = {"found": len(filled) if len(filled) > width else len(cells), "wanted": width}
        return Line(number, cells, _("Tiene %(found)s celdas y la primera fila tiene %(wanted)s.") % words)
    if any(spreadsheet.LOST in cell for cell in cells):
        return Line(number, cells, _("Tiene letras que no se pueden leer."))
    if any(len(cell) > MOST_CELL for cell in cells):
        return Line(number, [], _("Tiene una celda demasiado larga."))
    return Line(number, [*filled, *[""] * (width - len(filled))])


def _numbered(path: Path, shape: Shape) -> Iterator[tuple[int, list[str] | None]]:
    rows: Iterator[list[str] | None] = (
        reading_xlsx.rows(path, sheet=shape.sheet)
        if shape.kind == "xlsx"
        else reading_csv.rows(path, encoding=shape.encoding, separator=shape.separator)
    )
    for number, row in enumerate(rows, start=1):
        yield number, None if row is None else [plain(cell.replace("\x00", "").strip()) for cell in row]


def _trimmed(cells: list[str]) -> list[str]:
    """Without the empty cells at the end, which spreadsheets like to add."""
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]


def _shape(path: Path) -> tuple[Shape, int]:
    with path.open("rb") as file:
        head = file.read(4096)
    if not head.strip():
        raise _unreadable(_("El archivo está vacío."))
    if head.startswith(OLD_EXCEL):
        raise _unreadable(_("Es una planilla de Excel antigua (.xls). Guardarla como .xlsx o CSV."))
    if head.startswith(b"PK"):
        if not reading_xlsx.is_xlsx(path):
            raise _unreadable(_("Solo se leen planillas .xlsx o CSV."))
        reading_xlsx.check(path)
        sheet, rows = reading_xlsx.sheet_of(path)
        return Shape("xlsx", sheet=sheet), max(0, rows - 1)
    if head.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"{\\rtf", b"<")):
        raise _unreadable(_("Solo se leen planillas .xlsx o CSV."))
    encoding = reading_csv.encoding_of(path)
    return Shape("csv", encoding=encoding, separator=reading_csv.separator_of(path, encoding)), 0


def too_many() -> Invalid:
    return _unreadable(_("Tiene más de 100.000 filas. Partir el archivo en varios."))


def _unreadable(message: str) -> Invalid:
    return Invalid(message, code="unreadable_file", fields={"file": message})
