"""Days in words, as each language writes them: "3 nov" and "3 Nov"."""

from datetime import date

from django.utils.formats import date_format
from django.utils.translation import get_language


def lowered(words: str) -> str:
    """Spanish writes days and months small."""
    return words.lower() if (get_language() or "es").startswith("es") else words


def short(day: date) -> str:
    """ "3 nov"."""
    return lowered(date_format(day, "j M"))


def full(day: date) -> str:
    """ "3 nov 2026"."""
    return lowered(date_format(day, "j M Y"))


def month(day: date) -> str:
    """ "noviembre 2026"."""
    return lowered(date_format(day, "F Y"))
