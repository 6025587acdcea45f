"""What a version changes, for reading: field by field, long texts line by line."""

import difflib
import json
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from agents.models import Agent

LONG = 80


@dataclass(frozen=True)
class Line:
    """`kind` is "", "gone" or "new"."""

    kind: str
    text: str


@dataclass(frozen=True)
class Change:
    """One field. Short values side by side, long ones as lines."""

    label: str
    before: str = ""
    after: str = ""
    lines: list[Line] = field(default_factory=list)


def changes_of(differences: dict[str, tuple[Any, Any]]) -> list[Change]:
    return [_change(name, before, after) for name, (before, after) in differences.items()]


def _change(name: str, before: Any, after: Any) -> Change:
    label = str(getattr(Agent._meta.get_field(name), "verbose_name", name)).capitalize()
    old, new = _words(before), _words(after)
    if len(old) <= LONG and len(new) <= LONG and "\n" not in old + new:
        return Change(label, old or _("vacío"), new or _("vacío"))
    lines = [line for line in difflib.ndiff(old.splitlines(), new.splitlines()) if not line.startswith("?")]
    return Change(label, lines=[Line({"-": "gone", "+": "new"}.get(line[0], ""), line[2:]) for line in lines])


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) if value else ""
    return "" if value is None else str(value)
