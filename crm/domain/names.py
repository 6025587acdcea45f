"""Names as they are compared: no case, no accents, no order, no titles."""

from crm.domain.search import searchable

TITLES = frozenset({"sr", "sra", "srta", "dr", "dra", "ing", "lic", "prof", "don", "dona"})
LINKS = frozenset({"de", "del", "la", "las", "los", "da", "do", "dos", "y", "e"})


def name_words(name: str) -> frozenset[str]:
    """The words that tell a person: `Dra. José de la Paz` → jose, paz."""
    return frozenset(searchable(name).split()) - TITLES - LINKS


def is_full(words: frozenset[str]) -> bool:
    """Whether the name says who somebody is: two words that are more than an initial."""
    return len([word for word in words if len(word) > 1 and not word.isdigit()]) >= 2
