"""The trail as CSV: streamed, in transactions of their own, harmless when a spreadsheet opens it."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from config.lib.cells import MARK, harmless
from tenants.context import tenant_context
from tenants.models import SystemEvent, Tenant
from tenants.services import audit_words as words

CHUNK = 2_000


def lines(tenant: Tenant, rows: QuerySet[SystemEvent]) -> Iterator[str]:
    """The whole of `rows`, newest first. What comes first is read now, in the open transaction; the rest when asked for."""
    language = get_language()
    first = _chunk(rows, None)
    return _streamed(tenant, rows, first, language or "es")


def _streamed(tenant: Tenant, rows: QuerySet[SystemEvent], chunk: list[SystemEvent], language: str) -> Iterator[str]:
    with override(language):
        yield MARK + _text([_head()])
    while chunk:
        with override(language):
            yield _text([_cells(event, tenant) for event in chunk])
        if len(chunk) < CHUNK:
            return
        with tenant_context(tenant):
            chunk = _chunk(rows, chunk[-1].pk)


def _chunk(rows: QuerySet[SystemEvent], before: int | None) -> list[SystemEvent]:
    older = rows if before is None else rows.filter(pk__lt=before)
    return list(older.order_by("-pk")[:CHUNK])


def _head() -> list[str]:
    return [
        _("Número"),
        _("Cuándo"),
        _("Quién"),
        _("Tipo de actor"),
        _("Qué"),
        _("Acción"),
        _("Tipo"),
        _("Recurso"),
        _("Resultado"),
        _("Cambios"),
        _("Dirección IP"),
        _("Navegador"),
        _("Huella"),
    ]


def _cells(event: SystemEvent, tenant: Tenant) -> list[object]:
    return [
        event.position,
        event.at.astimezone(ZoneInfo(tenant.timezone)).isoformat(),
        event.actor_label,
        event.actor_kind,
        words.sentence(event.action),
        event.action,
        event.resource_type,
        event.resource_id,
        words.outcome(event.outcome),
        json.dumps(event.diff, ensure_ascii=False) if event.diff else "",
        event.ip or "",
        event.agent,
        bytes(event.hash).hex(),
    ]


def _text(rows: list[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()
