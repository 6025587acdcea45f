"""What an act changed, field by field, and which of it may go back: only what still is as the act left it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Changes = dict[str, list[Any]]  # name → [before, after]; None = there was nothing


@dataclass(frozen=True, slots=True)
class Split:
    """`back`: name → the value of before. `newer`: names that somebody changed after the act."""

    back: dict[str, Any]
    newer: tuple[str, ...]


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    """What differs. A name that only one side has is None on the other."""
    names = list(dict.fromkeys([*after, *before]))
    return {name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)}


def split(made: Mapping[str, Any], now: Mapping[str, Any]) -> Split:
    """What goes back and what stays, given how things stand now. Anything that is no pair is passed over."""
    pairs = {name: pair for name, pair in made.items() if isinstance(pair, list) and len(pair) == 2}
    back = {name: pair[0] for name, pair in pairs.items() if now.get(name) == pair[1]}
    return Split(back, tuple(name for name in pairs if name not in back))
