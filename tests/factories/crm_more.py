"""Rows around leads and contacts: what people plan, write, count, hand in and unite."""

from datetime import date, timedelta
from itertools import count

from django.utils import timezone

from config.lib.ids import uuid7
from crm.models import (
    Absence,
    Assignment,
    AssignmentRule,
    BulkAction,
    BulkChange,
    Client,
    Consent,
    ContactMerge,
    ContactPoint,
    Conversion,
    CustomField,
    DuplicatePair,
    Goal,
    ImportBatch,
    ImportRow,
    InboundForm,
    LostReason,
    Note,
    Notification,
    Response,
    RuleSeller,
    SavedView,
    StageRequest,
    Submission,
    Tag,
    Task,
    Touch,
)
from tenants.models import User
from tests.factories.crm import make_contact, make_lead, make_seller, make_stage, next_phone

_numbers = count(1)
BY = {"actor_kind": "system"}


def someone() -> User:
    """Anybody who may sign in to the company."""
    return User.objects.order_by("email")[0]


def make_point(**over: object) -> ContactPoint:
    over.setdefault("contact", None)
    contact = over.pop("contact") or make_contact()
    return ContactPoint.objects.create(**{"contact": contact, "kind": "phone", "value": next_phone(), **over})


def make_consent(**over: object) -> Consent:
    contact = over.pop("contact", None) or make_contact()
    return Consent.objects.create(**{"contact": contact, "purpose": "marketing", "granted": True, **BY, **over})


def make_touch(**over: object) -> Touch:
    contact = over.pop("contact", None) or make_contact()
    return Touch.objects.create(**{"contact": contact, "kind": "form", "source": "feria", **over})


def make_lost_reason(**over: object) -> LostReason:
    return LostReason.objects.create(**{"name": f"Motivo {next(_numbers)}", **over})


def make_stage_request(**over: object) -> StageRequest:
    lead = over.pop("lead", None) or make_lead()
    return StageRequest.objects.create(
        **{"lead": lead, "source": lead.stage, "target": make_stage(), "approver_role": "ceo", **BY, **over}
    )


def make_client(**over: object) -> Client:
    contact = over.pop("contact", None) or make_contact()
    return Client.objects.create(**{"contact": contact, "since": timezone.now(), **over})


def make_conversion(**over: object) -> Conversion:
    lead = over.pop("lead", None) or make_lead()
    client = over.pop("client", None) or make_client(contact=lead.contact)
    return Conversion.objects.create(**{"lead": lead, "client": client, "stage_before": lead.stage, **BY, **over})


def make_pair(**over: object) -> DuplicatePair:
    first, second = sorted(
        (over.pop("first", None) or make_contact(), over.pop("second", None) or make_contact()),
        key=lambda each: each.pk,
    )
    return DuplicatePair.objects.create(
        **{"first": first, "second": second, "score": 85, "evidence": [{"kind": "email"}], **over}
    )


def make_merge(**over: object) -> ContactMerge:
    kept = over.pop("kept", None) or make_contact()
    return ContactMerge.objects.create(**{"kept": kept, "other_id": uuid7(), **BY, **over})


def make_task(**over: object) -> Task:
    """For a lead of its own unless `lead` or `contact` is given; due tomorrow."""
    if "lead" not in over and "contact" not in over:
        over["lead"] = make_lead()
    if over.get("lead") is not None:
        over.setdefault("contact", over["lead"].contact)  # type: ignore[attr-defined]  # a lead
    due = timezone.now() + timedelta(days=1)
    return Task.objects.create(**{"title": f"Llamar {next(_numbers)}", "due_at": due, **BY, **over})


def make_note(**over: object) -> Note:
    contact = over.pop("contact", None) or make_contact()
    return Note.objects.create(**{"contact": contact, "text": "Prefiere de tarde", "actor_kind": "user", **over})


def make_notification(**over: object) -> Notification:
    user = over.pop("user", None) or someone()
    return Notification.objects.create(**{"user": user, "kind": "done", "key": f"n{next(_numbers)}", **over})


def make_tag(**over: object) -> Tag:
    return Tag.objects.create(**{"name": f"etiqueta {next(_numbers)}", **over})


def make_custom_field(**over: object) -> CustomField:
    number = next(_numbers)
    return CustomField.objects.create(
        **{"on": "lead", "key": f"campo-{number}", "label": f"Campo {number}", "kind": "text", **over}
    )


def make_saved_view(**over: object) -> SavedView:
    return SavedView.objects.create(
        **{"list": "leads", "name": f"Vista {next(_numbers)}", "is_shared": True, "owner": someone(), **over}
    )


def make_bulk(**over: object) -> BulkAction:
    return BulkAction.objects.create(**{"kind": "tag", "arguments": {"tag": "feria"}, "user": someone(), **over})


def make_bulk_change(**over: object) -> BulkChange:
    action, lead = over.pop("action", None) or make_bulk(), over.pop("lead", None) or make_lead()
    return BulkChange.objects.create(**{"action": action, "lead": lead, "position": 1, **over})


def make_form(**over: object) -> InboundForm:
    number = next(_numbers)
    return InboundForm.objects.create(**{"kind": "form", "name": f"Formulario {number}", "slug": f"f-{number}", **over})


def make_submission(**over: object) -> Submission:
    form = over.pop("form", None) or make_form()
    return Submission.objects.create(**{"form": form, "state": "accepted", **over})


def make_import(**over: object) -> ImportBatch:
    return ImportBatch.objects.create(**{"filename": "contactos.csv", "file": "imports/x.csv", **over})


def make_import_row(**over: object) -> ImportRow:
    batch = over.pop("batch", None) or make_import()
    return ImportRow.objects.create(**{"batch": batch, "number": next(_numbers), "outcome": "created", **over})


def make_absence(**over: object) -> Absence:
    now = timezone.now()
    seller = over.pop("seller", None) or make_seller()
    return Absence.objects.create(
        **{"seller": seller, "starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(days=2), **over}
    )


def make_rule(**over: object) -> AssignmentRule:
    """Without sellers, and not active, so that it gives nothing by itself."""
    return AssignmentRule.objects.create(**{"name": f"Regla {next(_numbers)}", "is_active": False, **over})


def make_rule_seller(**over: object) -> RuleSeller:
    rule, seller = over.pop("rule", None) or make_rule(), over.pop("seller", None) or make_seller()
    return RuleSeller.objects.create(**{"rule": rule, "seller": seller, **over})


def make_assignment(**over: object) -> Assignment:
    lead = over.pop("lead", None) or make_lead()
    return Assignment.objects.create(**{"lead": lead, "seller": make_seller(), "kind": "manual", **BY, **over})


def make_goal(**over: object) -> Goal:
    seller = over.pop("seller", None) or make_seller()
    return Goal.objects.create(
        **{"seller": seller, "month": date(2026, 11, 1), "measure": "won_count", "target": 5, **over}
    )


def make_response(**over: object) -> Response:
    now = timezone.now()
    contact = over.pop("contact", None) or make_contact()
    return Response.objects.create(
        **{
            "contact": contact,
            "conversation_id": uuid7(),
            "asked_at": now - timedelta(minutes=5),
            "answered_at": now,
            "seconds": 300,
            "business_seconds": 300,
            **over,
        }
    )
