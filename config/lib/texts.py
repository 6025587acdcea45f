"""What text a database can keep."""

from typing import Any


def storable(value: Any) -> bool:
    """Whether PostgreSQL takes it: text, also inside JSON, without NUL and without halves of a letter (lone surrogates)."""
    if isinstance(value, str):
        return "\x00" not in value and (value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value))
    if isinstance(value, dict):
        return all(storable(name) and storable(each) for name, each in value.items())
    if isinstance(value, list | tuple):
        return all(storable(each) for each in value)
    return True


def stored(text: str) -> str:
    """The text with what cannot be kept taken out."""
    return text if storable(text) else "".join(letter for letter in text if storable(letter))
