"""Why somebody has a lead, and what a rule asks for, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.domain.assignment import amount
from crm.models import AssignmentRule, CustomField, Interest, Pipeline

OUT = {
    "inactive": gettext_lazy("no atiende más"),
    "absent": gettext_lazy("ausente"),
    "off_hours": gettext_lazy("fuera de su horario"),
    "full": gettext_lazy("con todos los leads que puede tener"),
}
NAMES = {
    "source": gettext_lazy("el origen es"),
    "channel": gettext_lazy("el canal es"),
    "tag": gettext_lazy("tiene la etiqueta"),
    "city": gettext_lazy("la ciudad es"),
    "interest": gettext_lazy("el interés es"),
    "pipeline": gettext_lazy("el embudo es"),
    "value_min": gettext_lazy("el valor es al menos"),
    "value_max": gettext_lazy("el valor no pasa de"),
}


def why(reason: Mapping[str, Any]) -> str:
    """One sentence for a stored reason; empty for one that says nothing, as when somebody gave it by hand."""
    said = _why(reason)
    if said and reason.get("covers"):
        said += " " + _("Cubre a %(name)s.") % {"name": reason["covers"]}
    return said


def _why(reason: Mapping[str, Any]) -> str:
    code = reason.get("code")
    if code == "turn":
        return _("Era su turno.")
    if code == "load":
        return _("Tenía menos leads abiertos: %(count)s.") % {"count": reason.get("open")}
    if code == "sales":
        return _("Es quien mejor vende: ganó %(won)s de %(closed)s en 90 días.") % {
            "won": reason.get("won"),
            "closed": reason.get("closed"),
        }
    if code == "no_sales":
        return _("Era su turno: nadie cerró todavía lo suficiente para comparar.")
    if code == "specialty":
        return _("Por su especialidad: %(words)s.") % {"words": ", ".join(map(str, reason.get("words") or []))}
    if code == "no_specialty":
        return _("Era su turno: el lead no habla de ninguna especialidad.")
    if code == "handover":
        return _("Traspaso de la cartera de %(name)s.") % {"name": reason.get("from") or "—"}
    if code == "handover_undone":
        return _("Se deshizo un traspaso de cartera.")
    if code == "no_rule":
        return _("Ninguna regla activa vale para este lead: queda sin asignar.")
    return _nobody(reason) if code == "nobody" else ""


def _nobody(reason: Mapping[str, Any]) -> str:
    counted = reason.get("why")
    if not isinstance(counted, Mapping) or not counted:
        return _("La regla no tiene vendedores.")
    each = ", ".join(f"{number} {OUT[word]}" for word, number in counted.items() if word in OUT)
    return _("Nadie podía tomarlo (%(why)s). Se asigna solo cuando alguien pueda.") % {"why": each}


def sentence(rule: AssignmentRule, *, pipelines: Mapping[str, str], labels: Mapping[str, str]) -> str:
    """What the rule does. `pipelines`: id → name; `labels`: key of a field of the company → label."""
    asked = [_condition(name, value, pipelines, labels) for name, value in rule.filters.items()]
    when = _("Si %(conditions)s") % {"conditions": _(" y ").join(asked)} if asked else _("Cualquier lead")
    places = list(rule.members.all())
    if not places:
        return _("%(when)s: nadie, falta elegir vendedores.") % {"when": when}
    how = {
        "round_robin": _("por turno entre %(names)s"),
        "load": _("a quien menos tenga entre %(names)s"),
        "performance": _("a quien mejor vende entre %(names)s"),
        "specialty": _("por especialidad entre %(names)s"),
    }[rule.strategy]
    if len(places) == 1:
        how = _("a %(names)s")
    names = [f"{each.seller.name} ({each.weight})" if each.weight > 1 else each.seller.name for each in places]
    hours = " " + _("Solo en su horario.") if rule.within_hours else ""
    return f"{when}: {how % {'names': ', '.join(names)}}.{hours}"


def known_names() -> dict[str, Mapping[str, str]]:
    """What `sentence` needs to name things."""
    return {
        "pipelines": {str(pk): name for pk, name in Pipeline.objects.values_list("pk", "name")},
        "labels": dict(CustomField.objects.values_list("key", "label")),
    }


def _condition(name: str, value: Any, pipelines: Mapping[str, str], labels: Mapping[str, str]) -> str:
    several = value if isinstance(value, list) else [value]
    shown = [_shown(name, str(each), pipelines) for each in several]
    key = name.removeprefix("custom.")
    label = NAMES.get(name) or _("%(field)s es") % {"field": labels.get(key, key)}
    return f"{label} {_(' o ').join(shown)}"


def _shown(name: str, value: str, pipelines: Mapping[str, str]) -> str:
    if name == "interest":
        return str(dict(Interest.choices).get(value, value)).lower()
    if name == "pipeline":
        return pipelines.get(value, "—")
    if name in ("value_min", "value_max"):
        found = amount(value)
        return number_format(found, use_l10n=True, force_grouping=True) if found is not None else "—"
    return f"«{value}»"
