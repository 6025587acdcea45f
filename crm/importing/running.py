"""Working a file off, some hundred rows a transaction. Where it was is in the batch: a killed worker's successor goes on."""

import logging
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.exceptions import NON_FIELD_ERRORS
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from import_export.results import RowResult

from config.lib import commit
from config.lib.errors import AppError
from crm.importing import batches, files, mapping, reading, undoing
from crm.importing.people import Met
from crm.importing.resources import People, as_dataset
from crm.models import ImportBatch, ImportRow, Notification, Seller
from crm.services.notifications import notify
from tenants.context import tenant_context
from tenants.locks import hold
from tenants.models import Membership, Tenant
from tenants.services.audit import record

logger = logging.getLogger(__name__)

CHUNK = 200
LEASE = timedelta(minutes=3)
SLICE_SECONDS = 240.0  # a task then queues its continuation, far below the worker's time limit
LONGEST_ERROR = 300
LONG = 1_000  # rows after which whoever waits has left the page, and is told
Status, Outcome = ImportBatch.Status, ImportRow.Outcome
OUTCOMES = {
    RowResult.IMPORT_TYPE_NEW: Outcome.CREATED,
    RowResult.IMPORT_TYPE_UPDATE: Outcome.UPDATED,
    RowResult.IMPORT_TYPE_SKIP: Outcome.SKIPPED,
    RowResult.IMPORT_TYPE_INVALID: Outcome.REFUSED,
}
COUNTERS = {
    Outcome.CREATED: "created",
    Outcome.UPDATED: "updated",
    Outcome.SKIPPED: "skipped",
    Outcome.REFUSED: "refused",
}


class Superseded(Exception):
    """The batch was stopped, or another worker has it now."""


def due_ids(now: datetime) -> list[UUID]:
    """Batches that nobody works on: their wake-up was lost, or their worker died. Call inside the company."""
    rows = ImportBatch.objects.filter(status__in=batches.WORKING).exclude(leased_until__gt=now)
    return list(rows.order_by("created_at").values_list("pk", flat=True)[:20])


def work(*, tenant: Tenant, batch_id: UUID) -> None:
    """Do the batch's step as far as a slice of time goes. Safe to call twice, at once, and after a crash."""
    with override(tenant.locale):
        batch = _take(tenant, batch_id)
        if batch is None:
            return
        try:
            done = _work(tenant, batch)
        except Superseded:
            return
        except AppError as error:
            with tenant_context(tenant):
                batches.finish(_held(batch), Status.FAILED, error=str(error.message))
            return
        if not done:
            commit.send(batches.TASK, tenant_id=tenant.pk, queue="sync", batch_id=str(batch_id))


def work_now(*, tenant: Tenant, batch: ImportBatch) -> None:
    """Check a small file in the caller's transaction, and import it when that was asked for. `batch` shows the end."""
    while batch.status in (Status.CHECKING, Status.IMPORTING):
        batch.leased_until = timezone.now() + LEASE
        batch.save(update_fields=["leased_until"])
        for _step in run_steps(tenant, batch):
            pass
        batch.refresh_from_db()


def _take(tenant: Tenant, batch_id: UUID) -> ImportBatch | None:
    with tenant_context(tenant):
        free = Q(leased_until=None) | Q(leased_until__lte=timezone.now())
        rows = ImportBatch.objects.filter(free, pk=batch_id, status__in=batches.WORKING)
        batch = rows.select_for_update(no_key=True, skip_locked=True).first()
        if batch is not None:
            batch.leased_until = timezone.now() + LEASE
            batch.save(update_fields=["leased_until"])
        return batch


def _held(batch: ImportBatch) -> ImportBatch:
    """The row as it is now, locked, if it is still ours: the lease proves it. Raises Superseded."""
    mine = ImportBatch.objects.filter(pk=batch.pk, status=batch.status, leased_until=batch.leased_until)
    held = mine.select_for_update(no_key=True).first()
    if held is None:
        raise Superseded
    return held


def _work(tenant: Tenant, batch: ImportBatch) -> bool:
    """True when the step is over; a slice that ended gives the lease back."""
    ends = time.monotonic() + SLICE_SECONDS
    if batch.status == Status.UNDOING:
        steps = _undo_steps(tenant, batch)
    else:
        steps = run_steps(tenant, batch)
    for _step in steps:
        if time.monotonic() > ends:
            with tenant_context(tenant):
                held = _held(batch)
                held.leased_until = None
                held.save(update_fields=["leased_until"])
            return False
    return True


def run_steps(tenant: Tenant, batch: ImportBatch) -> Iterator[None]:
    """One transaction after another until the end of the file. Raises AppError for a file that cannot be read."""
    met, numbered = Met(), lines(tenant, batch)
    with tenant_context(tenant):
        reader = _reader(tenant, batch, met)
    for line in islice(numbered, batch.done):  # what an earlier worker did; only who it was counts here
        if not line.problem:
            met.note(reader.who(mapping.of_row(line.cells, batch.columns, batch.mapping)), line.number)
    while chunk := list(islice(numbered, CHUNK)):
        with tenant_context(tenant):
            # Two files of one company take turns, else each could wait for a number that the other holds.
            if batch.status == Status.IMPORTING:
                hold("import")
            held = _held(batch)
            if held.done + len(chunk) > reading.MOST_ROWS:
                raise reading.too_many()
            _write(_reader(tenant, held, met), held, chunk)
            held.done += len(chunk)
            held.total = max(held.total, held.done)
            held.leased_until = timezone.now() + LEASE
            held.save()
        batch.leased_until, batch.done = held.leased_until, held.done
        yield
    with tenant_context(tenant):
        _ended(_held(batch))


def lines(tenant: Tenant, batch: ImportBatch) -> Iterator[reading.Line]:
    path = files.path_of(tenant, batch.file) if batch.file else Path()
    if not path.is_file():
        raise AppError(_("El archivo ya no está en el servidor. Subirlo de nuevo."))
    return reading.lines(path, reading.Shape.of(batch.options))


def _reader(tenant: Tenant, batch: ImportBatch, met: Met) -> People:
    member = Membership.objects.active().filter(tenant_id=tenant.pk, user=batch.user_id or UUID(int=0)).first()
    if member is None or not member.may("leads.import"):
        raise AppError(_("Quien subió el archivo ya no puede importar."))
    owner = batch.options.get("owner")
    return People(
        batch=batch,
        known=mapping.choices(),
        member=member,
        by=batches.actor_of(batch),
        met=met,
        owner=Seller.objects.filter(pk=owner, is_active=True).first() if owner else None,
        saves=batch.status == Status.IMPORTING,
    )


def _write(reader: People, batch: ImportBatch, chunk: list[reading.Line]) -> None:
    """Run one chunk and keep what became of each row; of a check only what is wrong."""
    said = [
        (line.number, mapping.of_row(line.cells, batch.columns, batch.mapping)) for line in chunk if not line.problem
    ]
    rows = [
        ImportRow(batch=batch, number=line.number, outcome=Outcome.REFUSED, error=line.problem[:LONGEST_ERROR])
        for line in chunk
        if line.problem
    ]
    if said:
        result = reader.import_data(as_dataset(said, reader.fields))
        reader.people = None  # they hold each other, and would lie in memory until the collector comes by
        for error in [*result.base_errors, *(each for row in result.rows for each in row.errors)]:
            raise error.error  # of ours, not of the row's: the batch is tried again
        labels = {code: heading for heading, code in batch.mapping.items()}
        for (number, values), plan, row in zip(said, reader.plans, result.rows, strict=True):
            wrong = _wrong(row, values, labels)
            rows.append(
                ImportRow(
                    batch=batch,
                    number=number,
                    outcome=OUTCOMES[row.import_type],
                    error=(_one_line(wrong) or plan.note)[:LONGEST_ERROR],
                    contact_id=row.instance.pk
                    if row.instance is not None and OUTCOMES[row.import_type] in DID
                    else None,
                    lead=plan.made,
                    before={"errors": wrong} if wrong else plan.before,
                )
            )
    for row in rows:
        name = COUNTERS[Outcome(row.outcome)]
        setattr(batch, name, getattr(batch, name) + 1)
    keeps = rows if batch.status == Status.IMPORTING else [row for row in rows if row.error]
    for row in keeps:
        if batch.status == Status.CHECKING:
            row.contact_id = None
    ImportRow.objects.bulk_create(keeps)


DID = frozenset({Outcome.CREATED, Outcome.UPDATED})


def _wrong(row: Any, values: dict[str, str], labels: dict[str, str]) -> list[list[str]]:
    """[heading, what the cell says, why not] for each refusal."""
    error = row.validation_error
    if error is None:
        return []
    error.__traceback__ = error.__cause__ = error.__context__ = None  # through these it would hold the whole chunk
    return [
        ["" if name == NON_FIELD_ERRORS else labels.get(name, name), values.get(name, "")[:200], str(text)]
        for name, texts in error.message_dict.items()
        for text in texts
    ]


def _one_line(wrong: list[list[str]]) -> str:
    return " · ".join(f"{heading}: {reason}" if heading else reason for heading, _value, reason in wrong)


def _ended(batch: ImportBatch) -> None:
    importing = batch.status == Status.IMPORTING
    batch.total = batch.done
    batches.finish(batch, Status.DONE if importing else Status.CHECKED)
    by = batches.actor_of(batch)
    if importing:
        record(action="import.finished", resource=batch, by=by, diff=batches.summary(batch))
    elif batch.options.get("starts"):  # an integration asked for both steps at once
        batches.start(batch=batch, by=by)
        return
    _tell(batch)


def _undo_steps(tenant: Tenant, batch: ImportBatch) -> Iterator[None]:
    last = reading.MOST_ROWS * 100  # as the spreadsheet counts, empty rows too
    while True:
        with tenant_context(tenant):
            hold("import")
            held = _held(batch)
            numbers = undoing.undo_chunk(held, by=batches.actor_of(held), below=last, limit=CHUNK)
            if not numbers:
                batches.finish(held, Status.UNDONE)
                by = batches.actor_of(held)
                diff = {"left": batches.left_as_is(held)}
                record(action="import.undone", resource=held, by=by, diff=diff)
                _tell(held)
                return
            held.leased_until = timezone.now() + LEASE
            held.save(update_fields=["leased_until"])
        batch.leased_until, last = held.leased_until, numbers[-1]
        yield


def _tell(batch: ImportBatch) -> None:
    if batch.user_id is not None and batch.done >= LONG:
        notify(
            user_id=batch.user_id,
            kind=Notification.Kind.DONE,
            key=f"import:{batch.pk}:{batch.status}:{batch.done}",
            href=f"/importaciones/{batch.pk}/",
            facts={"title": batch.filename},
        )
