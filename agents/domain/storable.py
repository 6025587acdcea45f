"""Texts that PostgreSQL can keep."""

from typing import Any


def storable(text: str) -> str:
    """Without NUL, and with halves of surrogate pairs replaced: neither fits a text or JSON column."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def storable_json(value: Any) -> Any:
    """The same for every text of a JSON value."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [storable_json(item) for item in value]
    if isinstance(value, dict):
        return {storable(name): storable_json(item) for name, item in value.items()}
    return value
