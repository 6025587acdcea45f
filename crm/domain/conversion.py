"""What must be known of a lead before it becomes a client. The company chooses from these names."""

from collections.abc import Iterable, Mapping

NAMES = ("name", "phone", "email", "interest", "budget", "timeline", "needs", "value", "city")
DEFAULT = ("name", "phone", "email", "interest", "budget", "timeline", "needs")


def chosen(setting: object) -> tuple[str, ...]:
    """The names of a company's setting in their usual order; anything that is no list is the default."""
    if not isinstance(setting, list):
        return DEFAULT
    return tuple(name for name in NAMES if name in setting)


def lacking(facts: Mapping[str, str], required: Iterable[str]) -> list[str]:
    """Names of what is not known yet. Interest counts when it is high."""
    return [name for name in required if not met(name, facts)]


def met(name: str, facts: Mapping[str, str]) -> bool:
    known = facts.get(name, "").strip()
    return known == "high" if name == "interest" else bool(known)
