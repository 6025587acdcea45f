"""Steps that wait for somebody: who may decide, and deciding."""

from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.errors import Conflict, Forbidden, Invalid, NotFound
from config.lib.ids import as_uuid, key_of
from config.lib.texts import stored
from crm.domain.pipeline import may_decide
from crm.models import Lead, Notification, StageRequest, StageTransition
from crm.services import moves
from crm.services.notifications import notify
from tenants.domain import roles
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.models import Membership
from tenants.services.audit import record

Status = StageRequest.Status


def waiting_for(member: Membership) -> QuerySet[StageRequest]:
    """Open requests that this member may decide, the latest first."""
    return of(member).filter(status=Status.PENDING)


def of(member: Membership) -> QuerySet[StageRequest]:
    """Every request, decided or not, of leads that the member sees and on steps that their role decides."""
    rows = StageRequest.objects.filter(lead__in=Lead.objects.visible_to(member).values("pk"))
    if member.role != roles.CEO:
        rows = rows.filter(approver_role=member.role)
    return rows.select_related("lead__contact", "source", "target").order_by("-at", "-id")


def request_for(member: Membership, pk: object) -> StageRequest:
    found = of(member).filter(pk=key_of(pk)).first()
    if found is None:
        raise NotFound(_("Ese pedido no existe o no le toca decidirlo."))
    return found


def approve(*, asked: StageRequest, role: str, by: Actor, comment: str = "") -> StageRequest:
    """Let the step pass. The request ends STALE, and the lead where it is, when it moved or the step is gone."""
    lead = _held(asked, role)
    asked.decision_comment = stored(comment).strip()[: moves.LONGEST_REASON]
    way = StageTransition.objects.filter(source=asked.source_id, target=asked.target_id)
    if lead.stage_id != asked.source_id or not way.exists():
        return _decide(asked, Status.STALE, by)
    _decide(asked, Status.APPROVED, by)
    moves.enter(lead=lead, stage=asked.target, by=by, lost_reason=asked.lost_reason, comment=asked.comment)
    return asked


def refuse(*, asked: StageRequest, role: str, by: Actor, comment: str) -> StageRequest:
    """Leave the lead where it is and say why; whoever asked is told."""
    _held(asked, role)
    asked.decision_comment = stored(comment).strip()[: moves.LONGEST_REASON]
    if not asked.decision_comment:
        message = _("Falta decir por qué se rechaza.")
        raise Invalid(message, fields={"comment": message})
    return _decide(asked, Status.REFUSED, by)


def _held(asked: StageRequest, role: str) -> Lead:
    """The lead, held until the transaction ends, and the request as it is now. Leads are locked before requests."""
    if not may_decide(role, asked.approver_role):
        raise Forbidden(_("Este paso lo decide otra persona."))
    Lead.objects.select_for_update(no_key=True).filter(pk=asked.lead_id).values("pk").first()
    lead = Lead.objects.select_related("contact", "stage", "owner").get(pk=asked.lead_id)
    asked.refresh_from_db(fields=["status"])
    if asked.status != Status.PENDING:
        raise Conflict(_("Ese pedido ya se decidió."), code="decided")
    asked.lead = lead
    return lead


def _decide(asked: StageRequest, status: StageRequest.Status, by: Actor) -> StageRequest:
    asked.status, asked.decided_by, asked.decided_at = status, by.label, timezone.now()
    asked.save(update_fields=["status", "decided_by", "decided_at", "decision_comment"])
    record(action=f"lead.approval_{status}", resource=asked.lead, by=by, diff={"stage": asked.target.code})
    emit("LEAD_UPDATED", object="lead", id=asked.lead_id)
    asker: UUID | None = as_uuid(asked.actor_id) if asked.actor_kind == "user" else None
    if asker is not None and asked.actor_id != by.id and status != Status.STALE:
        notify(
            user_id=asker,
            kind=Notification.Kind.APPROVAL,
            key=f"approval:{asked.pk}:{status}",
            contact=asked.lead.contact,
            href=f"/leads/{asked.lead_id}/",
            facts={"by": by.label, "stage": asked.target.name, "state": str(status)},
        )
    return asked
