"""The stage is a lead's only status. Every door moves it through here: pages, board, API, bulk acts, agents."""

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.errors import Invalid
from config.lib.texts import stored
from crm.domain.pipeline import may_decide
from crm.models import Lead, Notification, Stage, StageChange, StageKind, StageRequest, StageTransition
from crm.services.notifications import notify
from tenants.context import current_tenant
from tenants.domain import roles
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.models import Membership
from tenants.services.audit import record

LONGEST_REASON = 300


def ways(lead: Lead) -> list[StageTransition]:
    """The steps that may be taken by hand, with their targets. A won stage is reached by converting only."""
    rows = StageTransition.objects.filter(source_id=lead.stage_id, target__is_active=True)
    rows = rows.exclude(target__kind=StageKind.WON)
    return list(rows.select_related("target").order_by("target__position", "target__id"))


def possible_stages(lead: Lead) -> list[Stage]:
    return [way.target for way in ways(lead)]


def move_stage(
    *, lead: Lead, stage: Stage, by: Actor, member_role: str = "", lost_reason: str = "", comment: str = ""
) -> StageRequest | None:
    """Take a permitted step. None when the lead moved; a request when the step waits for somebody's approval.

    The caller holds the lead's row. `member_role` is the role of the person who acts; agents and the system have none
    and never approve. Raises Invalid for a step that the pipeline does not have, a loss without reason, a missing
    comment, a win without conversion, or a stage of another pipeline.
    """
    if stage.pk == lead.stage_id:
        return None
    if stage.kind == StageKind.WON:
        raise Invalid(
            _("Una venta se gana al convertir el lead en cliente."),
            code="convert_first",
            fields={"stage": _("Se llega al convertir.")},
        )
    if stage.pipeline_id != lead.stage.pipeline_id:
        raise Invalid(
            _("«%(to)s» es de otro embudo. Para pasar el lead a otro embudo hay que pedirlo expresamente.")
            % {"to": stage},
            code="other_pipeline",
            fields={"stage": _("Otro embudo.")},
        )
    way = StageTransition.objects.filter(source_id=lead.stage_id, target=stage, target__is_active=True).first()
    if way is None:
        raise _no_way(lead, stage)
    lost_reason, comment = _said(stage, lost_reason, comment, asked=way.requires_comment)
    if way.approver_role and not may_decide(member_role, way.approver_role):
        return _ask(lead=lead, way=way, by=by, lost_reason=lost_reason, comment=comment)
    enter(lead=lead, stage=stage, by=by, lost_reason=lost_reason, comment=comment)
    return None


def change_pipeline(*, lead: Lead, stage: Stage, by: Actor, comment: str = "") -> Lead:
    """Carry an open lead into an open stage of another pipeline; the caller holds its row."""
    if stage.pipeline_id == lead.stage.pipeline_id:
        raise Invalid(_("El lead ya está en ese embudo."), fields={"stage": _("Mismo embudo.")})
    if lead.stage.kind != StageKind.OPEN:
        raise Invalid(_("Un lead cerrado no cambia de embudo. Primero hay que reabrirlo."), code="closed")
    if stage.kind != StageKind.OPEN or not (stage.is_active and stage.pipeline.is_active):
        raise Invalid(
            _("Se entra a otro embudo por una etapa abierta y en uso."), fields={"stage": _("Etapa cerrada.")}
        )
    _reason, comment = _said(stage, "", comment)
    return enter(lead=lead, stage=stage, by=by, comment=comment)


def enter(
    *, lead: Lead, stage: Stage, by: Actor, lost_reason: str = "", comment: str = "", at: datetime | None = None
) -> Lead:
    """Write the step with its history. Asks nothing: the rules are those of whoever calls."""
    source, now = lead.stage, at or timezone.now()
    lead.stage, lead.stage_since, lead.last_activity_at = stage, now, now
    if (
        stage.kind == StageKind.OPEN or stage.kind != source.kind
    ):  # among closed stages of a kind it stays closed as it was
        lead.lost_reason = lost_reason if stage.kind == StageKind.LOST else ""
        lead.closed_at = now if stage.kind != StageKind.OPEN else None
    lead.save(update_fields=["stage", "stage_since", "last_activity_at", "lost_reason", "closed_at", "updated_at"])
    note_stage(lead, source, by, " · ".join(filter(None, (lead.lost_reason, comment))))
    _outdate(lead)
    record(action="lead.stage_changed", resource=lead, by=by, diff={"stage": [source.code, stage.code]})
    emit("LEAD_UPDATED", object="lead", id=lead.pk)
    return lead


def note_stage(lead: Lead, source: Stage | None, by: Actor, reason: str) -> None:
    """A line of the lead's history; `source` None = it began here."""
    StageChange.objects.create(
        lead=lead,
        source=source,
        target=lead.stage,
        actor_kind=by.kind,
        actor_id=by.id,
        actor_label=by.label,
        reason=reason[:LONGEST_REASON],
    )


def _said(stage: Stage, lost_reason: str, comment: str, *, asked: bool = False) -> tuple[str, str]:
    """What was said about a step, cut to what the history holds; raises Invalid when it is not enough."""
    lost_reason, comment = stored(lost_reason).strip()[:LONGEST_REASON], stored(comment).strip()[:LONGEST_REASON]
    if stage.kind == StageKind.LOST and not lost_reason:
        message = _("Falta el motivo de la pérdida.")
        raise Invalid(message, code="lost_reason", fields={"lost_reason": message})
    if (asked or stage.requires_comment) and not (comment or lost_reason):
        message = _("Este paso pide un comentario.")
        raise Invalid(message, code="comment", fields={"comment": message})
    return lost_reason, comment


def _ask(*, lead: Lead, way: StageTransition, by: Actor, lost_reason: str, comment: str) -> StageRequest:
    """A request for the step; the same one again while it waits. Another step asked for replaces it."""
    waiting = StageRequest.objects.filter(lead=lead, status=StageRequest.Status.PENDING).first()
    if waiting is not None and waiting.target_id == way.target_id:
        return waiting
    _outdate(lead)
    asked = StageRequest.objects.create(
        lead=lead,
        source_id=lead.stage_id,
        target_id=way.target_id,
        approver_role=way.approver_role,
        comment=comment,
        lost_reason=lost_reason,
        actor_kind=by.kind,
        actor_id=by.id,
        actor_label=by.label,
    )
    record(action="lead.approval_asked", resource=lead, by=by, diff={"stage": asked.target.code})
    emit("LEAD_UPDATED", object="lead", id=lead.pk)
    deciding = Membership.objects.active().filter(
        tenant_id=current_tenant().pk, role__in=[roles.CEO, way.approver_role]
    )
    for user_id in deciding.values_list("user_id", flat=True):
        if str(user_id) != by.id:
            notify(
                user_id=user_id,
                kind=Notification.Kind.APPROVAL,
                key=f"approval:{asked.pk}",
                contact=lead.contact,
                href="/aprobaciones/",
                facts={"by": by.label, "stage": asked.target.name, "state": ""},
            )
    return asked


def _outdate(lead: Lead) -> None:
    """The lead goes another way: what waited for approval has lost its sense."""
    StageRequest.objects.filter(lead=lead, status=StageRequest.Status.PENDING).update(
        status=StageRequest.Status.STALE, decided_at=timezone.now()
    )


def _no_way(lead: Lead, stage: Stage) -> Invalid:
    names = ", ".join(each.name for each in possible_stages(lead)) or "—"
    return Invalid(
        _("De «%(from)s» no se pasa a «%(to)s». Se puede pasar a: %(names)s.")
        % {"from": lead.stage, "to": stage, "names": names},
        code="transition",
        fields={"stage": _("Paso no permitido.")},
    )
