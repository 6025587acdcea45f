"""`{{name}}` in a text that goes to a person: filled whole, or not sent at all."""

import re
from collections.abc import Mapping

_PLACE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


def lacking(text: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """The names in `text` that `values` does not know or knows nothing of, in their order."""
    names = (name.casefold() for name in _PLACE.findall(text))
    return tuple(dict.fromkeys(name for name in names if not values.get(name, "").strip()))


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with each name replaced once; what a value itself holds in braces stays. None may be lacking."""
    return _PLACE.sub(lambda place: values[place.group(1).casefold()].strip(), text)
