"""Taking one person out of a provider's webhook body, which may speak of several."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

# Names under which bodies say whose an entry is.
WHOSE = frozenset(
    {
        "from",
        "from_user_id",
        "from_parent_user_id",
        "to",
        "to_user_id",
        "to_parent_user_id",
        "wa_id",
        "user_id",
        "parent_user_id",
        "recipient_id",
        "recipient_user_id",
        "recipient_parent_user_id",
        "visitor_id",
        "phone_number",
        "id",
    }
)
# An entry of these is one person's as a whole; what it says of others is that person's own words.
ENTRIES = frozenset({"messages", "message_echoes", "statuses"})


@dataclass
class Pruned:
    """`rest` is the body without the person (None: nothing of it is anybody else's), `taken` what was theirs."""

    rest: Any
    taken: list[Any] = field(default_factory=list)

    @property
    def found(self) -> bool:
        return bool(self.taken)


def prune(body: Any, externals: Collection[str]) -> Pruned:
    """Split a parsed body. The innermost list entry that names the person goes whole; the rest keeps its order."""
    taken: list[Any] = []
    rest = _without(body, frozenset(externals), taken)
    if rest is _GONE:
        return Pruned(None, [body])
    return Pruned(rest, taken)


_GONE = object()


def _without(node: Any, externals: frozenset[str], taken: list[Any]) -> Any:
    if isinstance(node, list):
        kept = []
        for each in node:
            left = _without(each, externals, taken)
            if left is _GONE:
                taken.append(each)
            else:
                kept.append(left)
        return kept
    if not isinstance(node, dict):
        return node
    if any(name in WHOSE and _named(value, externals) for name, value in node.items()):
        return _GONE
    result = {}
    for name, value in node.items():
        left = _entries(value, externals, taken) if name in ENTRIES else _without(value, externals, taken)
        if left is _GONE:  # said in an object and not in a list: the whole is about them
            return _GONE
        result[name] = left
    return result


def _entries(value: Any, externals: frozenset[str], taken: list[Any]) -> Any:
    if not isinstance(value, list):
        return _without(value, externals, taken)
    theirs = [each for each in value if _theirs(each, externals)]
    taken.extend(theirs)
    return [each for each in value if not any(each is one for one in theirs)]


def _theirs(entry: Any, externals: frozenset[str]) -> bool:
    return isinstance(entry, dict) and any(
        name in WHOSE and name != "id" and _named(value, externals) for name, value in entry.items()
    )


def _named(value: Any, externals: frozenset[str]) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip().lstrip("+") in externals
