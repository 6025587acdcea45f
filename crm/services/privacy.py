"""What CRM keeps of a person: the contact, their leads and what was said about them. Port of `agents.privacy`."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any

from django.db.models import Model, Q, QuerySet, Sum

from config.lib import commit
from crm.agenda.sync import forgetting
from crm.domain.phones import phone_variants
from crm.importing import files
from crm.models import (
    AgendaEvent,
    Assignment,
    CalendarConflict,
    Consent,
    Contact,
    ContactMerge,
    ContactPoint,
    Conversion,
    ImportBatch,
    ImportRow,
    Lead,
    Note,
    StageChange,
    StageKind,
    StageRequest,
    Submission,
    Task,
    Touch,
)
from crm.services import tags
from crm.services.privacy_tables import DECLARED
from tenants.context import current_tenant
from tenants.domain.privacy import Subject, words_of
from tenants.live.services import emit

__all__ = ["DECLARED"]  # read by the registry


# File of the export → the table, the way from its rows to the contact, and facts shown beside the words.
AROUND: dict[str, tuple[type[Model], str, tuple[str, ...]]] = {
    "points": (ContactPoint, "contact", ("kind", "created_at")),
    "consents": (Consent, "contact", ("purpose", "granted", "at")),
    "touches": (Touch, "contact", ("kind", "at")),
    "stage_requests": (StageRequest, "lead__contact", ("status", "at")),
    "assignments": (Assignment, "lead__contact", ("kind", "at")),
    "conversions": (Conversion, "lead__contact", ("at", "value", "currency", "undone_at")),
    "tasks": (Task, "contact", ("kind", "due_at", "done_at")),
    "notes": (Note, "contact", ("kind", "created_at")),
    "appointments": (AgendaEvent, "contact", ("status", "starts_at", "ends_at")),
    "calendar_conflicts": (CalendarConflict, "event__contact", ("kind", "at")),
    "merges": (ContactMerge, "kept", ("at", "undone_at")),
    "submissions": (Submission, "contact", ("at", "state")),
    "import_rows": (ImportRow, "contact", ("outcome",)),
}


def find(subject: Subject) -> None:
    """Add leads, phones in every spelling, e-mails, and the ids of everything that hangs on the person."""
    contact = Contact.objects.filter(pk=subject.contact_id).first()
    if contact is None:
        return
    subject.add("leads", map(str, contact.leads.values_list("pk", flat=True)))
    points = list(contact.points.values_list("kind", "value"))
    numbers = [contact.phone, *(value for kind, value in points if kind == ContactPoint.Kind.PHONE)]
    for number in filter(None, numbers):
        subject.add("phones", (each.lstrip("+") for each in phone_variants(number)))
    subject.add(
        "emails", [contact.email.lower(), *(value for kind, value in points if kind == ContactPoint.Kind.EMAIL)]
    )
    subject.add("rows", map(str, contact.merges.values_list("other_id", flat=True)))
    subject.add("rows", (str(pk) for pk in _imports(subject).values_list("pk", flat=True)))
    for model, path, _facts in AROUND.values():
        subject.add(
            "rows", (str(pk) for pk in model._base_manager.filter(**{path: contact}).values_list("pk", flat=True))
        )


def counts(subject: Subject) -> dict[str, int]:
    return {"leads": Lead.objects.filter(contact_id=subject.contact_id).count()}


def nouns(subject: Subject) -> dict[str, Callable[[], Iterator[dict[str, Any]]]]:
    """File of the export → its rows."""
    return {
        "contact": lambda: _contact(subject),
        "leads": lambda: _leads(subject),
        "stage_changes": lambda: _stage_changes(subject),
        **{noun: partial(_around, subject, noun) for noun in AROUND},
    }


def _around(subject: Subject, noun: str) -> Iterator[dict[str, Any]]:
    model, path, facts = AROUND[noun]
    for row in model._base_manager.filter(**{path: subject.contact_id}).order_by("pk"):
        yield words_of(row, DECLARED[model._meta.label], *facts)


def _imports(subject: Subject) -> QuerySet[ImportBatch]:
    """Spreadsheets that brought the person, and those that show them among the first rows."""
    shown = Q(rows__contact=subject.contact_id)
    for needle in subject.needles:
        shown |= Q(sample__icontains=needle)
    return ImportBatch.objects.filter(pk__in=ImportBatch.objects.filter(shown).values("pk"))


def _contact(subject: Subject) -> Iterator[dict[str, Any]]:
    for row in Contact.objects.filter(pk=subject.contact_id):
        yield words_of(row, DECLARED["crm.Contact"], "created_at", "updated_at", "opted_out_at")


def _leads(subject: Subject) -> Iterator[dict[str, Any]]:
    for row in Lead.objects.filter(contact_id=subject.contact_id).select_related("stage").order_by("created_at"):
        facts = ("created_at", "closed_at", "interest", "score", "value", "currency")
        yield {**words_of(row, DECLARED["crm.Lead"], *facts), "stage": row.stage.name}


def _stage_changes(subject: Subject) -> Iterator[dict[str, Any]]:
    rows = StageChange.objects.filter(lead__contact_id=subject.contact_id).select_related("source", "target")
    for row in rows.order_by("at"):
        shown = words_of(row, DECLARED["crm.StageChange"], "at", "actor_kind")
        if row.actor_kind != "contact":  # who of the team did it is about them
            shown["actor_id"] = shown["actor_label"] = ""
        yield {**shown, "from": row.source.name if row.source else None, "to": row.target.name}


def kept(subject: Subject) -> dict[str, str]:
    """What stays as numbers: sums of won sales by currency."""
    won = Lead.objects.filter(contact_id=subject.contact_id, stage__kind=StageKind.WON, value__isnull=False)
    sums = won.order_by().values_list("currency").annotate(total=Sum("value"))
    return {currency: str(total or Decimal(0)) for currency, total in sums}


def hold(subject: Subject) -> bool:
    """Lock the contact until the transaction ends; False when it is gone already."""
    return Contact.objects.select_for_update().filter(pk=subject.contact_id).exists()


def forget(subject: Subject) -> None:
    """The leads and the contact. No live event here: its lock and that of the contact would be taken in a circle."""
    _forget_imports(subject)
    hers = Q(contact_id=subject.contact_id) | Q(lead__contact_id=subject.contact_id)
    ImportRow.objects.filter(hers).delete()
    Submission.objects.filter(hers).delete()
    for needle in subject.needles:  # what was refused hangs on nobody
        ImportRow.objects.filter(Q(error__icontains=needle) | Q(before__icontains=needle)).delete()
        Submission.objects.filter(payload__icontains=needle).delete()
    holders = (Contact.objects.filter(pk=subject.contact_id), Lead.objects.filter(contact_id=subject.contact_id))
    labels = {name for rows in holders for names in rows.values_list("tags", flat=True) for name in names}
    forgetting.take_away(subject.contact_id)  # out of the sellers' external calendars as well
    Lead.objects.filter(contact_id=subject.contact_id).delete()
    Contact.objects.filter(pk=subject.contact_id).delete()
    tags.forget_unused(labels)  # a label that only this person had may say who they were


def _forget_imports(subject: Subject) -> None:
    """The spreadsheet may hold the person in any row, so it goes as a whole; what it did stays as numbers."""
    for batch in _imports(subject).select_for_update(no_key=True):
        if batch.file:
            commit.after(partial(files.remove, current_tenant(), batch.file))
        batch.file, batch.sample = "", []
        batch.save(update_fields=["file", "sample"])


def tell(subject: Subject) -> None:
    """Open screens ask again and find nothing."""
    for lead_id in subject.leads:
        emit("LEAD_UPDATED", object="lead", id=lead_id)
