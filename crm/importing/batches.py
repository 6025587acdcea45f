"""A spreadsheet's way in, step by step: taken in, columns chosen, checked, imported, undone. The work is a worker's."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import Conflict, Invalid, NotFound
from config.lib.ids import key_of
from crm.access import seller_for
from crm.domain.columns import OF_LEADS
from crm.importing import files, mapping, reading
from crm.models import ImportBatch, ImportRow
from crm.services import tags
from tenants.context import current_tenant
from tenants.domain import roles
from tenants.domain.actor import Actor
from tenants.models import Membership, User
from tenants.services.audit import record

Status, Outcome = ImportBatch.Status, ImportRow.Outcome
WORKING = (Status.CHECKING, Status.IMPORTING, Status.UNDOING)
CHOOSABLE = (Status.MAPPING, Status.CHECKED)  # columns may still be changed
TASK = "crm.tasks.work_import"


def shown_to(member: Membership) -> QuerySet[ImportBatch]:
    """Whoever does not see everybody's people sees their own files only: they are full of people."""
    rows = ImportBatch.objects.all()
    return rows if member.sees == roles.ALL else rows.filter(user_id=member.user_id)


def import_for(member: Membership, pk: object, *, lock: bool = False) -> ImportBatch:
    rows = shown_to(member).select_for_update(no_key=True) if lock else shown_to(member)
    batch = rows.filter(pk=key_of(pk)).first()
    if batch is None:
        raise NotFound(_("Esa importación no existe."))
    return batch


def content_of(file: UploadedFile) -> bytes:
    """The bytes of an upload; a large one is refused before it is read into memory."""
    if (file.size or 0) > reading.MOST_BYTES:
        raise _too_large()
    return file.read()


def take_in(*, name: str, content: bytes, user: User, by: Actor) -> ImportBatch:
    """Keep the file and look at its columns. Raises Invalid in words for what is no spreadsheet."""
    if len(content) > reading.MOST_BYTES:
        raise _too_large()
    tenant = current_tenant()
    relative = f"{files.SHEETS.name}/{uuid4()}"
    files.write(tenant, relative, content)
    try:
        found = reading.look(files.path_of(tenant, relative))
    except Invalid:
        files.remove(tenant, relative)
        raise
    batch = ImportBatch(
        filename=name.replace("\x00", "").replace("\\", "/").rpartition("/")[2][-240:] or _("planilla"),
        file=relative,
        columns=found.columns,
        sample=found.sample,
        options={"shape": found.shape.as_json()},
        total=found.rows,
        user=user,
        actor_label=by.label[:160],
    )
    batch.mapping = mapping.guessed(found.columns, mapping.choices())
    fields = set(batch.mapping.values())
    batch.makes_leads = "id" not in fields or bool(OF_LEADS & fields)  # our own list of contacts, come back
    batch.save(force_insert=True)
    record(action="import.received", resource=batch, by=by, diff={"rows": found.rows})
    return batch


def choose(
    *,
    batch: ImportBatch,
    columns: Mapping[str, str],
    policy: str = ImportBatch.Policy.FILL,
    makes_leads: bool = True,
    source: str = "",
    labels: Sequence[str] = (),
    owner: object = None,
) -> ImportBatch:
    """Say what the columns are and what happens with whom. The caller holds the row. Raises Invalid with fields."""
    if batch.status not in CHOOSABLE:
        raise _too_late()
    if policy not in ImportBatch.Policy.values:
        raise Invalid(_("Elegir qué pasa con los que ya existen."), fields={"policy": _("Valor desconocido.")})
    batch.mapping = mapping.checked(columns, batch.columns, mapping.choices())
    batch.policy, batch.makes_leads = policy, makes_leads
    batch.options = {
        "shape": reading.Shape.of(batch.options).as_json(),
        "source": source.replace("\x00", "").strip()[:60],
        "tags": tags.clean(labels),
        "owner": str(seller_for(owner).pk) if owner else "",
    }
    batch.status = Status.MAPPING
    batch.save(update_fields=["mapping", "policy", "makes_leads", "options", "status"])
    return batch


def check(*, batch: ImportBatch) -> ImportBatch:
    """Have the whole file read without writing anything of it."""
    if batch.status not in CHOOSABLE or not batch.options.get("tags", None) is not None:
        raise _too_late()
    return _begin(batch, Status.CHECKING)


def start(*, batch: ImportBatch, by: Actor) -> ImportBatch:
    """Import what was checked."""
    if batch.status != Status.CHECKED:
        raise _too_late()
    record(action="import.started", resource=batch, by=by, diff={"rows": batch.total})
    batch.options = {**batch.options, "by": [by.kind, by.id, by.label]}
    return _begin(batch, Status.IMPORTING)


def stop(*, batch: ImportBatch, by: Actor) -> ImportBatch:
    """What was done so far stays; it may go on later, or be undone."""
    if batch.status in (Status.CHECKING, Status.IMPORTING):
        batch.options = {**batch.options, "stopped": batch.status}
        batch.status, batch.leased_until = Status.STOPPED, None
        batch.save(update_fields=["status", "options", "leased_until"])
        record(action="import.stopped", resource=batch, by=by, diff={"rows": batch.done})
    return batch


def resume(*, batch: ImportBatch) -> ImportBatch:
    """Go on where it was stopped."""
    if batch.status != Status.STOPPED:
        raise _too_late()
    batch.status = batch.options.get("stopped", Status.CHECKING)
    batch.save(update_fields=["status"])
    _wake(batch)
    return batch


def undo(*, batch: ImportBatch, by: Actor) -> ImportBatch:
    """Take back what the file brought, where nobody worked on it since."""
    if not may_undo(batch):
        raise _too_late()
    batch.status, batch.options = Status.UNDOING, {**batch.options, "by": [by.kind, by.id, by.label]}
    batch.save(update_fields=["status", "options"])
    _wake(batch)
    return batch


def may_undo(batch: ImportBatch) -> bool:
    halfway = batch.status == Status.STOPPED and batch.options.get("stopped") == Status.IMPORTING
    return batch.status == Status.DONE or halfway


def _begin(batch: ImportBatch, status: str) -> ImportBatch:
    batch.rows.all().delete()  # what an earlier check refused
    batch.status, batch.error, batch.leased_until, batch.finished_at = status, "", None, None
    batch.done = batch.created = batch.updated = batch.skipped = batch.refused = 0
    batch.save()
    _wake(batch)
    return batch


def _wake(batch: ImportBatch) -> None:
    commit.queue(TASK, queue="sync", batch_id=str(batch.pk))


def _too_large() -> Invalid:
    message = _("El archivo pesa más de 20 MB. Partirlo en varios.")
    return Invalid(message, code="too_large", status=413, fields={"file": message})


def _too_late() -> Conflict:
    return Conflict(_("La importación está en otro paso. Volver a abrir su página."), code="wrong_state")


def actor_of(batch: ImportBatch) -> Actor:
    """Whoever asked for the step that is being done."""
    return Actor(*batch.options.get("by", ("user", str(batch.user_id or ""), batch.actor_label)))


def refusals(batch: ImportBatch, limit: int) -> list[ImportRow]:
    """The first rows that have something wrong, or were not used."""
    return list(batch.rows.exclude(error="").order_by("number")[:limit])


def left_as_is(batch: ImportBatch) -> int:
    """Of an undone import: rows whose people were worked on since, and stayed."""
    if batch.status != Status.UNDONE:
        return 0
    return batch.rows.filter(outcome__in=[Outcome.CREATED, Outcome.UPDATED], undone=False).count()


def finish(batch: ImportBatch, status: str, *, error: str = "") -> None:
    """The end of a step. The caller holds the row."""
    batch.status, batch.error, batch.leased_until = status, error[:300], None
    if status in (Status.DONE, Status.FAILED):
        batch.finished_at = timezone.now()
    if status == Status.UNDONE:
        batch.undone_at = timezone.now()
    batch.save()


def summary(batch: ImportBatch) -> dict[str, Any]:
    """Numbers for the trail."""
    return {name: getattr(batch, name) for name in ("created", "updated", "skipped", "refused")}
