"""What a version changes, for reading: field by field; long texts line by line, with the words that went and came."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents.forms.agent_hours import DAYS
from agents.forms.agents import PROVIDERS
from agents.models import Agent
from agents.tools import tool_named
from messaging.models import Source

LONG = 80
CONTEXT = 2  # unchanged lines shown around a change
FOLD = 3  # so many unchanged lines further off become one
ALIKE = 0.4  # from here on two lines are one line that changed
_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_CONFIG = {
    "tone": gettext_lazy("tono"),
    "rules": gettext_lazy("reglas"),
    "dictionary": gettext_lazy("diccionario"),
    "register": gettext_lazy("trato"),
    "register_en": gettext_lazy("trato en inglés"),
    "disclosure": gettext_lazy("decir que es una IA"),
    "hours": gettext_lazy("horario"),
    "specialty": gettext_lazy("especialidad"),
    "fallback_model": gettext_lazy("modelo de reserva"),
    "side_model": gettext_lazy("modelo para tareas cortas"),
    "base_url": gettext_lazy("dirección del servidor"),
    "vision": gettext_lazy("fotos de los clientes"),
    "max_steps": gettext_lazy("consultas al modelo"),
    "max_seconds": gettext_lazy("segundos"),
    "max_tokens": gettext_lazy("tokens"),
}
_HOURS = {
    "mode": gettext_lazy("responde"),
    "rests_on_holidays": gettext_lazy("en feriados no responde"),
    "away": gettext_lazy("cuando nadie responde"),
}
_DAYS = {str(number): name for number, name in enumerate(DAYS)}
_VALUES = {
    "first": gettext_lazy("en el primer mensaje"),
    "asked": gettext_lazy("cuando lo preguntan"),
    "always": gettext_lazy("a toda hora"),
    "business": gettext_lazy("en el horario de la empresa"),
    "outside": gettext_lazy("fuera del horario de la empresa"),
    "own": gettext_lazy("en sus propios días y horas"),
}
Pieces = list[tuple[str, str]]


@dataclass(frozen=True)
class Line:
    """`kind` is "", "gone", "new" or "more" (so many unchanged lines left out). `pieces` are (changed or not, text)."""

    kind: str
    pieces: Pieces

    @property
    def text(self) -> str:
        return "".join(text for _mark, text in self.pieces)

    @property
    def count(self) -> int:
        """Of a line "more": how many were left out."""
        return int(self.text)


@dataclass(frozen=True)
class Change:
    """One field. Short values side by side, long ones as lines."""

    label: str
    before: str = ""
    after: str = ""
    lines: list[Line] = field(default_factory=list)


def changes_of(differences: Mapping[str, tuple[Any, Any]]) -> list[Change]:
    """Field → (before, after) as they are read; the settings one by one."""
    return [_change(name, label, before, after) for name, label, before, after in _each(differences)]


def names_of(differences: Mapping[str, tuple[Any, Any]]) -> str:
    """The names of what changed, as in a sentence."""
    return ", ".join(label for _name, label, _before, _after in _each(differences))


def _each(differences: Mapping[str, tuple[Any, Any]]) -> Iterator[tuple[str, str, Any, Any]]:
    """(field, its label, before, after)."""
    for name, (before, after) in differences.items():
        if name != "config":
            yield name, str(getattr(Agent._meta.get_field(name), "verbose_name", name)), before, after
            continue
        old, new = (value if isinstance(value, dict) else {} for value in (before, after))
        for key in dict.fromkeys((*old, *new)):
            if old.get(key) != new.get(key):
                yield key, str(_CONFIG.get(key, key)), old.get(key), new.get(key)


def _labelled(name: str, value: Any) -> Any:
    """Codes as the editor calls them; a tool of the company keeps its name."""
    if name == "channels" and isinstance(value, list):
        return [str(dict(Source.choices).get(each, each)) for each in value]
    if name == "enabled_tools" and isinstance(value, list):
        return [str(tool.label) if (tool := tool_named(each)) else each for each in value]
    return str(dict(PROVIDERS).get(value, value)) if name == "model_provider" else value


def _change(name: str, label: str, before: Any, after: Any) -> Change:
    label = str(capfirst(label))
    old, new = _words(_labelled(name, before)), _words(_labelled(name, after))
    if len(old) <= LONG and len(new) <= LONG and "\n" not in old + new:
        return Change(label, old or _("vacío"), new or _("vacío"))
    return Change(label, lines=_folded(list(_lines(old.splitlines(), new.splitlines()))))


def _lines(old: list[str], new: list[str]) -> Iterator[Line]:
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from (Line("", [("", text)]) for text in old[a:b])
            continue
        pairs = min(b - a, d - c)
        for number in range(pairs):
            yield from _pair(old[a + number], new[c + number])
        yield from (Line("gone", [("", text)]) for text in old[a + pairs : b])
        yield from (Line("new", [("", text)]) for text in new[c + pairs : d])


def _pair(old: str, new: str) -> Iterator[Line]:
    """A line before and after; in one that only changed in part, the words that did are marked."""
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    if matcher.ratio() < ALIKE:
        yield Line("gone", [("", old)])
        yield Line("new", [("", new)])
        return
    gone: Pieces = []
    came: Pieces = []
    for tag, a, b, c, d in matcher.get_opcodes():
        mark = "" if tag == "equal" else "mark"
        if b > a:
            gone.append((mark, "".join(before[a:b])))
        if d > c:
            came.append((mark, "".join(after[c:d])))
    yield Line("gone", gone)
    yield Line("new", came)


def _folded(lines: list[Line]) -> list[Line]:
    """Long unchanged stretches as one line that says how many were left out."""
    changed = [place for place, line in enumerate(lines) if line.kind]
    near = {place + step for place in changed for step in range(-CONTEXT, CONTEXT + 1)}
    shown: list[Line] = []
    for kept, group in groupby(enumerate(lines), key=lambda each: each[0] in near):
        stretch = [line for _place, line in group]
        folds = not kept and len(stretch) >= FOLD
        shown += [Line("more", [("", str(len(stretch)))])] if folds else stretch
    return shown


def _words(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(_words(each) for each in value)
    if isinstance(value, dict):
        return "\n".join(_entry(key, each) for key, each in value.items())
    if isinstance(value, bool):
        return _("sí") if value else _("no")
    return "" if value is None else str(_VALUES.get(value, value) if isinstance(value, str) else value)


def _entry(key: str, value: Any) -> str:
    """A line of the dictionary, or of hours: {"week": {"0": [["09:00", "13:00"]]}}."""
    if isinstance(value, dict):
        days = (f"{_DAYS.get(day, day)} {_spans(spans)}" for day, spans in sorted(value.items()))
        return "\n".join(days)
    said = ", ".join(map(str, value)) if isinstance(value, list) else _words(value)
    return f"{_HOURS.get(key, key)}: {said}"


def _spans(value: Any) -> str:
    spans = value if isinstance(value, list) else []
    return ", ".join("-".join(map(str, span)) for span in spans if isinstance(span, list))
