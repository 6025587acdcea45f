"""What waits for somebody among leads, tasks and appointments, read by index however many there are: at most MOST of a kind."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone

from config.lib.ids import as_uuid
from crm.models import AgendaEvent, Contact, Interest, Lead, Seller, StageRequest, Task
from crm.models.lead import LeadQuerySet
from crm.services import approvals, steps
from tenants.domain import roles

if TYPE_CHECKING:
    from tenants.models import Membership

MOST = 30
HOT_FOR = timedelta(days=7)  # later a lead that nobody answered is one that goes cold
ASKED_FOR = timedelta(days=30)  # how long Mi día asks whether somebody came
CALLED_BY = ("name", "phone", "email")


@dataclass(frozen=True)
class Asked:
    """Whose day: the member's own, or of everybody whom they may see (`team`)."""

    member: "Membership"
    team: bool
    now: datetime

    @classmethod
    def of(cls, member: "Membership", *, team: bool) -> "Asked":
        """Whoever sees only what is theirs has no other day than their own."""
        return cls(member, team and member.sees != roles.OWN, timezone.now())


def due_tasks(asked: Asked, before: datetime) -> list[Task]:
    """Open tasks due before then, the earliest first; one more than MOST says that there are more."""
    rows = Task.objects.open().filter(due_at__lt=before)
    rows = rows.visible_to(asked.member) if asked.team else rows.filter(assignee_id=asked.member.user_id)
    rows = rows.select_related("contact", "assignee").only(
        *("title", "kind", "due_at", "lead_id", "contact_id", "assignee_id", "assignee__name", "assignee__email"),
        *(f"contact__{name}" for name in CALLED_BY),
    )
    return list(rows.order_by("due_at", "id")[: MOST + 1])


@dataclass(frozen=True)
class Meeting:
    """An appointment as Mi día shows it; `user` is whose the seller is, `contact` somebody who is not saved here."""

    id: UUID
    what: str
    status: str
    starts_at: datetime
    ends_at: datetime
    seller: str
    user: UUID | None
    contact: Contact | None

    @classmethod
    def of(cls, said: dict[str, Any]) -> "Meeting":
        """From a row of `appointments`."""
        person = {name: said[name] for name in CALLED_BY}
        contact, user = as_uuid(said["contact"]), as_uuid(said["user"])
        return cls(
            id=UUID(said["id"]),
            what=said["title"] or said["service"] or "",
            status=said["status"],
            starts_at=datetime.fromisoformat(said["starts_at"]),
            ends_at=datetime.fromisoformat(said["ends_at"]),
            seller=said["seller"],
            user=user,
            contact=Contact(pk=contact, **person) if contact else None,
        )


def appointments(asked: Asked, before: datetime) -> QuerySet[AgendaEvent, Any]:
    """Booked ones that are over, for nobody has said whether they came, and those that begin before then; as JSON, for
    a page to read beside something else."""
    held = AgendaEvent.objects.upcoming().filter(kind=AgendaEvent.Kind.MEETING)
    held = held.visible_to(asked.member) if asked.team else held.filter(seller_id=_mine(asked))
    over = held.filter(ends_at__lt=asked.now, ends_at__gte=asked.now - ASKED_FOR)
    ahead = held.filter(ends_at__gte=asked.now, ends_at__lt=before + timedelta(days=1), starts_at__lt=before)
    first, then = (rows.order_by("ends_at", "id").values("pk")[: MOST + 1] for rows in (over, ahead))
    rows = AgendaEvent.objects.filter(pk__in=first.union(then, all=True)).order_by("starts_at", "id")
    own = ("id", "title", "status", "starts_at", "ends_at", "contact")
    people = {name: f"contact__{name}" for name in CALLED_BY}
    names = {"seller": "seller__name", "user": "seller__user", "service": "service__name", **people}
    return rows.values(one=JSONObject(**{name: F(name) for name in own}, **{name: F(at) for name, at in names.items()}))


def _mine(asked: Asked) -> Subquery:
    return Subquery(Seller.objects.filter(user_id=asked.member.user_id).values("pk")[:1])


def leads(asked: Asked) -> list[Lead]:
    """Leads that ask for something, each once, with `request_id`, `attended` and `my_seller`. One statement.

    Which kinds a lead is of, `Kinds` says again from the row.
    """
    kinds = [rows.values("pk")[: MOST + 1] for rows in _kinds(asked)]
    found = Lead.objects.filter(pk__in=kinds[0].union(*kinds[1:], all=True))
    return list(
        found.select_related("contact", "stage", "owner").annotate(
            request_id=Subquery(_requests(asked).filter(lead=OuterRef("pk")).values("pk")[:1]),
            attended=steps.attended(),
            my_seller=_mine(asked),
        )
    )


@dataclass(frozen=True)
class Kinds:
    """What a lead of `leads` asks for."""

    approval: bool
    hot: bool
    lacking: bool
    cold: bool
    unowned: bool

    @classmethod
    def of(cls, lead: Lead, asked: Asked) -> "Kinds":
        opened, mine = lead.closed_at is None, asked.team or _is_mine(lead)
        patience = timedelta(days=lead.stage.cold_after_days)
        attended = bool(lead.attended)  # type: ignore[attr-defined]  # annotated by `leads`
        bare = lead.next_step_at is None and not lead.no_step_reason
        return cls(
            approval=lead.request_id is not None,  # type: ignore[attr-defined]  # likewise
            hot=opened and mine and _is_hot(lead, asked.now) and not attended,
            lacking=opened and mine and bare and not attended,
            cold=opened and mine and bool(patience) and lead.last_activity_at < asked.now - patience,
            unowned=opened and lead.owner_id is None,
        )


def _is_hot(lead: Lead, now: datetime) -> bool:
    waits = lead.first_response_at is None and lead.created_at >= now - HOT_FOR
    return waits and lead.interest == Interest.HIGH


def _is_mine(lead: Lead) -> bool:
    mine: UUID | None = lead.my_seller  # type: ignore[attr-defined]  # annotated by `leads`
    return mine is not None and lead.owner_id == mine


def _kinds(asked: Asked) -> list[LeadQuerySet]:
    """One query a kind, each in the order of an index and cut, so that none reads more than it shows."""
    held, free = _held(asked), Lead.objects.filter(owner__isnull=True, closed_at__isnull=True)
    hot = held.filter(
        closed_at__isnull=True,
        created_at__gte=asked.now - HOT_FOR,
        interest=Interest.HIGH,
        first_response_at__isnull=True,
    )
    waiting = Lead.objects.filter(pk__in=Subquery(_requests(asked).values("lead")[: MOST + 1]))
    return [
        waiting.order_by("-created_at"),
        hot.order_by("created_at", "id"),
        steps.lacking(held).order_by("created_at", "id"),
        steps.cold(held, asked.now).order_by("last_activity_at", "id"),
        free.order_by("owner_id", "last_activity_at", "id"),  # all of nobody: so the index of owners gives the order
    ]


def _held(asked: Asked) -> LeadQuerySet:
    """By the seller's id and not by a join: PostgreSQL then reads the owner's part of an index in its order."""
    if asked.team:
        return Lead.objects.visible_to(asked.member)
    return Lead.objects.filter(owner_id=_mine(asked))


def _requests(asked: Asked) -> QuerySet[StageRequest]:
    if not asked.member.may("leads.approve"):
        return StageRequest.objects.none()
    return approvals.waiting_for(asked.member).order_by("-at", "-id")
