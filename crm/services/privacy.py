"""What CRM keeps of a person: the contact, their leads and what was said about them. Port of `agents.privacy`."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from crm.domain.phones import phone_variants
from crm.models import Contact, Lead, StageChange, StageKind
from tenants.domain.privacy import DELETED, Columns, Declaration, Subject, words_of
from tenants.live.services import emit

OURS = "the company's own words about its work, nothing about who writes to it"
CODE = "a code of the product"
STAFF = "people who work with the product, not who writes to the company"
DECLARED: Declaration = {
    "crm.Contact": Columns("name phone email social_links custom notes search_text", DELETED, "contact"),
    "crm.Lead": Columns(
        "score_reasons budget timeline needs source social_links tags custom lost_reason",
        DELETED,
        "leads",
        plain={CODE: "interest currency"},
    ),
    "crm.StageChange": Columns("actor_id actor_label reason", DELETED, "stage_changes", plain={CODE: "actor_kind"}),
    "crm.Stage": Columns(plain={OURS: "code name", CODE: "kind"}),
    "crm.Seller": Columns(plain={STAFF: "name email working_hours timezone"}),
}


def find(subject: Subject) -> None:
    """Add leads, phones in every spelling and e-mails."""
    contact = Contact.objects.filter(pk=subject.contact_id).first()
    if contact is None:
        return
    subject.add("leads", map(str, contact.leads.values_list("pk", flat=True)))
    other = contact.custom.get("other_phone") if isinstance(contact.custom, dict) else None
    for number in (contact.phone, other):
        if isinstance(number, str) and number:
            subject.add("phones", (each.lstrip("+") for each in phone_variants(number)))
    subject.add("emails", [contact.email.lower()])


def counts(subject: Subject) -> dict[str, int]:
    return {"leads": Lead.objects.filter(contact_id=subject.contact_id).count()}


def nouns(subject: Subject) -> dict[str, Callable[[], Iterator[dict[str, Any]]]]:
    """File of the export → its rows."""
    return {
        "contact": lambda: _contact(subject),
        "leads": lambda: _leads(subject),
        "stage_changes": lambda: _stage_changes(subject),
    }


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
    Lead.objects.filter(contact_id=subject.contact_id).delete()
    Contact.objects.filter(pk=subject.contact_id).delete()


def tell(subject: Subject) -> None:
    """Open screens ask again and find nothing."""
    for lead_id in subject.leads:
        emit("LEAD_UPDATED", object="lead", id=lead_id)
