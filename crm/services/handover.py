"""A portfolio changes hands in one act: leads, clients, open tasks and chats, with notice to whoever receives and a way back.

The row of the act is a BulkAction of the kind KIND. What is left to do is seen from the leads themselves (still with whoever
gives), so a batch may be repeated; the row is locked while one runs, so nobody else runs it meanwhile.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zlib import crc32

from django.conf import settings
from django.db.models import F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from config.lib import commit, counts
from config.lib.errors import Conflict, Invalid, NotFound
from config.lib.ids import key_of
from crm.models import Assignment, BulkAction, Client, Lead, Notification, Seller, Task
from crm.services.assignment import assign, assign_by_rule
from crm.services.notifications import notify
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.locks import hold
from tenants.models import Tenant, User
from tenants.services.audit import record

KIND = "handover"
AT_ONCE = 500  # leads; more than these go in a worker
BATCH = 200
UNDO_FOR = timedelta(hours=24)
Status = BulkAction.Status
RUNNING = (Status.WAITING, Status.RUNNING, Status.UNDOING)


@dataclass(frozen=True)
class Portfolio:
    """What a seller has, as numbers; counts.MOST + 1 stands for more."""

    open_leads: int
    leads: int
    clients: int
    tasks: int


def portfolio(seller: Seller) -> Portfolio:
    """Counted no further than counts.MOST, in one statement."""
    leads = Lead.objects.filter(owner=OuterRef("pk"))
    held = (
        leads.filter(closed_at__isnull=True),
        leads,
        Client.objects.filter(owner=OuterRef("pk")),
        Task.objects.open().filter(assignee=OuterRef("user")),
    )
    return Portfolio(*Seller.objects.filter(pk=seller.pk).values_list(*(counts.Counted(rows) for rows in held)).get())


def start(
    *,
    seller: Seller,
    to: Sequence[Seller],
    by: Actor,
    user: User,
    by_rule: bool = False,
    open_only: bool = True,
    clients: bool = True,
    tasks: bool = True,
) -> BulkAction:
    """Hand everything to `to` (several share it, each person whole to one of them), or each lead to whom the rules say.

    Raises Invalid with fields, and Conflict while another hand-over of the same seller is on its way.
    """
    hold("handover", seller.pk)  # not the seller's row: a rule that gives somebody a lead waits for that
    _check(seller, to, by_rule)
    arguments = {
        "from": str(seller.pk),
        "name": seller.name,
        "to": [] if by_rule else [str(each.pk) for each in to],
        "open_only": open_only,
        "clients": clients,
        "tasks": tasks,
    }
    row = BulkAction(kind=KIND, arguments=arguments, user=user, actor_label=by.label)
    row.save(force_insert=True)
    row.total = _leads_of(row).count()
    row.save(update_fields=["total"])
    _go_on(row)
    return row


def _check(seller: Seller, to: Sequence[Seller], by_rule: bool) -> None:
    message = ""
    if not by_rule and not to:
        message = _("Elegir quién recibe la cartera.")
    elif any(each.pk == seller.pk for each in to):
        message = _("Recibe otra persona.")
    elif any(not each.is_active for each in to):
        message = _("Ese vendedor no está activo.")
    if message:
        raise Invalid(message, fields={"to": message})
    if _of(seller).filter(status__in=RUNNING).exists():
        raise Conflict(_("Ya hay un traspaso de esta cartera en curso."))


def undo(*, row: BulkAction, by: Actor) -> BulkAction:
    """Give back what is still as it was handed over; what changed since stays. Raises Conflict when it is too late."""
    row = _locked(row.pk)
    if row.status != Status.DONE or row.finished_at is None or timezone.now() - row.finished_at > UNDO_FOR:
        raise Conflict(_("Ese traspaso ya no se puede deshacer."))
    giver = Seller.objects.get(pk=row.arguments["from"])
    if not giver.is_active:
        raise Conflict(_("Antes hay que activar a %(name)s, que recibe de vuelta la cartera.") % {"name": giver.name})
    row.status = Status.UNDOING
    row.save(update_fields=["status"])
    record(action="seller.handover_undone", resource=giver, by=by, diff={"handover": str(row.pk)})
    _go_on(row)
    return row


def _go_on(row: BulkAction) -> None:
    """At once when it is little, else in a worker."""
    if row.total <= AT_ONCE:
        # All of them before any rule is held: whoever holds one of them may wait for the rule.
        while step(row.pk, most=AT_ONCE):
            pass
        row.refresh_from_db()
    else:
        commit.queue("crm.tasks.hand_over", action_id=str(row.pk))


def run(*, tenant: Tenant, action_id: UUID) -> None:
    """All batches, each in a transaction of its own."""
    more = True
    while more:
        with tenant_context(tenant):
            more = step(action_id)


def step(action_id: UUID, *, most: int | None = None) -> bool:
    """One batch; True while there is more. False also when somebody else is at it."""
    rows = BulkAction.objects.filter(pk=action_id, kind=KIND, status__in=RUNNING)
    row = rows.select_for_update(skip_locked=True, no_key=True).first()
    if row is None:
        return False
    if row.status == Status.UNDOING:
        return _give_back(row)
    row.status = Status.RUNNING
    # Locked alone: after a wait PostgreSQL would join the new row with the old stage, and leave it out.
    ids = _leads_of(row).select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True)[: most or BATCH]
    leads = list(Lead.objects.filter(pk__in=list(ids)).select_related("contact", "stage").order_by("pk"))
    to = {each.pk: each for each in Seller.objects.filter(pk__in=row.arguments["to"])}
    by = _actor(row)
    for lead in leads:
        _hand(lead, row, to, by)
    row.done += len(leads)
    if not leads:
        _finish(row, to, by)
    row.save()
    return bool(leads)


def _hand(lead: Lead, row: BulkAction, to: dict[UUID, Seller], by: Actor) -> None:
    noted = {"handover": str(row.pk), "from": row.arguments["name"]}
    if not to:
        giver = UUID(row.arguments["from"])
        assign_by_rule(lead=lead, by=by, spare=giver, noted=noted)
        if lead.owner_id != giver:
            return
    owner = to.get(_receiver(lead.contact_id, row)) if to else None
    if owner is not None and not owner.is_active:
        owner = None  # they left while it went on: better nobody's than lost with them
    assign(
        lead=lead,
        owner=owner,
        by=by,
        kind=Assignment.Kind.HANDOVER,
        reason={"code": "handover", **noted},
        quiet=True,
    )


def _receiver(contact_id: UUID, row: BulkAction) -> UUID:
    """Always the same one for a person, so that their leads, sale and tasks stay together."""
    to = row.arguments["to"]
    return UUID(to[crc32(contact_id.bytes) % len(to)])


def _finish(row: BulkAction, to: dict[UUID, Seller], by: Actor) -> None:
    giver = Seller.objects.get(pk=row.arguments["from"])
    row.arguments["moved_clients"] = _hand_clients(giver, row, to) if row.arguments["clients"] else {}
    row.arguments["moved_tasks"] = _hand_tasks(giver, row, to) if row.arguments["tasks"] else {}
    row.arguments["moved_chats"] = _hand_chats(giver, row, to)
    row.status, row.finished_at = Status.DONE, timezone.now()
    counts = {
        "leads": row.done,
        "clients": len(row.arguments["moved_clients"]),
        "tasks": len(row.arguments["moved_tasks"]),
        "chats": len(row.arguments["moved_chats"]),
    }
    record(action="seller.handed_over", resource=giver, by=by, diff={"to": row.arguments["to"], **counts})
    received: Counter[UUID | None] = Counter(dict.fromkeys((seller.user_id for seller in to.values()), 0))
    received.update(_handed(row).exclude(seller=None).values_list("seller__user_id", flat=True))
    for user_id, count in received.items():
        if user_id is not None and str(user_id) != by.id:
            notify(
                user_id=user_id,
                kind=Notification.Kind.HANDOVER,
                key=f"handover:{row.pk}",
                href="/leads/?owner=me",
                facts={"by": giver.name, "count": count},
            )


def _hand_clients(giver: Seller, row: BulkAction, to: dict[UUID, Seller]) -> dict[str, str | None]:
    """Client → who has them now."""
    held = list(Client.objects.filter(owner=giver).order_by("pk").values_list("pk", "contact_id"))
    owners = _owners([contact for _pk, contact in held], row, to)
    moved = {str(pk): _text(owners.get(contact)) for pk, contact in held}
    for owner in set(moved.values()):
        Client.objects.filter(pk__in=[pk for pk, new in moved.items() if new == owner]).update(
            owner=owner, updated_at=timezone.now()
        )
    return moved


def _hand_tasks(giver: Seller, row: BulkAction, to: dict[UUID, Seller]) -> dict[str, str | None]:
    """Open task → who does it now; what belongs to nobody in particular goes to whoever receives first."""
    held = list(_tasks_of(giver).order_by("pk").values_list("pk", "contact_id"))
    users = _users({contact for _pk, contact in held} - {None}, row, to)
    first = next(iter(to.values()), None)
    users[None] = first.user_id if first is not None else None
    moved = {str(pk): _text(users.get(contact)) for pk, contact in held}
    for user_id in set(moved.values()):
        mine = [pk for pk, new in moved.items() if new == user_id]
        Task.objects.filter(pk__in=mine).update(assignee=user_id, updated_at=timezone.now())
    for task_id in moved:
        emit("TASK_UPDATED", object="task", id=task_id)
    return moved


def _hand_chats(giver: Seller, row: BulkAction, to: dict[UUID, Seller]) -> dict[str, str | None]:
    """Chat → who has it now; they live in a layer above this one."""
    if giver.user_id is None:
        return {}
    hand = import_string(settings.HANDOVER_CHATS["hand"])
    moved: dict[str, str | None] = hand(giver.user_id, lambda contacts: _users(contacts, row, to))
    return moved


def _users(contacts: Collection[UUID], row: BulkAction, to: dict[UUID, Seller]) -> dict[UUID | None, UUID | None]:
    """Contact → the person who attends it from now on."""
    owners = _owners(contacts, row, to)
    asked = {owner for owner in owners.values() if owner is not None}
    users: dict[UUID | None, UUID | None] = dict(Seller.objects.filter(pk__in=asked).values_list("pk", "user_id"))
    return {contact: users.get(owner) for contact, owner in owners.items()}


def _owners(contacts: Collection[UUID], row: BulkAction, to: dict[UUID, Seller]) -> dict[UUID | None, UUID | None]:
    """Who has each person from now on: by rule, whoever got their newest lead."""
    if to:
        chosen = {contact: _receiver(contact, row) for contact in contacts}
        return {contact: key if key in to and to[key].is_active else None for contact, key in chosen.items()}
    rows = Lead.objects.filter(contact__in=contacts).exclude(owner=row.arguments["from"])
    return dict(rows.order_by("created_at").values_list("contact_id", "owner_id"))


def _give_back(row: BulkAction) -> bool:
    """One batch of the way back."""
    giver, by = Seller.objects.get(pk=row.arguments["from"]), _actor(row)
    as_handed = Q(lead__owner=F("seller")) | Q(lead__owner=None, seller=None)
    ids = list(_handed(row).filter(as_handed).order_by("lead_id").values_list("lead_id", flat=True)[:BATCH])
    leads = Lead.objects.filter(pk__in=ids).order_by("pk")
    if giver.is_active:
        list(leads.select_for_update(no_key=True).values_list("pk"))
        for lead in leads.select_related("contact", "stage"):
            reason = {"code": "handover_undone", "handover_undone": str(row.pk)}
            assign(lead=lead, owner=giver, by=by, kind=Assignment.Kind.HANDOVER, reason=reason, quiet=True)
        if ids:
            return True
    for pk, owner in row.arguments.get("moved_clients", {}).items():
        Client.objects.filter(pk=pk, owner=owner).update(owner=giver, updated_at=timezone.now())
    for pk, user_id in row.arguments.get("moved_tasks", {}).items():
        if Task.objects.open().filter(pk=pk, assignee=user_id).update(assignee=giver.user_id):
            emit("TASK_UPDATED", object="task", id=pk)
    if giver.user_id is not None:
        import_string(settings.HANDOVER_CHATS["back"])(giver.user_id, row.arguments.get("moved_chats", {}))
    row.status, row.undone_at = Status.UNDONE, timezone.now()
    row.save(update_fields=["status", "undone_at"])
    return False


# --- finding -------------------------------------------------------------------------------------------------------
def handover_for(pk: object) -> BulkAction:
    """Raises NotFound."""
    row = BulkAction.objects.filter(pk=key_of(pk), kind=KIND).first()
    if row is None:
        raise NotFound(_("Ese traspaso no existe."))
    return row


def lately(seller: Seller) -> list[BulkAction]:
    """The last hand-overs of a seller, newest first."""
    return list(_of(seller).order_by("-created_at", "-id")[:5])


def can_undo(row: BulkAction, now: datetime) -> bool:
    return row.status == Status.DONE and row.finished_at is not None and now - row.finished_at <= UNDO_FOR


def due() -> list[UUID]:
    """Those that wait or were left half done."""
    rows = BulkAction.objects.filter(kind=KIND, status__in=RUNNING).order_by("created_at")
    return list(rows.values_list("pk", flat=True)[:20])


def _of(seller: Seller) -> QuerySet[BulkAction]:
    return BulkAction.objects.filter(kind=KIND, arguments__contains={"from": str(seller.pk)})


def _locked(pk: UUID) -> BulkAction:
    row = BulkAction.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if row is None:
        raise NotFound(_("Ese traspaso no existe."))
    return row


def _leads_of(row: BulkAction) -> QuerySet[Lead]:
    """Still with whoever gives. What they got since it began is theirs."""
    leads = Lead.objects.filter(owner=row.arguments["from"], created_at__lte=row.created_at)
    leads = leads.filter(Q(assigned_at=None) | Q(assigned_at__lte=row.created_at))
    if row.arguments["open_only"]:
        leads = leads.filter(closed_at__isnull=True)
    return leads


def _handed(row: BulkAction) -> QuerySet[Assignment]:
    """The lines of history that this hand-over wrote."""
    rows = Assignment.objects.filter(before=row.arguments["from"], at__gte=row.created_at)
    return rows.filter(reason__contains={"handover": str(row.pk)})


def _tasks_of(seller: Seller) -> QuerySet[Task]:
    return Task.objects.open().filter(assignee=seller.user_id) if seller.user_id else Task.objects.none()


def _actor(row: BulkAction) -> Actor:
    return Actor("user", str(row.user_id or ""), row.actor_label)


def _text(value: Any) -> str | None:
    return str(value) if value is not None else None
