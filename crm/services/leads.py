"""What happens to a lead: created, qualified, moved, assigned."""

from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.errors import Invalid
from crm.domain.qualification import score
from crm.models import Contact, Interest, Lead, Seller, Stage, StageChange, StageKind, StageTransition
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.services.audit import record

EDITABLE = frozenset({"source", "value", "currency", "social_links", "tags", "custom", "needs", "budget", "timeline"})


def create_lead(
    *,
    contact: Contact,
    by: Actor,
    source: str = "",
    stage: Stage | None = None,
    owner: Seller | None = None,
    interest: str = "",
    value: Decimal | None = None,
    currency: str = "",
) -> Lead:
    """A new lead in the first stage unless another open one is named."""
    stage = stage or initial_stage()
    if stage.kind != StageKind.OPEN:
        raise Invalid(_("Un lead empieza en una etapa abierta."), fields={"stage": _("Etapa cerrada.")})
    if interest not in ("", *Interest.values):
        raise Invalid(_("Ese nivel de interés no existe."), fields={"interest": _("Valor desconocido.")})
    lead = Lead(contact=contact, stage=stage, owner=owner, source=source[:60], interest=interest, value=value)
    lead.currency = currency or (current_tenant().currency if value is not None else "")
    result = score(interest=interest, budget="", timeline="", needs="")
    lead.score, lead.score_reasons = result.points, list(result.reasons)
    lead.save(force_insert=True)
    _note_stage(lead, None, by, "")
    record(action="lead.created", resource=lead, by=by, diff={"source": lead.source})
    emit("NEW_LEAD", object="lead", id=lead.pk)
    return lead


def ensure_open_lead(*, contact: Contact, source: str, by: Actor) -> tuple[Lead, bool]:
    """The contact's open lead, or a new one; the flag says which."""
    # Two channels may hear a new person at once. `no_key` lets rows that only point at the contact go on.
    Contact.objects.select_for_update(no_key=True).filter(pk=contact.pk).first()
    lead = Lead.objects.open().filter(contact=contact).order_by("-created_at").first()
    return (lead, False) if lead is not None else (create_lead(contact=contact, source=source, by=by), True)


def initial_stage() -> Stage:
    stage = Stage.objects.filter(is_initial=True).first() or Stage.objects.filter(kind=StageKind.OPEN).first()
    if stage is None:
        raise Invalid(_("El embudo no tiene etapas abiertas. Hay que crear una."))
    return stage


def possible_stages(lead: Lead) -> list[Stage]:
    """Where the lead may go by hand. A won stage is reached by converting only."""
    ways = StageTransition.objects.filter(source_id=lead.stage_id).exclude(target__kind=StageKind.WON)
    return [way.target for way in ways.select_related("target").order_by("target__position")]


def move_stage(*, lead: Lead, stage: Stage, by: Actor, lost_reason: str = "") -> Lead:
    """Raises Invalid for a step that the pipeline does not allow, a loss without reason, or a win without conversion."""
    if stage.pk == lead.stage_id:
        return lead
    if stage.kind == StageKind.WON:
        raise Invalid(_("Una venta se gana al convertir el lead en cliente."), code="convert_first")
    if not StageTransition.objects.filter(source_id=lead.stage_id, target=stage).exists():
        names = ", ".join(each.name for each in possible_stages(lead)) or "—"
        raise Invalid(
            _("De «%(from)s» no se pasa a «%(to)s». Se puede pasar a: %(names)s.")
            % {"from": lead.stage, "to": stage, "names": names},
            code="transition",
            fields={"stage": _("Paso no permitido.")},
        )
    reason = _plain(lost_reason)[:300]
    if stage.kind == StageKind.LOST and not reason:
        message = _("Falta el motivo de la pérdida.")
        raise Invalid(message, fields={"lost_reason": message})
    source, lead.stage = lead.stage, stage
    lead.lost_reason = reason if stage.kind == StageKind.LOST else ""
    lead.closed_at = timezone.now() if stage.kind != StageKind.OPEN else None
    lead.save(update_fields=["stage", "lost_reason", "closed_at", "updated_at"])
    _note_stage(lead, source, by, reason)
    record(action="lead.stage_changed", resource=lead, by=by, diff={"stage": [source.code, stage.code]})
    emit("LEAD_UPDATED", object="lead", id=lead.pk)
    return lead


def assign_lead(*, lead: Lead, owner: Seller | None, by: Actor) -> Lead:
    """Give the lead to an active seller, or to nobody."""
    if owner is not None and not owner.is_active:
        raise Invalid(_("Ese vendedor no está activo."), fields={"owner": _("Inactivo.")})
    if lead.owner_id == (owner.pk if owner else None):
        return lead
    before, lead.owner = lead.owner_id, owner
    lead.save(update_fields=["owner", "updated_at"])
    record(action="lead.assigned", resource=lead, by=by, diff={"owner": [before, owner.pk if owner else None]})
    emit("LEAD_UPDATED", object="lead", id=lead.pk, moved=True)
    return lead


def qualify_lead(
    *, lead: Lead, by: Actor, interest: str = "", budget: str = "", timeline: str = "", needs: str = "", quote: str = ""
) -> Lead:
    """Keep what was learned (an empty value leaves what is known) and score it, with the words behind each point."""
    if interest not in ("", *Interest.values):
        raise Invalid(_("Ese nivel de interés no existe."), fields={"interest": _("Valor desconocido.")})
    before = {"interest": lead.interest, "score": lead.score}
    lead.interest = interest or lead.interest
    lead.budget = _plain(budget)[:200] or lead.budget
    lead.timeline = _plain(timeline)[:200] or lead.timeline
    lead.needs = _plain(needs)[:4000] or lead.needs
    result = score(
        interest=lead.interest, budget=lead.budget, timeline=lead.timeline, needs=lead.needs, quote=_plain(quote)
    )
    lead.score, lead.score_reasons = result.points, list(result.reasons)
    lead.save(update_fields=["interest", "budget", "timeline", "needs", "score", "score_reasons", "updated_at"])
    after = {"interest": lead.interest, "score": lead.score}
    record(action="lead.qualified", resource=lead, by=by, diff={"before": before, "after": after})
    emit("LEAD_UPDATED", object="lead", id=lead.pk)
    return lead


def update_lead(*, lead: Lead, by: Actor, **fields: Any) -> Lead:
    unknown = set(fields) - EDITABLE
    if unknown:
        raise Invalid(_("No se puede cambiar: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    for name, value in fields.items():
        setattr(lead, name, value)
    if lead.value is not None and not lead.currency:
        lead.currency = current_tenant().currency
    lead.save(update_fields=[*fields, "currency", "updated_at"])
    record(action="lead.updated", resource=lead, by=by, diff={"fields": sorted(fields)})
    emit("LEAD_UPDATED", object="lead", id=lead.pk)
    return lead


def _plain(text: str) -> str:
    """A model's words may hold NUL, which PostgreSQL does not take."""
    return text.replace("\x00", "").strip()


def _note_stage(lead: Lead, source: Stage | None, by: Actor, reason: str) -> None:
    StageChange.objects.create(
        lead=lead,
        source=source,
        target=lead.stage,
        actor_kind=by.kind,
        actor_id=by.id,
        actor_label=by.label,
        reason=reason,
    )
