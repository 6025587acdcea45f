"""A table as a file: streamed in transactions of their own, harmless when a spreadsheet opens it, told when it is done."""

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import get_language, override
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from config.lib.cells import MARK, harmless
from crm.exporting.tables import Table
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services.audit import record

CHUNK = 2_000
PIECE = 64 * 1024  # bytes
ROWS_OF_A_SHEET = 1_000_000
SEPARATORS = {"csv": ",", "csv-semicolon": ";"}
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "csv-semicolon": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_NUMBER = re.compile(r"\+[0-9]{7,15}")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # letters that XML does not have


def begin(table: Table) -> list[Any]:
    """The first rows, read in the open transaction; fewer than CHUNK are all of them."""
    return _chunk(table, None)


def file_of(table: Table, first: list[Any], *, format: str, tenant: Tenant, by: Actor) -> Iterator[bytes]:
    """The whole table, of which `first` was read already; the rest is read when it is asked for."""
    chunks = _chunks(table, first, tenant, by)
    language, zone = get_language() or "es", ZoneInfo(tenant.timezone)
    if format == "xlsx":
        return _xlsx(table, chunks, language, zone)
    return _csv(table, chunks, language, zone, SEPARATORS[format])


def _chunk(table: Table, after: Any) -> list[Any]:
    """Newest first: keys are made by time."""
    rows = table.rows if after is None else table.rows.filter(pk__lt=after)
    return list(rows.order_by("-pk")[:CHUNK])


def _chunks(table: Table, chunk: list[Any], tenant: Tenant, by: Actor) -> Iterator[list[Any]]:
    """How many rows of a long table left is told at the end, also when somebody hung up before it."""
    count, whole, long = 0, False, len(chunk) >= CHUNK
    try:
        while chunk:
            yield chunk
            count += len(chunk)
            if len(chunk) < CHUNK:
                break
            with tenant_context(tenant):
                chunk = _chunk(table, chunk[-1].pk)
        whole = True
    finally:
        if long:
            with tenant_context(tenant):
                outcome = "ok" if whole else "failed"
                record(action=f"{table.name}.export_finished", by=by, outcome=outcome, diff={"rows": count})


def _csv(table: Table, chunks: Iterable[list[Any]], language: str, zone: ZoneInfo, separator: str) -> Iterator[bytes]:
    yield (MARK + _text([[column.heading for column in table.columns]], separator)).encode()
    for chunk in chunks:
        with override(language):
            cells = [[_as_text(column.value(row), zone) for column in table.columns] for row in chunk]
        yield _text(cells, separator).encode()


def _text(rows: Iterable[Iterable[object]], separator: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\r\n")
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def _as_text(value: Any, zone: ZoneInfo) -> object:
    """Moments where the company is; numbers stay numbers, so that a minus is no formula."""
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    return "" if value is None else value


def _xlsx(table: Table, chunks: Iterable[list[Any]], language: str, zone: ZoneInfo) -> Iterator[bytes]:
    """Written to a file first: a workbook can be read from its end only."""
    with tempfile.TemporaryFile() as file:
        book = Workbook(write_only=True)
        sheet, written = _sheet(book, table), 0
        for chunk in chunks:
            with override(language):
                for row in chunk:
                    if written and written % ROWS_OF_A_SHEET == 0:
                        sheet = _sheet(book, table)
                    sheet.append([_cell(sheet, column.value(row), zone) for column in table.columns])
                    written += 1
        book.save(file)
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


def _sheet(book: Workbook, table: Table) -> Any:
    sheet = book.create_sheet()
    sheet.append([_cell(sheet, column.heading, None) for column in table.columns])
    return sheet


def _cell(sheet: Any, value: Any, zone: ZoneInfo | None) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)
    if not isinstance(value, str):
        return value
    # A phone is text here already, and runs nothing; the quote would only be in its way.
    safe = value if _NUMBER.fullmatch(value) else str(harmless(_UNWRITABLE.sub("", value)))[:32_767]
    cell = WriteOnlyCell(sheet, value=safe)
    cell.data_type = "s"
    return cell
