"""Words as they are compared: no case, no accents, no punctuation (the bundled PostgreSQL has no `unaccent`)."""

import re
import unicodedata

WORD = re.compile(r"[^\W_]+")
PHONE = re.compile(r"[+(]?[0-9][0-9 ().\-]*")
FEWEST_DIGITS, MOST_DIGITS = 6, 15  # of what is taken for a phone
MOST_WORDS = 8
LONGEST_WORD = 200  # letters; PostgreSQL refuses a search for a word of more than 2046 bytes


def normalised(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(each for each in folded if not unicodedata.combining(each)).split()).replace("\x00", "")


def searchable(text: str) -> str:
    """Only the words of a text: PostgreSQL would keep an e-mail or a phone with its signs as one word."""
    return " ".join(WORD.findall(normalised(text)))


def terms(words: str) -> list[list[str]]:
    """What is looked for: each term is found when one of its spellings begins a word.

    A phone is one term however its digits are grouped: as typed, or by its last eight digits.
    """
    if PHONE.fullmatch(words.strip()):
        digits = "".join(each for each in words if each.isdigit())
        if FEWEST_DIGITS <= len(digits) <= MOST_DIGITS:
            return [list(dict.fromkeys((digits, digits[-8:])))]
    return [[word[:LONGEST_WORD]] for word in WORD.findall(normalised(words))[:MOST_WORDS]]


def as_prefix_query(words: str) -> str:
    """A tsquery in which every word is a prefix; empty when nothing searchable was typed."""
    groups = [" | ".join(f"{each}:*" for each in spellings) for spellings in terms(words)]
    return " & ".join(f"({group})" if "|" in group else group for group in groups)
