"""Pipelines: ways of selling, with the words the company uses. Their stages are crm.services.stages' affair."""

from typing import Any

from django.db.models import ProtectedError, QuerySet
from django.utils.translation import gettext as _

from config.lib.errors import Conflict, Invalid, NotFound
from config.lib.ids import key_of
from config.lib.texts import stored
from crm.models import LostReason, Pipeline, Stage, StageKind, StageTransition
from crm.services.stages import code_for
from tenants.domain.actor import Actor
from tenants.services.audit import record

EDITABLE = frozenset({"name", "noun", "nouns", "position", "is_active"})
LONGEST = {"name": 80, "noun": 40, "nouns": 40}
MOST = 20


def pipeline_for(pk: object) -> Pipeline:
    found = Pipeline.objects.filter(pk=key_of(pk)).first()
    if found is None:
        raise NotFound(_("Ese embudo no existe."))
    return found


def main() -> Pipeline:
    """Where leads begin unless another is named."""
    found = Pipeline.objects.filter(is_default=True).first()
    if found is None:
        raise NotFound(_("No hay un embudo principal."))
    return found


def create_pipeline(*, name: str, by: Actor, noun: str = "", nouns: str = "") -> Pipeline:
    """With a first stage, a won and a lost one, so that it can be used at once. It comes last."""
    if Pipeline.objects.count() >= MOST:
        raise Invalid(_("Hasta %(n)d embudos.") % {"n": MOST})
    last = Pipeline.objects.order_by("-position").values_list("position", flat=True).first()
    pipeline = Pipeline(position=(last or 0) + 1, is_default=not Pipeline.objects.filter(is_default=True).exists())
    _assign(pipeline, {"name": name, "noun": noun, "nouns": nouns})
    pipeline.save(force_insert=True)
    kinds = ((_("Nuevo"), StageKind.OPEN, 10), (_("Ganado"), StageKind.WON, 100), (_("Perdido"), StageKind.LOST, 0))
    made = {}
    for position, (label, kind, chance) in enumerate(kinds):
        made[kind] = Stage.objects.create(
            pipeline=pipeline,
            code=code_for(label),
            name=label,
            kind=kind,
            position=position,
            is_initial=position == 0,
            probability=chance,
            cold_after_days=7 if kind == StageKind.OPEN else 0,
        )
    start, lost = made[StageKind.OPEN], made[StageKind.LOST]
    StageTransition.objects.bulk_create(
        [StageTransition(source=start, target=lost), StageTransition(source=lost, target=start)]
    )
    record(action="pipeline.created", resource=pipeline, by=by, diff={"name": pipeline.name})
    return pipeline


def update_pipeline(*, pipeline: Pipeline, by: Actor, **fields: Any) -> Pipeline:
    """Change the named fields. The main pipeline stays in use."""
    before = {name: getattr(pipeline, name) for name in fields if name in EDITABLE}
    _assign(pipeline, fields)
    if pipeline.is_default and not pipeline.is_active:
        raise Invalid(_("El embudo principal no se apaga. Primero hay que elegir otro como principal."))
    changed = sorted(name for name, old in before.items() if getattr(pipeline, name) != old)
    if changed:
        pipeline.save(update_fields=changed)
        record(action="pipeline.updated", resource=pipeline, by=by, diff={"fields": changed})
    return pipeline


def make_default(*, pipeline: Pipeline, by: Actor) -> Pipeline:
    """New leads begin here unless another pipeline is named."""
    if pipeline.is_default:
        return pipeline
    if not pipeline.is_active:
        raise Invalid(_("Ese embudo está apagado."))
    Pipeline.objects.filter(is_default=True).update(is_default=False)
    pipeline.is_default = True
    pipeline.save(update_fields=["is_default"])
    record(action="pipeline.updated", resource=pipeline, by=by, diff={"fields": ["is_default"]})
    return pipeline


def remove_pipeline(*, pipeline: Pipeline, by: Actor) -> None:
    """Only one that never held a lead; another can be switched off. Raises Conflict."""
    if pipeline.is_default:
        raise Conflict(_("El embudo principal no se elimina."), code="in_use")
    try:
        Stage.objects.filter(pipeline=pipeline).delete()
        record(action="pipeline.removed", resource=pipeline, by=by, diff={"name": pipeline.name})
        pipeline.delete()
    except ProtectedError as error:
        message = _("Por este embudo pasaron leads. Se puede apagar: su historia se conserva.")
        raise Conflict(message, code="in_use") from error


# --- reasons for losing -----------------------------------------------------------------------------------------


def reasons() -> QuerySet[LostReason]:
    return LostReason.objects.order_by("position", "name")


def reason_for(pk: object) -> LostReason:
    found = LostReason.objects.filter(pk=key_of(pk)).first()
    if found is None:
        raise NotFound(_("Ese motivo no existe."))
    return found


def save_reason(*, by: Actor, reason: LostReason | None = None, **fields: Any) -> LostReason:
    """A new reason, or a changed one (name, position, is_active). What lost leads say of themselves stays as it was."""
    row = reason or LostReason(position=LostReason.objects.count())
    unknown = set(fields) - {"name", "position", "is_active"}
    if unknown:
        raise Invalid(_("No se puede cambiar: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    for name, value in fields.items():
        setattr(row, name, stored(value).strip() if isinstance(value, str) else value)
    if not row.name or len(row.name) > 120:
        raise Invalid(_("Falta el motivo, o pasa de 120 letras."), fields={"name": _("Hasta 120 letras.")})
    if LostReason.objects.filter(name__iexact=row.name).exclude(pk=row.pk).exists():
        message = _("Ese motivo ya está.")
        raise Conflict(message, fields={"name": message})
    row.save()
    record(action="lost_reason.saved", resource=row, by=by, diff={"name": row.name})
    return row


def remove_reason(*, reason: LostReason, by: Actor) -> None:
    record(action="lost_reason.removed", resource=reason, by=by, diff={"name": reason.name})
    reason.delete()


def _assign(pipeline: Pipeline, fields: dict[str, Any]) -> None:
    unknown = set(fields) - EDITABLE
    if unknown:
        raise Invalid(_("No se puede cambiar: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    for name, value in fields.items():
        setattr(pipeline, name, stored(value).strip() if isinstance(value, str) else value)
    wrong = {
        name: _("Hasta %(n)d letras.") % {"n": longest}
        for name, longest in LONGEST.items()
        if len(getattr(pipeline, name)) > longest
    }
    if not pipeline.name:
        wrong["name"] = _("Falta el nombre.")
    if wrong:
        raise Invalid(_("Revisar los datos del embudo."), fields=wrong)
