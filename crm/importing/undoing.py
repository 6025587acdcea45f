"""Taking a file's work back, where nobody worked on it since."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, Q

from crm.models import (
    Assignment,
    Contact,
    DuplicatePair,
    ImportBatch,
    ImportRow,
    Lead,
    Notification,
    StageChange,
    Touch,
)
from crm.services.contacts import update_contact
from tenants.domain.actor import Actor
from tenants.live.services import emit

Outcome = ImportRow.Outcome
Row = TypeVar("Row", bound=Model)
# What an import itself leaves around what it makes; anything else was done by somebody.
OURS: Mapping[type[Model], Q | None] = {
    Touch: Q(kind=Touch.Kind.IMPORT),
    StageChange: Q(source=None),
    Assignment: Q(before=None),
    DuplicatePair: None,  # None: of no weight
    Notification: None,
}


def undo_chunk(batch: ImportBatch, *, by: Actor, below: int, limit: int) -> list[int]:
    """Take back the last `limit` rows with a number under `below`; answers their numbers. Call in a transaction."""
    rows = list(
        batch.rows.filter(outcome__in=[Outcome.CREATED, Outcome.UPDATED], undone=False, number__lt=below).order_by(
            "-number"
        )[:limit]
    )
    contacts = _locked(Contact, [row.contact_id for row in rows])
    leads = _locked(Lead, [row.lead_id for row in rows])
    free_leads = _free(Lead, leads, rows, "lead", batch)
    free_people = _free(Contact, contacts, rows, "contact", batch)
    # Who has another lead than the file's, or one that somebody worked on, stays.
    stay = Lead.objects.filter(contact__in=free_people).exclude(pk__in=free_leads).values_list("contact_id", flat=True)
    free_people -= set(stay)
    for row in rows:
        row.undone = _gone(row, free_people, free_leads)
        if row.contact_id in contacts and row.contact_id not in free_people:
            row.undone = _put_back(row, contacts[row.contact_id], by) and row.undone
    ImportRow.objects.bulk_update(rows, ["undone"])
    for lead_id in free_leads:
        emit("LEAD_UPDATED", object="lead", id=lead_id)
    Touch.objects.filter(lead__in=free_leads, kind=Touch.Kind.IMPORT).delete()  # of a contact who stays
    Lead.objects.filter(pk__in=free_leads).delete()
    Contact.objects.filter(pk__in=free_people).delete()
    return [row.number for row in rows]


def _locked(model: type[Row], keys: Iterable[UUID | None]) -> dict[UUID, Row]:
    wanted = [key for key in keys if key is not None]
    rows = model._default_manager.filter(pk__in=wanted).order_by("created_at", "pk")
    return {row.pk: row for row in rows.select_for_update(no_key=True)}


def _free(
    model: type[Contact] | type[Lead], held: Mapping[UUID, Any], rows: list[ImportRow], name: str, batch: ImportBatch
) -> set[UUID]:
    """Those that the file made and that are as it made them, with nothing of anybody's hanging on them."""
    made = {getattr(row, f"{name}_id"): row.before["made"].get(name) for row in rows if "made" in row.before}
    same = {key for key, row in held.items() if made.get(key) == row.updated_at.isoformat()}
    return same - _worked_on(model, same, batch)


def _worked_on(model: type[Model], keys: Collection[UUID], batch: ImportBatch) -> set[UUID]:
    """Those to which any table, of whatever app, points with a row that is not the import's own. One statement a table."""
    found: set[UUID] = set()
    for relation in model._meta.related_objects:
        table: Any = relation.related_model
        own = OURS.get(table, Q()) if table is not ImportRow else Q(batch=batch)
        if own is None or (table is Lead and model is Contact):  # leads are told apart one by one
            continue
        rows = table._base_manager.filter(**{f"{relation.field.name}__in": keys})
        if own:
            rows = rows.exclude(own)
        found.update(rows.order_by().values_list(relation.field.attname, flat=True))
    return found


def _gone(row: ImportRow, people: Collection[UUID], leads: Collection[UUID]) -> bool:
    """Whether nothing is left of what the row made."""
    made = row.before.get("made", {})
    lead_gone = "lead" not in made or row.lead_id is None or row.lead_id in leads
    person_gone = "contact" not in made or row.contact_id is None or row.contact_id in people
    return lead_gone and person_gone


def _put_back(row: ImportRow, contact: Contact, by: Actor) -> bool:
    """Give fields their earlier value where they still hold the file's; False when one does not."""
    back: dict[str, Any] = {}
    kept = False
    for name, (before, after) in row.before.get("fields", {}).items():
        if name == "custom":
            same = {key: before[key] for key in after if contact.custom.get(key) == after[key]}
            kept = kept or len(same) < len(after)
            back |= {"custom": same} if same else {}
        elif (getattr(contact, name) or "") == (after or ""):
            back[name] = before
        else:
            kept = True
    if back:
        update_contact(contact=contact, by=by, **back)
    return not kept
