"""Words as they are compared: no case, no accents, no punctuation (the bundled PostgreSQL has no `unaccent`)."""

import re
import unicodedata

WORD = re.compile(r"[^\W_]+")
MOST_WORDS = 8
LONGEST_WORD = 200  # letters; PostgreSQL refuses a search for a word of more than 2046 bytes


def normalised(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(each for each in folded if not unicodedata.combining(each)).split()).replace("\x00", "")


def searchable(text: str) -> str:
    """Only the words of a text: PostgreSQL would keep an e-mail or a phone with its signs as one word."""
    return " ".join(WORD.findall(normalised(text)))


def as_prefix_query(words: str) -> str:
    """A tsquery in which every word is a prefix; empty when nothing searchable was typed."""
    found = WORD.findall(normalised(words))[:MOST_WORDS]
    return " & ".join(f"{word[:LONGEST_WORD]}:*" for word in found)
