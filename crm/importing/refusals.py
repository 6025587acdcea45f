"""What a file's rows had wrong, as a file of its own: streamed, harmless when a spreadsheet opens it."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from config.lib.cells import MARK, harmless
from crm.importing import reading
from crm.models import ImportBatch, ImportRow
from tenants.context import tenant_context
from tenants.models import Tenant

CHUNK = 1_000


def lines(tenant: Tenant, batch: ImportBatch) -> Iterator[str]:
    """CSV in the file's own separator, in transactions of their own; the first is read now."""
    separator = reading.Shape.of(batch.options).separator or ","
    return _streamed(tenant, batch.pk, _chunk(batch.pk, 0), separator, get_language() or "es")


def _streamed(tenant: Tenant, batch_id: UUID, chunk: list[ImportRow], separator: str, language: str) -> Iterator[str]:
    with override(language):
        yield MARK + _text([[_("Fila"), _("Columna"), _("Valor"), _("Problema")]], separator)
    while chunk:
        yield _text((cells for row in chunk for cells in of_row(row)), separator)
        if len(chunk) < CHUNK:
            return
        with tenant_context(tenant):
            chunk = _chunk(batch_id, chunk[-1].number)


def of_row(row: ImportRow) -> list[list[object]]:
    """[row, column, value, reason] for each thing that is wrong."""
    return [[row.number, *wrong] for wrong in row.before.get("errors", [])] or [[row.number, "", "", row.error]]


def _chunk(batch_id: UUID, after: int) -> list[ImportRow]:
    rows = ImportRow.objects.filter(batch=batch_id, number__gt=after).exclude(error="")
    return list(rows.order_by("number")[:CHUNK])


def _text(rows: Iterable[Sequence[object]], separator: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\r\n")
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()
