"""Stages of a pipeline and the steps between them; the pipeline a company starts with."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import ProtectedError
from django.utils.translation import gettext as _
from django.utils.translation import override

from config.lib.errors import Conflict, Invalid, NotFound
from config.lib.ids import key_of
from config.lib.texts import stored
from crm.domain.colors import COLORS
from crm.domain.pipeline import approvers, free_code
from crm.models import Lead, LostReason, Pipeline, Stage, StageKind, StageRequest, StageTransition
from crm.services import moves
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services.audit import record

EDITABLE = frozenset(
    {
        "name",
        "kind",
        "position",
        "is_initial",
        "color",
        "probability",
        "cold_after_days",
        "requires_comment",
        "is_active",
    }
)
MOST = 40  # stages of a pipeline
MOST_DAYS = 3650
MOST_MOVED = 1000  # leads carried out of a stage that is removed, in one act

# code, name, kind, chance of winning in %, days until cold, codes that may follow. Moving back one step is allowed; an
# ended lead may be taken up again. The chances are a start: the company sets its own.
DEFAULT = (
    ("nuevo", "Nuevo", StageKind.OPEN, 10, 3, ("contactado", "calificado", "perdido")),
    ("contactado", "Contactado", StageKind.OPEN, 20, 7, ("nuevo", "calificado", "reunion", "perdido")),
    ("calificado", "Calificado", StageKind.OPEN, 40, 7, ("contactado", "reunion", "negociacion", "perdido")),
    ("reunion", "Reunión", StageKind.OPEN, 60, 7, ("calificado", "negociacion", "perdido")),
    ("negociacion", "Negociación", StageKind.OPEN, 75, 10, ("reunion", "ganado", "perdido")),
    ("ganado", "Ganado", StageKind.WON, 100, 0, ()),
    ("perdido", "Perdido", StageKind.LOST, 0, 0, ("nuevo", "contactado")),
)


def seed(*, tenant: Tenant) -> None:
    """Create the default pipeline once; a company with any stage is left alone."""
    if Stage.objects.exists():
        return
    pipeline = Pipeline.objects.create(name="Ventas", is_default=True)
    stages = {
        code: Stage(
            pipeline=pipeline,
            code=code,
            name=name,
            kind=kind,
            position=position,
            is_initial=position == 0,
            probability=chance,
            cold_after_days=days,
        )
        for position, (code, name, kind, chance, days, _following) in enumerate(DEFAULT)
    }
    Stage.objects.bulk_create(stages.values())
    StageTransition.objects.bulk_create(
        StageTransition(source=stages[code], target=stages[after])
        for code, _name, _kind, _chance, _days, following in DEFAULT
        for after in following
    )
    with override(tenant.locale):
        reasons = (_("Precio"), _("No respondió"), _("Eligió a otro"), _("No era para él"), _("Más adelante"))
    LostReason.objects.bulk_create(LostReason(name=name, position=n) for n, name in enumerate(reasons))


# --- stages ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """A permitted step of a pipeline, as it is set: ids of two of its stages, and what the step asks for."""

    source: UUID
    target: UUID
    label: str = ""
    requires_comment: bool = False
    approver_role: str = ""


def stage_by_id(pk: object) -> Stage:
    """With its pipeline. Raises NotFound."""
    stage = Stage.objects.select_related("pipeline").filter(pk=key_of(pk)).first()
    if stage is None:
        raise NotFound(_("Esa etapa no existe."))
    return stage


def create_stage(*, pipeline: Pipeline, name: str, by: Actor, kind: str = StageKind.OPEN, **fields: Any) -> Stage:
    """A new stage after the last of its kind, with no steps into it yet. Raises Invalid with fields."""
    there = list(Stage.objects.filter(pipeline=pipeline).order_by("position"))
    if len(there) >= MOST:
        raise Invalid(_("Hasta %(n)d etapas en un embudo.") % {"n": MOST})
    like = [each.position for each in there if each.kind == kind] or [each.position for each in there] or [-1]
    stage = Stage(pipeline=pipeline, position=max(like) + 1)
    _assign(stage, {"name": name, "kind": kind, **fields})
    stage.code = code_for(stage.name)
    stage.is_initial = stage.is_initial or (kind == StageKind.OPEN and not any(each.is_initial for each in there))
    for each in there:
        if "position" not in fields and each.position >= stage.position:
            each.position += 1
            each.save(update_fields=["position"])
    _only_initial(stage)
    stage.save(force_insert=True)
    record(action="stage.created", resource=stage, by=by, diff={"name": stage.name})
    return stage


def update_stage(*, stage: Stage, by: Actor, **fields: Any) -> Stage:
    """Change the named fields. The code stays: integrations know the stage by it."""
    before = {name: getattr(stage, name) for name in fields if name in EDITABLE}
    kind = stage.kind
    _assign(stage, fields)
    if stage.kind != kind and Lead.objects.filter(stage=stage).exists():
        message = _("Hay leads en esta etapa: su tipo no se cambia.")
        raise Conflict(message, code="in_use", fields={"kind": message})
    if stage.is_initial and (stage.kind != StageKind.OPEN or not stage.is_active):
        message = _("La etapa inicial es abierta y está en uso.")
        raise Invalid(message, fields={"is_initial": message})
    changed = sorted(name for name, old in before.items() if getattr(stage, name) != old)
    if changed:
        _only_initial(stage)
        stage.save(update_fields=changed)
        record(action="stage.updated", resource=stage, by=by, diff={"fields": changed})
    return stage


def order_stages(*, pipeline: Pipeline, ids: Collection[UUID], by: Actor) -> None:
    """Put the stages in this order; those not named come after, as they were."""
    there = {each.pk: each for each in Stage.objects.filter(pipeline=pipeline).order_by("position")}
    order = [there[pk] for pk in dict.fromkeys(ids) if pk in there]
    for position, stage in enumerate([*order, *(each for each in there.values() if each not in order)]):
        if stage.position != position:
            stage.position = position
            stage.save(update_fields=["position"])
    record(action="pipeline.updated", resource=pipeline, by=by, diff={"fields": ["position"]})


def remove_stage(*, stage: Stage, by: Actor, move_to: Stage | None = None) -> None:
    """Delete a stage that nothing ever passed through; else put it to rest, so that the history keeps its name.

    Its leads go to `move_to`, an open stage of the same pipeline, each with a line in its history. Raises Conflict
    when there are leads and nowhere named, or for the initial stage.
    """
    if stage.is_initial:
        raise Conflict(_("Aquí empiezan los leads. Primero hay que elegir otra etapa inicial."), code="in_use")
    leads = list(
        Lead.objects.filter(stage=stage)
        .select_for_update(no_key=True, of=("self",))
        .select_related("stage")[: MOST_MOVED + 1]
    )
    if leads:
        _check_target(stage, move_to, len(leads))
        assert move_to is not None
        for lead in leads:
            moves.enter(lead=lead, stage=move_to, by=by, comment=_("Se quitó la etapa «%(name)s»") % {"name": stage})
    StageTransition.objects.filter(source=stage).delete()
    StageTransition.objects.filter(target=stage).delete()
    record(action="stage.removed", resource=stage, by=by, diff={"name": stage.name})
    try:
        stage.delete()
    except ProtectedError:
        StageRequest.objects.filter(source=stage, status=StageRequest.Status.PENDING).update(
            status=StageRequest.Status.STALE
        )
        stage.is_active = False
        stage.save(update_fields=["is_active"])


def set_steps(*, pipeline: Pipeline, steps: Collection[Step], by: Actor) -> None:
    """Exactly these steps are permitted from now on. Raises Invalid for stages of elsewhere or an unknown approver."""
    there = {each.pk: each for each in Stage.objects.filter(pipeline=pipeline, is_active=True)}
    may_approve = approvers()
    for step in steps:
        source, target = there.get(step.source), there.get(step.target)
        if source is None or target is None or source is target:
            raise Invalid(
                _("Un paso une dos etapas distintas del mismo embudo."), fields={"steps": _("Paso inválido.")}
            )
        if target.kind == StageKind.WON or source.kind == StageKind.WON:
            raise Invalid(
                _("A una etapa ganada se llega al convertir, y de ella se vuelve al deshacer la conversión."),
                fields={"steps": _("Paso inválido.")},
            )
        if step.approver_role and step.approver_role not in may_approve:
            raise Invalid(_("Ese rol no puede aprobar pasos."), fields={"approver_role": _("Valor desconocido.")})
    wanted = {(step.source, step.target): step for step in steps}
    held = {
        (each.source_id, each.target_id): each
        for each in StageTransition.objects.filter(source__pipeline=pipeline).exclude(target__kind=StageKind.WON)
    }
    gone = [each.pk for pair, each in held.items() if pair not in wanted]
    StageTransition.objects.filter(pk__in=gone).delete()
    for pair, step in wanted.items():
        row = held.get(pair) or StageTransition(source_id=step.source, target_id=step.target)
        row.label = stored(step.label).strip()[:60]
        row.requires_comment, row.approver_role = step.requires_comment, step.approver_role
        row.save()
    record(action="pipeline.steps_set", resource=pipeline, by=by, diff={"steps": len(wanted)})


def code_for(name: str) -> str:
    """A free code for a stage of this name."""
    return free_code(name, set(Stage.objects.values_list("code", flat=True)))


def _check_target(stage: Stage, move_to: Stage | None, leads: int) -> None:
    if move_to is None:
        message = _("Hay leads en esta etapa. Elegir adónde van.")
        raise Conflict(message, code="in_use", fields={"move_to": message})
    same_way = move_to.pipeline_id == stage.pipeline_id and move_to.kind == stage.kind
    if move_to.pk == stage.pk or not same_way or not move_to.is_active:
        message = _("Elegir otra etapa del mismo embudo y tipo.")
        raise Invalid(message, fields={"move_to": message})
    if leads > MOST_MOVED:
        message = _("Son más de %(n)d leads: moverlos en lote desde la lista y volver.") % {"n": MOST_MOVED}
        raise Conflict(message, code="too_many", fields={"move_to": message})


def _only_initial(stage: Stage) -> None:
    if stage.is_initial:
        Stage.objects.filter(pipeline=stage.pipeline_id, is_initial=True).exclude(pk=stage.pk).update(is_initial=False)


def _assign(stage: Stage, fields: dict[str, Any]) -> None:
    unknown = set(fields) - EDITABLE
    if unknown:
        raise Invalid(_("No se puede cambiar: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    was_initial = stage.is_initial
    for name, value in fields.items():
        setattr(stage, name, stored(value).strip() if isinstance(value, str) else value)
    wrong = {}
    if not stage.name or len(stage.name) > 80:
        wrong["name"] = _("Falta el nombre, o pasa de 80 letras.")
    if stage.kind not in StageKind.values:
        wrong["kind"] = _("Valor desconocido.")
    if stage.color and stage.color not in COLORS:
        wrong["color"] = _("Valor desconocido.")
    if not 0 <= stage.probability <= 100:
        wrong["probability"] = _("De 0 a 100.")
    if not 0 <= stage.cold_after_days <= MOST_DAYS:
        wrong["cold_after_days"] = _("De 0 a %(n)d días.") % {"n": MOST_DAYS}
    if was_initial and not stage.is_initial:
        wrong["is_initial"] = _("Elegir otra etapa como inicial; esta deja de serlo.")
    if wrong:
        raise Invalid(_("Revisar los datos de la etapa."), fields=wrong)
