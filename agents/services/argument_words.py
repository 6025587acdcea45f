"""What a call was made with, as people read it: "teléfono: +54 9 11 5555 1111", not `phone`."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

NAMES = {
    "name": gettext_lazy("nombre"),
    "phone": gettext_lazy("teléfono"),
    "email": gettext_lazy("correo"),
    "document": gettext_lazy("documento"),
    "insurance": gettext_lazy("obra social"),
    "choice": gettext_lazy("horario elegido"),
    "which": gettext_lazy("cita"),
    "note": gettext_lazy("nota"),
    "additional": gettext_lazy("otra cita además"),
    "urgent": gettext_lazy("urgente"),
    "reason": gettext_lazy("motivo"),
    "summary": gettext_lazy("resumen"),
    "interest": gettext_lazy("interés"),
    "budget": gettext_lazy("presupuesto"),
    "timeline": gettext_lazy("plazo"),
    "needs": gettext_lazy("necesidad"),
    "symptoms": gettext_lazy("síntomas"),
    "level": gettext_lazy("nivel"),
    "question": gettext_lazy("pregunta"),
}
VALUES = {
    ("interest", "high"): gettext_lazy("alto"),
    ("interest", "medium"): gettext_lazy("medio"),
    ("interest", "low"): gettext_lazy("bajo"),
    ("interest", "none"): gettext_lazy("ninguno"),
    ("level", "emergency"): gettext_lazy("emergencia"),
    ("level", "high"): gettext_lazy("alto"),
    ("level", "normal"): gettext_lazy("normal"),
    ("level", "low"): gettext_lazy("bajo"),
}


def in_words(arguments: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Pairs of what it is and what was given. An argument of a company's own tool keeps the name it was given."""
    return [(str(NAMES.get(name, name.replace("_", " "))), _value(name, given)) for name, given in arguments.items()]


def _value(name: str, given: Any) -> str:
    if isinstance(given, bool):
        return _("sí") if given else _("no")
    return str(VALUES.get((name, str(given)), given))
