"""Words as they are compared: no case, no accents, no punctuation (the bundled PostgreSQL has no `unaccent`)."""

import re
import unicodedata

WORD = re.compile(r"[^\W_]+")
MOST_WORDS = 8


def normalised(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(each for each in folded if not unicodedata.combining(each)).split()).replace("\x00", "")


def searchable(text: str) -> str:
    """Only the words of a text: PostgreSQL would keep an e-mail or a phone with its signs as one word."""
    return " ".join(WORD.findall(normalised(text)))


def as_prefix_query(words: str) -> str:
    """A tsquery in which every word is a prefix; empty when nothing searchable was typed."""
    return " & ".join(f"{word}:*" for word in WORD.findall(normalised(words))[:MOST_WORDS])
