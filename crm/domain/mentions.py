"""Who is named in a note: `@Ana` or `@Ana Paz`, whatever the accents and the case."""

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from crm.domain.search import searchable

Key = TypeVar("Key", bound=Hashable)
# Not after a letter or digit: an e-mail address names nobody.
_AT = re.compile(r"(?<![\w@.])@(?=\w)")
_WORD = re.compile(r"\w+(?:[-'’.]\w+)*")
MOST_WORDS = 6  # of one name


@dataclass(frozen=True)
class Found(Generic[Key]):
    """`people` in the order of the text, each once; `unclear` are names that fit more than one person."""

    people: tuple[Key, ...] = ()
    unclear: tuple[str, ...] = ()


def find(text: str, names: Mapping[Key, str]) -> Found[Key]:
    """The people of `names` (key → full name) that the text names.

    The longest beginning of a full name counts: with Ana Paz and Ana Gil, `@Ana Paz` is clear and `@Ana` is not. A whole
    name beats the beginning of a longer one. A word after an @ that begins nobody's name is just text.
    """
    known = {key: tuple(searchable(name).split()) for key, name in names.items()}
    people: dict[Key, None] = {}
    unclear: dict[str, None] = {}
    for at in _AT.finditer(text):
        words = _words_after(text, at.end())
        fitting, said = _longest(words, known)
        if len(fitting) == 1:
            people[fitting[0]] = None
        elif fitting:
            unclear[said] = None
    return Found(tuple(people), tuple(unclear))


def _words_after(text: str, start: int) -> list[str]:
    """The words that follow one another with single spaces, as they are written."""
    words: list[str] = []
    while len(words) < MOST_WORDS:
        word = _WORD.match(text, start)
        if word is None:
            break
        words.append(word.group())
        start = word.end() + 1
        if text[word.end() : start] != " ":
            break
    return words


def _longest(words: list[str], known: Mapping[Key, tuple[str, ...]]) -> tuple[list[Key], str]:
    for length in range(len(words), 0, -1):
        said = tuple(searchable(" ".join(words[:length])).split())
        fitting = [key for key, name in known.items() if said and name[: len(said)] == said]
        if fitting:
            whole = [key for key in fitting if known[key] == said]
            return (whole if len(whole) == 1 else fitting), " ".join(words[:length])
    return [], ""
