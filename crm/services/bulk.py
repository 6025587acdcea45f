"""One act on many leads: begun with the rows it is about, worked off in batches, stopped, taken back.

The rows are the truth: each batch, its marks and its counters are one transaction, so whoever goes on after a killed worker
does nothing twice. `leased_until` is both the lease and its token: a worker that finds another value stops.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import AppError, Conflict, Invalid, NotFound
from config.lib.ids import key_of
from crm.access import lead_for
from crm.domain import bulk as rules
from crm.models import BulkAction, BulkChange, Lead, Notification, Seller
from crm.services.bulk_acts import Arguments, Doer, Waits, act_of
from crm.services.lead_filters import LeadQuery
from crm.services.notifications import notify
from tenants.context import tenant_context
from tenants.domain import roles
from tenants.domain.actor import Actor
from tenants.models import Membership, Tenant
from tenants.services.audit import record

Status, State = BulkAction.Status, BulkChange.State


def chosen(*, ids: list[str], query: LeadQuery | None, member: Membership) -> list[UUID]:
    """The leads meant, as far as the member sees them: those ticked, or all that a query finds. Raises Invalid."""
    if query is not None:
        found = list(query.rows().values_list("pk", flat=True)[: rules.MOST + 1])
        if len(found) > rules.MOST:
            raise Invalid(_("Son más de %(most)s leads. Hay que acotar con filtros.") % {"most": f"{rules.MOST:,}"})
    else:
        if len(ids) > rules.MOST_CHOSEN:
            raise Invalid(_("Se eligen hasta %(most)d leads a la vez.") % {"most": rules.MOST_CHOSEN})
        rows = Lead.objects.visible_to(member).filter(pk__in=[key_of(each) for each in ids])
        found = list(rows.order_by("-created_at", "-id").values_list("pk", flat=True))
    if not found:
        message = _("No hay ningún lead elegido.")
        raise Invalid(message, fields={"ids": message})
    return found


def begin(
    *, kind: str, arguments: Arguments, leads: list[UUID], query: str = "", member: Membership, by: Actor
) -> BulkAction:
    """Note the act with its rows. A few are done at once, more are left to a worker. Raises what the act's check raises."""
    act = act_of(kind, member)
    action = BulkAction.objects.create(
        kind=kind,
        arguments=act.check(arguments, member),
        query=query[:2000],
        user=member.user,
        actor_label=by.label[:160],
        total=len(leads),
    )
    BulkChange.objects.bulk_create(
        [BulkChange(action=action, lead_id=pk, position=n) for n, pk in enumerate(leads)], batch_size=1000
    )
    record(action="bulk.started", resource=action, by=by, diff={"kind": kind, "leads": len(leads)})
    _work(action, Doer(member, by))
    return action


def undo(*, action: BulkAction, member: Membership, by: Actor) -> BulkAction:
    """Take back what nobody changed since. Raises Conflict when it is too late or not finished."""
    action = _locked(action.pk)
    if not rules.may_undo(action.status, action.created_at, timezone.now()):
        raise Conflict(_("Esto ya no se puede deshacer: pasó más de un día, sigue en curso o ya se deshizo."))
    action.status, action.leased_until = Status.UNDOING, None
    action.save(update_fields=["status", "leased_until"])
    record(action="bulk.undone", resource=action, by=by, diff={"kind": action.kind, "leads": action.done})
    _work(action, Doer(member, by))
    return action


def stop(*, action: BulkAction, by: Actor) -> BulkAction:
    """What is done stays done; the rest is left."""
    action = _locked(action.pk)
    if action.status in (Status.WAITING, Status.RUNNING):
        action.status, action.leased_until, action.finished_at = Status.STOPPED, None, timezone.now()
        action.save(update_fields=["status", "leased_until", "finished_at"])
        record(action="bulk.stopped", resource=action, by=by, diff={"kind": action.kind, "leads": action.done})
    return action


def seen_by(member: Membership) -> QuerySet[BulkAction]:
    """One's own; everybody's for whoever sees all."""
    rows = BulkAction.objects.exclude(kind=BulkAction.Kind.HANDOVER)  # crm.services.handover's
    return rows if member.sees == roles.ALL else rows.filter(user=member.user_id)


def action_for(member: Membership, pk: object) -> BulkAction:
    action = seen_by(member).filter(pk=key_of(pk)).first()
    if action is None:
        raise NotFound(_("Ese lote no existe."))
    return action


# --- working it off ---------------------------------------------------------------------------------------------
def _work(action: BulkAction, doer: Doer) -> None:
    if action.total > rules.AT_ONCE:
        commit.queue("crm.tasks.run_bulk", action_id=str(action.pk))
        return
    while action.status in rules.WORKING:
        _batch(action, doer)
    _tell_owner(action, doer)


def run(*, tenant: Tenant, action_id: UUID) -> None:
    """A worker's turn: batches until all is done, stopped, taken over by another worker, or the turn is over."""
    began = timezone.now()
    with tenant_context(tenant):
        lease = _take(action_id)
    while lease is not None:
        with tenant_context(tenant):
            lease = _next_batch(tenant, action_id, lease, last=timezone.now() - began > rules.TURN)


def due_ids() -> list[UUID]:
    """Acts that nobody works on: their wake-up was lost, or their worker died."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=timezone.now())
    rows = BulkAction.objects.filter(free, status__in=rules.WORKING).exclude(kind=BulkAction.Kind.HANDOVER)
    return list(rows.values_list("pk", flat=True)[:100])


def _take(action_id: UUID) -> datetime | None:
    rows = BulkAction.objects.select_for_update(no_key=True, skip_locked=True)
    action = rows.filter(pk=action_id, status__in=rules.WORKING).exclude(kind=BulkAction.Kind.HANDOVER).first()
    now = timezone.now()
    if action is None or (action.leased_until is not None and action.leased_until > now):
        return None
    return _renew(action, now)


def _renew(action: BulkAction, now: datetime) -> datetime:
    action.leased_until = now + rules.LEASE
    action.save(update_fields=["leased_until"])
    return action.leased_until


def _next_batch(tenant: Tenant, action_id: UUID, lease: datetime, *, last: bool) -> datetime | None:
    action = _locked(action_id)
    if action.leased_until != lease or action.status not in rules.WORKING:
        return None
    doer = _doer(tenant, action)
    if doer is None:
        action.status, action.finished_at, action.leased_until = Status.STOPPED, timezone.now(), None
        action.save(update_fields=["status", "finished_at", "leased_until"])
        return None
    with translation.override(doer.member.user.locale or tenant.locale), timezone.override(tenant.timezone):
        _batch(action, doer)
        if action.status not in rules.WORKING:
            _tell(action, doer)
            return None
    if last:
        action.leased_until = None
        action.save(update_fields=["leased_until"])
        commit.queue("crm.tasks.run_bulk", action_id=str(action_id))
        return None
    return _renew(action, timezone.now())


def _doer(tenant: Tenant, action: BulkAction) -> Doer | None:
    """The person as they are today: whoever lost access no longer acts."""
    members = Membership.objects.active().filter(tenant_id=tenant.pk, user_id=key_of(action.user_id))
    member = members.select_related("user").first()
    return Doer(member, Actor("user", str(member.user_id), action.actor_label)) if member is not None else None


def _batch(action: BulkAction, doer: Doer) -> None:
    """The next rows, in the order of their ids so that two acts never wait for each other in a circle."""
    undoing = action.status == Status.UNDOING
    waiting = action.changes.filter(state=State.DONE if undoing else State.WAITING).order_by("position")
    rows = sorted(waiting[: rules.BATCH], key=lambda row: row.lead_id)
    work = _take_back if undoing else _do
    for row in rows:
        _one(row, partial(work, action, row, doer))
    BulkChange.objects.bulk_update(rows, ["state", "before", "after", "error"])
    _count(action, undoing=undoing, ended=len(rows) < rules.BATCH)


def _one(row: BulkChange, work: Callable[[], None]) -> None:
    """A refused row leaves nothing behind but its reason."""
    undoing = row.state == State.DONE
    try:
        with transaction.atomic():
            work()
    except AppError as error:
        row.state, row.error = State.KEPT if undoing else State.REFUSED, _reason(error)


def _do(action: BulkAction, row: BulkChange, doer: Doer) -> None:
    act = act_of(action.kind, doer.member)
    lead = lead_for(doer.member, row.lead_id, lock=True)
    try:
        row.before, row.after = act.do(lead, action.arguments, doer)
        row.state = State.DONE
    except Waits as waits:
        row.state, row.error = State.REFUSED, str(waits)[:300]


def _take_back(action: BulkAction, row: BulkChange, doer: Doer) -> None:
    act = act_of(action.kind, doer.member)
    lead = lead_for(doer.member, row.lead_id, lock=True)
    row.state = State.UNDONE if act.undo(lead, row.before, row.after, doer) else State.KEPT


def _count(action: BulkAction, *, undoing: bool, ended: bool) -> None:
    now = timezone.now()
    if not undoing:
        tallied = action.changes.aggregate(
            done=Count("pk", filter=Q(state=State.DONE)), refused=Count("pk", filter=Q(state=State.REFUSED))
        )
        action.done, action.refused = tallied["done"], tallied["refused"]
        action.status = Status.DONE if ended else Status.RUNNING
        action.finished_at = now if ended else None
    elif ended:
        action.status, action.undone_at = Status.UNDONE, now
    if ended:
        action.leased_until = None
    action.save(update_fields=["done", "refused", "status", "finished_at", "undone_at", "leased_until"])


def _tell(action: BulkAction, doer: Doer) -> None:
    """Whoever began it, since they may be elsewhere by now; and whoever got leads by it."""
    notify(
        user_id=doer.member.user_id,
        kind=Notification.Kind.DONE,
        key=f"bulk:{action.pk}:{action.status}",
        href=f"/leads/lotes/{action.pk}/",
        facts={"title": f"{action.get_kind_display()} ({action.done})"},
    )
    _tell_owner(action, doer)


def _tell_owner(action: BulkAction, doer: Doer) -> None:
    """One line for all the leads somebody got."""
    owner = action.arguments.get("owner") if action.status == Status.DONE else None
    seller = Seller.objects.filter(pk=owner).first() if owner and action.done else None
    if seller is not None and seller.user_id and seller.user_id != doer.member.user_id:
        notify(
            user_id=seller.user_id,
            kind=Notification.Kind.HANDOVER,
            key=f"bulk:{action.pk}:given",
            href="/leads/?owner=me",
            facts={"by": doer.by.label, "count": action.done},
        )


def _locked(pk: UUID) -> BulkAction:
    action = BulkAction.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if action is None:
        raise NotFound(_("Ese lote no existe."))
    return action


def _reason(error: AppError) -> str:
    return str(next(iter(error.fields.values()), "") if error.code == "lost_reason" else error.message)[:300]
