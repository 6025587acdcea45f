"""What somebody looks for in a catalogue, as a text search: one or many of a thing, words that say nothing left out."""

from crm.domain.search import LONGEST_WORD, MOST_WORDS, WORD, normalised

SHORT = 2  # letters
_EMPTY = frozenset((
    "a", "al", "algo", "alguna", "algun", "con", "de", "del", "el", "en", "es", "esa", "ese", "esta", "este", "hay",
    "la", "las", "lo", "los", "me", "mi", "necesito", "para", "por", "precio", "precios", "producto", "productos",
    "que", "quiero", "se", "sin", "su", "tenes", "tienen", "tiene", "tienes", "un", "una", "unas", "unos", "vende",
    "venden", "y", "about", "an", "any", "are", "do", "does", "for", "have", "i", "in", "is", "it", "my", "need",
    "of", "on", "or", "price", "prices", "product", "products", "sell", "some", "the", "to", "want", "with", "you",
    "your",
))  # fmt: skip


def terms(text: str) -> list[list[str]]:
    """The words to look for, each with its other number: "remeras" is found as "remera", "luces" as "luz"."""
    found = list(dict.fromkeys(WORD.findall(normalised(text))))
    telling = [each for each in found if each not in _EMPTY] or found
    return [_numbers(each[:LONGEST_WORD]) for each in telling[:MOST_WORDS]]


def _numbers(word: str) -> list[str]:
    """The word, and what it may be one of. Prefixes are looked for, so one of a thing finds many by itself."""
    found = [word]
    if len(word) > 4 and word.endswith("ces"):
        found.append(f"{word[:-3]}z")
    if len(word) > 4 and word.endswith("es"):
        found.append(word[:-2])
    if len(word) > 3 and word.endswith("s"):
        found.append(word[:-1])
    return found


def query(found: list[list[str]], *, every: bool) -> str:
    """A tsquery in which `every` word has to be there, or any of them."""
    groups = ["(" + " | ".join(map(_lexeme, one)) + ")" for one in found]
    return (" & " if every else " | ").join(groups)


def _lexeme(word: str) -> str:
    """A word finds what begins with it; a number and a size only themselves: 4 is not 42, and M no "modelo"."""
    return word if word.isdigit() or len(word) <= SHORT else f"{word}:*"
