"""What of a seller's specialties a lead speaks of."""

from collections.abc import Iterable, Mapping

from crm.domain.search import WORD, normalised


def spoken_of(specialties: Iterable[str], labels: Iterable[str], texts: Iterable[str]) -> list[str]:
    """The specialties that are one of the lead's `labels` (tag, source, value of a field), or stand word by word in its
    `texts` ("Ortodoncia" in "Pregunta por ortodoncia", "seguro de auto" in "un seguro de auto"). Case and accents do not
    count.
    """
    named = {_words(each) for each in labels}
    said = [f" {_words(each)} " for each in texts]
    found = []
    for each in specialties:
        words = _words(each)
        if words and (words in named or any(f" {words} " in text for text in said)):
            found.append(each)
    return found


def values_of(custom: Mapping[str, object]) -> list[str]:
    """The texts among the values of a company's own fields, those of lists too."""
    found = []
    for value in custom.values():
        found += [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]
    return found


def _words(text: str) -> str:
    return " ".join(WORD.findall(normalised(text)))
