"""How the filters of leads are said: their names, their values, what is chosen now."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.domain import filters as read
from crm.models import Interest
from crm.services.list_choices import Choices

LABELS = {
    "q": gettext_lazy("Buscar"),
    "pipeline": gettext_lazy("Embudo"),
    "stage": gettext_lazy("Etapa"),
    "owner": gettext_lazy("Vendedor"),
    "source": gettext_lazy("Origen"),
    "tag": gettext_lazy("Etiqueta"),
    "city": gettext_lazy("Ciudad"),
    "interest": gettext_lazy("Interés"),
    "created_from": gettext_lazy("Creado desde"),
    "created_to": gettext_lazy("Creado hasta"),
    "closed_from": gettext_lazy("Cerrado desde"),
    "closed_to": gettext_lazy("Cerrado hasta"),
    "value_min": gettext_lazy("Valor desde"),
    "value_max": gettext_lazy("Valor hasta"),
    "step": gettext_lazy("Próximo paso"),
    "cold": gettext_lazy("Se enfrían"),
    "status": gettext_lazy("Estado"),
    "lost_reason": gettext_lazy("Motivo de pérdida"),
    "reached": gettext_lazy("Llegó a"),
    "received_by": gettext_lazy("Lo recibió"),
    "received_from": gettext_lazy("Recibido desde"),
    "received_to": gettext_lazy("Recibido hasta"),
    "expected": gettext_lazy("Cierre esperado"),
    "expected_from": gettext_lazy("Cierre esperado desde"),
    "expected_to": gettext_lazy("Cierre esperado hasta"),
    "contact": gettext_lazy("Contacto"),
    "sort": gettext_lazy("Orden"),
}
STEPS = {
    "none": gettext_lazy("Sin próximo paso"),
    "late": gettext_lazy("Atrasado"),
    "planned": gettext_lazy("Planeado"),
}
STATUSES = {
    "open": gettext_lazy("Abiertos"),
    "won": gettext_lazy("Ganados"),
    "lost": gettext_lazy("Perdidos"),
}
SORTS = {
    "created": gettext_lazy("Más nuevos"),
    "active": gettext_lazy("Última actividad"),
    "value": gettext_lazy("Mayor valor"),
    "score": gettext_lazy("Mayor puntaje"),
    "close": gettext_lazy("Cierre más próximo"),
}


NOTHING = {
    "source": gettext_lazy("Sin origen"),
    "lost_reason": gettext_lazy("Sin motivo"),
    "expected": gettext_lazy("Sin fecha"),
}


@dataclass(frozen=True)
class Chip:
    """One applied filter in words; `word` is its name in the address."""

    word: str
    label: str
    shown: str


# Words whose value is the key of something that has a name → where its name is.
NAMED = {
    "pipeline": "pipelines",
    "stage": "stages",
    "reached": "stages",
    "received_by": "sellers",
    "owner": "sellers",
}


def shown(word: str, text: str, choices: Choices | None) -> str:
    """A filter's value as a person reads it; ids by their names where `choices` has them."""
    fixed = {"step": STEPS, "status": STATUSES, "interest": dict(Interest.choices)}.get(word)
    if fixed:
        return str(fixed[text])
    if word == "cold":
        return str(_("Sí"))
    if word == "owner" and text in (read.NOBODY, read.ME):
        return str(_("Sin asignar") if text == read.NOBODY else _("A mi cargo"))
    if text == read.NOBODY and word in NOTHING:
        return str(NOTHING[word])
    if choices is None or word not in NAMED:
        return text
    if NAMED[word] == "stages":
        text = stage_key(text, choices) or text
    return choices.named(NAMED[word], text) or "—"


def stage_key(stage: object, choices: Choices | None) -> str | None:
    """The key of a stage named by id or code; None for one that is not among the choices."""
    stages = choices.stages if choices is not None else []
    return next((each.key for each in stages if str(stage) in (each.key, each.more["code"])), None)
