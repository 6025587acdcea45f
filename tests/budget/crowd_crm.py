"""The CRM's own part of the crowd: `count` rows of every table, hanging on the first contact, the first lead and sol."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.db import models
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
    Contact,
    ContactMerge,
    ContactPoint,
    Conversion,
    CustomField,
    DuplicatePair,
    Goal,
    ImportBatch,
    ImportRow,
    InboundForm,
    Lead,
    LostReason,
    Note,
    Notification,
    Pipeline,
    Response,
    RuleSeller,
    SavedView,
    Seller,
    Stage,
    StageRequest,
    Submission,
    Tag,
    Task,
    Touch,
)
from tenants.models import User

Many = Callable[[type[models.Model], list[Any]], list[Any]]
BY = {"actor_kind": "user", "actor_label": "Colega"}


def around_people(many: Many, count: int, sol: User, pipelines: list[Pipeline], on: object) -> None:
    """Everything but contacts, sellers, stages and leads themselves; as much as possible on the lead `on`, which is sol's."""
    contacts = list(Contact.objects.order_by("pk")[:count])
    rows = Lead.objects.select_related("contact", "stage").order_by("pk")
    leads = [rows.get(pk=on), *rows.exclude(pk=on)[: count - 1]]
    sellers = list(Seller.objects.order_by("pk")[:count])
    first, lead = leads[0].contact, leads[0]
    now = timezone.now()
    _about_person(many, count, first, contacts)
    _about_lead(many, count, lead, leads, sellers)
    tasks = [
        Task(
            title=f"Llamar {n}",
            contact=first if n % 2 else leads[n].contact,
            lead=lead if n % 2 else leads[n],
            assignee=sol,
            due_at=now + timedelta(hours=n - count // 2),
            done_at=now if n % 3 == 0 else None,
            **BY,
        )
        for n in range(count)
    ]
    many(Task, tasks)
    many(Note, [Note(contact=first, lead=lead, text=f"Nota {n}", author=sol, actor_kind="user") for n in range(count)])
    many(Notification, [Notification(user=sol, kind="done", key=str(n), contact=first) for n in range(count)])
    _sellers_work(many, count, sellers, first, now)
    _lists(many, count, sol, leads)
    _doors(many, count, first, lead, pipelines)


def _about_person(many: Many, count: int, first: Contact, contacts: list[Contact]) -> None:
    many(ContactPoint, [ContactPoint(contact=first, kind="email", value=f"{n}@example.com") for n in range(count)])
    purposes = ("marketing", "follow_up", "reminders")
    many(
        Consent,
        [Consent(contact=first, purpose=purposes[n % 3], granted=bool(n % 2), **BY) for n in range(count)],
    )
    many(Touch, [Touch(contact=first, kind="form", source=f"origen {n % 40}") for n in range(count)])
    pairs = [sorted((first, other), key=lambda each: each.pk) for other in contacts if other.pk != first.pk]
    rows = [DuplicatePair(first=one, second=two, score=85, evidence=[{"kind": "email"}]) for one, two in pairs]
    many(DuplicatePair, rows)
    many(ContactMerge, [ContactMerge(kept=first, other_id=uuid7(), other_name=f"Otro {n}", **BY) for n in range(count)])


def _about_lead(many: Many, count: int, lead: Lead, leads: list[Lead], sellers: list[Seller]) -> None:
    stages = list(Stage.objects.order_by("position")[:2])
    requests = [
        StageRequest(lead=each, source=stages[0], target=stages[1], approver_role="ceo" if n % 2 else "secretary", **BY)
        for n, each in enumerate(leads)
    ]
    many(StageRequest, requests)
    many(
        Assignment,
        [Assignment(lead=lead, seller=sellers[n], kind="manual", reason={}, **BY) for n in range(count)],
    )
    people = {each.contact_id: each for each in leads}
    clients = many(
        Client,
        [Client(contact_id=pk, owner=sellers[n % 3], since=timezone.now()) for n, pk in enumerate(people)],
    )
    conversions = [
        Conversion(lead=lead, client=clients[0], stage_before=stages[0], undone_at=timezone.now(), **BY)
        for _n in range(count)
    ]
    many(Conversion, conversions)


def _sellers_work(many: Many, count: int, sellers: list[Seller], first: Contact, now: Any) -> None:
    later = now + timedelta(days=30)
    many(
        Absence,
        [
            Absence(seller=sellers[0], starts_at=later + timedelta(days=n), ends_at=later + timedelta(days=n, hours=8))
            for n in range(count)
        ],
    )
    rules = many(
        AssignmentRule,
        [AssignmentRule(name=f"Regla {n}", priority=n, is_active=n % 2 == 0) for n in range(count)],
    )
    many(RuleSeller, [RuleSeller(rule=rules[0], seller=seller) for seller in sellers])
    months = [date(2000 + n // 12, 1 + n % 12, 1) for n in range(count)]
    many(Goal, [Goal(seller=sellers[0], month=month, measure="won_count", target=5) for month in months])
    answers = [
        Response(
            contact=first,
            conversation_id=uuid7(),
            seller=sellers[n % 3],
            by_ai=n % 4 == 0,
            asked_at=now - timedelta(minutes=n + 5),
            answered_at=now - timedelta(minutes=n),
            seconds=300,
            business_seconds=300,
        )
        for n in range(count)
    ]
    many(Response, answers)


def _lists(many: Many, count: int, sol: User, leads: list[Lead]) -> None:
    many(Tag, [Tag(name=f"etiqueta {n}") for n in range(count)])
    many(
        CustomField,
        [
            CustomField(on="lead" if n % 2 else "contact", key=f"campo-{n}", label=f"Campo {n}", kind="text")
            for n in range(count)
        ],
    )
    many(SavedView, [SavedView(list="leads", name=f"Vista {n}", owner=sol, is_shared=True) for n in range(count)])
    bulks = many(
        BulkAction,
        [BulkAction(kind="tag", arguments={"tag": "feria"}, user=sol, status="done", total=1) for n in range(count)],
    )
    changes = [BulkChange(action=bulks[0], lead=each, position=n, state="done") for n, each in enumerate(leads)]
    many(BulkChange, changes)
    many(LostReason, [LostReason(name=f"Motivo {n}", position=10 + n) for n in range(count)])


def _doors(many: Many, count: int, first: Contact, lead: Lead, pipelines: list[Pipeline]) -> None:
    forms = many(
        InboundForm,
        [
            InboundForm(
                kind="form" if n % 2 == 0 else "webhook", name=f"Formulario {n}", slug=f"f-{n}", pipeline=pipelines[0]
            )
            for n in range(count)
        ],
    )
    many(
        Submission,
        [Submission(form=forms[0], contact=first, lead=lead, state="accepted", payload={"n": n}) for n in range(count)],
    )
    batches = many(
        ImportBatch,
        [ImportBatch(filename=f"{n}.csv", file=f"imports/{n}.csv", status="done") for n in range(count)],
    )
    many(
        ImportRow,
        [ImportRow(batch=batches[0], number=n + 2, outcome="created", contact=first) for n in range(count)],
    )
